"""Each score plugin's rule, and what the scores of a choice are."""

from __future__ import annotations

from typing import Any

import pytest
from scheduling_objects import BUSY, HOST, ZONE, node, pod, spread, wants

from gitopslab.controlplane.scheduler.explain import explain
from gitopslab.controlplane.scheduler.plugins.balanced_allocation import balance, improvement
from gitopslab.controlplane.scheduler.plugins.image_locality import locality, normalized_image, scaled_size
from gitopslab.controlplane.scheduler.plugins.node_resources_fit import emptiness
from gitopslab.machinery.objects import Object

MEBIBYTE = 1024 * 1024
WEB = {"app": "web"}


def scores_of(
    plugin: str, incoming: Object, nodes: list[Object], others: list[Object], *more: Object
) -> dict[str, int]:
    decision = explain(incoming, nodes, others, more)
    return {verdict.node: verdict.scores[plugin] for verdict in decision.verdicts if plugin in verdict.scores}


@pytest.mark.parametrize(
    ("requested", "allocatable", "score"),
    [(0, 4000, 100), (1000, 4000, 75), (4000, 4000, 0), (4001, 4000, 0), (1, 3, 66)],
)
def test_emptiness_is_the_free_share(requested: int, allocatable: int, score: int) -> None:
    assert emptiness(requested, allocatable) == score


@pytest.mark.parametrize(
    ("shares", "score"),
    [([0.5, 0.5], 100), ([0.0, 1.0], 50), ([0.25, 0.75], 75), ([0.3], 100), ([0.0, 0.5, 1.0], 59)],
    ids=["equal", "opposite", "half way", "one resource", "three resources"],
)
def test_balance_falls_with_the_deviation(shares: list[float], score: int) -> None:
    assert balance(shares) == score


@pytest.mark.parametrize(("before", "after", "score"), [(80, 80, 75), (100, 50, 50), (50, 100, 100), (100, 99, 74)])
def test_improvement_is_75_for_no_change(before: int, after: int, score: int) -> None:
    assert improvement(before, after) == score


@pytest.mark.parametrize(
    ("total", "containers", "score"),
    [(0, 1, 0), (23, 1, 0), (1000, 1, 100), (5000, 1, 100), (500, 1, 48), (1000, 2, 49)],
)
def test_locality_counts_between_two_thresholds(total: int, containers: int, score: int) -> None:
    assert locality(total * MEBIBYTE, containers) == score


def test_an_image_that_few_nodes_have_counts_less() -> None:
    assert scaled_size(400, 1, 4) == 100


def test_an_image_has_the_size_that_the_first_node_told() -> None:
    """Upstream keeps one size an image, so another node's different size does not matter."""
    nodes = [
        node("a", images=[("nginx:1", 500 * MEBIBYTE)]),
        node("b", images=[("nginx:1", 900 * MEBIBYTE)]),
        node("c"),
    ]
    assert scores_of("ImageLocality", pod(), nodes, []) == {"a": 31, "b": 31, "c": 0}


@pytest.mark.parametrize(
    ("image", "normal"),
    [("nginx", "nginx:latest"), ("nginx:1", "nginx:1"), ("host:5000/nginx", "host:5000/nginx:latest")],
)
def test_an_image_without_a_tag_is_latest(image: str, normal: str) -> None:
    assert normalized_image(image) == normal


def test_pods_without_requests_do_not_ask_for_balance() -> None:
    nodes = [node("a"), node("b")]
    assert scores_of("NodeResourcesBalancedAllocation", pod(), nodes, []) == {}
    assert scores_of("NodeResourcesBalancedAllocation", pod(cpu="1"), nodes, []) == {"a": 68, "b": 68}


def test_pods_without_requests_still_fill_a_node() -> None:
    others = [pod(f"o{index}", on="a") for index in range(4)]
    assert scores_of("NodeResourcesFit", pod(), [node("a"), node("b")], others) == {"a": 87, "b": 97}


def test_soft_taints_count_against_a_node() -> None:
    soft = {**BUSY, "effect": "PreferNoSchedule"}
    nodes = [node("a", taints=[soft]), node("b", taints=[soft, {**soft, "key": "x"}]), node("c")]
    assert scores_of("TaintToleration", pod(), nodes, []) == {"a": 150, "b": 0, "c": 300}


def test_preferred_node_affinity_adds_its_weights() -> None:
    def prefers(weight: int, zone: str) -> dict[str, Any]:
        return {
            "weight": weight,
            "preference": {"matchExpressions": [{"key": ZONE, "operator": "In", "values": [zone]}]},
        }

    affinity = {
        "nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [prefers(10, "a"), prefers(40, "b")]}
    }
    nodes = [node("a", zone="a"), node("b", zone="b"), node("c", zone="c")]
    assert scores_of("NodeAffinity", pod(affinity=affinity), nodes, []) == {"a": 50, "b": 200, "c": 0}


def test_preferred_pod_affinity_draws_and_repels() -> None:
    def term(app: str, weight: int) -> dict[str, Any]:
        return {"weight": weight, "podAffinityTerm": wants(app, ZONE)}

    affinity = {
        "podAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [term("db", 50)]},
        "podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [term("noisy", 50)]},
    }
    nodes = [node("a", zone="a"), node("b", zone="b"), node("c", zone="c")]
    others = [pod("d", on="a", labels={"app": "db"}), pod("n", on="b", labels={"app": "noisy"})]
    assert scores_of("InterPodAffinity", pod(affinity=affinity), nodes, others) == {"a": 200, "b": 0, "c": 100}


def test_required_affinity_of_pods_that_are_there_draws_a_little() -> None:
    """One existing pod that needs this one weighs 1, so a preference of 4 against weighs four times as much."""
    needs = {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [wants("web", ZONE)]}}
    shuns = [{"weight": 4, "podAffinityTerm": wants("web", ZONE)}]
    others = [
        pod("needs", on="a", affinity=needs),
        pod("shuns", on="b", affinity={"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": shuns}}),
    ]
    nodes = [node("a", zone="a"), node("b", zone="b"), node("c", zone="c")]
    assert scores_of("InterPodAffinity", pod(labels=WEB), nodes, others) == {"a": 200, "b": 0, "c": 160}


def test_soft_spreading_prefers_the_emptier_zone() -> None:
    nodes = [node("a", zone="a"), node("b", zone="b"), node("c")]
    others = [pod(f"o{index}", on="a", labels=WEB) for index in range(2)]
    incoming = pod(labels=WEB, topologySpreadConstraints=[spread("web", soft=True)])
    assert scores_of("PodTopologySpread", incoming, nodes, others) == {"a": 0, "b": 200, "c": 0}


def owned(name: str, **more: Any) -> Object:
    made = pod(name, labels=WEB, **more)
    made["metadata"]["ownerReferences"] = [
        {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": "rs", "controller": True}
    ]
    return made


REPLICA_SET = {
    "apiVersion": "apps/v1",
    "kind": "ReplicaSet",
    "metadata": {"name": "web", "namespace": "default"},
    "spec": {"selector": {"matchLabels": WEB}},
}
SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web", "namespace": "default"},
    "spec": {"selector": WEB},
}


@pytest.mark.parametrize(
    ("incoming", "group"), [(owned("p"), REPLICA_SET), (pod(labels=WEB), SERVICE)], ids=["replica set", "service"]
)
def test_pods_of_a_group_spread_by_default(incoming: Object, group: Object) -> None:
    nodes = [node("a"), node("b")]
    others = [owned("o", on="a")]
    assert scores_of("PodTopologySpread", incoming, nodes, others, group)["b"] == 200
    assert scores_of("PodTopologySpread", incoming, nodes, others) == {}


def test_a_single_feasible_node_is_not_scored() -> None:
    decision = explain(pod(), [node("a"), node("b", taints=[BUSY])], [])
    assert decision.node == "a"
    assert not any(verdict.scores for verdict in decision.verdicts)


def test_ties_are_broken_by_the_seed_alone() -> None:
    nodes = [node(name) for name in "abcdef"]
    chosen = [explain(pod(), nodes, [], seed=seed).node for seed in range(20)]
    assert len(set(chosen)) > 1
    assert chosen == [explain(pod(), nodes, [], seed=seed).node for seed in range(20)]


def test_hostname_spreading_counts_each_node() -> None:
    nodes = [node("a", zone="a"), node("b", zone="a")]
    incoming = pod(labels=WEB, topologySpreadConstraints=[spread("web", HOST, soft=True)])
    assert scores_of("PodTopologySpread", incoming, nodes, [pod("o", on="a", labels=WEB)]) == {"a": 0, "b": 200}


def test_by_default_nodes_without_a_zone_are_scored_by_node_alone() -> None:
    """The default constraints must work without zone labels; such nodes are one more zone that nobody is scored by."""
    nodes = [node("a", zone="z"), node("b"), node("c")]
    others = [owned("o", on="b")]
    assert scores_of("PodTopologySpread", owned("p"), nodes, others, REPLICA_SET) == {"a": 66, "b": 132, "c": 200}
