"""A node as the scheduler sees it: its labels and taints, what it has, and what the pods on it use.

Kept up to date pod by pod by ``snapshot``, so that a scheduling cycle only compares integers. Read by every plugin.
"""

from __future__ import annotations

from typing import TypeVar

from gitopslab.controlplane.scheduler import resources
from gitopslab.controlplane.scheduler.podinfo import Appearance, PodInfo
from gitopslab.controlplane.scheduler.resources import Resources
from gitopslab.machinery import taints
from gitopslab.machinery.hostports import HostPort
from gitopslab.machinery.objects import Object, labels_of

K = TypeVar("K")


class NodeInfo:
    """One node and the pods on it.

    Args:
        name: The node's name; pods may be seen before their node is.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.node: Object | None = None
        self.labels: dict[str, str] = {}
        self.taints: list[Object] = []
        self.is_unschedulable = False
        self.allocatable: Resources = {}
        self.images: dict[str, int] = {}
        self.requested: Resources = {}
        self.counted_requested: Resources = {}
        self.pods: dict[tuple[str, str], PodInfo] = {}
        self.with_pod_terms: dict[tuple[str, str], PodInfo] = {}
        self.appearances: dict[Appearance, int] = {}
        self.ports: dict[HostPort, int] = {}

    def set_node(self, node: Object) -> None:
        """Take in the node object."""
        spec, status = node.get("spec") or {}, node.get("status") or {}
        self.node = node
        self.labels = labels_of(node)
        self.taints = spec.get("taints") or []
        self.is_unschedulable = bool(spec.get("unschedulable"))
        self.allocatable = resources.amounts(status.get("allocatable"))
        self.images = {
            name: int(image.get("sizeBytes") or 0)
            for image in status.get("images") or ()
            for name in image.get("names") or ()
        }

    def add(self, pod: PodInfo) -> None:
        """Count a pod that runs here."""
        self.pods[pod.key] = pod
        if pod.has_pod_terms:
            self.with_pod_terms[pod.key] = pod
        self._count(pod, 1)

    def remove(self, key: tuple[str, str]) -> PodInfo | None:
        """Stop counting a pod; gives it back, or None when it was not here."""
        pod = self.pods.pop(key, None)
        if pod is not None:
            self.with_pod_terms.pop(key, None)
            self._count(pod, -1)
        return pod

    def copy(self) -> NodeInfo:
        """A copy for a what-if; the pods themselves are shared."""
        twin = NodeInfo(self.name)
        twin.__dict__.update(self.__dict__)
        for name in ("requested", "counted_requested", "pods", "with_pod_terms", "appearances", "ports"):
            setattr(twin, name, dict(getattr(self, name)))
        return twin

    def free(self, resource: str) -> int:
        """How much of a resource is not asked for yet."""
        return self.allocatable.get(resource, 0) - self.requested.get(resource, 0)

    def has_conflict(self, wanted: HostPort) -> bool:
        """Whether a node port is taken, on that address or on all of them."""
        return any(used.clashes(wanted) for used in self.ports)

    def untolerated(self, pod: PodInfo) -> Object | None:
        """The first hard taint that keeps the pod away, or None."""
        return taints.untolerated(self.taints, pod.tolerations) if self.taints else None

    def _count(self, pod: PodInfo, change: int) -> None:
        for total, amounts in ((self.requested, pod.counts.held), (self.counted_requested, pod.counts.counted)):
            for name, amount in amounts.items():
                total[name] = total.get(name, 0) + change * amount
        _tally(self.appearances, pod.appearance, change)
        for port in pod.host_ports:
            _tally(self.ports, port, change)


def _tally(counts: dict[K, int], key: K, change: int) -> None:
    count = counts.get(key, 0) + change
    if count:
        counts[key] = count
    else:
        counts.pop(key, None)
