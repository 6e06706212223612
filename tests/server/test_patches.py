"""PATCH: what each type makes of an object, and the API server's words for what it refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gitopslab.controlplane.runtime.api import PatchType
from gitopslab.controlplane.server import patches
from gitopslab.errors import ApiError
from gitopslab.machinery.kinds import Catalog, Resource

FOUND = Catalog().by_key("deployments.apps")
assert FOUND is not None
DEPLOYMENTS: Resource = FOUND
CRONTABS = Resource("stable.example.com", "v1", "CronTab", "crontabs", custom=True)
WEB: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "labels": {"app": "web"}},
    "spec": {
        "replicas": 1,
        "selector": {"matchLabels": {"app": "web"}},
        "strategy": {},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "nginx", "image": "nginx", "resources": {}}]},
        },
    },
    "status": {},
}
SIDECAR = {"spec": {"template": {"spec": {"containers": [{"name": "sidecar", "image": "busybox"}]}}}}


def _result(patch: Any, type: PatchType, mode: str = "Strict") -> tuple[Any, list[str]]:
    text = patch if isinstance(patch, str) else json.dumps(patch)
    read, notes = patches.read(text.encode(), type, mode)
    obj, more = patches.result(DEPLOYMENTS, WEB, read, type, mode)
    return obj, notes + more


def _names(obj: Any) -> list[str]:
    return [container["name"] for container in obj["spec"]["template"]["spec"]["containers"]]


@pytest.mark.parametrize(("type", "names"), [("strategic", ["sidecar", "nginx"]), ("merge", ["sidecar"])])
def test_lists_merge_only_in_strategic_patches(type: PatchType, names: list[str]) -> None:
    assert _names(_result(SIDECAR, type)[0]) == names


def test_json_patch_changes_what_it_names() -> None:
    operations = [
        {"op": "replace", "path": "/spec/replicas", "value": 2},
        {"op": "add", "path": "/metadata/labels/tier", "value": "front"},
    ]
    obj, _ = _result(operations, "json")
    assert obj["spec"]["replicas"] == 2
    assert obj["metadata"]["labels"] == {"app": "web", "tier": "front"}


def test_the_current_object_stays_as_it_was() -> None:
    before = json.dumps(WEB)
    _result(SIDECAR, "strategic")
    assert json.dumps(WEB) == before


REFUSED: list[tuple[str, PatchType, Any, int, str]] = [
    ("remove-absent", "json", [{"op": "remove", "path": "/spec/absent"}], 422,
     "the server rejected our request due to an error in our request"),
    ("wrong-type", "strategic", {"spec": {"replicas": "three"}}, 422,
     ' "" is invalid: patch: Invalid value: "map[spec:map[replicas:three]]": unrecognized type: int32'),
    ("number-for-text", "strategic", {"metadata": {"labels": {"a": 1}}}, 422,
     ' "" is invalid: patch: Invalid value: "map[metadata:map[labels:map[a:1]]]": cannot convert int64 to string'),
    ("text-for-list", "strategic", {"spec": {"template": {"spec": {"containers": "x"}}}}, 422,
     ' "" is invalid: patch: Invalid value: "map[spec:map[template:map[spec:map[containers:x]]]]": '
     "cannot restore slice from string"),
    ("unknown-field", "strategic", {"spec": {"replica": 1}}, 422,
     ' "" is invalid: patch: Invalid value: "map[spec:map[replica:1]]": '
     'strict decoding error: unknown field "spec.replica"'),
    ("not-an-object", "strategic", '"x"', 400,
     "json: cannot unmarshal string into Go value of type map[string]interface {}"),
    ("not-an-object-merge", "merge", '"x"', 400,
     "error decoding patch: json: cannot unmarshal string into Go value of type map[string]interface {}"),
    ("not-a-list", "json", "{}", 400,
     "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp"),
    ("not-json", "merge", "x", 400, "error decoding patch: invalid character 'x' looking for beginning of value"),
    ("no-merge-key", "strategic", {"spec": {"template": {"spec": {"containers": [{"image": "x"}]}}}}, 400,
     "map: map[image:x] does not contain declared merge key: name"),
    ("not-yaml", "apply", "a: [", 400,
     "error decoding YAML: error converting YAML to JSON: yaml: line 1: did not find expected node content"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("type", "patch", "code", "message"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_refusals_are_worded_as_the_api_server_words_them(type: PatchType, patch: Any, code: int, message: str) -> None:
    with pytest.raises(ApiError) as refused:
        _result(patch, type)
    assert (refused.value.code, refused.value.message) == (code, message)


def test_a_refused_json_patch_carries_empty_details_which_kubectl_needs() -> None:
    with pytest.raises(ApiError) as refused:
        _result([{"op": "test", "path": "/spec/replicas", "value": 9}], "json")
    assert refused.value.status["details"] == {}


def test_merge_patches_that_break_types_show_the_document() -> None:
    with pytest.raises(ApiError) as refused:
        _result({"spec": {"replicas": "three"}}, "merge")
    cause = refused.value.details["causes"][0]
    assert cause["message"].startswith('Invalid value: "{\\"apiVersion\\":\\"apps/v1\\"')
    assert cause["message"].endswith("Go struct field DeploymentSpec.spec.replicas of type int32")


@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        ("StatefulSet", "converting (v1.StatefulSet) to (apps.Deployment): unknown conversion"),
        (
            "Nosuch",
            'no kind "Nosuch" is registered for version "apps/v1" in scheme "pkg/api/legacyscheme/scheme.go:30"',
        ),
    ],
)
def test_a_patch_makes_nothing_of_another_kind(kind: str, fault: str) -> None:
    with pytest.raises(ApiError) as refused:
        _result({"kind": kind}, "merge")
    assert refused.value.details["causes"][0]["message"].endswith(fault)


@pytest.mark.parametrize(("type", "patch"), [("strategic", {"kind": "StatefulSet"}), ("merge", {"kind": None})])
def test_a_kind_left_out_or_named_in_a_strategic_patch_stays(type: PatchType, patch: Any) -> None:
    assert _result(patch, type)[0]["kind"] == "Deployment"


def test_warnings_come_from_the_patch_and_from_its_result() -> None:
    obj, warnings = _result('{"spec":{"replica":1,"replicas":2,"replicas":3}}', "strategic", "Warn")
    assert warnings == ['duplicate field "spec.replicas"', 'unknown field "spec.replica"']
    assert obj["spec"]["replicas"] == 3


def test_unknown_members_of_operations_are_told() -> None:
    _, warnings = _result([{"op": "add", "path": "/spec/paused", "value": True, "why": "x"}], "json", "Warn")
    assert warnings == ['json patch unknown field "[0].why"']


def test_too_many_operations_are_refused() -> None:
    with pytest.raises(ApiError) as refused:
        _result([{"op": "test", "path": "/kind", "value": "Deployment"}] * 10001, "json")
    assert refused.value.code == 413


def test_custom_resources_take_no_strategic_merge() -> None:
    with pytest.raises(ApiError) as refused:
        patches.type_of("application/strategic-merge-patch+json", CRONTABS)
    assert refused.value.code == 415
    assert patches.type_of("application/merge-patch+json; charset=utf-8", CRONTABS) == "merge"


def test_apply_reads_yaml_and_refuses_repeated_keys_only_when_strict() -> None:
    assert patches.read(b"a: 1\n", "apply", "Strict") == ({"a": 1}, [])
    assert patches.read(b'{"a":1,"a":2}', "apply", "Warn") == ({"a": 2}, ['line 1: key "a" already set in map'])
    with pytest.raises(ApiError, match="error strict decoding YAML"):
        patches.read(b'{"a":1,"a":2}', "apply", "Strict")


def test_nothing_changes_nothing_in_a_strategic_patch_and_is_no_merge_patch() -> None:
    assert _result("null", "strategic")[0]["spec"] == _result("{}", "strategic")[0]["spec"]
    with pytest.raises(ApiError, match=r"^Invalid JSON Patch$"):
        _result("null", "merge")


def test_an_operation_is_a_text() -> None:
    with pytest.raises(ApiError, match=r"number into Go struct field jsonPatchOp\.op of type string"):
        _result([{"op": 1, "path": "/spec"}], "json")


def test_a_strategic_patch_tells_unknown_fields_in_order() -> None:
    patch = {"spec": {"template": {"spec": {"bar": 2}}, "foo": 1}}
    _, notes = _result(patch, "strategic", "Warn")
    assert notes == ['unknown field "spec.foo"', 'unknown field "spec.template.spec.bar"']


def test_a_strategic_patch_does_not_change_what_kind_an_object_is() -> None:
    current = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": {"replicas": 1}}
    patch = {"kind": "Pod", "apiVersion": "v1", "spec": {"replicas": 2}}
    after, _ = patches.result(DEPLOYMENTS, current, patch, "strategic", "Strict")
    assert (after["apiVersion"], after["kind"], after["spec"]["replicas"]) == ("apps/v1", "Deployment", 2)


def test_no_operations_at_all_change_nothing() -> None:
    assert _result("null", "json")[0]["spec"] == _result([], "json")[0]["spec"]


@pytest.mark.parametrize(
    ("version", "why"),
    [
        ("a/b/c", "unexpected GroupVersion string: a/b/c"),
        (5, "couldn't get version/kind; json parse error: json: cannot unmarshal number into Go struct field "),
    ],
)
def test_a_version_that_cannot_be_read_is_refused(version: Any, why: str) -> None:
    with pytest.raises(ApiError, match=why):
        _result({"apiVersion": version}, "merge")


@pytest.mark.parametrize(
    ("type", "why"), [("strategic", ": error decoding from json: illegal base64"), ("merge", '": illegal base64')]
)
def test_bytes_are_told_by_whoever_converts_them(type: PatchType, why: str) -> None:
    secrets = Catalog().by_key("secrets")
    assert secrets is not None
    current = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}
    with pytest.raises(ApiError, match=why):
        patches.result(secrets, current, {"data": {"a": "!!"}}, type, "Strict")


@pytest.mark.parametrize(
    ("type", "patch"), [("merge", {"apiVersion": None}), ("json", [{"op": "remove", "path": "/apiVersion"}])]
)
def test_an_object_that_does_not_say_what_it_is_has_no_name(type: PatchType, patch: Any) -> None:
    with pytest.raises(ApiError) as refused:
        patches.result(DEPLOYMENTS, WEB, patch, type, "")
    assert refused.value.code == 400
    told = "the name of the object (web based on URL) was undeterminable: name must be provided"
    assert refused.value.message == told
    patches.result(DEPLOYMENTS, WEB, {"apiVersion": None}, "strategic", "")
    patches.result(DEPLOYMENTS, WEB, {"kind": None}, "merge", "")
