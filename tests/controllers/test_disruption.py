"""Disruption budgets, and pods that nobody will finish."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from builders import deployment, pod

from gitopslab.errors import ApiError
from gitopslab.machinery.objects import Object, condition_of

if TYPE_CHECKING:
    from conftest import Cluster

BUDGETS = "poddisruptionbudgets.policy"


def budget(**spec: Any) -> Object:
    metadata = {"name": "web", "namespace": "default"}
    spec = {"selector": {"matchLabels": {"app": "web"}}, **spec}
    return {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": metadata, "spec": spec}


def status(cluster: Cluster) -> Object:
    found: Object = cluster.get(BUDGETS, "web")["status"]
    return found


@pytest.mark.parametrize(
    ("spec", "expected", "desired", "allowed"),
    [
        pytest.param({"minAvailable": 2}, 4, 2, 2, id="so many must stay"),
        pytest.param({"minAvailable": "50%"}, 4, 2, 2, id="half must stay"),
        pytest.param({"maxUnavailable": 1}, 4, 3, 1, id="one may go"),
        pytest.param({"maxUnavailable": "30%"}, 4, 2, 2, id="a third, rounded up"),
        pytest.param({"minAvailable": 9}, 4, 9, 0, id="more than there are"),
    ],
)
def test_what_a_budget_allows(cluster: Cluster, spec: Object, expected: int, desired: int, allowed: int) -> None:
    cluster.create(deployment("web", replicas=4))
    cluster.create(budget(**spec))
    cluster.settle()
    found = {key: value for key, value in status(cluster).items() if key != "conditions"}
    assert found == {
        "currentHealthy": 4,
        "desiredHealthy": desired,
        "disruptionsAllowed": allowed,
        "expectedPods": expected,
        "observedGeneration": 1,
    }
    condition = condition_of(cluster.get(BUDGETS, "web"), "DisruptionAllowed") or {}
    told = ("True", "SufficientPods") if allowed else ("False", "InsufficientPods")
    assert (condition["status"], condition["reason"], condition["message"]) == (*told, "")


def test_an_eviction_is_spent_and_given_back(cluster: Cluster) -> None:
    cluster.create(deployment("web", replicas=3))
    cluster.create(budget(minAvailable=2))
    cluster.settle()
    first, second, _ = cluster.names("pods")
    cluster.stage.stuck.update(("n1", "n2", "n3"))
    cluster.api.evict(first, "default")
    with pytest.raises(ApiError, match="violate the pod's disruption budget"):
        cluster.api.evict(second, "default")
    cluster.settle()
    assert (status(cluster)["currentHealthy"], status(cluster)["disruptionsAllowed"]) == (2, 0)


def test_a_budget_without_pods_allows_nothing(cluster: Cluster) -> None:
    cluster.create(budget(minAvailable=1))
    cluster.settle()
    assert status(cluster)["disruptionsAllowed"] == 0
    assert cluster.events("PodDisruptionBudget") == [("NoPods", "No matching pods found")]


def test_pods_without_a_controller_are_warned_of_where_their_number_matters(cluster: Cluster) -> None:
    cluster.create(pod("web", metadata={"labels": {"app": "web"}}))
    cluster.create(budget(maxUnavailable=1))
    cluster.settle()
    assert (status(cluster)["expectedPods"], status(cluster)["disruptionsAllowed"]) == (0, 0)
    reason, message = cluster.events("PodDisruptionBudget")[-1]
    assert reason == "UnmanagedPods"
    assert "(selector: &LabelSelector{MatchLabels:map[string]string{app: web,},MatchExpressions:" in message


def test_a_budget_over_pods_that_cannot_be_scaled_allows_nothing(cluster: Cluster) -> None:
    container = {"name": "c", "image": "runs"}
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"restartPolicy": "Never", "containers": [container]}}
    metadata = {"name": "crunch", "namespace": "default"}
    cluster.create({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": {"template": template}})
    cluster.create(budget(minAvailable="50%"))
    cluster.settle()
    why = "jobs.batch does not implement the scale subresource"
    condition = condition_of(cluster.get(BUDGETS, "web"), "DisruptionAllowed") or {}
    assert (condition["status"], condition["reason"], condition["message"]) == ("False", "SyncFailed", why)
    told = f"Failed to calculate the number of expected pods: {why}"
    assert ("CalculateExpectedPodCountFailed", told) in cluster.events("PodDisruptionBudget")


def test_an_evicted_pod_says_so(cluster: Cluster) -> None:
    cluster.create(deployment("web", replicas=1))
    cluster.settle()
    cluster.stage.stuck.update(("n1", "n2", "n3"))
    cluster.api.evict(cluster.names("pods")[0], "default")
    target = condition_of(cluster.list("pods")[0], "DisruptionTarget") or {}
    assert (target["status"], target["reason"], target["message"]) == (
        "True",
        "EvictionByEvictionAPI",
        "Eviction API: evicting",
    )


def test_a_pod_under_two_budgets_is_not_evicted(cluster: Cluster) -> None:
    cluster.create(deployment("web", replicas=2))
    cluster.create(budget(minAvailable=1))
    cluster.create({**budget(minAvailable=1), "metadata": {"name": "again", "namespace": "default"}})
    cluster.settle()
    with pytest.raises(ApiError, match="more than one PodDisruptionBudget"):
        cluster.api.evict(cluster.names("pods")[0], "default")


def test_pods_of_a_lost_node_are_removed_after_a_while(cluster: Cluster) -> None:
    cluster.create(pod("left", spec={"nodeName": "n1"}))
    cluster.settle()
    cluster.stage.stuck.add("n1")
    cluster.heartbeat.silent.add("n1")
    cluster.delete("nodes", "n1", "")
    cluster.advance(39)
    assert cluster.has("pods", "left")
    cluster.advance(2)
    assert not cluster.has("pods", "left")


def test_a_terminating_pod_without_a_node_is_removed(cluster: Cluster) -> None:
    cluster.stage.stuck.update(("n1", "n2", "n3"))
    cluster.create(pod("waiting"))
    cluster.patch("pods", "waiting", {"metadata": {"finalizers": ["example.com/hold"]}})
    cluster.delete("pods", "waiting")
    assert cluster.has("pods", "waiting")
    cluster.patch("pods", "waiting", {"metadata": {"finalizers": None}})
    assert not cluster.has("pods", "waiting")
