"""What Argo CD says of objects, with its words, and of an application as a whole."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from builders import merged

from gitopslab.gitops.health.argocd import health_of, health_of_application, is_worse
from gitopslab.machinery.objects import Object


def obj(version: str, kind: str, spec: Any = None, status: Any = None, **metadata: Any) -> Object:
    metadata = {"name": "x", "generation": 1, **metadata}
    found = {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec or {}}
    return found if status is None else found | {"status": status}


def deployment(spec: Any = None, generation: int = 1, **status: Any) -> Object:
    return obj("apps/v1", "Deployment", spec, {"observedGeneration": 1, **status}, generation=generation)


def replica_set(**status: Any) -> Object:
    return obj("apps/v1", "ReplicaSet", {"replicas": 2}, {"observedGeneration": 1, **status})


def stateful_set(strategy: Any = None, **status: Any) -> Object:
    spec = {"replicas": 3, "updateStrategy": strategy or {"type": "RollingUpdate"}}
    return obj("apps/v1", "StatefulSet", spec, {"observedGeneration": 1, **status})


def daemon_set(strategy: str = "RollingUpdate", generation: int = 1, **status: Any) -> Object:
    spec = {"updateStrategy": {"type": strategy}}
    return obj("apps/v1", "DaemonSet", spec, {"observedGeneration": 1, **status}, generation=generation)


def pod(phase: str, policy: str = "Always", ready: str = "False", *containers: Any, **status: Any) -> Object:
    status |= {"phase": phase, "conditions": [{"type": "Ready", "status": ready}]}
    status["containerStatuses"] = [{"name": "c", **container} for container in containers]
    return obj("v1", "Pod", {"restartPolicy": policy}, status)


def job(*conditions: tuple[str, str, str]) -> Object:
    return obj("batch/v1", "Job", {}, said(*conditions))


def said(*conditions: tuple[str, str, str]) -> Object:
    return {"conditions": [{"type": kind, "status": status, "message": text} for kind, status, text in conditions]}


def because(kind: str, status: str, reason: str, message: str = "") -> Object:
    return {"conditions": [{"type": kind, "status": status, "reason": reason, "message": message}]}


def waits(reason: str) -> Object:
    return {"state": {"waiting": {"reason": reason, "message": f"it waits for {reason}"}}}


def ended(**how: Any) -> Object:
    return {"state": {"terminated": how}}


def told(what: Object) -> tuple[str, str]:
    health = health_of(what)
    assert health is not None
    return health.status, health.message


ROLLOUT = "Waiting for rollout to finish: "
PARTITION = {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}

WORKLOADS = [
    (deployment({"paused": True}), "Suspended", "Deployment is paused"),
    (
        deployment(generation=2), "Progressing",
        ROLLOUT + "observed deployment generation less than desired generation",
    ),
    (
        deployment(**because("Progressing", "False", "ProgressDeadlineExceeded")), "Degraded",
        'Deployment "x" exceeded its progress deadline',
    ),
    (
        deployment({"replicas": 3}, replicas=3, updatedReplicas=1), "Progressing",
        ROLLOUT + "1 out of 3 new replicas have been updated...",
    ),
    (
        deployment({"replicas": 3}, replicas=4, updatedReplicas=3), "Progressing",
        ROLLOUT + "1 old replicas are pending termination...",
    ),
    (
        deployment({"replicas": 3}, replicas=3, updatedReplicas=3), "Progressing",
        ROLLOUT + "0 of 3 updated replicas are available...",
    ),
    (deployment({"replicas": 1}, replicas=1, updatedReplicas=1, availableReplicas=1), "Healthy", ""),
    (
        replica_set(observedGeneration=0), "Progressing",
        ROLLOUT + "observed replica set generation less than desired generation",
    ),
    (replica_set(availableReplicas=0), "Progressing", ROLLOUT + "0 out of 2 new replicas are available..."),
    (replica_set(**said(("ReplicaFailure", "True", "no quota"))), "Degraded", "no quota"),
    (replica_set(availableReplicas=2), "Healthy", ""),
    (stateful_set(observedGeneration=0), "Progressing", "Waiting for statefulset spec update to be observed..."),
    (
        merged(stateful_set(readyReplicas=3), {"metadata": {"generation": 2}}), "Progressing",
        "Waiting for statefulset spec update to be observed...",
    ),
    (stateful_set(readyReplicas=1), "Progressing", "Waiting for 2 pods to be ready..."),
    (
        stateful_set(PARTITION, readyReplicas=3, updatedReplicas=1), "Progressing",
        "Waiting for partitioned roll out to finish: 1 out of 2 new pods have been updated...",
    ),
    (
        stateful_set(PARTITION, readyReplicas=3, updatedReplicas=3), "Healthy",
        "partitioned roll out complete: 3 new pods have been updated...",
    ),
    (stateful_set({"type": "OnDelete"}, readyReplicas=3), "Healthy", "statefulset has 3 ready pods"),
    (
        stateful_set(readyReplicas=3, updatedReplicas=1, updateRevision="r2", currentRevision="r1"), "Progressing",
        "waiting for statefulset rolling update to complete 1 pods at revision r2...",
    ),
    (
        stateful_set(readyReplicas=3, currentReplicas=3, updateRevision="r", currentRevision="r"), "Healthy",
        "statefulset rolling update complete 3 pods at revision r...",
    ),
    (
        daemon_set(generation=2), "Progressing",
        ROLLOUT + "observed daemon set generation less than desired generation",
    ),
    (
        daemon_set("OnDelete", updatedNumberScheduled=1, desiredNumberScheduled=3), "Healthy",
        "daemon set 1 out of 3 new pods have been updated",
    ),
    (
        daemon_set(updatedNumberScheduled=1, desiredNumberScheduled=3), "Progressing",
        'Waiting for daemon set "x" rollout to finish: 1 out of 3 new pods have been updated...',
    ),
    (
        daemon_set(updatedNumberScheduled=3, desiredNumberScheduled=3, numberAvailable=1), "Progressing",
        'Waiting for daemon set "x" rollout to finish: 1 of 3 updated pods are available...',
    ),
    (daemon_set(), "Healthy", ""),
]  # fmt: skip

PODS_AND_JOBS = [
    (pod("Pending"), "Progressing", ""),
    (
        pod("Pending", "Always", "False", waits("ErrImagePull"), waits("CrashLoopBackOff")),
        "Degraded",
        "it waits for ErrImagePull, it waits for CrashLoopBackOff",
    ),
    (pod("Pending", "Never", "False", waits("ErrImagePull")), "Progressing", ""),
    (pod("Pending", "Always", "False", waits("ContainerCreating")), "Progressing", ""),
    (pod("Running", "Always", "True"), "Healthy", ""),
    (pod("Running", "Always", "False", {"lastState": {"terminated": {"exitCode": 1}}}), "Degraded", ""),
    (pod("Running"), "Progressing", ""),
    (pod("Running", "Never", "True"), "Progressing", ""),
    (pod("Running", "OnFailure", "True"), "Progressing", ""),
    (
        pod("Running", "Always", "True", waits("CreateContainerConfigError")),
        "Degraded",
        "it waits for CreateContainerConfigError",
    ),
    (pod("Failed", "Never", "False", ended(exitCode=1, message="boom"), message="Evicted"), "Degraded", "Evicted"),
    (pod("Succeeded", "Never"), "Healthy", ""),
    (pod("Failed", "Never", message="Evicted"), "Degraded", "Evicted"),
    (pod("Failed", "Never", "False", ended(exitCode=3)), "Degraded", 'container "c" failed with exit code 3'),
    (pod("Failed", "Never", "False", ended(exitCode=137, reason="OOMKilled")), "Degraded", "OOMKilled"),
    (pod("Failed", "Never", "False", ended(exitCode=1, message="boom")), "Degraded", "boom"),
    (pod("Unknown"), "Unknown", ""),
    (job(), "Progressing", ""),
    (job(("FailureTarget", "True", "soon")), "Progressing", ""),
    (job(("Failed", "True", "too often")), "Degraded", "too often"),
    (job(("Suspended", "True", "")), "Suspended", ""),
    (job(("Suspended", "False", ""), ("Complete", "True", "done")), "Healthy", "done"),
]

OTHERS = [
    (obj("batch/v1", "CronJob", {"suspend": True}, {}), "Healthy", "CronJob is Suspended"),
    (obj("batch/v1", "CronJob"), "Progressing", "Waiting for CronJob"),
    (obj("batch/v1", "CronJob", {}, {}), "Healthy", "CronJob has not been scheduled yet"),
    (
        obj("batch/v1", "CronJob", {}, {"lastScheduleTime": "2026-01-02T00:00:00Z"}), "Healthy",
        "The CronJob never completed successfully. It may not be healthy",
    ),
    (
        obj("batch/v1", "CronJob", {},
            {"lastScheduleTime": "2026-01-02T00:00:00Z", "lastSuccessfulTime": "2026-01-01T00:00:00Z"}),
        "Degraded", "CronJob has not completed its last execution successfully",
    ),
    (
        obj("batch/v1", "CronJob", {},
            {"lastScheduleTime": "2026-01-02T00:00:00Z", "lastSuccessfulTime": "2026-01-01T00:00:00Z", "active": [{}]}),
        "Healthy", "The job is running. Its last execution may not have been successful",
    ),
    (
        obj("batch/v1", "CronJob", {},
            {"lastScheduleTime": "2026-01-01T00:00:00Z", "lastSuccessfulTime": "2026-01-02T00:00:00Z"}),
        "Healthy", "CronJob has completed its last execution successfully",
    ),
    (obj("v1", "Service", {"type": "ClusterIP"}, {}), "Healthy", ""),
    (obj("v1", "Service", {"type": "NodePort"}, {}), "Healthy", ""),
    (obj("v1", "Service", {"type": "LoadBalancer"}, {}), "Progressing", ""),
    (obj("v1", "Service", {"type": "LoadBalancer"}, {"loadBalancer": {"ingress": [{}]}}), "Healthy", ""),
    (obj("networking.k8s.io/v1", "Ingress", {}, {"loadBalancer": {}}), "Progressing", ""),
    (obj("networking.k8s.io/v1", "Ingress", {}, {"loadBalancer": {"ingress": [{"ip": "10.0.0.1"}]}}), "Healthy", ""),
    (obj("v1", "PersistentVolumeClaim", {}, {"phase": "Bound"}), "Healthy", ""),
    (obj("v1", "PersistentVolumeClaim", {}, {"phase": "Pending"}), "Progressing", ""),
    (obj("v1", "PersistentVolumeClaim", {}, {"phase": "Lost"}), "Degraded", ""),
    (obj("v1", "PersistentVolumeClaim"), "Unknown", ""),
    (
        obj("autoscaling/v2", "HorizontalPodAutoscaler", {}, because("ScalingActive", "True", "InvalidSelector", "no")),
        "Degraded", "no",
    ),
    (
        obj("autoscaling/v2", "HorizontalPodAutoscaler", {}, said(("AbleToScale", "True", "ready"))), "Healthy",
        "ready",
    ),
    (
        obj("autoscaling/v2", "HorizontalPodAutoscaler", {}, said(("ScalingLimited", "True", "too few"))), "Healthy",
        "too few",
    ),
    (
        obj("autoscaling/v2", "HorizontalPodAutoscaler", {}, said(("AbleToScale", "False", "not yet"))), "Progressing",
        "Waiting to Autoscale",
    ),
    (obj("autoscaling/v2", "HorizontalPodAutoscaler", {}, {}), "Progressing", "Waiting to Autoscale"),
    (
        obj("autoscaling/v1", "HorizontalPodAutoscaler", {}, {}, annotations={
            "autoscaling.alpha.kubernetes.io/conditions": '[{"type":"AbleToScale","status":"True","message":"yes"}]'}),
        "Healthy", "yes",
    ),
    (obj("apiregistration.k8s.io/v1", "APIService", {}, {}), "Progressing", "Waiting to be processed"),
    (
        obj("apiregistration.k8s.io/v1", "APIService", {}, because("Available", "True", "Local", "served here")),
        "Healthy", "Local: served here",
    ),
    (
        obj("apiregistration.k8s.io/v1", "APIService", {}, because("Available", "False", "Gone", "no answer")),
        "Progressing", "Gone: no answer",
    ),
    (obj("apiextensions.k8s.io/v1", "CustomResourceDefinition", {}, because("Established", "True", "Initial")),
     "Healthy", "CRD is healthy"),
    (obj("apiextensions.k8s.io/v1", "CustomResourceDefinition", {}, because("Established", "False", "Installing")),
     "Progressing", "CRD is being installed"),
    (obj("apiextensions.k8s.io/v1", "CustomResourceDefinition", {}, because("NamesAccepted", "False", "Taken", "no")),
     "Degraded", "CRD names have not been accepted: no"),
    (obj("apiextensions.k8s.io/v1", "CustomResourceDefinition", {}, because("Established", "False", "NotAccepted")),
     "Degraded", "CRD is not established"),
    (obj("apiextensions.k8s.io/v1", "CustomResourceDefinition", {}, {}), "Progressing", "Status conditions not found"),
    (obj("policy/v1", "PodDisruptionBudget", {}, because("DisruptionAllowed", "False", "InsufficientPods")), "Healthy",
     "PodDisruptionBudget has InsufficientPods"),
    (obj("argoproj.io/v1alpha1", "ApplicationSet", {}, said(("ErrorOccurred", "True", "bad"))), "Degraded", "bad"),
    (obj("kustomize.toolkit.fluxcd.io/v1", "Kustomization", {"suspend": True}, {}), "Suspended",
     "Kustomization is suspended"),
    (obj("kustomize.toolkit.fluxcd.io/v1", "Kustomization", {}, because("Ready", "False", "BuildFailed")), "Degraded",
     "BuildFailed"),
    (obj("source.toolkit.fluxcd.io/v1", "HelmRepository", {"type": "oci"}), "Healthy",
     "Helm repositories of type 'oci' do not contain any information in the status."),
    (obj("source.toolkit.fluxcd.io/v1", "HelmRepository", {}, because("Ready", "False", "Failed")), "Degraded",
     "Failed"),
    (obj("source.toolkit.fluxcd.io/v1", "HelmChart", {}, because("Ready", "False", "SourceUnavailable")), "Degraded",
     "SourceUnavailable"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "status", "message"), [*WORKLOADS, *PODS_AND_JOBS, *OTHERS])
def test_each_kind_has_its_rule_and_its_words(what: Object, status: str, message: str) -> None:
    assert told(what) == (status, message)


@pytest.mark.parametrize(("kind", "reason"), [
    ("AbleToScale", "FailedGetScale"), ("AbleToScale", "FailedUpdateScale"),
    *(("ScalingActive", f"FailedGet{what}Metric") for what in ("Resource", "Object", "Pods", "External")),
    ("ScalingActive", "FailedComputeMetricsReplicas"), ("ScalingActive", "InvalidSelector"),
])  # fmt: skip
def test_an_autoscaler_that_cannot_is_degraded_by_its_reason_alone(kind: str, reason: str) -> None:
    scaler = obj("autoscaling/v2", "HorizontalPodAutoscaler", {}, because(kind, "True", reason, "why"))
    scaler["status"]["conditions"].append({"type": "ScalingLimited", "status": "True", "message": "ok"})
    assert told(scaler) == ("Degraded", "why")


@pytest.mark.parametrize("kind", ["ConfigMap", "Secret", "Application"])
def test_other_kinds_have_no_health(kind: str) -> None:
    assert health_of(obj("argoproj.io/v1alpha1" if kind == "Application" else "v1", kind)) is None


def test_what_is_being_deleted_is_progressing_unless_only_its_hook_finalizer_keeps_it() -> None:
    going = job(("Failed", "True", "boom"))
    going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert told(going) == ("Progressing", "Pending deletion")
    going["metadata"]["finalizers"] = ["argocd.argoproj.io/hook-finalizer"]
    assert told(going) == ("Degraded", "boom")


def test_health_gets_worse_from_healthy_to_unknown() -> None:
    order = ["Healthy", "Suspended", "Progressing", "Missing", "Degraded", "Unknown"]
    assert all(is_worse(better, worse) for better, worse in itertools.pairwise(order))
    assert not any(is_worse(worse, better) for better, worse in itertools.pairwise(order))
    assert not is_worse("Healthy", "Healthy")


BAD, GOING = pod("Failed"), obj("networking.k8s.io/v1", "Ingress")
IGNORED = pod("Failed")
IGNORED["metadata"]["annotations"] = {"argocd.argoproj.io/ignore-healthcheck": "true"}


@pytest.mark.parametrize(
    ("resources", "status"),
    [
        pytest.param([], "Healthy", id="an application of nothing is healthy"),
        pytest.param([(GOING, None), (BAD, None)], "Missing", id="nothing is there yet"),
        pytest.param([(GOING, None), (None, obj("v1", "ConfigMap"))], "Healthy", id="a missing one does not count"),
        pytest.param([(GOING, GOING), (BAD, BAD)], "Degraded", id="the worst counts"),
        pytest.param([(None, GOING), (BAD, IGNORED)], "Progressing", id="what is annotated does not count"),
    ],
)  # fmt: skip
def test_an_application_is_as_well_as_its_worst_object(resources: list[Any], status: str) -> None:
    assert health_of_application(resources) == status
