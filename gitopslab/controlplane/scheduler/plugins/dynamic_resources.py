"""DynamicResources: devices that pods claim (DRA).

Simplified: nothing allocates devices, so a pod with a claim finds no node; the real plugin allocates what slices offer,
frees unused claims when no node fits, and does not try a pod whose claim is not there. Nor does anything make claims of
templates.
"""

from __future__ import annotations

from collections.abc import Mapping

from gitopslab.controlplane.scheduler.cluster_events import ClusterEvent
from gitopslab.controlplane.scheduler.framework import SKIP, SUCCESS, Code, CycleState, Nomination, Status
from gitopslab.controlplane.scheduler.nodeinfo import NodeInfo
from gitopslab.controlplane.scheduler.podinfo import PodInfo
from gitopslab.machinery.objects import name_of, namespace_of

NAME = "DynamicResources"
REASON = "no new claims to deallocate"
REASON_CLAIMED = "still not schedulable"
REASON_DEVICES = "cannot allocate all claims"
CLAIMS = "resourceclaims.resource.k8s.io"


class DynamicResources:
    """Lets pods without device claims pass."""

    name = NAME

    def pre_filter(self, state: CycleState, pod: PodInfo) -> tuple[Status, set[str] | None]:
        """Reject pods whose claims are not there, skip those without any.

        It leaves a mark, without which ``post_filter`` fails, as upstream.
        """
        claims = _claims_of(pod)
        for wanted in claims:
            if state.lister.get(CLAIMS, wanted, pod.namespace) is None:
                return Status(Code.UNRESOLVABLE, (f'resourceclaim "{wanted}" not found',), NAME), None
        state.data[NAME] = True
        return (SUCCESS if claims else SKIP), None

    def filter(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> Status:
        """No node has what a claim wants."""
        return Status(Code.UNRESOLVABLE, (REASON_DEVICES,), NAME)

    def post_filter(self, state: CycleState, pod: PodInfo, statuses: Mapping[str, Status]) -> Nomination:
        """Nothing to free; an error when the pod was rejected before this plugin was asked."""
        if NAME not in state.data:
            return Nomination(Status(Code.ERROR, ("not found",), NAME))
        reason = REASON_CLAIMED if _claims_of(pod) else REASON
        return Nomination(Status(Code.UNSCHEDULABLE, (reason,), NAME))

    def score(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> int:
        """All nodes are equal without claims."""
        return 0

    def awaits(self, pod: PodInfo, event: ClusterEvent) -> bool:
        """A claim of the pod came."""
        if not event.adds(CLAIMS):
            return False
        return namespace_of(event.object) == pod.namespace and name_of(event.object) in _claims_of(pod)


def _claims_of(pod: PodInfo) -> list[str]:
    """The claims that a pod names, and what those of templates are called in it."""
    return [str(claim.get("resourceClaimName") or claim.get("name")) for claim in pod.spec.get("resourceClaims") or ()]
