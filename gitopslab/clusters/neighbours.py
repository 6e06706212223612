"""How a cluster that the lab did not make reaches the forge of this machine: by a network that both stand on.

So it is with k3s or microk8s on this machine, with a cluster in virtual machines of it, and with one that stands beside
it. Only the nodes and their pods are let in there, not whoever else is on that network.

Simplified: the pods of a network that keeps its ranges to itself (no ``podCIDRs`` in the nodes, as with Calico) come in
where their node lends them its address, which it does on the way to other machines and not to its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv4Network
from typing import Any

from gitopslab.clusters import ports
from gitopslab.clusters.base import Way

Node = Mapping[str, Any]


def shared_way(nodes: Sequence[Node]) -> Way | None:
    """This machine's address on the network of all nodes; None when there is no such network.

    Args:
        nodes: The cluster's, as its API tells them.
    """
    addresses = [address for node in nodes for address in _addresses(node)]
    networks = {ports.network_of(address) for address in addresses}
    if len(networks) != 1 or (network := networks.pop()) is None:
        return None
    return Way(ports.address_on(network), (*(f"{each}/32" for each in addresses), *_pod_ranges(nodes, network)))


def is_this_machine(node: Node) -> bool:
    """Whether a node has an address of this machine, so that its loopback is this one."""
    return any(map(ports.is_ours, _addresses(node)))


def _addresses(node: Node) -> Iterator[str]:
    for each in node.get("status", {}).get("addresses") or ():
        if each["type"] == "InternalIP" and ":" not in each["address"]:
            yield each["address"]


def _pod_ranges(nodes: Iterable[Node], beside: IPv4Network) -> Iterator[str]:
    """Those of the nodes; but not one that reaches into the network they share, which has machines of others too."""
    for node in nodes:
        for each in node.get("spec", {}).get("podCIDRs") or ():
            if ":" not in each and not IPv4Network(each, strict=False).overlaps(beside):
                yield each
