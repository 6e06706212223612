"""NodeResourcesBalancedAllocation: better is a node whose use of CPU and of memory the pod brings closer together."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

from gitopslab.controlplane.scheduler.cluster_events import ClusterEvent
from gitopslab.controlplane.scheduler.framework import MAX_NODE_SCORE, SKIP, SUCCESS, CycleState, Status
from gitopslab.controlplane.scheduler.nodeinfo import NodeInfo
from gitopslab.controlplane.scheduler.podinfo import PodInfo
from gitopslab.controlplane.scheduler.resources import CPU, MEMORY

NAME = "NodeResourcesBalancedAllocation"
BALANCED = (CPU, MEMORY)


def balance(shares: Sequence[float]) -> int:
    """100 when all shares are equal, less the more they spread (one minus the standard deviation)."""
    if len(shares) == 2:  # upstream's short cut, kept because rounding must agree
        return int((1 - abs((shares[0] - shares[1]) / 2)) * MAX_NODE_SCORE)
    if len(shares) < 2:
        return MAX_NODE_SCORE
    mean = sum(shares) / len(shares)
    deviation = sqrt(sum((share - mean) * (share - mean) for share in shares) / len(shares))
    return int((1 - deviation) * MAX_NODE_SCORE)


def improvement(before: int, after: int) -> int:
    """The score of a change of balance: 75 when nothing changes, from 50 (ruined) to 100 (put right)."""
    half = MAX_NODE_SCORE // 2
    return half + (half + after - before) // 2


class BalancedAllocation:
    """Scores by the change in balance that the pod would bring."""

    name = NAME

    def pre_score(self, state: CycleState, pod: PodInfo, nodes: Sequence[NodeInfo]) -> Status:
        """Skip pods that ask for nothing: they would all gather on one node."""
        return SUCCESS if any(pod.requests.get(name) for name in BALANCED) else SKIP

    def score(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> int:
        """How much better balanced the node is with the pod than without it."""
        before, after = [], []
        for name in BALANCED:
            allocatable = node.allocatable.get(name, 0)
            if allocatable:
                used = node.requested.get(name, 0)
                before.append(min(1.0, used / allocatable))
                after.append(min(1.0, (used + pod.requests.get(name, 0)) / allocatable))
        return improvement(balance(before), balance(after))

    def awaits(self, pod: PodInfo, event: ClusterEvent) -> bool:
        """Never: scoring rejects nobody."""
        return False
