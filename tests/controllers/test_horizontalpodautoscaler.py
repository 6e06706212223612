from __future__ import annotations

from typing import Any

import pytest
from builders import deployment, merged, pod

from gitopslab.controlplane.daemon.assembly import ControlPlane
from gitopslab.controlplane.kubelet.usage import CPU, MEMORY
from gitopslab.machinery.objects import Object, condition_of

AUTOSCALERS = "horizontalpodautoscalers.autoscaling"
NO_METRICS = (
    "unable to get metrics for resource cpu: unable to fetch metrics from resource metrics API: the server could not "
    "find the requested resource (get pods.metrics.k8s.io)"
)


def cpu(utilization: int) -> Object:
    return {"type": "Resource", "resource": {"name": "cpu", "target": _percentage(utilization)}}


def amount(name: str, value: str) -> Object:
    target = {"type": "AverageValue", "averageValue": value}
    return {"type": "Resource", "resource": {"name": name, "target": target}}


def of_container(utilization: int) -> Object:
    source = {"name": "cpu", "container": "c", "target": _percentage(utilization)}
    return {"type": "ContainerResource", "containerResource": source}


HITS = {"type": "Pods", "pods": {"metric": {"name": "hits"}, "target": {"type": "AverageValue", "averageValue": "1"}}}


def _percentage(utilization: int) -> Object:
    return {"type": "Utilization", "averageUtilization": utilization}


def autoscaler(name: str = "web", *metrics: Object, kind: str = "Deployment", **spec: Any) -> Object:
    target = {"apiVersion": "apps/v1", "kind": kind, "name": "web"}
    base = {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 10, "metrics": list(metrics) or [cpu(50)]}
    metadata = {"name": name, "namespace": "default"}
    kinds = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler"}
    return {**kinds, "metadata": metadata, "spec": merged(base, spec)}


def workload(replicas: int = 1, request: str = "200m", name: str = "web", **annotations: str) -> Object:
    container = {"name": "c", "image": "nginx:1.27", "resources": {"requests": {"cpu": request}}}
    template = {"metadata": {"annotations": annotations}, "spec": {"containers": [container]}}
    return deployment(name, replicas=replicas, spec={"template": template})


def service(load: str) -> Object:
    metadata = {"name": "web", "namespace": "default", "annotations": {"gitopslab.dev/load": load}}
    spec = {"selector": {"app": "web"}, "ports": [{"port": 80}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


@pytest.fixture
def measured(plane: ControlPlane) -> ControlPlane:
    """A cluster that serves metrics."""
    plane.verbs.serve_metrics(plane.kubelets.metrics)
    return plane


def make(plane: ControlPlane, *objects: Object, seconds: float = 60) -> None:
    for obj in objects:
        plane.api.create(obj)
    plane.settle()
    plane.advance(seconds)


def status(plane: ControlPlane, name: str = "web") -> Object:
    found: Object = plane.api.get(AUTOSCALERS, name, "default")["status"]
    return found


def told(plane: ControlPlane, kind: str, name: str = "web") -> tuple[str, str, str]:
    condition = condition_of(plane.api.get(AUTOSCALERS, name, "default"), kind) or {}
    return condition.get("status", ""), condition.get("reason", ""), condition.get("message", "")


def replicas(plane: ControlPlane, name: str = "web") -> int:
    return int(plane.api.get("deployments.apps", name, "default")["spec"]["replicas"])


def events(plane: ControlPlane) -> list[tuple[str, str, str]]:
    found = [one for one in plane.api.list("events", "default") if one["involvedObject"]["kind"].startswith("Horiz")]
    found.sort(key=lambda one: int(one["metadata"]["resourceVersion"]))
    return [(one["type"], one["reason"], one["message"]) for one in found]


def test_it_looks_first_after_15_seconds(measured: ControlPlane) -> None:
    make(measured, workload(), autoscaler(), seconds=14)
    assert status(measured) == {"currentMetrics": None, "desiredReplicas": 0}
    measured.advance(1)
    assert status(measured)["currentReplicas"] == 1


def test_a_busy_workload_grows_until_its_target_is_met(measured: ControlPlane) -> None:
    make(measured, workload(), service("900m"), autoscaler(), seconds=45)
    assert replicas(measured) == 10
    above = "cpu resource utilization (percentage of request) above target"
    assert events(measured) == [
        ("Normal", "SuccessfulRescale", f"New size: {size}; reason: {above}") for size in (4, 8, 10)
    ]
    assert told(measured, "AbleToScale")[:2] == ("True", "SucceededRescale")
    assert told(measured, "ScalingActive") == (
        "True", "ValidMetricFound",
        "the HPA was able to successfully calculate a replica count from cpu resource utilization (percentage of "
        "request)",
    )  # fmt: skip
    assert told(measured, "ScalingLimited") == (
        "True", "TooManyReplicas", "the desired replica count is more than the maximum replica count",
    )  # fmt: skip


def test_an_idle_workload_shrinks_after_five_minutes(measured: ControlPlane) -> None:
    make(measured, workload(4, **{CPU: "20m"}), autoscaler(minReplicas=2), seconds=310)
    assert replicas(measured) == 4
    assert told(measured, "AbleToScale")[1] == "ScaleDownStabilized"
    measured.advance(30)
    assert replicas(measured) == 2
    assert events(measured)[-1][2] == "New size: 2; reason: All metrics below target"


def test_within_the_tolerance_nothing_happens(measured: ControlPlane) -> None:
    make(measured, workload(2, **{CPU: "109m"}), autoscaler(), seconds=330)
    assert replicas(measured) == 2
    assert events(measured) == []
    assert status(measured)["currentMetrics"] == [
        {"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": 54, "averageValue": "109m"}}}
    ]


def test_settling_twice_changes_nothing(measured: ControlPlane) -> None:
    make(measured, workload(2, **{CPU: "100m"}), autoscaler())
    before = measured.store.revision
    measured.settle()
    assert measured.store.revision == before


@pytest.mark.parametrize(
    ("metric", "annotations", "current", "wanted"),
    [
        pytest.param(
            amount("memory", "50Mi"),
            {MEMORY: "100Mi"}, {"averageValue": "100Mi"}, 2, id="memory as an amount",
        ),
        pytest.param(
            amount("cpu", "60m"),
            {CPU: "180m"}, {"averageValue": "180m"}, 3, id="cpu as an amount",
        ),
        pytest.param(
            of_container(50),
            {CPU: "200m"}, {"averageUtilization": 100, "averageValue": "200m"}, 2, id="one container",
        ),
    ],
)  # fmt: skip
def test_targets_come_in_several_forms(
    measured: ControlPlane, metric: Object, annotations: dict[str, str], current: Object, wanted: int
) -> None:
    make(measured, workload(**annotations), autoscaler("web", metric), seconds=20)
    assert replicas(measured) == wanted
    field = metric["type"][0].lower() + metric["type"][1:]
    assert status(measured)["currentMetrics"][0][field]["current"] == current


def test_of_several_metrics_the_highest_counts(measured: ControlPlane) -> None:
    memory = amount("memory", "50Mi")
    make(measured, workload(**{CPU: "110m", MEMORY: "150Mi"}), autoscaler("web", cpu(50), memory), seconds=20)
    assert replicas(measured) == 3
    assert events(measured)[-1][2] == "New size: 3; reason: memory resource above target"


def test_bounds_hold_without_any_metric(plane: ControlPlane) -> None:
    make(plane, workload(7), autoscaler(maxReplicas=5), seconds=20)
    assert replicas(plane) == 5
    assert events(plane)[0][2] == "New size: 5; reason: Current number of replicas above Spec.MaxReplicas"
    plane.api.patch("deployments.apps", "web", {"spec": {"replicas": 1}}, "default")
    plane.api.patch(AUTOSCALERS, "web", {"spec": {"minReplicas": 2}}, "default")
    plane.advance(20)
    assert replicas(plane) == 2
    assert (
        "Normal",
        "SuccessfulRescale",
        "New size: 2; reason: Current number of replicas below Spec.MinReplicas",
    ) in (events(plane))


def test_a_target_at_zero_is_left_alone(measured: ControlPlane) -> None:
    make(measured, workload(0), autoscaler())
    assert replicas(measured) == 0
    message = "scaling is disabled since the replica count of the target is zero"
    assert told(measured, "ScalingActive") == ("False", "ScalingDisabled", message)


def test_without_metrics_it_says_so_and_does_nothing(plane: ControlPlane) -> None:
    make(plane, workload(2), autoscaler(), seconds=20)
    assert replicas(plane) == 2
    failure = f"failed to get cpu utilization: {NO_METRICS}"
    compute = "invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: "
    assert sorted(events(plane)) == [
        ("Warning", "FailedComputeMetricsReplicas", compute + failure),
        ("Warning", "FailedGetResourceMetric", failure),
    ]
    message = f"the HPA was unable to compute the replica count: {failure}"
    assert told(plane, "ScalingActive") == ("False", "FailedGetResourceMetric", message)
    assert status(plane)["currentMetrics"] == [{"type": ""}]
    assert status(plane)["currentReplicas"] == 2


@pytest.mark.parametrize(
    ("target", "message"),
    [
        pytest.param({"name": "nope"}, 'deployments.apps "nope" not found', id="no such object"),
        pytest.param({"kind": "Nope"}, 'no matches for kind "Nope" in group "apps"', id="no such kind"),
        pytest.param({"kind": "DaemonSet"}, "the server could not find the requested resource", id="nothing to scale"),
    ],
)
def test_a_target_without_a_scale_is_told(plane: ControlPlane, target: Object, message: str) -> None:
    make(plane, workload(), autoscaler(scaleTargetRef=target), seconds=20)
    expected = f"the HPA controller was unable to get the target's current scale: {message}"
    assert told(plane, "AbleToScale") == ("False", "FailedGetScale", expected)
    assert events(plane) == [("Warning", "FailedGetScale", message)]


def test_two_autoscalers_of_the_same_pods_refuse(measured: ControlPlane) -> None:
    make(measured, workload(**{CPU: "200m"}), autoscaler("a"), autoscaler("b"), seconds=40)
    listed = "pods by selector app=web are controlled by multiple HPAs: [default/a default/b]"
    assert told(measured, "ScalingActive", "a") == ("False", "AmbiguousSelector", listed)


@pytest.mark.parametrize(
    ("metric", "reason", "message"),
    [
        pytest.param(
            HITS,
            "FailedGetPodsMetric",
            "unable to get metric hits: unable to fetch metrics from custom metrics API: no custom metrics API "
            "(custom.metrics.k8s.io) registered",
            id="of pods",
        ),
        pytest.param(
            {
                "type": "External",
                "external": {
                    "metric": {"name": "queue", "selector": {"matchLabels": {"q": "jobs"}}},
                    "target": {"type": "AverageValue", "averageValue": "30"},
                },
            },
            "FailedGetExternalMetric",
            "unable to get external metric default/queue/&LabelSelector{MatchLabels:map[string]string{q: jobs,},"
            "MatchExpressions:[]LabelSelectorRequirement{},}: unable to fetch metrics from external metrics API: the "
            "server could not find the requested resource (get queue.external.metrics.k8s.io)",
            id="from outside",
        ),
    ],
)
def test_metrics_that_need_an_adapter_fail_as_without_one(
    measured: ControlPlane, metric: Object, reason: str, message: str
) -> None:
    make(measured, workload(), autoscaler("web", metric), seconds=20)
    expected = f"the HPA was unable to compute the replica count: {message}"
    assert told(measured, "ScalingActive") == ("False", reason, expected)


def test_a_failed_metric_never_makes_it_shrink(measured: ControlPlane) -> None:
    make(measured, workload(4, **{CPU: "10m"}), autoscaler("web", cpu(50), HITS), seconds=330)
    assert replicas(measured) == 4
    assert "FailedComputeMetricsReplicas" in [reason for _, reason, _ in events(measured)]


def test_but_it_may_grow_by_the_others(measured: ControlPlane) -> None:
    make(measured, workload(**{CPU: "200m"}), autoscaler("web", cpu(50), HITS), seconds=20)
    assert replicas(measured) == 2


def test_behavior_slows_it_down(measured: ControlPlane) -> None:
    rules = {"policies": [{"type": "Pods", "value": 1, "periodSeconds": 60}]}
    make(measured, workload(**{CPU: "800m"}), autoscaler(behavior={"scaleUp": rules}), seconds=45)
    assert replicas(measured) == 2
    assert told(measured, "ScalingLimited")[:2] == ("True", "ScaleUpLimit")
    measured.advance(60)
    assert replicas(measured) == 3


def test_it_scales_whatever_has_a_scale(measured: ControlPlane) -> None:
    stateful = {**workload(**{CPU: "200m"}), "kind": "StatefulSet"}
    stateful["spec"]["serviceName"] = "web"
    make(measured, stateful, autoscaler(kind="StatefulSet"), seconds=20)
    assert measured.api.get("statefulsets.apps", "web", "default")["spec"]["replicas"] == 2


def test_the_target_shows_who_scaled_it(measured: ControlPlane) -> None:
    make(measured, workload(**{CPU: "200m"}), autoscaler(), seconds=20)
    managers = measured.api.get("deployments.apps", "web", "default")["metadata"]["managedFields"]
    scaled = [entry for entry in managers if entry.get("subresource") == "scale"]
    assert [(one["manager"], one["fieldsV1"]) for one in scaled] == [
        ("kube-controller-manager", {"f:spec": {"f:replicas": {}}})
    ]


def test_an_autoscaler_made_anew_has_no_past(measured: ControlPlane) -> None:
    make(measured, workload(4, **{CPU: "10m"}), autoscaler(), seconds=200)
    measured.api.delete(AUTOSCALERS, "web", "default")
    measured.settle()
    make(measured, autoscaler(), seconds=200)
    assert replicas(measured) == 4


def test_a_pod_of_nobody_is_no_replica(measured: ControlPlane) -> None:
    make(measured, workload(**{CPU: "100m"}), pod("stray"), autoscaler(), seconds=60)
    assert replicas(measured) == 1
