"""VolumeRestrictions: some volumes serve one pod at a time.

A claim with access mode ``ReadWriteOncePod`` serves one pod in the whole cluster; a disk that a pod names itself
(without a claim) serves one pod a node, unless it can be shared for reading.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gitopslab.controlplane.scheduler.cluster_events import ClusterEvent
from gitopslab.controlplane.scheduler.framework import SKIP, SUCCESS, Code, CycleState, Status
from gitopslab.controlplane.scheduler.nodeinfo import NodeInfo
from gitopslab.controlplane.scheduler.podinfo import PodInfo
from gitopslab.machinery.objects import Object, name_of, namespace_of

NAME = "VolumeRestrictions"
REASON_DISK = "node(s) had no available disk"
REASON_CLAIM = (
    "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod"
)
_MODE = "ReadWriteOncePod"


def _is_same_rbd(one: Object, other: Object) -> bool:
    shared = set(one.get("monitors") or ()) & set(other.get("monitors") or ())
    return bool(shared) and all((one.get(field) or "") == (other.get(field) or "") for field in ("pool", "image"))


_DISKS: dict[str, tuple[Callable[[Object, Object], bool], bool]] = {
    "gcePersistentDisk": (lambda one, other: one.get("pdName") == other.get("pdName"), True),
    "awsElasticBlockStore": (lambda one, other: one.get("volumeID") == other.get("volumeID"), False),
    "iscsi": (lambda one, other: one.get("iqn") == other.get("iqn"), True),
    "rbd": (_is_same_rbd, True),
}
"""For each sort of disk: when two are the same one, and whether several may read it."""


def clash(one: Object, other: Object) -> bool:
    """Whether two volumes are the same disk and cannot be on one node together."""
    for sort, (is_same, is_shareable) in _DISKS.items():
        mine, theirs = one.get(sort), other.get(sort)
        if mine and theirs and is_same(mine, theirs):
            return not (is_shareable and mine.get("readOnly") and theirs.get("readOnly"))
    return False


def disks(pod: PodInfo) -> list[Object]:
    """The volumes of a pod that are disks it names itself."""
    return [volume for volume in pod.spec.get("volumes") or () if not _DISKS.keys().isdisjoint(volume)]


def taken_disk(wanted: Sequence[Object], node: NodeInfo) -> str:
    """The name of the first disk that a pod on the node keeps to itself; empty when there is none."""
    for volume in wanted:
        if any(clash(volume, other) for pod in node.pods.values() for other in disks(pod)):
            return str(volume.get("name", ""))
    return ""


def uses(other: PodInfo, pod: PodInfo, claims: frozenset[str]) -> int:
    """How many of a pod's exclusive claims another pod uses."""
    return sum(name in claims for name in other.named_claims) if other.namespace == pod.namespace else 0


@dataclass(slots=True)
class Wanted:
    """The pod's disks and exclusive claims, and how often pods use those claims now."""

    disks: list[Object]
    claims: frozenset[str]
    count: int

    def copy(self) -> Wanted:
        """A count of its own for a what-if."""
        return Wanted(self.disks, self.claims, self.count)


class VolumeRestrictions:
    """Filters by exclusive claims and disks."""

    name = NAME

    def pre_filter(self, state: CycleState, pod: PodInfo) -> tuple[Status, set[str] | None]:
        """Find what is exclusive and who uses it; reject pods that name a claim that is not there."""
        exclusive = set()
        for name in pod.named_claims:
            claim = state.lister.get("persistentvolumeclaims", name, pod.namespace)
            if claim is None:
                return Status(Code.UNRESOLVABLE, (f'persistentvolumeclaim "{name}" not found',), NAME), None
            if _MODE in (claim["spec"].get("accessModes") or ()):
                exclusive.add(name)
        claims, wanted = frozenset(exclusive), disks(pod)
        everybody = (other for node in state.snapshot.nodes for other in node.pods.values())
        count = sum(uses(other, pod, claims) for other in everybody) if claims else 0
        if not wanted and not count:
            return SKIP, None
        state.data[NAME] = Wanted(wanted, claims, count)
        return SUCCESS, None

    def pod_changed(self, state: CycleState, pod: PodInfo, other: PodInfo, node: NodeInfo, change: int) -> None:
        """Let one pod come or go."""
        wanted: Wanted = state.data[NAME]
        wanted.count += change * uses(other, pod, wanted.claims)

    def filter(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> Status:
        """Refuse nodes where a pod has the disk, and every node while a pod uses the claim."""
        wanted: Wanted = state.data[NAME]
        disk = taken_disk(wanted.disks, node)
        if disk:
            return Status(Code.UNSCHEDULABLE, (REASON_DISK,), NAME, f"a pod here keeps the disk of volume {disk}")
        if not wanted.count:
            return SUCCESS
        return Status(Code.UNSCHEDULABLE, (REASON_CLAIM,), NAME, f"in use: {', '.join(sorted(wanted.claims))}")

    def awaits(self, pod: PodInfo, event: ClusterEvent) -> bool:
        """A pod went that held a claim or a disk of this pod, a claim came, or a node did."""
        if event.deletes("pods"):
            freed = NodeInfo("")
            freed.add(PodInfo(event.object))
            claims = frozenset(pod.named_claims)
            same_namespace = namespace_of(event.object) == pod.namespace
            held = any(uses(other, pod, claims) for other in freed.pods.values())
            return held or (same_namespace and bool(taken_disk(disks(pod), freed)))
        if event.resource == "persistentvolumeclaims":
            is_here = event.before is None and namespace_of(event.object) == pod.namespace
            return is_here and name_of(event.object) in pod.named_claims
        return event.adds("nodes")
