"""VolumeBinding: a pod can only run where its volumes can be.

Most claims must be bound before the pod is tried; that is the volume binder's work. For claims that wait for their
first consumer, the filter looks for a volume or a provisioner that serves the node, and when the node is chosen, the
pod's binding waits until the claims are bound.

Simplified: no storage capacity tracking (CSIStorageCapacity), which the lab's API does not have.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gitopslab.controlplane.scheduler.cluster_events import ClusterEvent, node_labels
from gitopslab.controlplane.scheduler.framework import SKIP, SUCCESS, Code, CycleState, Lister, Status
from gitopslab.controlplane.scheduler.nodeinfo import NodeInfo
from gitopslab.controlplane.scheduler.podinfo import PodInfo
from gitopslab.machinery import volumes
from gitopslab.machinery.objects import Object, annotations_of, copy_of, name_of, namespace_of, uid_of

NAME = "VolumeBinding"
CLAIMS, VOLUMES, CLASSES = "persistentvolumeclaims", "persistentvolumes", "storageclasses.storage.k8s.io"
REASON_UNBOUND = "pod has unbound immediate PersistentVolumeClaims"
REASON_NODE = "node(s) didn't match PersistentVolume's node affinity"
REASON_NONE = "node(s) didn't find available persistent volumes to bind"
REASON_LOST = "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)"


@dataclass(frozen=True, slots=True)
class Plan:
    """What has to be written so that the claims can be used on one node."""

    bindings: tuple[tuple[Object, Object], ...] = ()
    provisions: tuple[Object, ...] = ()


@dataclass(slots=True)
class Claims:
    """A pod's claims, and the plan for each node."""

    bound: list[Object] = field(default_factory=list)
    delayed: list[Object] = field(default_factory=list)
    plans: dict[str, Plan] = field(default_factory=dict)


def trouble(pod: PodInfo, name: str, claim: Object | None) -> str:
    """Why a claim cannot be used at all, whatever the node; empty if it can."""
    generated = name not in pod.named_claims
    if claim is None and generated:
        return f'waiting for ephemeral volume controller to create the persistentvolumeclaim "{name}"'
    if claim is None:
        return f'persistentvolumeclaim "{name}" not found'
    if (claim.get("status") or {}).get("phase") == "Lost":
        volume = claim["spec"].get("volumeName", "")
        return f'persistentvolumeclaim "{name}" bound to non-existent persistentvolume "{volume}"'
    if claim["metadata"].get("deletionTimestamp"):
        return f'persistentvolumeclaim "{name}" is being deleted'
    owners = [owner.get("uid") for owner in claim["metadata"].get("ownerReferences") or ()]
    if generated and pod.uid not in owners:
        spelled = f"{pod.namespace}/{name} was not created for pod {pod.namespace}/{pod.name}"
        return f"PVC {spelled} (pod is not owner)"
    return ""


def is_allowed(storage_class: Object, labels: Mapping[str, str]) -> bool:
    """Whether a class may provision for a node, by its ``allowedTopologies``."""
    topologies = storage_class.get("allowedTopologies") or ()
    return not topologies or any(
        all(labels.get(item["key"]) in item["values"] for item in topology.get("matchLabelExpressions") or ())
        for topology in topologies
    )


def plan(claims: Sequence[Object], node: NodeInfo, lister: Lister) -> Plan | None:
    """How unbound claims could be served on a node: by volumes that are there, or by provisioning; None if not."""
    bindings: list[tuple[Object, Object]] = []
    provisions: list[Object] = []
    available = list(lister.list(VOLUMES))
    for claim in sorted(claims, key=volumes.requested):
        selected = annotations_of(claim).get(volumes.SELECTED_NODE)
        if selected is not None and selected != node.name:
            return None
        taken = [name_of(volume) for _, volume in bindings]
        volume = None if selected else volumes.matching_volume(claim, available, node.labels, taken=taken)
        if volume is not None:
            bindings.append((claim, volume))
            continue
        storage_class = lister.get(CLASSES, volumes.class_of(claim)) or {}
        provisioner = storage_class.get("provisioner") or volumes.NO_PROVISIONER
        if provisioner == volumes.NO_PROVISIONER or not is_allowed(storage_class, node.labels):
            return None
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


class VolumeBinding:
    """Filters by volumes, and binds claims that waited for their consumer."""

    name = NAME

    def pre_filter(self, state: CycleState, pod: PodInfo) -> tuple[Status, set[str] | None]:
        """Look up the claims; skip pods without any, reject pods whose claims are not ready to be used."""
        if not pod.claim_names:
            return SKIP, None
        found, waiting = Claims(), False
        for name in pod.claim_names:
            claim = state.lister.get(CLAIMS, name, pod.namespace)
            why = trouble(pod, name, claim)
            if why or claim is None:
                return Status(Code.UNRESOLVABLE, (why,), NAME), None
            if volumes.is_bound(claim):
                found.bound.append(claim)
            elif self._is_delayed(state.lister, claim):
                found.delayed.append(claim)
            else:
                waiting = True
        if waiting:
            return Status(Code.UNRESOLVABLE, (REASON_UNBOUND,), NAME), None
        state.data[NAME] = found
        return SUCCESS, None

    def _is_delayed(self, lister: Lister, claim: Object) -> bool:
        storage_class = lister.get(CLASSES, volumes.class_of(claim))
        return volumes.waits_for_consumer(storage_class) and not claim["spec"].get("volumeName")

    def filter(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> Status:
        """Refuse nodes that a bound volume cannot reach, or that no volume is to be had for."""
        claims: Claims = state.data[NAME]
        reasons = self._unreachable(state.lister, claims.bound, node)
        if claims.delayed:
            found = plan(claims.delayed, node, state.lister)
            if found is None:
                reasons.append(REASON_NONE)
            else:
                claims.plans[node.name] = found
        return Status(Code.UNRESOLVABLE, tuple(reasons), NAME, "; ".join(reasons)) if reasons else SUCCESS

    def _unreachable(self, lister: Lister, claims: Sequence[Object], node: NodeInfo) -> list[str]:
        for claim in claims:
            volume = lister.get(VOLUMES, claim["spec"]["volumeName"])
            if volume is None:
                return [REASON_LOST]
            if not volumes.is_reachable(volume, node.labels):
                return [REASON_NODE]
        return []

    def changes(self, state: CycleState, pod: PodInfo, node: str) -> tuple[Object, ...]:
        """Volumes with their claims entered, and claims with the node to provision for."""
        claims: Claims | None = state.data.get(NAME)
        found = claims.plans.get(node, Plan()) if claims else Plan()
        return (
            *(bound_to(volume, claim) for claim, volume in found.bindings),
            *(provisioned_on(claim, node) for claim in found.provisions),
        )

    def settled(self, lister: Lister, pod: PodInfo, node: str) -> Status:
        """Wait until every claim is bound; give up when a provisioner has given up on the node."""
        for name in pod.claim_names:
            claim = lister.get(CLAIMS, name, pod.namespace)
            if claim is None:
                return Status(Code.ERROR, (f'binding volumes: persistentvolumeclaim "{name}" not found',), NAME)
            if not volumes.is_bound(claim):
                served = any(volumes.is_for(volume, claim) for volume in lister.list(VOLUMES))
                if not served and annotations_of(claim).get(volumes.SELECTED_NODE) != node:
                    return Status(Code.ERROR, (f'binding volumes: provisioning failed for PVC "{name}"',), NAME)
                return Status(Code.WAIT, (), NAME)
        return SUCCESS

    def awaits(self, pod: PodInfo, event: ClusterEvent) -> bool:
        """A claim of the pod came or changed, or volumes, classes or nodes did."""
        if event.after is None:
            return False
        if event.resource == CLAIMS:
            return namespace_of(event.object) == pod.namespace and name_of(event.object) in pod.claim_names
        if event.resource == "nodes":
            return node_labels(event.before) != node_labels(event.after)
        return event.resource in (VOLUMES, CLASSES)
