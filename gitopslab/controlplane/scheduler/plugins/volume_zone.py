"""VolumeZone: a volume labelled with zones or regions can only be used there."""

from __future__ import annotations

from collections.abc import Mapping

from gitopslab.controlplane.scheduler.cluster_events import ClusterEvent
from gitopslab.controlplane.scheduler.framework import SKIP, SUCCESS, Code, CycleState, Lister, Status
from gitopslab.controlplane.scheduler.nodeinfo import NodeInfo
from gitopslab.controlplane.scheduler.podinfo import PodInfo
from gitopslab.machinery.objects import labels_of

NAME = "VolumeZone"
REASON = "node(s) had no available volume zone"
_KEYS = ("topology.kubernetes.io/zone", "topology.kubernetes.io/region")
_SEPARATOR = "__"  # a volume replicated over several zones names them all in one label


def zones(labels: Mapping[str, str]) -> list[tuple[str, frozenset[str]]]:
    """The topology labels of a volume with the values they allow."""
    return [(key, frozenset(labels[key].split(_SEPARATOR))) for key in _KEYS if key in labels]


def fits(wanted: list[tuple[str, frozenset[str]]], labels: Mapping[str, str]) -> bool:
    """Whether a node is in the wanted zones; a node without any such label is taken at its word."""
    return not any(key in labels for key in _KEYS) or all(labels.get(key) in values for key, values in wanted)


def _wanted(lister: Lister, pod: PodInfo) -> list[tuple[str, frozenset[str]]]:
    found: list[tuple[str, frozenset[str]]] = []
    for name in pod.claim_names:
        claim = lister.get("persistentvolumeclaims", name, pod.namespace)
        volume = lister.get("persistentvolumes", claim["spec"].get("volumeName") or "") if claim else None
        found += zones(labels_of(volume)) if volume else []
    return found


class VolumeZone:
    """Filters by the zone labels of bound volumes."""

    name = NAME

    def pre_filter(self, state: CycleState, pod: PodInfo) -> tuple[Status, set[str] | None]:
        """Collect the labels; skip pods whose volumes have none."""
        wanted = _wanted(state.lister, pod)
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
        """A node, a claim or a volume came or changed."""
        return event.after is not None and event.resource in ("nodes", "persistentvolumeclaims", "persistentvolumes")
