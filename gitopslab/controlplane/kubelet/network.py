"""Addresses: of nodes on the lab's network and of pods on a node's range.

The agent asks for a pod's address when its sandbox is made and gives it back when the pod is gone. Which addresses are
taken is read off the pods themselves, so nothing is lost or doubled when the process restarts. Leaves to others:
Service addresses (the API server's), and packets (there are none).
"""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Iterable

from gitopslab.controlplane.kubelet.status import FINAL
from gitopslab.machinery.objects import Object

_FIRST_HOST = 2  # .0 names the range and .1 is the node's bridge


def internal_ip(node: Object) -> str:
    """The ``InternalIP`` of a node; empty when it has none."""
    for address in node.get("status", {}).get("addresses") or ():
        if address.get("type") == "InternalIP":
            return str(address.get("address", ""))
    return ""


class Addresses:
    """Which pod has which address, a range a node."""

    def __init__(self) -> None:
        self._taken: dict[str, dict[str, str]] = defaultdict(dict)  # node -> address -> pod uid
        self._next: dict[str, int] = {}
        self._known: set[str] = set()

    def knows(self, node: str) -> bool:
        """Whether the node's pods were read already."""
        return node in self._known

    def read(self, node: str, pods: Iterable[Object]) -> None:
        """Take note of the addresses that a node's pods have; done once a node, before the first is given."""
        self._known.add(node)
        for pod in pods:
            status = pod.get("status", {})
            address = status.get("podIP")
            if address and status.get("phase") not in FINAL and not pod["spec"].get("hostNetwork"):
                self._taken[node][address] = pod["metadata"]["uid"]

    def give(self, node: Object, uid: str) -> str:
        """An address for a pod: the one it has, else the next free one; addresses are reused as late as possible."""
        name = node["metadata"]["name"]
        taken = self._taken[name]
        for address, owner in taken.items():
            if owner == uid:
                return address
        hosts = ipaddress.ip_network(node.get("spec", {}).get("podCIDR") or "10.244.0.0/24")
        span = hosts.num_addresses - _FIRST_HOST - 1
        start = self._next.get(name, 0)
        for step in range(span):
            offset = (start + step) % span
            address = str(hosts[_FIRST_HOST + offset])
            if address not in taken:
                taken[address] = uid
                self._next[name] = offset + 1
                return address
        raise RuntimeError(f"no address left in {hosts} of node {name}")

    def free(self, node: str, uid: str) -> None:
        """Give a pod's address back, where it has one."""
        taken = self._taken[node]
        for address in [address for address, owner in taken.items() if owner == uid]:
            del taken[address]
