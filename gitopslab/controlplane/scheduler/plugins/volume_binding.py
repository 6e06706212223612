"""VolumeBinding: a pod can only run where its volumes can be.

Most claims must be bound before the pod is tried; that is the volume binder's work. For claims that wait for their
first consumer, the filter looks for a volume or a provisioner that serves the node, and when the node is chosen, the
pod's binding waits until the claims are bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from gitopslab.controlplane.scheduler.cluster_events import ClusterEvent, node_labels
from gitopslab.controlplane.scheduler.framework import SKIP, SUCCESS, Code, CycleState, Lister, Status
from gitopslab.controlplane.scheduler.nodeinfo import NodeInfo
from gitopslab.controlplane.scheduler.podinfo import PodInfo
from gitopslab.controlplane.scheduler.volume_plan import (
    CAPACITIES,
    CLAIMS,
    CLASSES,
    DRIVERS,
    VOLUMES,
    Plan,
    Refusal,
    bound_to,
    plan,
    provisioned_on,
)
from gitopslab.machinery import volumes
from gitopslab.machinery.node_selector import unmet
from gitopslab.machinery.objects import Object, annotations_of, name_of, namespace_of

NAME = "VolumeBinding"
REASON_UNBOUND = "pod has unbound immediate PersistentVolumeClaims"
REASON_NODE = "node(s) didn't match PersistentVolume's node affinity"
REASON_LOST = "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)"


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


def unreachable(claims: Sequence[Object], node: NodeInfo, lister: Lister) -> list[Refusal]:
    """The first claim whose volume cannot be used on a node, told; empty when all can."""
    for claim in claims:
        name = claim["spec"]["volumeName"]
        volume = lister.get(VOLUMES, name)
        if volume is None:
            return [(REASON_LOST, f"claim {name_of(claim)} is bound to volume {name}, which is gone")]
        terms = volumes.node_terms(volume)
        if terms is not None and not any(term.matches(node.labels, "") for term in terms):
            return [(REASON_NODE, f"volume {name}: {unmet(terms, node.labels, node.name)}")]
    return []


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
        refused = unreachable(claims.bound, node, state.lister)
        if claims.delayed:
            found = plan(claims.delayed, node, state.lister)
            if isinstance(found, Plan):
                claims.plans[node.name] = found
            else:
                refused.append(found)
        if not refused:
            return SUCCESS
        reasons, details = zip(*refused, strict=True)
        return Status(Code.UNRESOLVABLE, reasons, NAME, "; ".join(details))

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
        return event.resource in (VOLUMES, CLASSES, DRIVERS, CAPACITIES)
