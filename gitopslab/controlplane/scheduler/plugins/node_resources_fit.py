"""NodeResourcesFit: what the pod asks for must be free; of nodes that fit, the emptier is better (LeastAllocated)."""

from __future__ import annotations

from gitopslab.controlplane.scheduler.cluster_events import ClusterEvent, node_allocatable, shrinks
from gitopslab.controlplane.scheduler.framework import MAX_NODE_SCORE, SUCCESS, Code, CycleState, Status
from gitopslab.controlplane.scheduler.nodeinfo import NodeInfo
from gitopslab.controlplane.scheduler.podinfo import PodInfo
from gitopslab.controlplane.scheduler.resources import CPU, MEMORY, PODS, STORAGE, Resources, shortage

NAME = "NodeResourcesFit"
REASON_PODS = "Too many pods"
SCORED = (CPU, MEMORY)
_FIRST = (CPU, MEMORY, STORAGE)


def missing(requests: Resources, node: NodeInfo) -> list[str]:
    """The resources that a pod with these requests lacks on a node, ``pods`` among them, in the order they are told."""
    lacking = [PODS] if len(node.pods) + 1 > node.allocatable.get(PODS, 0) else []
    for name in _FIRST:
        if requests.get(name, 0) > 0 and requests[name] > node.free(name):
            lacking.append(name)
    lacking += [
        name for name, amount in requests.items() if name not in _FIRST and amount > 0 and amount > node.free(name)
    ]
    return lacking


def emptiness(requested: int, allocatable: int) -> int:
    """The unused share of a resource, 0 to 100 (``leastRequestedScore``)."""
    if requested > allocatable:
        return 0
    return (allocatable - requested) * MAX_NODE_SCORE // allocatable


def _told(name: str, requests: Resources, node: NodeInfo) -> str:
    if name == PODS:
        return f"{len(node.pods)} of at most {node.allocatable.get(PODS, 0)} pods are here"
    return shortage(name, requests[name], node.free(name), node.allocatable.get(name, 0))


class NodeResourcesFit:
    """Filters by free resources and scores by how much stays free."""

    name = NAME

    def filter(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> Status:
        """Refuse nodes that lack something; preemption cannot help where the pod would not fit an empty node."""
        lacking = missing(pod.requests, node)
        if not lacking:
            return SUCCESS
        reasons = tuple(REASON_PODS if name == PODS else f"Insufficient {name}" for name in lacking)
        hopeless = any(pod.requests[name] > node.allocatable.get(name, 0) for name in lacking if name != PODS)
        detail = "; ".join(_told(name, pod.requests, node) for name in lacking)
        return Status(Code.UNRESOLVABLE if hopeless else Code.UNSCHEDULABLE, reasons, NAME, detail)

    def score(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> int:
        """The mean of the unused shares of CPU and memory, the pod included."""
        scores = [
            emptiness(node.counted_requested.get(name, 0) + pod.counts.scored.get(name, 0), allocatable)
            for name in SCORED
            if (allocatable := node.allocatable.get(name, 0))
        ]
        return sum(scores) // len(scores) if scores else 0

    def awaits(self, pod: PodInfo, event: ClusterEvent) -> bool:
        """A pod went or shrank, or a node came or grew that the pod would fit if it were empty."""
        if event.resource != "nodes" or event.after is None:
            return shrinks(event)
        empty = NodeInfo("")
        empty.set_node(event.after)
        if missing(pod.requests, empty):
            return False
        before = node_allocatable(event.before)
        return any(amount > before.get(name, 0) for name, amount in empty.allocatable.items())
