"""NodeName: a pod that names its node runs there or nowhere.

Pods with ``spec.nodeName`` never reach the scheduler (the kubelet takes them), so this decides only in explanations.
"""

from __future__ import annotations

from gitopslab.controlplane.scheduler.cluster_events import ClusterEvent
from gitopslab.controlplane.scheduler.framework import SUCCESS, Code, CycleState, Status
from gitopslab.controlplane.scheduler.nodeinfo import NodeInfo
from gitopslab.controlplane.scheduler.podinfo import PodInfo

NAME = "NodeName"
REASON = "node(s) didn't match the requested node name"


def fits(wanted: str, node: str) -> bool:
    """Whether a pod that wants this node name (or none) may run on the node."""
    return not wanted or wanted == node


class NodeName:
    """Filters by ``spec.nodeName``."""

    name = NAME

    def filter(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> Status:
        """Refuse every node but the named one."""
        if fits(pod.node_name, node.name):
            return SUCCESS
        return Status(Code.UNRESOLVABLE, (REASON,), NAME, f"the pod names node {pod.node_name}")

    def awaits(self, pod: PodInfo, event: ClusterEvent) -> bool:
        """The named node came."""
        return event.adds("nodes") and fits(pod.node_name, event.object["metadata"]["name"])
