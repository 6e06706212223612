"""What the control plane writes on nodes that somebody adds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitopslab.machinery.objects import annotations_of

if TYPE_CHECKING:
    from conftest import Cluster


def test_every_node_has_a_range_of_its_own_for_its_pods(cluster: Cluster) -> None:
    ranges = [node["spec"]["podCIDR"] for node in cluster.list("nodes", "")]
    assert sorted(ranges) == ["10.244.0.0/24", "10.244.1.0/24", "10.244.2.0/24"]
    cluster.delete("nodes", "n2", "")
    cluster.add_node("n4")
    cluster.settle()
    assert cluster.get("nodes", "n4", "")["spec"]["podCIDRs"] == ["10.244.1.0/24"]


def test_nodes_say_how_long_their_kubelets_may_go_without_asking(cluster: Cluster) -> None:
    assert annotations_of(cluster.get("nodes", "n1", ""))["node.alpha.kubernetes.io/ttl"] == "0"
    for number in range(98):
        cluster.add_node(f"more{number}")
    cluster.settle()
    assert annotations_of(cluster.get("nodes", "n1", ""))["node.alpha.kubernetes.io/ttl"] == "15"
