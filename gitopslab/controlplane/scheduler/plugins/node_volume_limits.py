"""NodeVolumeLimits: a node can attach only so many volumes of one CSI driver, as its ``CSINode`` says.

Simplified: disks that are named in the old in-tree way (``awsElasticBlockStore`` and the like) are not translated to
the driver that serves them today, so they do not count.
"""

from __future__ import annotations

from collections import Counter

from gitopslab.controlplane.scheduler.cluster_events import ClusterEvent
from gitopslab.controlplane.scheduler.framework import SKIP, SUCCESS, Code, CycleState, Lister, Status
from gitopslab.controlplane.scheduler.nodeinfo import NodeInfo
from gitopslab.controlplane.scheduler.podinfo import PodInfo
from gitopslab.machinery import volumes
from gitopslab.machinery.objects import Object, name_of, namespace_of

NAME = "NodeVolumeLimits"
REASON = "node(s) exceed max volume count"
_CLAIMS, _VOLUMES, _CLASSES = "persistentvolumeclaims", "persistentvolumes", "storageclasses.storage.k8s.io"
CSI_NODES, ATTACHMENTS = "csinodes.storage.k8s.io", "volumeattachments.storage.k8s.io"

Attached = dict[str, str]
"""Volumes by their handle, each with its driver."""


def limits(csi_node: Object | None) -> dict[str, int]:
    """How many volumes of each driver a node can attach; a driver that is not named has no limit."""
    drivers = ((csi_node or {}).get("spec") or {}).get("drivers") or ()
    counts = {driver["name"]: (driver.get("allocatable") or {}).get("count") for driver in drivers}
    return {name: int(count) for name, count in counts.items() if count is not None}


def volume_of(lister: Lister, claim: Object) -> tuple[str, str]:
    """A claim's driver and volume handle, made up while there is no volume yet; empty when it is no CSI volume."""
    volume = lister.get(_VOLUMES, claim["spec"].get("volumeName") or "")
    if volume is not None:
        source = volume["spec"].get("csi") or {}
        return source.get("driver", ""), source.get("volumeHandle", "")
    storage_class = lister.get(_CLASSES, volumes.class_of(claim)) or {}
    return storage_class.get("provisioner", ""), f"unbound/{namespace_of(claim)}/{name_of(claim)}"


def volumes_of(lister: Lister, pod: PodInfo) -> Attached:
    """The CSI volumes that a pod uses through its claims."""
    found: Attached = {}
    for name in pod.claim_names:
        claim = lister.get(_CLAIMS, name, pod.namespace)
        driver, handle = volume_of(lister, claim) if claim else ("", "")
        if driver and handle:
            found[f"{driver}/{handle}"] = driver
    return found


def used_on(lister: Lister, node: NodeInfo) -> Attached:
    """The CSI volumes that the pods on a node use."""
    found: Attached = {}
    for pod in node.pods.values():
        found |= volumes_of(lister, pod)
    return found


def attached_to(lister: Lister, node: str) -> Attached:
    """The CSI volumes that are attached to a node, whoever uses them."""
    found: Attached = {}
    for attachment in lister.list(ATTACHMENTS):
        spec = attachment.get("spec") or {}
        volume = lister.get(_VOLUMES, (spec.get("source") or {}).get("persistentVolumeName") or "") or {}
        source = (volume.get("spec") or {}).get("csi")
        if spec.get("nodeName") == node and spec.get("attacher") and source:
            found[f"{spec['attacher']}/{source['volumeHandle']}"] = spec["attacher"]
    return found


def exceeded(new: Counter[str], present: Counter[str], allowed: dict[str, int]) -> str:
    """The first driver of which a node would have too many volumes, in numbers; empty when there is none."""
    for driver, more in new.items():
        if driver in allowed and present[driver] + more > allowed[driver]:
            return f"{driver}: {present[driver]} of {allowed[driver]} volumes are attached, the pod adds {more}"
    return ""


class NodeVolumeLimits:
    """Filters by the number of attached volumes."""

    name = NAME

    def pre_filter(self, state: CycleState, pod: PodInfo) -> tuple[Status, set[str] | None]:
        """Skip pods without claims."""
        return (SUCCESS if pod.claim_names else SKIP), None

    def filter(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> Status:
        """Refuse nodes that cannot attach the pod's volumes too."""
        allowed = limits(state.lister.get(CSI_NODES, node.name))
        wanted = volumes_of(state.lister, pod) if allowed else {}
        if not wanted:
            return SUCCESS
        used = used_on(state.lister, node)
        present = Counter({**attached_to(state.lister, node.name), **used}.values())
        new = Counter(driver for handle, driver in wanted.items() if handle not in used)
        told = exceeded(new, present, allowed)
        return Status(Code.UNSCHEDULABLE, (REASON,), NAME, told) if told else SUCCESS

    def awaits(self, pod: PodInfo, event: ClusterEvent) -> bool:
        """A pod with volumes went, a volume was detached, a claim of the pod came, or a node may attach more."""
        if event.deletes("pods"):
            return bool(PodInfo(event.object).claim_names)
        if event.resource == CSI_NODES and event.after is not None:
            before, after = limits(event.before), limits(event.after)
            return event.before is None or any(count > before.get(name, 0) for name, count in after.items())
        if event.resource == _CLAIMS and event.before is None:
            return namespace_of(event.object) == pod.namespace and name_of(event.object) in pod.claim_names
        return event.deletes(ATTACHMENTS)
