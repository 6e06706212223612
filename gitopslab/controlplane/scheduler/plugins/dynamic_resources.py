"""DynamicResources: devices that pods claim (DRA). Here only what every pod without claims shows of it.

Simplified: the lab's API has no ResourceClaims, so a pod that wants one is told that it does not exist; the real plugin
allocates devices, and frees unused claims when no node fits.
"""

from __future__ import annotations

from collections.abc import Mapping

from gitopslab.controlplane.scheduler.cluster_events import ClusterEvent
from gitopslab.controlplane.scheduler.framework import SUCCESS, Code, CycleState, Nomination, Status
from gitopslab.controlplane.scheduler.nodeinfo import NodeInfo
from gitopslab.controlplane.scheduler.podinfo import PodInfo

NAME = "DynamicResources"
REASON = "no new claims to deallocate"


class DynamicResources:
    """Answers for pods without device claims."""

    name = NAME

    def pre_filter(self, state: CycleState, pod: PodInfo) -> tuple[Status, set[str] | None]:
        """Reject pods with claims; leave a mark, since ``post_filter`` fails without it, as the real one does."""
        for claim in pod.spec.get("resourceClaims") or ():
            wanted = claim.get("resourceClaimName") or claim.get("name")
            return Status(Code.UNRESOLVABLE, (f'resourceclaim "{wanted}" not found',), NAME), None
        state.data[NAME] = True
        return SUCCESS, None

    def post_filter(self, state: CycleState, pod: PodInfo, statuses: Mapping[str, Status]) -> Nomination:
        """Nothing to free; an error when the pod was rejected before this plugin was asked."""
        if NAME not in state.data:
            return Nomination(Status(Code.ERROR, ("not found",), NAME))
        return Nomination(Status(Code.UNSCHEDULABLE, (REASON,), NAME))

    def score(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> int:
        """All nodes are equal without claims."""
        return 0

    def awaits(self, pod: PodInfo, event: ClusterEvent) -> bool:
        """Never: claims cannot come."""
        return False
