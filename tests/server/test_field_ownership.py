"""managedFields: who owns what after creates, updates and patches."""

from __future__ import annotations

from typing import Any

import pytest
from builders import deployment, pod
from hypothesis import given, settings
from hypothesis import strategies as st

from gitopslab.controlplane.server import decode, ownership
from gitopslab.controlplane.server.fieldset import FieldSet, difference, intersection, members, union, without_below
from gitopslab.machinery.kinds import Catalog, Resource
from gitopslab.machinery.objects import Object, copy_of

NOW = 1_767_225_600.0
CATALOG = Catalog()


def _resource(key: str) -> Resource:
    found = CATALOG.by_key(key)
    assert found is not None
    return found


DEPLOYMENTS = _resource("deployments.apps")


def _created(obj: Object, key: str = "deployments.apps", manager: str = "kubectl-create") -> Object:
    made, _ = decode.check(_resource(key), obj, "Strict")
    made["metadata"]["uid"] = "u"
    ownership.tracked(_resource(key), None, made, manager=manager, subresource="", now=NOW)
    return made


def _changed(before: Object, manager: str, subresource: str = "", later: float = 1, **changes: Any) -> Object:
    after = copy_of(before)
    after.update(changes)
    ownership.tracked(DEPLOYMENTS, before, after, manager=manager, subresource=subresource, now=NOW + later)
    return after


def _owned(obj: Object) -> dict[str, FieldSet]:
    entries = obj["metadata"].get("managedFields", [])
    return {f"{entry['manager']}/{entry.get('subresource', '')}": entry["fieldsV1"] for entry in entries}


def test_a_create_owns_what_was_set_in_the_form_of_the_real_server() -> None:
    web = deployment("web")
    web["spec"]["strategy"] = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}
    web["spec"]["template"]["spec"]["containers"][0]["ports"] = [{"containerPort": 80}]
    made = _created(web)
    spec = made["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"]
    container = spec["f:template"]["f:spec"]["f:containers"]
    [(step, fields)] = container.items()
    assert step.startswith('k:{"name":"')
    assert fields["."] == {}
    assert fields["f:resources"] == {}
    assert fields["f:ports"] == {".": {}, 'k:{"containerPort":80,"protocol":"TCP"}': {".": {}, "f:containerPort": {}}}
    assert spec["f:selector"] == {}
    assert spec["f:strategy"] == {"f:rollingUpdate": {".": {}, "f:maxSurge": {}}, "f:type": {}}
    assert "." not in spec


def test_an_entry_looks_as_on_the_wire() -> None:
    entry = _created(deployment("web"))["metadata"]["managedFields"][0]
    assert {key: value for key, value in entry.items() if key != "fieldsV1"} == {
        "manager": "kubectl-create",
        "operation": "Update",
        "apiVersion": "apps/v1",
        "time": "2026-01-01T00:00:00Z",
        "fieldsType": "FieldsV1",
    }


def test_what_the_server_sets_is_never_owned() -> None:
    made = _created(deployment("web", metadata={"labels": {"a": "b"}}))
    assert made["metadata"]["managedFields"][0]["fieldsV1"]["f:metadata"] == {"f:labels": {".": {}, "f:a": {}}}


def test_a_changed_field_moves_to_who_changed_it() -> None:
    made = _created(deployment("web"))
    scaled = _changed(made, "kubectl-scale", spec={**made["spec"], "replicas": 7})
    owned = _owned(scaled)
    assert owned["kubectl-scale/"] == {"f:spec": {"f:replicas": {}}}
    assert "f:replicas" not in owned["kubectl-create/"]["f:spec"]


def test_a_removed_field_belongs_to_nobody() -> None:
    made = _created(deployment("web", metadata={"annotations": {"a": "1", "b": "2"}}))
    after = _changed(made, "kubectl-annotate", metadata={**made["metadata"], "annotations": {"a": "1"}})
    assert _owned(after)["kubectl-create/"]["f:metadata"] == {"f:annotations": {".": {}, "f:a": {}}}
    assert "kubectl-annotate/" not in _owned(after)


def test_writing_the_same_again_changes_neither_owners_nor_times() -> None:
    made = _created(deployment("web"))
    assert _changed(made, "somebody-else", later=60) == made


def test_the_same_manager_keeps_one_entry_with_a_newer_time() -> None:
    made = _created(deployment("web"))
    after = _changed(made, "kubectl-create", later=5, spec={**made["spec"], "paused": True})
    [entry] = after["metadata"]["managedFields"]
    assert entry["time"] == "2026-01-01T00:00:05Z"
    assert entry["fieldsV1"]["f:spec"]["f:paused"] == {}
    assert entry["fieldsV1"]["f:spec"]["f:replicas"] == {}


def test_status_has_an_entry_of_its_own() -> None:
    made = _created(deployment("web"))
    condition = {"type": "Available", "status": "True"}
    after = _changed(made, "kube-controller-manager", "status", status={"replicas": 1, "conditions": [condition]})
    fields = _owned(after)["kube-controller-manager/status"]
    item = {".": {}, "f:status": {}, "f:type": {}}
    assert fields == {"f:status": {"f:conditions": {".": {}, 'k:{"type":"Available"}': item}, "f:replicas": {}}}


@pytest.mark.parametrize(("subresource", "ignored"), [("", "status"), ("status", "spec")])
def test_what_a_path_cannot_change_is_not_owned_through_it(subresource: str, ignored: str) -> None:
    made = _created(deployment("web"))
    after = _changed(made, "somebody", subresource, **{ignored: {**made[ignored], "replicas": 9}})
    assert "somebody/" + subresource not in _owned(after)


def test_a_binding_makes_nobody_an_owner() -> None:
    made = _created(pod("p"), "pods")
    bound = copy_of(made)
    bound["spec"]["nodeName"] = "n"
    ownership.tracked(_resource("pods"), made, bound, manager="kube-scheduler", subresource="binding", now=NOW)
    assert _owned(bound) == _owned(made)


@pytest.mark.parametrize("given_entries", [[], [{}]], ids=["empty", "one-empty-entry"])
def test_a_client_can_stop_the_tracking(given_entries: list[Object]) -> None:
    made = _created(deployment("web"))
    cleared = _changed(made, "kubectl-edit", metadata={**made["metadata"], "managedFields": given_entries})
    assert "managedFields" not in cleared["metadata"]
    again = _changed(cleared, "kubectl-edit", spec={**made["spec"], "replicas": 3})
    assert "managedFields" not in again["metadata"]


def test_clients_that_leave_the_entries_out_do_not_delete_them() -> None:
    made = _created(deployment("web"))
    metadata = {key: value for key, value in made["metadata"].items() if key != "managedFields"}
    assert _changed(made, "old-client", metadata=metadata) == made


def test_more_than_ten_updaters_become_ancient() -> None:
    obj = _created(deployment("web"))
    for number in range(14):
        annotations = {**obj["metadata"].get("annotations", {}), f"a{number}": "x"}
        metadata = {**obj["metadata"], "annotations": annotations}
        obj = _changed(obj, f"manager-{number}", later=number + 1, metadata=metadata)
    managers = [entry["manager"] for entry in obj["metadata"]["managedFields"]]
    assert len(managers) == 10
    assert managers[0] == "ancient-changes"
    assert managers[-1] == "manager-13"


def test_items_that_share_their_keys_are_owned_together() -> None:
    web = deployment("web")
    web["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]
    [container] = _owned(_created(web))["kubectl-create/"]["f:spec"]["f:template"]["f:spec"]["f:containers"].values()
    assert container["f:env"] == {".": {}, 'k:{"name":"A"}': {}}


SETS = st.recursive(
    st.just({}),
    lambda below: st.dictionaries(
        st.sampled_from(["f:a", "f:b", 'k:{"name":"x"}', 'v:"y"']), below, min_size=1, max_size=3
    ),
    max_leaves=6,
)
ROOTS = st.dictionaries(st.sampled_from(["f:a", "f:b", "f:c"]), SETS, max_size=3)


@given(ROOTS, ROOTS)
@settings(max_examples=40)
def test_sets_of_fields_keep_the_laws_of_sets(left: FieldSet, right: FieldSet) -> None:
    ours, theirs = set(members(left)), set(members(right))
    assert set(members(union(left, right))) == ours | theirs
    assert set(members(intersection(left, right))) == ours & theirs
    assert set(members(difference(left, right))) == ours - theirs
    assert set(members(without_below(left, right))) <= ours - theirs


def test_paths_are_spelled_as_conflicts_spell_them() -> None:
    fields = {"f:spec": {"f:ports": {'k:{"port":80,"protocol":"TCP"}': {}}, "f:finalizers": {'v:"x"': {}}}}
    assert list(members(fields)) == ['.spec.finalizers[="x"]', '.spec.ports[port=80,protocol="TCP"]']
