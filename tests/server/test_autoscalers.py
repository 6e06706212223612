"""HorizontalPodAutoscalers in two versions: kept as ``autoscaling/v2``, written and read as ``v1`` too."""

from __future__ import annotations

import json

import pytest
from builders import ADMIN

from gitopslab.controlplane.server.local import LocalApi
from gitopslab.controlplane.server.options import WriteOptions
from gitopslab.controlplane.server.verbs import Verbs
from gitopslab.errors import ApiError
from gitopslab.machinery.kinds import Resource
from gitopslab.machinery.objects import Object
from gitopslab.machinery.schema import struct
from gitopslab.machinery.typed import Reader

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


@pytest.mark.parametrize("carried", ["metrics", "behavior", "conditions", "current-metrics"])
@pytest.mark.parametrize("text", ["{", "5", "null", "[5]", '[{"type": 5}]', '{"scaleUp": {"policies": 5}}'])
def test_what_an_annotation_cannot_carry_is_passed_over(verbs: Verbs, carried: str, text: str) -> None:
    wish = autoscaler("autoscaling/v1", targetCPUUtilizationPercentage=50)
    wish["metadata"]["annotations"] = {f"autoscaling.alpha.kubernetes.io/{carried}": text}
    made = verbs.create(ADMIN, old(verbs), "default", wish, WriteOptions()).object
    assert made["spec"]["targetCPUUtilizationPercentage"] == 50
    assert "annotations" not in made["metadata"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"spec": [1]}, "failed to create typed patch object (default/web; autoscaling/v1, "
         "Kind=HorizontalPodAutoscaler): .spec: expected map, got &{[1]}"),
        ({"kind": "Scale"}, "invalid object type: autoscaling/v1, Kind=Scale"),
        ({"metadata": 5}, "failed to create typed patch object (/; autoscaling/v1, Kind=HorizontalPodAutoscaler): "
         ".metadata: expected map, got &{5}"),
    ],
    ids=["ill-typed spec", "another kind", "ill-typed metadata"],
)  # fmt: skip
def test_what_is_applied_as_v1_must_fit_v1(verbs: Verbs, change: Object, message: str) -> None:
    wish = {**autoscaler("autoscaling/v1"), **change}
    with pytest.raises(ApiError) as refused:
        verbs.patch(ADMIN, old(verbs), "default", "web", wish, "apply", WriteOptions(field_manager="me"))
    assert (refused.value.code, refused.value.message) == (400, message)


SELECTOR = {"matchLabels": {"q": "a"}}
INGRESS = {"kind": "Ingress", "name": "i", "apiVersion": "networking.k8s.io/v1"}
IN_BOTH_WORDS = [
    pytest.param(
        {"type": "Resource", "resource": {
            "name": "memory", "target": {"type": "Utilization", "averageUtilization": 5}}},
        {"type": "Resource", "resource": {"name": "memory", "targetAverageUtilization": 5}},
        id="resource",
    ),
    pytest.param(
        {"type": "ContainerResource", "containerResource": {
            "name": "cpu", "container": "web", "target": {"type": "AverageValue", "averageValue": "100m"}}},
        {"type": "ContainerResource", "containerResource": {
            "name": "cpu", "targetAverageValue": "100m", "container": "web"}},
        id="resource of a container",
    ),
    pytest.param(
        {"type": "Pods", "pods": {
            "metric": {"name": "rps"}, "target": {"type": "AverageValue", "averageValue": "1k"}}},
        {"type": "Pods", "pods": {"metricName": "rps", "targetAverageValue": "1k"}},
        id="pods",
    ),
    pytest.param(
        {"type": "Object", "object": {
            "metric": {"name": "hits"}, "describedObject": INGRESS, "target": {"type": "Value", "value": "10"}}},
        {"type": "Object", "object": {"target": INGRESS, "metricName": "hits", "targetValue": "10"}},
        id="object",
    ),
    pytest.param(
        {"type": "Object", "object": {
            "metric": {"name": "hits"}, "describedObject": INGRESS,
            "target": {"type": "AverageValue", "averageValue": "3"}}},
        {"type": "Object", "object": {
            "target": INGRESS, "metricName": "hits", "targetValue": "0", "averageValue": "3"}},
        id="object by average",
    ),
    pytest.param(
        {"type": "External", "external": {
            "metric": {"name": "queue", "selector": SELECTOR},
            "target": {"type": "AverageValue", "averageValue": "30"}}},
        {"type": "External", "external": {
            "metricName": "queue", "metricSelector": SELECTOR, "targetAverageValue": "30"}},
        id="external",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("new", "old_words"), IN_BOTH_WORDS)
def test_an_annotation_has_metrics_in_the_words_of_v1(
    verbs: Verbs, api: LocalApi, new: Object, old_words: Object
) -> None:
    api.create(autoscaler("autoscaling/v2", metrics=[new]))
    shown = verbs.get(ADMIN, old(verbs), "default", "web").object
    carried = shown["metadata"]["annotations"]["autoscaling.alpha.kubernetes.io/metrics"]
    assert json.loads(carried) == [old_words]
    patch = {"spec": {"maxReplicas": 9}}
    verbs.patch(ADMIN, old(verbs), "default", "web", patch, "merge", WriteOptions())
    assert api.get(KEY, "web", "default")["spec"]["metrics"] == [new]


def test_an_annotation_has_a_behavior_in_the_names_of_go(verbs: Verbs, api: LocalApi) -> None:
    rules = {"policies": [{"type": "Pods", "value": 4, "periodSeconds": 60}], "selectPolicy": "Min"}
    made = api.create(autoscaler("autoscaling/v2", behavior={"scaleDown": rules}))
    shown = verbs.get(ADMIN, old(verbs), "default", "web").object
    carried = json.loads(shown["metadata"]["annotations"]["autoscaling.alpha.kubernetes.io/behavior"])
    assert carried["ScaleDown"] == {
        "StabilizationWindowSeconds": None,
        "SelectPolicy": "Min",
        "Policies": [{"Type": "Pods", "Value": 4, "PeriodSeconds": 60}],
        "Tolerance": None,
    }
    patch = {"spec": {"maxReplicas": 9}}
    verbs.patch(ADMIN, old(verbs), "default", "web", patch, "merge", WriteOptions())
    assert api.get(KEY, "web", "default")["spec"]["behavior"] == made["spec"]["behavior"]


def test_a_list_of_no_policies_is_refused(api: LocalApi) -> None:
    wish = autoscaler("autoscaling/v2", behavior={"scaleUp": {"policies": []}})
    read = Reader().read(struct("autoscaling.v2.HorizontalPodAutoscaler"), wish)  # as it comes over the wire
    with pytest.raises(ApiError, match=r"spec\.behavior\.scaleUp\.policies: Required value: must specify at least one"):
        api.create(read)


def owners(made: Object) -> dict[str, tuple[str, Object]]:
    """The version each manager wrote in, and what he owns."""
    return {entry["manager"]: (entry["apiVersion"], entry["fieldsV1"]) for entry in made["metadata"]["managedFields"]}


def test_what_is_written_as_v1_is_owned_in_its_words(verbs: Verbs, api: LocalApi) -> None:
    wish = autoscaler("autoscaling/v1", targetCPUUtilizationPercentage=70)
    verbs.create(ADMIN, old(verbs), "default", wish, WriteOptions(field_manager="me"))
    spec = {"f:maxReplicas": {}, "f:minReplicas": {}, "f:scaleTargetRef": {}, "f:targetCPUUtilizationPercentage": {}}
    assert owners(api.get(KEY, "web", "default")) == {"me": ("autoscaling/v1", {"f:spec": spec})}


def test_a_change_as_v2_takes_what_v1_shows_of_it(verbs: Verbs, api: LocalApi) -> None:
    wish = autoscaler("autoscaling/v1", targetCPUUtilizationPercentage=70)
    verbs.create(ADMIN, old(verbs), "default", wish, WriteOptions(field_manager="me"))
    memory = {"name": "memory", "target": {"type": "Utilization", "averageUtilization": 60}}
    change = {"spec": {"metrics": [{"type": "Resource", "resource": memory}]}}
    found = owners(api.patch(KEY, "web", change, "default", manager="other"))
    assert "f:targetCPUUtilizationPercentage" not in found["me"][1]["f:spec"]
    assert found["other"] == ("autoscaling/v2", {"f:spec": {"f:metrics": {}}})


def test_an_annotation_that_carries_something_is_owned_as_one(verbs: Verbs, api: LocalApi) -> None:
    api.create(autoscaler("autoscaling/v2"))
    name = "autoscaling.alpha.kubernetes.io/metrics"
    text = '[{"type":"Resource","resource":{"name":"memory","targetAverageUtilization":7}}]'
    options = WriteOptions(field_manager="me")
    change = {"metadata": {"annotations": {name: text}}}
    record, _ = verbs.patch(ADMIN, old(verbs), "default", "web", change, "merge", options)
    annotations = {"f:annotations": {".": {}, f"f:{name}": {}}}
    assert owners(record.object)["me"] == ("autoscaling/v1", {"f:metadata": annotations})
    assert api.get(KEY, "web", "default")["spec"]["metrics"][0]["resource"]["name"] == "memory"


def test_the_cpu_that_v1_tells_of_is_a_current_metric(verbs: Verbs, api: LocalApi) -> None:
    api.create(autoscaler("autoscaling/v2"))
    told = {"status": {"currentReplicas": 1, "desiredReplicas": 2, "currentCPUUtilizationPercentage": 9}}
    verbs.patch(ADMIN, old(verbs), "default", "web", told, "merge", WriteOptions(), subresource="status")
    (metric,) = api.get(KEY, "web", "default")["status"]["currentMetrics"]
    assert metric == {"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": 9}}}
