"""HorizontalPodAutoscalers in two versions: kept as ``autoscaling/v2``, written and read as ``v1`` too."""

from __future__ import annotations

from builders import ADMIN

from gitopslab.controlplane.server.local import LocalApi
from gitopslab.controlplane.server.options import WriteOptions
from gitopslab.controlplane.server.verbs import Verbs
from gitopslab.machinery.kinds import Resource
from gitopslab.machinery.objects import Object

KEY = "horizontalpodautoscalers.autoscaling"


def old(verbs: Verbs) -> Resource:
    resource = verbs.catalog.at("autoscaling", "v1", "horizontalpodautoscalers")
    assert resource is not None
    return resource


def autoscaler(version: str, **spec: object) -> Object:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    metadata = {"name": "web", "namespace": "default"}
    whole = {"scaleTargetRef": target, "maxReplicas": 4, **spec}
    return {"apiVersion": version, "kind": "HorizontalPodAutoscaler", "metadata": metadata, "spec": whole}


def test_what_is_written_as_v1_is_kept_as_v2(verbs: Verbs, api: LocalApi) -> None:
    wish = autoscaler("autoscaling/v1", targetCPUUtilizationPercentage=70)
    made = verbs.create(ADMIN, old(verbs), "default", wish, WriteOptions()).object
    assert made["apiVersion"] == "autoscaling/v1"
    assert made["spec"]["targetCPUUtilizationPercentage"] == 70
    kept = api.get(KEY, "web", "default")
    assert kept["apiVersion"] == "autoscaling/v2"
    target = {"type": "Utilization", "averageUtilization": 70}
    assert kept["spec"]["metrics"] == [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    assert kept["spec"]["minReplicas"] == 1


def test_v1_carries_what_it_has_no_field_for_in_annotations(verbs: Verbs, api: LocalApi) -> None:
    memory = {
        "type": "Resource",
        "resource": {"name": "memory", "target": {"type": "AverageValue", "averageValue": "1Gi"}},
    }
    api.create(autoscaler("autoscaling/v2", metrics=[memory]))
    shown = verbs.get(ADMIN, old(verbs), "default", "web").object
    assert "metrics" not in shown["spec"]
    patch = {"spec": {"maxReplicas": 9}}
    verbs.patch(ADMIN, old(verbs), "default", "web", patch, "merge", WriteOptions())
    kept = api.get(KEY, "web", "default")
    assert (kept["spec"]["maxReplicas"], kept["spec"]["metrics"]) == (9, [memory])
    assert "annotations" not in kept["metadata"]
