"""VolumeZone: a volume labelled with zones or regions can only be used there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gitopslab.controlplane.scheduler.cluster_events import ClusterEvent
from gitopslab.controlplane.scheduler.framework import SKIP, SUCCESS, Code, CycleState, Lister, Status
from gitopslab.controlplane.scheduler.nodeinfo import NodeInfo
from gitopslab.controlplane.scheduler.podinfo import PodInfo
from gitopslab.machinery import volumes
from gitopslab.machinery.objects import Object, labels_of, name_of, namespace_of

NAME = "VolumeZone"
REASON = "node(s) had no available volume zone"
_CLAIMS, _VOLUMES, _CLASSES = "persistentvolumeclaims", "persistentvolumes", "storageclasses.storage.k8s.io"
_KEYS = {
    "failure-domain.beta.kubernetes.io/zone": "topology.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region": "topology.kubernetes.io/region",
    "topology.kubernetes.io/zone": "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region": "topology.kubernetes.io/region",
}
"""The labels looked at, each with its present name: old volumes still carry the old ones."""
_SEPARATOR = "__"  # a volume replicated over several zones names them all in one label

Zones = tuple[str, frozenset[str]]
"""A topology label with the values it may have."""


def zones(labels: Mapping[str, str]) -> list[Zones]:
    """The topology labels of a volume with the values they allow."""
    return [(key, frozenset(labels[key].split(_SEPARATOR))) for key in _KEYS if key in labels]


def fits(wanted: Sequence[Zones], labels: Mapping[str, str]) -> bool:
    """Whether a node is in the wanted zones; a node without any such label is taken at its word."""
    if not any(key in labels for key in _KEYS):
        return True
    return all(labels.get(key, labels.get(_KEYS[key])) in values for key, values in wanted)


def wanted_zones(lister: Lister, pod: PodInfo) -> list[Zones] | str:
    """The zones of all volumes of a pod, or why they cannot be known."""
    found: list[Zones] = []
    for name in pod.claim_names:
        claim = lister.get(_CLAIMS, name, pod.namespace)
        if claim is None:
            return f'persistentvolumeclaim "{name}" not found'
        volume_name = claim["spec"].get("volumeName")
        volume = lister.get(_VOLUMES, volume_name) if volume_name else None
        if volume is not None:
            found += zones(labels_of(volume))
        elif volume_name:
            return f'persistentvolume "{volume_name}" not found'
        elif why := _unbound(lister, claim):
            return why
    return found


def _unbound(lister: Lister, claim: Object) -> str:
    """Why a claim without a volume is trouble; empty when its volume is only found with the node."""
    class_name = volumes.class_of(claim)
    if not class_name:
        return "PersistentVolumeClaim had no pv name and storageClass name"
    storage_class = lister.get(_CLASSES, class_name)
    if storage_class is None:
        return f'storageclass.storage.k8s.io "{class_name}" not found'
    return "" if volumes.waits_for_consumer(storage_class) else "PersistentVolume had no name"


class VolumeZone:
    """Filters by the zone labels of bound volumes."""

    name = NAME

    def pre_filter(self, state: CycleState, pod: PodInfo) -> tuple[Status, set[str] | None]:
        """Collect the labels; skip pods whose volumes have none, reject pods whose volumes are not to be found."""
        wanted = wanted_zones(state.lister, pod)
        if isinstance(wanted, str):
            return Status(Code.UNRESOLVABLE, (wanted,), NAME), None
        if not wanted:
            return SKIP, None
        state.data[NAME] = wanted
        return SUCCESS, None

    def filter(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> Status:
        """Refuse nodes outside of the volumes' zones."""
        if fits(state.data[NAME], node.labels):
            return SUCCESS
        told = ", ".join(f"{key} must be {' or '.join(sorted(values))}" for key, values in state.data[NAME])
        return Status(Code.UNRESOLVABLE, (REASON,), NAME, told)

    def awaits(self, pod: PodInfo, event: ClusterEvent) -> bool:
        """A node, a volume, a class or a claim of the pod came or changed."""
        if event.after is None:
            return False
        if event.resource == _CLAIMS:
            return namespace_of(event.object) == pod.namespace and name_of(event.object) in pod.claim_names
        return event.resource in ("nodes", _VOLUMES, _CLASSES)
