"""What a single object says about how Flux is to treat it."""

from __future__ import annotations

import pytest
from flux_cluster import KS, Flux, config_map
from projects import Project

from gitopslab.controlplane.server.local import LocalApi
from gitopslab.controlplane.server.options import Caller

JOB = """apiVersion: batch/v1
kind: Job
metadata: {name: once, namespace: default%s}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: "busybox:%s"}]}}}
"""


def marked(mark: str, **data: str) -> str:
    annotations = f'  annotations: {{"kustomize.toolkit.fluxcd.io/{mark.split(": ")[0]}": {mark.split(": ")[1]}}}\n'
    return config_map("a", **data).replace("\ndata:\n", f"\n{annotations}data:\n")


def begun(flux: Flux, project: Project, manifest: str, **spec: object) -> None:
    project.commit({"a.yaml": manifest})
    flux.repository(project.url, interval="1h")
    flux.kustomization(**spec)


def kubectl(flux: Flux) -> LocalApi:
    return LocalApi(flux.plane.verbs, Caller("learner", ("system:masters",), "kubectl-edit"))


def test_if_not_present_is_made_once_and_left_alone(flux: Flux, project: Project) -> None:
    begun(flux, project, marked("ssa: IfNotPresent", x="1"))
    kubectl(flux).patch("configmaps", "a", {"data": {"x": "mine"}}, "default")
    flux.request(KS, "app")
    assert flux.get("configmaps", "a", "default")["data"] == {"x": "mine"}


def test_merge_leaves_what_kubectl_added(flux: Flux, project: Project) -> None:
    begun(flux, project, marked("ssa: Merge", x="1"))
    kubectl(flux).patch("configmaps", "a", {"data": {"more": "1"}}, "default")
    flux.request(KS, "app")
    assert flux.get("configmaps", "a", "default")["data"] == {"x": "1", "more": "1"}


@pytest.mark.parametrize("mark", ["ssa: Ignore", "reconcile: disabled"])
def test_some_are_not_applied_at_all(flux: Flux, project: Project, mark: str) -> None:
    begun(flux, project, marked(mark, x="1"))
    assert flux.find("configmaps", "a") is None
    ready = flux.condition(KS)
    assert ready is not None
    assert ready[0] == "True"


def test_a_live_object_can_say_that_it_is_left_alone(flux: Flux, project: Project) -> None:
    begun(flux, project, config_map("a", x="1"))
    mark = {"metadata": {"annotations": {"kustomize.toolkit.fluxcd.io/reconcile": "disabled"}}, "data": {"x": "mine"}}
    kubectl(flux).patch("configmaps", "a", mark, "default")
    flux.request(KS, "app")
    assert flux.get("configmaps", "a", "default")["data"] == {"x": "mine"}


def test_an_immutable_field_fails_without_force(flux: Flux, project: Project) -> None:
    begun(flux, project, JOB % ("", "1"))
    project.commit({"a.yaml": JOB % ("", "2")})
    flux.sync()
    ready = flux.condition(KS)
    assert ready is not None
    assert ready[1] == "ReconciliationFailed"
    assert ready[2].startswith('Job/default/once dry-run failed (Invalid): Job.batch "once" is invalid: ')
    assert "field is immutable" in ready[2]


@pytest.mark.parametrize("by", ["the Kustomization", "the object"])
def test_with_force_it_is_made_anew(flux: Flux, project: Project, by: str) -> None:
    mark = ', annotations: {"kustomize.toolkit.fluxcd.io/force": enabled}' if by == "the object" else ""
    begun(flux, project, JOB % (mark, "1"), force=by == "the Kustomization")
    uid = flux.get("jobs.batch", "once", "default")["metadata"]["uid"]
    project.commit({"a.yaml": JOB % (mark, "2")})
    flux.sync()
    flux.advance(5)
    job = flux.get("jobs.batch", "once", "default")
    assert job["metadata"]["uid"] != uid
    assert job["spec"]["template"]["spec"]["containers"][0]["image"] == "busybox:2"
    ready = flux.condition(KS)
    assert ready is not None
    assert ready[0] == "True"


def test_with_force_a_binding_to_another_role_is_made_anew(flux: Flux, project: Project) -> None:
    binding = (
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: b, namespace: default}\n"
        "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: %s}\n"
    )
    begun(flux, project, binding % "view", force=True)
    project.commit({"a.yaml": binding % "edit"})
    flux.sync()
    flux.advance(5)
    assert flux.get("rolebindings.rbac.authorization.k8s.io", "b", "default")["roleRef"]["name"] == "edit"
    assert (flux.condition(KS) or ("",))[0] == "True"


def test_with_force_what_is_not_valid_is_deleted_all_the_same(flux: Flux, project: Project) -> None:
    service = (
        "apiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: default}\n"
        "spec: {type: %s, ports: [{port: 80}]}\n"
    )
    begun(flux, project, service % "ClusterIP", force=True)
    project.commit({"a.yaml": service % "ClusterIPSS"})
    flux.sync()
    flux.advance(5)
    reason, message = (flux.condition(KS) or ("", "", ""))[1:]
    assert reason == "ReconciliationFailed"
    assert message.startswith('Service/default/s dry-run failed (Invalid): Service "s" is invalid: spec.type: ')
    assert flux.find("services", "s") is None
    project.commit({"a.yaml": service % "ClusterIP"})
    flux.sync()
    assert flux.find("services", "s") is not None


@pytest.mark.parametrize(("mark", "left"), [("ssa: IfNotPresent", "mine"), ("reconcile: disabled", None)])
def test_a_label_says_it_as_well_as_an_annotation(flux: Flux, project: Project, mark: str, left: str | None) -> None:
    begun(flux, project, marked(mark, x="1").replace("annotations:", "labels:"))
    if flux.find("configmaps", "a") is not None:
        kubectl(flux).patch("configmaps", "a", {"data": {"x": "mine"}}, "default")
    flux.request(KS, "app")
    found = flux.find("configmaps", "a")
    assert (found and found["data"]["x"]) == left


def test_what_is_skipped_is_owned_and_no_event_tells_of_it(flux: Flux, project: Project) -> None:
    begun(flux, project, marked("ssa: IfNotPresent", x="1"))
    flux.request(KS, "app")
    assert [entry["id"] for entry in flux.status(KS)["inventory"]["entries"]] == ["default_a__ConfigMap"]
    told = [message for _, reason, message in flux.events("Kustomization") if reason == "Progressing"]
    assert told == ["ConfigMap/default/a created"]
