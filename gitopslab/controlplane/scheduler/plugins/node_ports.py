"""NodePorts: two pods cannot claim the same port of a node's own address."""

from __future__ import annotations

from gitopslab.controlplane.scheduler.cluster_events import ClusterEvent
from gitopslab.controlplane.scheduler.framework import SKIP, SUCCESS, Code, CycleState, Status
from gitopslab.controlplane.scheduler.nodeinfo import NodeInfo
from gitopslab.controlplane.scheduler.podinfo import PodInfo
from gitopslab.machinery.hostports import HostPort

NAME = "NodePorts"
REASON = "node(s) didn't have free ports for the requested pod ports"


def taken(wanted: tuple[HostPort, ...], node: NodeInfo) -> HostPort | None:
    """The first wanted port that is not free, or None."""
    return next((port for port in wanted if node.has_conflict(port)), None)


class NodePorts:
    """Filters by ``hostPort``."""

    name = NAME

    def pre_filter(self, state: CycleState, pod: PodInfo) -> tuple[Status, set[str] | None]:
        """Skip pods that claim no node port."""
        return (SUCCESS if pod.host_ports else SKIP), None

    def filter(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> Status:
        """Refuse nodes on which a wanted port is taken."""
        port = taken(pod.host_ports, node)
        if port is None:
            return SUCCESS
        return Status(Code.UNSCHEDULABLE, (REASON,), NAME, f"port {port.port}/{port.protocol} is taken")

    def awaits(self, pod: PodInfo, event: ClusterEvent) -> bool:
        """A node came, or a pod went that held one of the ports."""
        if event.deletes("pods"):
            freed = NodeInfo("")
            freed.add(PodInfo(event.object))
            return taken(pod.host_ports, freed) is not None
        return event.adds("nodes")
