"""Server-side apply: merging, conflicts, giving up fields, and coming from client-side apply."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
import yaml

from gitopslab.controlplane.server import apply, ownership
from gitopslab.errors import ApiError, ConflictError
from gitopslab.machinery.kinds import Catalog, Resource
from gitopslab.machinery.objects import Object, copy_of
from gitopslab.machinery.three_way import LAST_APPLIED

NOW = 1_767_225_600.0
CATALOG = Catalog()
WEB: Object = yaml.safe_load("""
apiVersion: apps/v1
kind: Deployment
metadata: {name: d}
spec:
  replicas: 2
  selector: {matchLabels: {app: d}}
  template:
    metadata: {labels: {app: d}}
    spec: {containers: [{name: a, image: "nginx:1.27", ports: [{containerPort: 80}]}]}
""")
WEB_FIELDS = {
    "f:spec": {
        "f:replicas": {},
        "f:selector": {},
        "f:template": {
            "f:metadata": {"f:labels": {"f:app": {}}},
            "f:spec": {
                "f:containers": {
                    'k:{"name":"a"}': {
                        ".": {},
                        "f:image": {},
                        "f:name": {},
                        "f:ports": {'k:{"containerPort":80,"protocol":"TCP"}': {".": {}, "f:containerPort": {}}},
                    }
                }
            },
        },
    }
}


def _resource(key: str) -> Resource:
    found = CATALOG.by_key(key)
    assert found is not None
    return found


def _applied(
    current: Object | None, config: Object, manager: str = "alice", *, force: bool = False, later: float = 0
) -> Object:
    resource = _resource(
        {"Deployment": "deployments.apps", "ConfigMap": "configmaps", "Service": "services"}[config["kind"]]
    )
    obj = apply.applied(resource, current, config, manager=manager, force=force, subresource="", now=NOW + later)
    obj["metadata"]["uid"] = "u"
    return obj


def _fields(obj: Object, manager: str) -> Any:
    [entry] = [entry for entry in obj["metadata"]["managedFields"] if entry["manager"] == manager]
    return entry["fieldsV1"]


def _with(config: Object, **spec: Any) -> Object:
    changed = copy_of(config)
    for name, value in spec.items():
        if value is None:
            changed["spec"].pop(name, None)
        else:
            changed["spec"][name] = value
    return changed


def _images(config: Object, **images: str) -> Object:
    changed = copy_of(config)
    changed["spec"]["template"]["spec"]["containers"] = [{"name": n, "image": i} for n, i in images.items()]
    return changed


def _config_map(**data: str) -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": data}


def test_a_new_object_is_owned_as_the_configuration_says() -> None:
    assert _fields(_applied(None, WEB), "alice") == WEB_FIELDS


def test_a_field_of_another_manager_is_a_conflict() -> None:
    live = _applied(None, WEB)
    with pytest.raises(ConflictError) as refused:
        _applied(live, _images(_with(WEB, replicas=5), a="nginx:1.28"), "bob")
    assert refused.value.message == (
        'Apply failed with 2 conflicts: conflicts with "alice":\n'
        "- .spec.replicas\n"
        '- .spec.template.spec.containers[name="a"].image'
    )
    assert refused.value.details["causes"][0] == {
        "reason": "FieldManagerConflict",
        "message": 'conflict with "alice"',
        "field": ".spec.replicas",
    }


def test_one_conflict_is_told_in_one_line() -> None:
    live = _applied(None, WEB)
    with pytest.raises(ConflictError) as refused:
        _applied(live, {**WEB, "spec": {"replicas": 5}}, "bob")
    assert refused.value.message == 'Apply failed with 1 conflict: conflict with "alice": .spec.replicas'


def test_force_takes_the_fields_over() -> None:
    taken = _applied(_applied(None, WEB), {**WEB, "spec": {"replicas": 5}}, "bob", force=True)
    assert taken["spec"]["replicas"] == 5
    assert _fields(taken, "bob") == {"f:spec": {"f:replicas": {}}}
    assert "f:replicas" not in _fields(taken, "alice")["f:spec"]


def test_the_same_value_is_owned_together() -> None:
    shared = _applied(_applied(None, WEB), {**WEB, "spec": {"replicas": 2}}, "bob")
    assert _fields(shared, "alice") == WEB_FIELDS
    assert _fields(shared, "bob") == {"f:spec": {"f:replicas": {}}}


def test_what_is_no_longer_applied_goes() -> None:
    live = _applied(None, _config_map(a="1", b="2"))
    assert _applied(live, _config_map(a="1"))["data"] == {"a": "1"}


def test_what_another_applier_owns_stays() -> None:
    live = _applied(_applied(None, _config_map(a="1", b="2")), _config_map(b="2"), "bob")
    assert _applied(live, _config_map(a="1"))["data"] == {"a": "1", "b": "2"}


def test_what_the_server_has_put_below_an_empty_field_stays() -> None:
    bare = copy_of(WEB)
    bare["spec"]["template"]["metadata"] = {}
    live = _applied(None, bare)
    live["spec"]["template"]["metadata"] = {"labels": {"controller-uid": "u"}}  # as the strategy of Jobs does
    again = _applied(live, _images(bare, a="nginx:1.28"))
    assert again["spec"]["template"]["metadata"] == {"labels": {"controller-uid": "u"}}
    assert _fields(again, "alice")["f:spec"]["f:template"]["f:metadata"] == {}


def test_what_an_updater_owns_stays() -> None:
    live = _applied(None, _config_map(a="1"))
    edited = copy_of(live)
    edited["data"]["x"] = "9"
    ownership.tracked(_resource("configmaps"), live, edited, manager="kubectl-edit", subresource="", now=NOW)
    assert _applied(edited, _config_map())["data"] == {"x": "9"}


def test_a_container_nobody_wants_any_more_goes() -> None:
    live = _applied(_applied(None, WEB), _images(_with(WEB, replicas=None), a="nginx:1.27", b="busybox"), "bob")
    after = _applied(live, _images(_with(WEB, replicas=None), a="nginx:1.27"), "bob")
    assert [container["name"] for container in after["spec"]["template"]["spec"]["containers"]] == ["a"]
    assert after["spec"]["template"]["spec"]["containers"][0]["ports"] == [{"containerPort": 80}]


ORDERS = [
    ("appended", "ab", "abc", "abc"),
    ("put-first", "ab", "cab", "cab"),
    ("live-items-keep-their-place", "axb", "ab", "axb"),
    ("applied-order-wins", "ab", "ba", "ba"),
    ("nothing-shared", "xy", "ab", "xyab"),
    ("between", "axb", "acb", "axcb"),
]


@pytest.mark.parametrize(("live", "wish", "result"), [row[1:] for row in ORDERS], ids=[row[0] for row in ORDERS])
def test_lists_keep_both_orders_where_they_agree(live: str, wish: str, result: str) -> None:
    current = _images(WEB, **{name: "i" for name in live})
    current["metadata"]["uid"] = "u"
    after = _applied(current, _images(WEB, **{name: "i" for name in wish}), force=True)
    assert "".join(container["name"] for container in after["spec"]["template"]["spec"]["containers"]) == result


def test_applying_again_changes_nothing_not_even_the_time() -> None:
    live = _applied(None, WEB)
    assert _applied(live, WEB, later=60) == live


def test_an_object_nobody_tracked_gets_an_owner_before_the_first_apply() -> None:
    untracked = {**_config_map(a="1"), "metadata": {"name": "c", "uid": "u"}}
    after = _applied(untracked, _config_map(b="2"))
    assert _fields(after, "before-first-apply") == {"f:data": {".": {}, "f:a": {}}}
    assert _fields(after, "alice") == {"f:data": {"f:b": {}}}


def test_services_are_told_apart_by_port_and_protocol() -> None:
    ports = [{"name": "http", "port": 80, "protocol": "TCP"}, {"name": "https", "port": 443}]
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "s"},
        "spec": {"selector": {"a": "b"}, "ports": ports},
    }
    assert _fields(_applied(None, service), "alice") == {
        "f:spec": {
            "f:ports": {
                'k:{"port":443,"protocol":"TCP"}': {".": {}, "f:name": {}, "f:port": {}},
                'k:{"port":80,"protocol":"TCP"}': {".": {}, "f:name": {}, "f:port": {}, "f:protocol": {}},
            },
            "f:selector": {},
        }
    }


def test_null_takes_the_place_of_what_has_no_parts_and_leaves_parts_alone() -> None:
    def context(obj: Object) -> Any:
        return obj["spec"]["template"]["spec"].get("securityContext")

    def wish(value: Object | None) -> Object:
        config = copy_of(WEB)
        config["spec"]["template"]["spec"]["securityContext"] = value
        return config

    empty = _applied(None, wish({}))
    assert context(empty) == {}
    after = _applied(empty, wish(None), "bob", force=True)
    assert context(after) is None
    owned = _fields(after, "alice")["f:spec"]["f:template"]["f:spec"]
    assert "f:securityContext" not in owned
    full = _applied(None, wish({"fsGroup": 1}))
    assert context(_applied(full, wish(None), "bob", force=True)) == {"fsGroup": 1}


def test_a_key_that_is_null_is_not_the_default_one() -> None:
    config = copy_of(WEB)
    config["spec"]["template"]["spec"]["containers"][0]["ports"][0]["protocol"] = None
    made = _fields(_applied(None, config), "alice")
    ports = made["f:spec"]["f:template"]["f:spec"]["f:containers"]['k:{"name":"a"}']["f:ports"]
    assert list(ports) == ['k:{"containerPort":80,"protocol":null}']


def test_kubectl_takes_over_what_it_applied_from_the_client() -> None:
    live = _config_map(a="1", b="2")
    live["metadata"] |= {"uid": "u", "annotations": {LAST_APPLIED: json.dumps(_config_map(a="1", b="2"))}}
    ownership.tracked(_resource("configmaps"), None, live, manager="kubectl-client-side-apply", subresource="", now=NOW)
    after = _applied(live, _config_map(a="9", b="2"), "kubectl")
    assert after["data"] == {"a": "9", "b": "2"}
    noted = json.loads(after["metadata"]["annotations"][LAST_APPLIED])
    assert noted["data"] == {"a": "9", "b": "2"}


def test_kubectl_may_not_take_what_somebody_changed_since() -> None:
    live = _config_map(a="changed")
    live["metadata"] |= {"uid": "u", "annotations": {LAST_APPLIED: json.dumps(_config_map(a="1"))}}
    ownership.tracked(_resource("configmaps"), None, live, manager="kubectl-edit", subresource="", now=NOW)
    with pytest.raises(ConflictError, match=r'conflict with "kubectl-edit" using v1: \.data\.a'):
        _applied(live, _config_map(a="9"), "kubectl")


TYPED = "failed to create typed patch object (/d; apps/v1, Kind=Deployment): "
WRONG: list[tuple[str, Object, int, str]] = [
    ("other-version", {**WEB, "apiVersion": "apps/v2"}, 400, "invalid object type: apps/v2, Kind=Deployment"),
    ("managed-fields", {**WEB, "metadata": {"name": "d", "managedFields": []}}, 400,
     "metadata.managedFields must be nil"),
    ("unknown-field", _with(WEB, replicsa=1), 400,
     f"{TYPED}.spec.replicsa: field not declared in schema"),
    ("wrong-type", _with(WEB, replicas="x"), 400,
     f"{TYPED}.spec.replicas: expected numeric (int or float), got string"),
    ("number-for-text", {**WEB, "metadata": {"name": "d", "labels": {"a": 1}}}, 400,
     f"{TYPED}.metadata.labels.a: expected string, "
     "got &value.valueUnstructured{Value:1}"),
    ("wrong-type-in-a-whole", _with(WEB, selector={"matchLabels": {"app": ["d"]}}), 400,
     f"{TYPED}.spec.selector.matchLabels.app: expected string, "
     'got &value.valueUnstructured{Value:[]interface {}{"d"}}'),
    ("text-for-list", _with(WEB, template={"spec": {"containers": "x"}}), 400,
     f"{TYPED}.spec.template.spec.containers: expected list, got &{{x}}"),
    ("twice", _with(WEB, template={"spec": {"containers": [{"name": "a"}, {"name": "a"}]}}), 400,
     f'{TYPED}.spec.template.spec.containers: '
     'duplicate entries for key [name="a"]'),
]  # fmt: skip


@pytest.mark.parametrize(("config", "code", "message"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_configurations_that_do_not_fit_are_refused(config: Object, code: int, message: str) -> None:
    with pytest.raises(ApiError) as refused:
        _applied(None, config)
    assert (refused.value.code, refused.value.message) == (code, message)


def test_arguments_stay_as_they_were() -> None:
    live, config = _applied(None, WEB), _with(WEB, replicas=4)
    before = json.dumps([live, config])
    _applied(live, config)
    assert json.dumps([live, config]) == before


def test_the_status_of_an_object_nobody_tracked_stays_without_an_owner() -> None:
    untracked = {**copy.deepcopy(WEB), "status": {"replicas": 1}}
    untracked["metadata"]["uid"] = "u"
    assert "f:status" not in _fields(_applied(untracked, WEB, force=True), "before-first-apply")
