"""How claims that wait for their first consumer could be served on one node: the rule behind VolumeBinding.

Pure: it plans, and ``binding`` writes what was planned once the node is chosen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gitopslab.controlplane.scheduler.framework import Lister
from gitopslab.controlplane.scheduler.nodeinfo import NodeInfo
from gitopslab.machinery import quantity, volumes
from gitopslab.machinery.objects import Object, annotations_of, copy_of, name_of, namespace_of, uid_of
from gitopslab.machinery.selectors import from_label_selector

CLAIMS, VOLUMES, CLASSES = "persistentvolumeclaims", "persistentvolumes", "storageclasses.storage.k8s.io"
DRIVERS, CAPACITIES = "csidrivers.storage.k8s.io", "csistoragecapacities.storage.k8s.io"
REASON_NONE = "node(s) didn't find available persistent volumes to bind"
REASON_SPACE = "node(s) did not have enough free storage"


Refusal = tuple[str, str]
"""Why a node cannot serve a claim: in Kubernetes' words, and with names and numbers."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What has to be written so that the claims can be used on one node."""

    bindings: tuple[tuple[Object, Object], ...] = ()
    provisions: tuple[Object, ...] = ()


def is_allowed(storage_class: Object, labels: Mapping[str, str]) -> bool:
    """Whether a class may provision for a node, by its ``allowedTopologies``."""
    topologies = storage_class.get("allowedTopologies") or ()
    return not topologies or any(
        all(labels.get(item["key"]) in item["values"] for item in topology.get("matchLabelExpressions") or ())
        for topology in topologies
    )


def has_room(claim: Object, storage_class: Object, labels: Mapping[str, str], lister: Lister) -> bool:
    """Whether the class's driver has room near a node; one that does not tell always has (``hasEnoughCapacity``)."""
    wanted = volumes.requested(claim)
    driver = lister.get(DRIVERS, storage_class.get("provisioner") or "") or {}
    if not wanted or not (driver.get("spec") or {}).get("storageCapacity"):
        return True
    return any(
        capacity.get("storageClassName") == name_of(storage_class)
        and quantity.whole(capacity.get("maximumVolumeSize") or capacity.get("capacity") or 0) >= wanted
        and (near := from_label_selector(capacity.get("nodeTopology"))) is not None
        and near.matches(labels)
        for capacity in lister.list(CAPACITIES)
    )


def unprovisionable(claim: Object, node: NodeInfo, lister: Lister) -> Refusal | None:
    """Why no volume could be made for a claim near a node; None when one could."""
    class_name = volumes.class_of(claim)
    storage_class = lister.get(CLASSES, class_name) or {}
    told = f"no volume suits claim {name_of(claim)}"
    if (storage_class.get("provisioner") or volumes.NO_PROVISIONER) == volumes.NO_PROVISIONER:
        return REASON_NONE, f"{told}, and class {class_name} makes none"
    if not is_allowed(storage_class, node.labels):
        return REASON_NONE, f"{told}, and class {class_name} makes none in this topology"
    if not has_room(claim, storage_class, node.labels, lister):
        return REASON_SPACE, f"{told}, and {storage_class['provisioner']} has too little room here"
    return None


def plan(claims: Sequence[Object], node: NodeInfo, lister: Lister) -> Plan | Refusal:
    """How unbound claims could be served on a node: by volumes that are there, or by provisioning; or why not."""
    bindings: list[tuple[Object, Object]] = []
    provisions: list[Object] = []
    available = list(lister.list(VOLUMES))
    for claim in sorted(claims, key=volumes.requested):
        selected = annotations_of(claim).get(volumes.SELECTED_NODE)
        if selected is not None and selected != node.name:
            return REASON_NONE, f"claim {name_of(claim)} is being provisioned for node {selected}"
        taken = [name_of(volume) for _, volume in bindings]
        volume = None if selected else volumes.matching_volume(claim, available, node.labels, taken=taken)
        if volume is not None:
            bindings.append((claim, volume))
            continue
        refused = unprovisionable(claim, node, lister)
        if refused:
            return refused
        provisions.append(claim)
    return Plan(tuple(bindings), tuple(provisions))


def bound_to(volume: Object, claim: Object) -> Object:
    """The volume with the claim entered, as the volume binder expects it (``GetBindVolumeToClaim``)."""
    volume = copy_of(volume)
    if not volume["spec"].get("claimRef"):
        volume["metadata"].setdefault("annotations", {})[volumes.BOUND_BY_CONTROLLER] = "yes"
    volume["spec"]["claimRef"] = {
        "kind": "PersistentVolumeClaim",
        "apiVersion": "v1",
        "namespace": namespace_of(claim),
        "name": name_of(claim),
        "uid": uid_of(claim),
        "resourceVersion": claim["metadata"].get("resourceVersion", ""),
    }
    return volume


def provisioned_on(claim: Object, node: str) -> Object:
    """The claim with the node that its provisioner shall serve."""
    claim = copy_of(claim)
    claim["metadata"].setdefault("annotations", {})[volumes.SELECTED_NODE] = node
    return claim
