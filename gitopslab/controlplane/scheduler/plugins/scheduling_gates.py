"""SchedulingGates: a pod with gates is not even tried until somebody has removed them all."""

from __future__ import annotations

from gitopslab.controlplane.scheduler.cluster_events import ClusterEvent
from gitopslab.controlplane.scheduler.framework import SUCCESS, Code, Status
from gitopslab.controlplane.scheduler.podinfo import PodInfo

NAME = "SchedulingGates"
GATED = "Scheduling is blocked due to non-empty scheduling gates"  # the API server's words in the pod's condition


def gates(pod: PodInfo) -> list[str]:
    """The names of the gates a pod still has."""
    return [gate["name"] for gate in pod.spec.get("schedulingGates") or ()]


class SchedulingGates:
    """Keeps gated pods out of the queue."""

    name = NAME

    def pre_enqueue(self, pod: PodInfo) -> Status:
        """Refuse pods with gates."""
        waiting = gates(pod)
        if not waiting:
            return SUCCESS
        return Status(Code.UNRESOLVABLE, (f"waiting for scheduling gates: [{' '.join(waiting)}]",), NAME)

    def awaits(self, pod: PodInfo, event: ClusterEvent) -> bool:
        """Never: only an update of the pod itself removes gates."""
        return False
