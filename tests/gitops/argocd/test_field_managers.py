"""Under which names Argo CD writes: what is applied under one, all else under the controller's own."""

from __future__ import annotations

from argocd_cluster import Argo, config_map
from argocd_syncs import Syncs
from builders import config_map as config_map_object
from projects import Project

from gitopslab.gitops.argocd.kinds import CONTROLLER, FIELD_MANAGER, HOOK, SYNC_OPTIONS
from gitopslab.machinery.objects import Object, annotations_of
from gitopslab.machinery.three_way import LAST_APPLIED

ROLE = """apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader}
rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]
"""


def managers(obj: Object | None) -> dict[str, Object]:
    """The fields of each manager, by his name and how he writes."""
    assert obj is not None
    return {f"{e['manager']}/{e['operation']}": e["fieldsV1"] for e in obj["metadata"]["managedFields"]}


def test_a_role_is_reconciled_first_and_then_applied(argo: Argo, project: Project) -> None:
    project.commit({"role.yaml": ROLE})
    argo.application(project.url)
    argo.sync()
    found = managers(argo.find("roles.rbac.authorization.k8s.io", "reader"))
    assert "f:rules" in found[f"{CONTROLLER}/Update"]
    assert found[f"{FIELD_MANAGER}/Update"] == {"f:metadata": {"f:annotations": {f"f:{LAST_APPLIED}": {}}}}


def test_what_is_replaced_is_not_applied(argo: Argo, project: Project) -> None:
    for value in "12":
        project.commit({"a.yaml": config_map("a", annotations={SYNC_OPTIONS: "Replace=true"}, x=value)})
        argo.application(project.url, name=f"app{value}")
        argo.sync(f"app{value}")
        live = argo.find("configmaps", "a")
        assert list(managers(live)) == [f"{CONTROLLER}/Update"]
        assert LAST_APPLIED not in annotations_of(live or {})


def test_a_replacement_by_force_tells_what_was_deleted(syncs: Syncs) -> None:
    syncs.have(config_map_object("web"))
    syncs.git = [config_map_object("web", data={"x": "2"})]
    syncs.sync(syncOptions=["Replace=true"], syncStrategy={"apply": {"force": True}})
    assert syncs.results["web"][2] == 'configmap "web" deleted from default namespace\nconfigmap/web replaced'


def test_a_hook_at_the_end_is_not_applied(argo: Argo, project: Project) -> None:
    project.commit({"a.yaml": config_map("a"), "bye.yaml": config_map("bye", annotations={HOOK: "PostDelete"})})
    argo.application(project.url, metadata={"finalizers": ["resources-finalizer.argocd.argoproj.io"]})
    argo.sync()
    argo.api.delete("applications.argoproj.io", "app", "argocd")
    argo.advance(30)
    assert list(managers(argo.find("configmaps", "bye"))) == [f"{CONTROLLER}/Update"]


def test_a_server_side_apply_takes_over_what_was_applied_before(syncs: Syncs) -> None:
    syncs.have(config_map_object("web", data={"old": "1"}))
    syncs.git = [config_map_object("web", data={"new": "1"})]
    syncs.sync(syncOptions=["ServerSideApply=true"])
    live = syncs.get("configmaps", "web") or {}
    assert live["data"] == {"new": "1"}
    assert LAST_APPLIED not in annotations_of(live)
    assert list(managers(live)) == [f"{FIELD_MANAGER}/Apply"]


def test_a_server_side_apply_leaves_what_others_wrote(syncs: Syncs) -> None:
    syncs.have(config_map_object("web", data={"old": "1"}))
    syncs.plane.api.patch("configmaps", "web", {"data": {"theirs": "1"}}, "default")
    syncs.git = [config_map_object("web", data={"new": "1"})]
    syncs.sync(syncOptions=["ServerSideApply=true"])
    assert (syncs.get("configmaps", "web") or {})["data"] == {"new": "1", "theirs": "1"}


def test_of_its_namespace_it_owns_the_empty_spec_too(syncs: Syncs) -> None:
    syncs.into("made")
    syncs.app["spec"]["syncPolicy"] = {"managedNamespaceMetadata": {"labels": {"team": "red"}}}
    syncs.git = [config_map_object("web", metadata={"namespace": "made"})]
    syncs.sync(syncOptions=["CreateNamespace=true"])
    fields = managers(syncs.get("namespaces", "made", ""))[f"{FIELD_MANAGER}/Apply"]
    assert fields["f:spec"] == {}
