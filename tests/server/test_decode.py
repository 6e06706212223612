"""Decoding request bodies: Go's words for what is wrong, and what is kept of what is right."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitopslab.controlplane.server.decode import check, decode
from gitopslab.errors import ApiError
from gitopslab.machinery.kinds import Catalog, Resource
from gitopslab.machinery.scalars import base64_offset, canonical_time, quantity

CATALOG = Catalog()


def _resource(key: str) -> Resource:
    found = CATALOG.by_key(key)
    assert found is not None
    return found


def _decoded(key: str, body: Any, mode: str = "Strict", media: str = "") -> tuple[Any, list[str]]:
    text = body if isinstance(body, str) else json.dumps(body)
    return decode(_resource(key), text.encode(), content_type=media, field_validation=mode)


def _pod(**container: Any) -> dict[str, Any]:
    return {"spec": {"containers": [{"name": "a", **container}]}}


UNHANDLED: list[tuple[str, str, Any, str]] = [
    ("number-for-text", "configmaps", {"data": {"n": 1}},
     "json: cannot unmarshal number into Go struct field ConfigMap.data of type string"),
    ("text-for-map", "deployments.apps", {"spec": {"selector": {"matchLabels": "web"}}},
     "json: cannot unmarshal string into Go struct field LabelSelector.spec.selector.matchLabels "
     "of type map[string]string"),
    ("text-for-number", "deployments.apps", {"spec": {"replicas": "three"}},
     "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32"),
    ("fraction-for-integer", "deployments.apps", {"spec": {"replicas": 1.5}},
     "json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32"),
    ("too-large", "deployments.apps", {"spec": {"replicas": 2**31}},
     "json: cannot unmarshal number 2147483648 into Go struct field DeploymentSpec.spec.replicas of type int32"),
    ("below-a-nameless-struct", "pods", _pod(livenessProbe={"httpGet": {"port": {}}}),
     "json: cannot unmarshal object into Go struct field "
     "HTTPGetAction.spec.containers.livenessProbe.ProbeHandler.httpGet.port of type int32"),
    ("beside-a-nameless-struct", "pods", _pod(livenessProbe={"periodSeconds": "x"}),
     "json: cannot unmarshal string into Go struct field "
     "Probe.spec.containers.livenessProbe.periodSeconds of type int32"),
    ("list-for-struct", "deployments.apps", {"spec": []},
     "json: cannot unmarshal array into Go struct field Deployment.spec of type v1.DeploymentSpec"),
    ("map-for-list", "pods", {"spec": {"containers": {}}},
     "json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container"),
    ("named-type", "pods", _pod(imagePullPolicy=3),
     "json: cannot unmarshal number into Go struct field Container.spec.containers.imagePullPolicy "
     "of type v1.PullPolicy"),
    ("text-for-bool", "pods", {"spec": {"hostNetwork": "yes"}},
     "json: cannot unmarshal string into Go struct field PodSpec.spec.hostNetwork of type bool"),
    ("quantity", "pods", _pod(resources={"limits": {"cpu": "much"}}),
     "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"),
    ("int-or-string", "services", {"spec": {"ports": [{"port": 80, "targetPort": True}]}},
     "json: cannot unmarshal bool into Go struct field ServicePort.spec.ports.targetPort of type int32"),
    ("time", "pods", {"metadata": {"creationTimestamp": "today"}},
     'parsing time "today" as "2006-01-02T15:04:05Z07:00": cannot parse "today" as "2006"'),
    ("time-is-a-number", "pods", {"metadata": {"creationTimestamp": 3}},
     "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.creationTimestamp of type string"),
    ("base64", "secrets", {"data": {"token": "not base64!"}}, "illegal base64 data at input byte 3"),
    ("unknown-fields", "deployments.apps", {"spec": {"replicsa": 1,
     "template": {"spec": {"containers": [{"prots": []}]}}}},
     'strict decoding error: unknown field "spec.replicsa", unknown field "spec.template.spec.containers[0].prots"'),
    ("named-twice", "configmaps", '{"data":{"a":"1","a":"2"},"x":1,"metadata":{"name":"n","name":"m"}}',
     'strict decoding error: duplicate field "data.a", unknown field "x", duplicate field "metadata.name"'),
    ("other-kind", "pods", {"apiVersion": "apps/v1", "kind": "Deployment"},
     "converting (v1.Deployment) to (core.Pod): unknown conversion"),
    ("no-such-kind", "pods", {"apiVersion": "v1", "kind": "Foo"},
     'no kind "Foo" is registered for version "v1" in scheme "pkg/api/legacyscheme/scheme.go:30"'),
]  # fmt: skip

SYNTAX = [
    ("é", "invalid character 'Ã' looking for beginning of value (c3a9)"),
    ("hello", "invalid character 'h' looking for beginning of value (68656c6c6f)"),
    ("", "unexpected end of JSON input (<empty>)"),
    ('{"a":}', "invalid character '}' looking for beginning of value ({\"a\":})"),
    ('{"a":1', "unexpected end of JSON input ({\"a\":1)"),
    ('{"a" 1}', "invalid character '1' after object key ({\"a\" 1})"),
    ("{a:1}", "invalid character 'a' looking for beginning of object key string ({a:1})"),
    ('{"a":1,}', "invalid character '}' looking for beginning of object key string ({\"a\":1,})"),
    ('{"a":nul}', "invalid character '}' in literal null (expecting 'l') ({\"a\":nul})"),
    ('{"a":01}', "invalid character '1' after object key:value pair ({\"a\":01})"),
    ('{"a":1.}', "invalid character '}' after decimal point in numeric literal ({\"a\":1.})"),
    ('{"a":1e}', "invalid character '}' in exponent of numeric literal ({\"a\":1e})"),
    ('{"a":"\\x"}', "invalid character 'x' in string escape code ({\"a\":\"\\x\"})"),
    ('{"a":NaN}', "invalid character 'N' looking for beginning of value ({\"a\":NaN})"),
    ('{"a":[1 2]}', "invalid character '2' after array element ({\"a\":[1 2]})"),
    ("{} x", "invalid character 'x' after top-level value ({} x)"),
    ("[" * 100_000, "exceeded max depth (" + "5b" * 30 + " ...)"),
]  # fmt: skip


@pytest.mark.parametrize(("key", "body", "cause"), [row[1:] for row in UNHANDLED], ids=[row[0] for row in UNHANDLED])
def test_what_does_not_fit_is_told_in_go_words(key: str, body: Any, cause: str) -> None:
    with pytest.raises(ApiError) as refused:
        _decoded(key, body)
    assert refused.value.code == 400
    assert refused.value.message.endswith(f": {cause}")
    assert f"cannot be handled as a {_resource(key).kind}: " in refused.value.message


@pytest.mark.parametrize(("body", "fault"), SYNTAX, ids=[str(number) for number in range(len(SYNTAX))])
def test_broken_json_is_told_as_go_tells_it(body: str, fault: str) -> None:
    with pytest.raises(ApiError) as refused:
        _decoded("configmaps", body)
    prefix = (
        "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: "
    )
    assert refused.value.message == prefix + fault


@pytest.mark.parametrize(
    ("escaped", "text"),
    [(r"\ud800", "\ufffd"), (r"a\udFFF\n", "a\ufffd\n"), (r"\ud83e\udd8a", "\U0001f98a"), (r"\\ud800", r"\ud800")],
    ids=["first half", "second half", "both", "no escape"],
)
def test_half_a_character_is_replaced_as_go_replaces_it(escaped: str, text: str) -> None:
    body = b'{"data":{"k":"%s"}}' % escaped.encode()
    obj, _ = decode(_resource("configmaps"), body, content_type="", field_validation="Strict")
    assert obj["data"] == {"k": text}


def test_a_list_is_no_object() -> None:
    with pytest.raises(ApiError, match="cannot unmarshal array into Go value of type struct"):
        _decoded("configmaps", "[1]")


def test_an_old_version_of_the_kind_is_told_apart_from_an_unknown_one() -> None:
    with pytest.raises(ApiError) as refused:
        _decoded("deployments.apps", {"apiVersion": "apps/v1beta1", "kind": "Deployment"})
    expected = "the API version in the data (apps/v1beta1) does not match the expected API version (apps/v1)"
    assert refused.value.message == expected


def test_other_media_types_are_refused_with_what_is_accepted() -> None:
    with pytest.raises(ApiError) as refused:
        _decoded("pods", "{}", media="text/plain")
    assert (refused.value.code, refused.value.reason) == (415, "UnsupportedMediaType")
    assert "accepted media types include: application/json, application/yaml" in refused.value.message


def test_warn_keeps_going_and_tells() -> None:
    body = {"spec": {"replica": 1}, "dta": 1}
    obj, warnings = _decoded("deployments.apps", body, "Warn")
    assert warnings == ['unknown field "spec.replica"', 'unknown field "dta"']
    assert "dta" not in obj
    assert "replica" not in obj["spec"]


def test_ignore_says_nothing() -> None:
    assert _decoded("configmaps", '{"x":1,"x":2}', "Ignore")[1] == []


def test_yaml_bodies_are_read_and_repeated_keys_told() -> None:
    text = "apiVersion: v1\nkind: ConfigMap\ndata:\n  a: '1'\n  a: '2'\n"
    obj, warnings = _decoded("configmaps", text, "Warn", "application/yaml; charset=utf-8")
    assert obj["data"] == {"a": "2"}
    assert warnings == ['line 5: key "a" already set in map']
    with pytest.raises(ApiError, match="strict decoding error: yaml: unmarshal errors:"):
        _decoded("configmaps", text, "Strict", "application/yaml")


def test_kind_and_version_are_those_of_the_path_when_missing() -> None:
    obj, _ = _decoded("configmaps", {"data": {"a": "b"}})
    assert (obj["apiVersion"], obj["kind"]) == ("v1", "ConfigMap")


KEPT: list[tuple[str, str, Any, Any]] = [
    ("null-is-dropped", "pods", {"spec": {"nodeSelector": None, "tolerations": None}}, {}),
    ("zero-of-omitempty-is-dropped", "pods", {"spec": {"hostNetwork": False, "nodeName": "", "tolerations": [],
     "nodeSelector": {}}}, {}),
    ("zero-behind-a-pointer-is-kept", "pods", {"spec": {"priority": 0, "enableServiceLinks": False}},
     {"priority": 0, "enableServiceLinks": False}),
    ("empty-structs-are-kept", "pods", {"spec": {"securityContext": {}}}, {"securityContext": {}}),
    ("embedded-structs-appear", "pods", _pod(), {"containers": [{"name": "a", "resources": {}}]}),
    ("required-texts-appear", "pods", {"spec": {"containers": [{}]}}, {"containers": [{"name": "", "resources": {}}]}),
    ("quantities-are-canonical", "pods", _pod(resources={"limits": {"cpu": "0.5", "memory": 1024, "x": "1000m"}}),
     {"containers": [{"name": "a", "resources": {"limits": {"cpu": "500m", "memory": "1024", "x": "1"}}}]}),
    ("null-in-a-map-is-zero", "pods", {"spec": {"nodeSelector": {"a": None}}}, {"nodeSelector": {"a": ""}}),
]  # fmt: skip


@pytest.mark.parametrize(("key", "body", "spec"), [row[1:] for row in KEPT], ids=[row[0] for row in KEPT])
def test_what_go_would_write_again_is_kept(key: str, body: Any, spec: Any) -> None:
    assert _decoded(key, body)[0]["spec"] == spec


def test_times_become_utc_and_lose_fractions() -> None:
    obj, _ = _decoded("pods", {"metadata": {"creationTimestamp": "2026-01-01T01:00:00.5+01:00"}})
    assert obj["metadata"]["creationTimestamp"] == "2026-01-01T00:00:00Z"


def test_a_checked_object_is_new_and_equal() -> None:
    before, _ = _decoded("pods", _pod(image="nginx", ports=[{"containerPort": 80}]))
    after, warnings = check(_resource("pods"), before, "Strict")
    assert after == before
    assert warnings == []
    assert after["spec"]["containers"] is not before["spec"]["containers"]


def test_custom_resources_keep_what_nobody_declared() -> None:
    crontab = Resource("stable.example.com", "v1", "CronTab", "crontabs", custom=True)
    kind = {"apiVersion": "stable.example.com/v1", "kind": "CronTab"}
    body = {**kind, "spec": {"cronSpec": "* * * * *", "empty": None}, "metadata": {"name": "x", "labels": None}}
    obj, warnings = decode(crontab, json.dumps(body).encode(), content_type="", field_validation="Strict")
    assert obj["spec"] == {"cronSpec": "* * * * *", "empty": None}
    assert obj["metadata"] == {"name": "x"}
    assert warnings == []


def test_another_type_may_be_expected_at_a_subresource() -> None:
    body = b'{"kind":"DeleteOptions","apiVersion":"v1","gracePeriodSeconds":0}'
    obj, _ = decode(
        _resource("deployments.apps"),
        body,
        content_type="",
        field_validation="Strict",
        kind=("apps/v1", "DeleteOptions"),
    )
    assert obj["gracePeriodSeconds"] == 0


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("YWI=", None),
        ("YWI", 0),
        ("YW=I", 2),
        ("Y", 0),
        ("not base64!", 3),
        ("YQ==x", 4),
        ("YWJj\nZGVm\n", None),
        ("YWI=\n", None),
    ],
)
def test_base64_errors_point_where_go_points(text: str, offset: int | None) -> None:
    assert base64_offset(text) == offset


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2026-13-01T00:00:00Z", 'parsing time "2026-13-01T00:00:00Z": month out of range'),
        ("2026-01-01", 'parsing time "2026-01-01" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "T"'),
        ("2026-01-01T00:00:00Zx", 'parsing time "2026-01-01T00:00:00Zx": extra text: "x"'),
    ],
)
def test_times_are_refused_as_go_refuses_them(text: str, message: str) -> None:
    with pytest.raises(ValueError, match="parsing time") as refused:
        canonical_time(text, micro=False)
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("decimals", "fault"),
    [("", 'cannot parse "Z" as ".000000"'), (".123", 'cannot parse ".123Z" as ".000000"'),
     (".123456789", 'cannot parse "789Z" as "Z07:00"')],
)  # fmt: skip
def test_a_micro_time_has_six_decimals(decimals: str, fault: str) -> None:
    text = f"2026-01-01T00:00:00{decimals}Z"
    with pytest.raises(ValueError, match="parsing time") as refused:
        canonical_time(text, micro=True)
    assert str(refused.value) == f'parsing time "{text}" as "2006-01-02T15:04:05.000000Z07:00": {fault}'
    assert canonical_time("2026-01-01T02:00:00.123456+02:00", micro=True) == "2026-01-01T00:00:00.123456Z"


def test_years_have_four_digits() -> None:
    assert canonical_time("0001-01-01T00:00:02Z", micro=False) == "0001-01-01T00:00:02Z"
    assert canonical_time("0001-01-01T01:00:02.000000+01:00", micro=True) == "0001-01-01T00:00:02.000000Z"


@pytest.mark.parametrize("text", ["1e999999999", "1e-999999999", "9" * 5000, "5Ke", "1.2.3"])
def test_absurd_quantities_are_refused_at_once(text: str) -> None:
    with pytest.raises(ValueError, match="unable to parse"):
        quantity(text)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(
            st.sampled_from(["metadata", "name", "spec", "labels", "containers", "status", "x"]), below, max_size=4
        )
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["metadata", "spec", "status", "kind", "x"]), VALUES, max_size=4))
@settings(max_examples=15)
def test_any_body_is_either_refused_or_settles_at_once(body: dict[str, Any]) -> None:
    with contextlib.suppress(ApiError):
        obj, _ = _decoded("pods", body, "Ignore")
        assert check(_resource("pods"), obj, "Strict") == (obj, [])
