"""Git and the cluster are compared, resource by resource."""

from __future__ import annotations

import pytest
from argocd_cluster import Argo, config_map
from projects import Project

from gitopslab.gitops.argocd.kinds import APP_PROJECTS, TRACKING_ID
from gitopslab.machinery.objects import Object


def tracked(name: str, app: str = "app", group: str = "", kind: str = "ConfigMap", **more: str) -> Object:
    """A ConfigMap with a tracking id."""
    said = f"{app}:{group}/{kind}:default/{more.pop('said', name)}"
    metadata = {"name": name, "namespace": "default", "annotations": {TRACKING_ID: said} | more}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"x": "1"}}


def test_what_is_only_in_git_is_out_of_sync_and_missing(argo: Argo, project: Project) -> None:
    commit = project.commit({"a.yaml": config_map("a", x="1"), "b/ignored.yaml": config_map("b")})
    argo.application(project.url)
    assert argo.sync_status() == "OutOfSync"
    assert argo.health() == "Missing"
    assert argo.resources() == {"ConfigMap/a": "OutOfSync"}
    status = argo.status()
    assert status["sync"]["revision"] == commit
    assert (status["sourceType"], status["controllerNamespace"], status["resourceHealthSource"]) == (
        "Directory", "argocd", "appTree",
    )  # fmt: skip
    assert argo.conditions() == []


def test_what_git_and_the_cluster_agree_on_is_synced(argo: Argo, project: Project) -> None:
    project.commit({"a.yaml": config_map("a", x="1")})
    argo.api.create(tracked("a"))
    argo.application(project.url)
    assert (argo.sync_status(), argo.health()) == ("Synced", "Healthy")


def test_fields_that_only_the_live_object_has_are_no_difference(argo: Argo, project: Project) -> None:
    project.commit({"a.yaml": config_map("a", x="1")})
    live = tracked("a", team="red")
    live["metadata"]["labels"] = {"added": "by-hand"}
    live["data"]["more"] = "of it"
    argo.api.create(live)
    argo.application(project.url)
    assert argo.resources() == {"ConfigMap/a": "Synced"}


def test_a_field_that_was_applied_and_left_git_is_a_difference(argo: Argo, project: Project) -> None:
    project.commit({"a.yaml": config_map("a", x="1")})
    live = tracked("a")
    live["data"]["gone"] = "from git"
    applied = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"x":"1","gone":"from git"}}'
    live["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"] = applied
    argo.api.create(live)
    argo.application(project.url)
    assert argo.resources() == {"ConfigMap/a": "OutOfSync"}


def test_a_change_of_a_live_object_is_seen_at_once(argo: Argo, project: Project) -> None:
    project.commit({"a.yaml": config_map("a", x="1")})
    argo.api.create(tracked("a"))
    argo.application(project.url)
    argo.api.patch("configmaps", "a", {"data": {"x": "2"}}, "default")
    argo.plane.settle()
    assert argo.sync_status() == "OutOfSync"
    assert ("Normal", "ResourceUpdated", "Updated sync status: Synced -> OutOfSync") in argo.events()


def test_what_is_there_and_not_in_git_requires_pruning(argo: Argo, project: Project) -> None:
    project.commit({"a.yaml": config_map("a", x="1")})
    argo.api.create(tracked("a"))
    argo.api.create(tracked("old"))
    argo.application(project.url)
    assert argo.resources() == {"ConfigMap/a": "Synced", "ConfigMap/old": "OutOfSync"}
    (old,) = [each for each in argo.status()["resources"] if each["name"] == "old"]
    assert old["requiresPruning"] is True
    assert argo.sync_status() == "OutOfSync"


def test_an_object_is_known_by_its_id_in_whatever_namespace_it_is(argo: Argo, project: Project) -> None:
    project.commit({"a.yaml": config_map("a", x="1")})
    argo.api.create(tracked("a"))
    elsewhere = tracked("old")
    elsewhere["metadata"] |= {
        "namespace": "kube-public",
        "annotations": {TRACKING_ID: "app:/ConfigMap:kube-public/old"},
    }
    argo.api.create(elsewhere)
    argo.application(project.url)
    (old,) = [each for each in argo.status()["resources"] if each["name"] == "old"]
    assert (old["namespace"], old["status"], old["requiresPruning"]) == ("kube-public", "OutOfSync", True)


def test_an_application_of_hooks_alone_is_synced_and_healthy(argo: Argo, project: Project) -> None:
    project.commit({"a.yaml": config_map("a", annotations={"argocd.argoproj.io/hook": "PreSync"})})
    argo.application(project.url)
    assert (argo.sync_status(), argo.health(), argo.resources()) == ("Synced", "Healthy", {})
    argo.sync()
    (row,) = argo.status()["resources"]
    assert (row["hook"], "status" in row, argo.health()) == (True, False, "Healthy")


def test_the_summary_tells_where_an_application_is_reached(argo: Argo, project: Project) -> None:
    ingress = (
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: a}\nspec: {rules: [{host: shop.example, "
        "http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: a, port: {number: 80}}}}]}}]}\n"
    )
    project.commit({"a.yaml": ingress})
    argo.application(project.url)
    argo.sync()
    assert argo.status()["summary"] == {"externalURLs": ["http://shop.example/"]}


def test_an_extra_object_may_ask_not_to_count(argo: Argo, project: Project) -> None:
    project.commit({"a.yaml": config_map("a", x="1")})
    argo.api.create(tracked("a"))
    extra = tracked("old")
    extra["metadata"]["annotations"]["argocd.argoproj.io/compare-options"] = "IgnoreExtraneous"
    argo.api.create(extra)
    argo.application(project.url)
    assert argo.resources() == {"ConfigMap/a": "Synced", "ConfigMap/old": "OutOfSync"}
    assert argo.sync_status() == "Synced"


def test_an_object_whose_id_was_copied_has_no_status_and_is_not_to_be_pruned(argo: Argo, project: Project) -> None:
    project.commit({"a.yaml": config_map("a", x="1")})
    argo.api.create(tracked("a"))
    argo.api.create(tracked("copy", said="a"))
    argo.application(project.url)
    assert argo.resources() == {"ConfigMap/a": "Synced", "ConfigMap/copy": ""}
    assert argo.sync_status() == "Synced"
    assert not any(each.get("requiresPruning") for each in argo.status()["resources"])


def test_an_object_with_an_owner_is_its_owners_and_not_the_applications(argo: Argo, project: Project) -> None:
    project.commit({"a.yaml": config_map("a", x="1")})
    argo.api.create(tracked("a"))
    owned = tracked("child")
    owner = argo.get("configmaps", "a", "default")
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "a", "uid": owner["metadata"]["uid"]}
    owned["metadata"]["ownerReferences"] = [reference]
    argo.api.create(owned)
    argo.application(project.url)
    assert argo.resources() == {"ConfigMap/a": "Synced"}


def test_hooks_and_what_is_skipped_do_not_count(argo: Argo, project: Project) -> None:
    hook, skip = {"argocd.argoproj.io/hook": "PreSync"}, {"argocd.argoproj.io/hook": "Skip"}
    project.commit({
        "a.yaml": config_map("a", x="1"),
        "hook.yaml": config_map("hook", annotations=hook),
        "skip.yaml": config_map("skip", annotations=skip),
    })  # fmt: skip
    argo.api.create(tracked("a"))
    argo.application(project.url)
    assert argo.resources() == {"ConfigMap/a": "Synced", "ConfigMap/skip": ""}
    assert (argo.sync_status(), argo.health()) == ("Synced", "Healthy")


def test_the_last_of_two_manifests_of_one_object_counts(argo: Argo, project: Project) -> None:
    project.commit({"a.yaml": config_map("a", x="2"), "b.yaml": config_map("a", x="1")})
    argo.api.create(tracked("a"))
    argo.application(project.url)
    assert argo.sync_status() == "Synced"
    message = "Resource /ConfigMap/default/a appeared 2 times among application resources."
    assert argo.conditions() == [("RepeatedResourceWarning", message)]


def test_an_object_of_another_application_is_shared(argo: Argo, project: Project) -> None:
    project.commit({"a.yaml": config_map("a", x="1")})
    argo.api.create(tracked("a", app="other"))
    argo.application(project.url)
    assert argo.resources() == {"ConfigMap/a": "OutOfSync"}
    message = "ConfigMap/a is part of applications argocd/app and other"
    assert argo.conditions() == [("SharedResourceWarning", message)]


def test_a_namespaced_object_needs_a_namespace(argo: Argo, project: Project) -> None:
    project.commit({"a.yaml": config_map("a")})
    argo.application(project.url, destination={"server": "https://kubernetes.default.svc"})
    assert ("InvalidSpecError", "Namespace for a /v1, Kind=ConfigMap is missing.") in argo.conditions()


def test_objects_of_the_cluster_carry_the_destination_in_their_id(argo: Argo, project: Project) -> None:
    manifest = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n  namespace: nonsense\n"
    project.commit({"a.yaml": manifest})
    live = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
    live["metadata"]["annotations"] = {TRACKING_ID: "app:/Namespace:default/shop"}
    argo.api.create(live)
    argo.application(project.url)
    assert argo.resources() == {"Namespace/shop": "Synced"}


def test_a_kind_that_the_project_forbids_is_unknown(argo: Argo, project: Project) -> None:
    project.commit({"a.yaml": config_map("a")})
    argo.project("strict", namespaceResourceBlacklist=[{"group": "", "kind": "ConfigMap"}])
    argo.application(project.url, project="strict")
    assert argo.resources() == {"ConfigMap/a": "Unknown"}


def test_objects_that_belong_to_nobody_are_counted_where_the_project_wants_to_know(
    argo: Argo, project: Project
) -> None:
    project.commit({"a.yaml": config_map("a", x="1")})
    argo.api.create(tracked("a"))
    argo.project("watchful", orphanedResources={})
    argo.application(project.url, project="watchful")
    assert argo.conditions() == []
    argo.api.create({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "left", "namespace": "default"}})
    argo.api.create(tracked("other", app="other"))
    argo.plane.settle()
    assert argo.conditions() == [("OrphanedResourceWarning", "Application has 1 orphaned resources")]
    argo.change({"orphanedResources": {"warn": False}}, "watchful", APP_PROJECTS)
    argo.refresh()
    assert argo.conditions() == []


def test_a_namespace_whose_metadata_is_managed_is_not_to_be_pruned(argo: Argo, project: Project) -> None:
    project.commit({"a.yaml": config_map("a", namespace="shop")})
    note = {TRACKING_ID: "app:/Namespace:shop/shop"}
    argo.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "annotations": note}})
    managed = {"labels": {"team": "red"}, "annotations": {"note": "x"}}
    place = {"name": "in-cluster", "namespace": "shop"}
    argo.application(project.url, destination=place, syncPolicy={"managedNamespaceMetadata": managed})
    assert argo.resources() == {"ConfigMap/a": "OutOfSync", "Namespace/shop": "OutOfSync"}
    assert not any(each.get("requiresPruning") for each in argo.status()["resources"])
    argo.sync(syncOptions=["CreateNamespace=true"], prune=True)
    assert argo.operation() == ("Succeeded", "successfully synced (all tasks run)")
    assert argo.get("namespaces", "shop", "")["metadata"]["labels"]["team"] == "red"
    assert argo.sync_status() == "Synced"
    argo.change({"syncPolicy": {"managedNamespaceMetadata": {"labels": {"team": "blue"}}}})
    assert argo.sync_status() == "OutOfSync"


def test_resources_are_told_in_order_and_without_their_health(argo: Argo, project: Project) -> None:
    wave = {"argocd.argoproj.io/sync-wave": "5"}
    quota = "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: a}\n"
    ingress = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: a}\nspec: {defaultBackend: {}}\n"
    project.commit({"z.yaml": config_map("a", annotations=wave), "y.yaml": ingress, "b.yaml": quota})
    argo.api.create(tracked("a"))
    argo.application(project.url)
    rows = argo.status()["resources"]
    assert [(row.get("group", ""), row["kind"]) for row in rows] == [
        ("", "ConfigMap"), ("", "ResourceQuota"), ("networking.k8s.io", "Ingress"),
    ]  # fmt: skip
    assert rows[0] == {
        "kind": "ConfigMap", "name": "a", "namespace": "default", "status": "OutOfSync", "syncWave": 5, "version": "v1",
    }  # fmt: skip
    assert not any("health" in row for row in rows)


def test_conditions_have_a_type_a_message_and_a_time(argo: Argo, project: Project) -> None:
    project.commit({"a.yaml": config_map("a"), "b.yaml": config_map("a")})
    argo.application(project.url)
    (condition,) = argo.status()["conditions"]
    assert sorted(condition) == ["lastTransitionTime", "message", "type"]


def test_a_kind_that_is_excluded_is_told_and_not_a_resource(argo: Argo, project: Project) -> None:
    lease = "apiVersion: coordination.k8s.io/v1\nkind: Lease\nmetadata: {name: a}\n"
    project.commit({"a.yaml": config_map("a"), "b.yaml": lease})
    argo.application(project.url)
    message = "Resource coordination.k8s.io/Lease a is excluded in the settings"
    assert argo.conditions() == [("ExcludedResourceWarning", message)]
    assert argo.resources() == {"ConfigMap/a": "OutOfSync"}


def test_the_destination_is_the_namespace_only_of_what_names_none(argo: Argo, project: Project) -> None:
    project.commit({"a.yaml": config_map("a"), "b.yaml": config_map("b", namespace="kube-public")})
    argo.application(project.url)
    argo.sync()
    assert argo.sync_status() == "Synced"
    assert argo.find("configmaps", "a", "default")
    assert argo.find("configmaps", "b", "kube-public")
    assert argo.find("configmaps", "b", "default") is None


def test_a_variable_that_somebody_added_is_no_difference_and_a_changed_one_is(argo: Argo, project: Project) -> None:
    web = (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 0\n"
        "  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n"
        "    spec: {containers: [{name: web, image: nginx, env: [{name: A, value: '1'}]}]}\n"
    )
    project.commit({"web.yaml": web})
    argo.application(project.url)
    argo.sync()
    for env, status in (([{"name": "B", "value": "2"}], "Synced"), ([{"name": "A", "value": "2"}], "OutOfSync")):
        patch = {"spec": {"template": {"spec": {"containers": [{"name": "web", "env": env}]}}}}
        argo.api.patch("deployments.apps", "web", patch, "default", type="strategic")
        argo.plane.settle()
        assert argo.resources() == {"Deployment/web": status}


@pytest.mark.parametrize(
    ("option", "status"), [("ServerSideDiff=true", "OutOfSync"), ("ServerSideDiff=false", "Synced")]
)
def test_the_server_may_be_asked_what_differs(argo: Argo, project: Project, option: str, status: str) -> None:
    project.commit({"a.yaml": config_map("a", x="1", gone="1")})
    argo.application(project.url, metadata={"annotations": {"argocd.argoproj.io/compare-options": option}})
    argo.sync(syncOptions=["ServerSideApply=true"])
    assert argo.sync_status() == "Synced"
    # The server knows whose the field was that left Git; no annotation does, since no client applied it.
    project.commit({"a.yaml": config_map("a", x="1")})
    argo.refresh()
    assert argo.sync_status() == status


def test_health_is_told_with_its_time_and_in_an_event(argo: Argo, project: Project) -> None:
    service = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {type: LoadBalancer, ports: [{port: 80}]}\n"
    project.commit({"a.yaml": service})
    argo.application(project.url)
    argo.sync()
    assert argo.health() == "Progressing"
    argo.advance(60)
    balanced = {"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}}
    argo.api.patch("services", "a", balanced, "default", subresource="status")
    argo.plane.settle()
    assert argo.status()["health"] == {"status": "Healthy", "lastTransitionTime": "2026-01-01T00:01:00Z"}
    assert ("Normal", "ResourceUpdated", "Updated health status: Progressing -> Healthy") in argo.events()
