"""What a path of a source holds is applied, owned and written down."""

from __future__ import annotations

from flux_cluster import KS, SYSTEM, Flux, config_map
from projects import Project

from gitopslab.machinery.objects import condition_of


def test_a_commit_is_applied_as_soon_as_the_source_has_it(flux: Flux, project: Project) -> None:
    project.commit({"a.yaml": config_map("a", x="1")})
    flux.repository(project.url, interval="1m")
    flux.kustomization(interval="1h")
    commit = project.commit({"a.yaml": config_map("a", x="2")})
    flux.advance(61)
    assert flux.get("configmaps", "a", "default")["data"] == {"x": "2"}
    assert flux.status(KS)["lastAppliedRevision"] == f"main@sha1:{commit}"


def test_success_is_told_in_condition_revision_and_event(flux: Flux, project: Project) -> None:
    commit = project.commit({"a.yaml": config_map("a")})
    flux.repository(project.url)
    flux.kustomization()
    status = flux.status(KS)
    revision = f"main@sha1:{commit}"
    assert flux.condition(KS) == ("True", "ReconciliationSucceeded", f"Applied revision: {revision}")
    assert (status["lastAppliedRevision"], status["lastAttemptedRevision"]) == (revision, revision)
    assert status["observedGeneration"] == 1
    assert flux.condition(KS, kind="Healthy") is None
    assert flux.events("Kustomization") == [
        ("Normal", "Progressing", "ConfigMap/default/a created"),
        ("Normal", "ReconciliationSucceeded", "Reconciliation finished in 0s, next run in 10m0s"),
    ]


def test_a_reconcile_of_a_kustomization_fetches_nothing(flux: Flux, project: Project) -> None:
    old = project.commit({"a.yaml": config_map("a", x="1")})
    flux.repository(project.url, interval="1h")
    flux.kustomization()
    new = project.commit({"a.yaml": config_map("a", x="2")})
    flux.request(KS, "app")
    assert flux.status(KS)["lastAppliedRevision"] == f"main@sha1:{old}"
    flux.sync()  # with its source, as --with-source does
    assert flux.status(KS)["lastAppliedRevision"] == f"main@sha1:{new}"


def test_it_gets_its_finalizer_before_anything_is_applied(flux: Flux, project: Project) -> None:
    project.commit({"a.yaml": config_map("a")})
    flux.repository(project.url)
    _, watch = flux.api.watch(KS)
    flux.kustomization()
    created, begun = watch.poll()[:2]
    assert "finalizers" not in created.object["metadata"]
    assert begun.object["metadata"]["finalizers"] == ["finalizers.fluxcd.io"]
    assert begun.object["status"] == {"observedGeneration": -1}


def test_every_object_carries_its_owners_labels_and_manager(flux: Flux, project: Project) -> None:
    project.commit({"a.yaml": config_map("a")})
    flux.repository(project.url)
    flux.kustomization()
    metadata = flux.get("configmaps", "a", "default")["metadata"]
    assert metadata["labels"] == {
        "kustomize.toolkit.fluxcd.io/name": "app",
        "kustomize.toolkit.fluxcd.io/namespace": SYSTEM,
    }
    assert "annotations" not in metadata
    assert "ownerReferences" not in metadata
    (manager,) = metadata["managedFields"]
    assert (manager["manager"], manager["operation"]) == ("kustomize-controller", "Apply")
    managers = {entry["manager"] for entry in flux.get(KS)["metadata"]["managedFields"]}
    assert "gotk-kustomize-controller" in managers


def test_only_the_path_is_applied(flux: Flux, project: Project) -> None:
    project.commit({"one/a.yaml": config_map("a"), "two/b.yaml": config_map("b")})
    flux.repository(project.url)
    flux.kustomization(path="./two")
    assert flux.find("configmaps", "a") is None
    assert flux.find("configmaps", "b") is not None


def test_a_namespace_and_what_is_in_it_come_with_one_commit(flux: Flux, project: Project) -> None:
    namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"
    project.commit({"a.yaml": config_map("a", "shop"), "z.yaml": namespace})
    flux.repository(project.url)
    flux.kustomization()
    assert flux.find("configmaps", "a", "shop") is not None
    ids = [entry["id"] for entry in flux.status(KS)["inventory"]["entries"]]
    assert ids == ["_shop__Namespace", "shop_a__ConfigMap"]


def test_a_kind_and_an_object_of_it_come_with_one_commit(flux: Flux, project: Project) -> None:
    crd = """apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.com}
spec:
  group: example.com
  names: {kind: Thing, plural: things}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
"""
    thing = "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: one, namespace: default}\nspec: {a: 1}\n"
    project.commit({"a-thing.yaml": thing, "b-crd.yaml": crd})
    flux.repository(project.url)
    flux.kustomization()
    assert flux.condition(KS) is not None
    assert flux.find("things.example.com", "one") is not None
    changes = [event[2] for event in flux.events("Kustomization") if event[1] == "Progressing"]
    assert changes == ["CustomResourceDefinition/things.example.com created\nThing/default/one created"]


def test_target_namespace_and_common_metadata_reach_everything(flux: Flux, project: Project) -> None:
    project.commit({"a.yaml": config_map("a")})
    flux.repository(project.url)
    flux.kustomization(
        targetNamespace=SYSTEM, commonMetadata={"labels": {"team": "shop"}, "annotations": {"note": "hi"}}
    )
    metadata = flux.get("configmaps", "a")["metadata"]
    assert metadata["labels"]["team"] == "shop"
    assert metadata["annotations"] == {"note": "hi"}


def test_the_timeout_defaults_to_the_interval_less_half_a_minute(flux: Flux, project: Project) -> None:
    from gitopslab.gitops.flux.run import Run

    for interval, timeout in (("10m", 570.0), ("45s", 30.0), ("10s", 30.0)):
        assert Run.timeout({"spec": {"interval": interval}}) == timeout
    assert Run.timeout({"spec": {"interval": "10m", "timeout": "2m"}}) == 120.0
    assert Run.timeout({"spec": {"interval": "10m", "timeout": "1s"}}) == 30.0, "a shorter one is taken for this"


def test_the_way_of_a_new_revision_is_told_step_by_step(flux: Flux, project: Project) -> None:
    commit = project.commit({"a.yaml": config_map("a")})
    flux.repository(project.url)
    _, watch = flux.api.watch(KS)
    flux.kustomization(wait=True, timeout="2m")
    told = [condition_of(event.object, "Reconciling") for event in watch.poll()]
    steps = dict.fromkeys(each["message"] for each in told if each is not None)
    assert list(steps) == [
        f"{doing} for revision main@sha1:{commit} with a timeout of 2m0s"
        for doing in ("Fetching manifests", "Building manifests", "Detecting drift", "Running health checks")
    ]
    assert flux.condition(KS, kind="Reconciling") is None
    assert flux.condition(KS, kind="Healthy") == ("True", "Succeeded", "Health check passed in 0s")


def test_a_reconcile_of_nothing_new_tells_no_steps(flux: Flux, project: Project) -> None:
    project.commit({"a.yaml": config_map("a")})
    flux.repository(project.url, interval="1h")
    flux.kustomization(interval="1m")
    _, watch = flux.api.watch(KS)
    flux.advance(61)
    assert [condition_of(event.object, "Reconciling") for event in watch.poll()] == [None]


def test_a_revision_stands_in_the_annotations_of_its_events(flux: Flux, project: Project) -> None:
    commit = project.commit({"a.yaml": config_map("a")})
    flux.repository(project.url)
    flux.kustomization()
    said = [event for event in flux.api.list("events", SYSTEM) if event["involvedObject"]["kind"] == "Kustomization"]
    word = "kustomize.toolkit.fluxcd.io/revision"
    assert {event["metadata"]["annotations"][word] for event in said} == {f"main@sha1:{commit}"}


def test_what_belongs_to_the_cluster_is_applied_without_the_namespace_it_names(flux: Flux, project: Project) -> None:
    role = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: r, namespace: x}\nrules: []\n"
    project.commit({"a.yaml": role})
    flux.repository(project.url)
    flux.kustomization()
    assert (flux.condition(KS) or ("",))[0] == "True"
    assert [each["id"] for each in flux.status(KS)["inventory"]["entries"]] == [
        "_r_rbac.authorization.k8s.io_ClusterRole"
    ]
    assert ("Normal", "Progressing", "ClusterRole/r created") in flux.events("Kustomization")
    project.commit({"a.yaml": None, "b.yaml": config_map("b")})
    flux.sync()
    assert flux.find("clusterroles.rbac.authorization.k8s.io", "r", "") is None


def test_one_made_anew_applies_what_it_says_and_not_what_the_one_before_did(flux: Flux, project: Project) -> None:
    project.commit({"one/a.yaml": config_map("a"), "two/b.yaml": config_map("b")})
    flux.repository(project.url)
    flux.kustomization(path="./one")
    flux.api.delete(KS, "app", SYSTEM)
    flux.advance(1)
    flux.kustomization(path="./two")
    assert flux.find("configmaps", "b") is not None


def test_an_object_is_applied_in_the_version_that_git_has_it_in(flux: Flux, project: Project) -> None:
    scaler = (
        "apiVersion: autoscaling/v1\nkind: HorizontalPodAutoscaler\nmetadata: {name: web, namespace: default}\n"
        "spec:\n  maxReplicas: 5\n  targetCPUUtilizationPercentage: 70\n"
        "  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}\n"
    )
    project.commit({"hpa.yaml": scaler})
    flux.repository(project.url)
    flux.kustomization()
    kept = flux.get("horizontalpodautoscalers.autoscaling", "web", "default")
    assert kept["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"] == 70
    before = flux.status(KS)["inventory"], kept["metadata"]["resourceVersion"]
    flux.sync()
    flux.request(KS, "app")
    after = flux.get("horizontalpodautoscalers.autoscaling", "web", "default")["metadata"]["resourceVersion"]
    assert (flux.status(KS)["inventory"], after) == before
    assert flux.condition(KS)[0] == "True"  # type: ignore[index]
