"""TaintToleration: hard taints keep away pods that do not tolerate them, soft ones make a node less liked."""

from __future__ import annotations

from collections.abc import Sequence

from gitopslab.controlplane.scheduler.cluster_events import ClusterEvent, node_taints
from gitopslab.controlplane.scheduler.framework import SUCCESS, Code, CycleState, Status, normalized
from gitopslab.controlplane.scheduler.nodeinfo import NodeInfo
from gitopslab.controlplane.scheduler.podinfo import PodInfo
from gitopslab.machinery import taints
from gitopslab.machinery.objects import Object

NAME = "TaintToleration"
REASON = "node(s) had untolerated taint(s)"


def soft_taints(node_taints: Sequence[Object], tolerations: Sequence[Object]) -> int:
    """How many ``PreferNoSchedule`` taints are not tolerated."""
    return sum(
        taint.get("effect") == taints.SOFT_EFFECT and not taints.is_tolerated(taint, tolerations)
        for taint in node_taints
    )


class TaintToleration:
    """Filters by hard taints and scores by soft ones."""

    name = NAME

    def filter(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> Status:
        """Refuse nodes with a ``NoSchedule`` or ``NoExecute`` taint that the pod does not tolerate."""
        taint = node.untolerated(pod)
        if taint is None:
            return SUCCESS
        return Status(Code.UNRESOLVABLE, (REASON,), NAME, f"taint {taints.spelled(taint)} is not tolerated")

    def score(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> int:
        """The number of soft taints against the pod; fewer is better."""
        return soft_taints(node.taints, pod.tolerations) if node.taints else 0

    def normalize(self, state: CycleState, scores: dict[str, int]) -> None:
        """The node with the fewest gets 100."""
        normalized(scores, reverse=True)

    def awaits(self, pod: PodInfo, event: ClusterEvent) -> bool:
        """A node came, or its taints changed.

        Every change of taints wakes the pod, also one that cannot help: the recordings of a real scheduler show a new
        attempt (and a new message) after a taint was added.
        """
        return event.adds("nodes") or (event.updates("nodes") and node_taints(event.before) != node_taints(event.after))
