"""A cluster that the lab did not make finds the forge by a network that this machine and its nodes stand on."""

from __future__ import annotations

import sys
from ipaddress import IPv4Network

import pytest

from gitopslab.clusters import ports
from gitopslab.clusters.base import Way
from gitopslab.clusters.neighbours import Node, is_this_machine, shared_way

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a machine has one loopback address")


def node(address: str, *ranges: str) -> Node:
    found = [{"type": "Hostname", "address": "one"}, {"type": "InternalIP", "address": "fd00::1"}]
    return {
        "spec": {"podCIDRs": list(ranges)},
        "status": {"addresses": [*found, {"type": "InternalIP", "address": address}]},
    }


def test_nodes_and_their_pods_come_to_this_machines_address_and_nobody_else() -> None:
    nodes = [node("127.0.0.11", "10.244.1.0/24", "fd01::/64"), node("127.0.0.12")]
    assert shared_way(nodes) == Way("127.0.0.1", ("127.0.0.11/32", "127.0.0.12/32", "10.244.1.0/24"))


def test_a_range_of_pods_that_reaches_into_the_shared_network_lets_nobody_in() -> None:
    assert shared_way([node("127.0.0.11", "127.0.4.0/24", "10.244.1.0/24")]) == Way(
        "127.0.0.1", ("127.0.0.11/32", "10.244.1.0/24")
    )


@pytest.mark.parametrize("addresses", [[], ["203.0.113.1"], ["127.0.0.11", "203.0.113.1"]])
def test_without_a_network_that_has_all_nodes_there_is_no_way(addresses: list[str]) -> None:
    assert shared_way([node(address) for address in addresses]) is None


def test_a_node_with_an_address_of_this_machine_is_this_machine() -> None:
    assert is_this_machine(node("127.0.0.11"))
    assert not is_this_machine(node("203.0.113.1"))


def test_the_network_of_an_address_is_that_of_its_interface() -> None:
    assert ports.network_of("127.0.0.2") == IPv4Network("127.0.0.0/8")
    assert ports.network_of("203.0.113.1") is None
