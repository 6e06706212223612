"""VolumeRestrictions: a claim with access mode ``ReadWriteOncePod`` serves one pod in the whole cluster.

Simplified: the in-tree cloud disks that only one node may mount (GCE, EBS, iSCSI, RBD) are not looked at.
"""

from __future__ import annotations

from dataclasses import dataclass

from gitopslab.controlplane.scheduler.cluster_events import ClusterEvent
from gitopslab.controlplane.scheduler.framework import SKIP, SUCCESS, Code, CycleState, Status
from gitopslab.controlplane.scheduler.nodeinfo import NodeInfo
from gitopslab.controlplane.scheduler.podinfo import PodInfo
from gitopslab.machinery.objects import name_of, namespace_of

NAME = "VolumeRestrictions"
REASON = "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode"
_MODE = "ReadWriteOncePod"


@dataclass(slots=True)
class Users:
    """The pod's exclusive claims, and how many pods use one of them now."""

    claims: frozenset[str]
    count: int

    def copy(self) -> Users:
        """A count of its own for a what-if."""
        return Users(self.claims, self.count)


def shares(pod: PodInfo, other: PodInfo, claims: frozenset[str]) -> bool:
    """Whether another pod uses one of a pod's exclusive claims."""
    return other.namespace == pod.namespace and not claims.isdisjoint(other.claim_names)


class VolumeRestrictions:
    """Filters by exclusive claims."""

    name = NAME

    def pre_filter(self, state: CycleState, pod: PodInfo) -> tuple[Status, set[str] | None]:
        """Find the exclusive claims and who uses them; reject pods that name a claim that is not there."""
        exclusive = set()
        for name in pod.named_claims:
            claim = state.lister.get("persistentvolumeclaims", name, pod.namespace)
            if claim is None:
                return Status(Code.UNRESOLVABLE, (f'persistentvolumeclaim "{name}" not found',), NAME), None
            if _MODE in (claim["spec"].get("accessModes") or ()):
                exclusive.add(name)
        if not exclusive:
            return SKIP, None
        claims = frozenset(exclusive)
        users = sum(shares(pod, other, claims) for node in state.snapshot.nodes for other in node.pods.values())
        state.data[NAME] = Users(claims, users)
        return SUCCESS, None

    def pod_changed(self, state: CycleState, pod: PodInfo, other: PodInfo, node: NodeInfo, change: int) -> None:
        """Let one pod come or go."""
        users: Users = state.data[NAME]
        if shares(pod, other, users.claims):
            users.count += change

    def filter(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> Status:
        """Refuse every node while another pod uses the claim."""
        users: Users = state.data[NAME]
        if not users.count:
            return SUCCESS
        return Status(Code.UNSCHEDULABLE, (REASON,), NAME, f"in use: {', '.join(sorted(users.claims))}")

    def awaits(self, pod: PodInfo, event: ClusterEvent) -> bool:
        """A pod went that uses a claim of this pod, or a claim came."""
        if event.deletes("pods"):
            return shares(pod, PodInfo(event.object), frozenset(pod.claim_names))
        if event.resource != "persistentvolumeclaims" or event.after is None:
            return False
        return namespace_of(event.object) == pod.namespace and name_of(event.object) in pod.claim_names
