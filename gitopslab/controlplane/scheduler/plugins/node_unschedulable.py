"""NodeUnschedulable: a cordoned node takes no new pods, unless they tolerate the taint that says so."""

from __future__ import annotations

from gitopslab.controlplane.scheduler.cluster_events import ClusterEvent
from gitopslab.controlplane.scheduler.framework import SUCCESS, Code, CycleState, Status
from gitopslab.controlplane.scheduler.nodeinfo import NodeInfo
from gitopslab.controlplane.scheduler.podinfo import PodInfo
from gitopslab.machinery import taints

NAME = "NodeUnschedulable"
REASON = "node(s) were unschedulable"


def fits(is_unschedulable: bool, pod: PodInfo) -> bool:
    """Whether a node that is cordoned (or not) takes the pod."""
    return not is_unschedulable or taints.is_tolerated(taints.UNSCHEDULABLE, pod.tolerations)


class NodeUnschedulable:
    """Filters by ``spec.unschedulable`` of the node."""

    name = NAME

    def filter(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> Status:
        """Refuse cordoned nodes."""
        if not node.is_unschedulable or fits(True, pod):
            return SUCCESS
        return Status(Code.UNRESOLVABLE, (REASON,), NAME, "the node is cordoned")

    def awaits(self, pod: PodInfo, event: ClusterEvent) -> bool:
        """A node came that is not cordoned, or was uncordoned."""
        if event.resource != "nodes" or event.after is None:
            return False
        was = event.before is None or bool((event.before.get("spec") or {}).get("unschedulable"))
        return was and fits(bool((event.after.get("spec") or {}).get("unschedulable")), pod)
