"""The claims of a StatefulSet's pods: made before a pod, kept or deleted as its retention policy says.

Called by ``statefulset``. Binding claims to volumes is ``volume``'s; deleting what has lost its owner is ``garbage``'s.

Upstream: ``pkg/controller/statefulset/stateful_pod_control.go``.
"""

from __future__ import annotations

from gitopslab.controlplane.controllers.statefuls import claims_of, ordinal_of, start_of
from gitopslab.controlplane.runtime.api import Api
from gitopslab.controlplane.runtime.informer import Informer
from gitopslab.controlplane.runtime.recorder import Recorder
from gitopslab.errors import AlreadyExistsError, ApiError
from gitopslab.machinery.objects import (
    Object,
    controller_reference,
    is_terminating,
    name_of,
    namespace_of,
    owners_of,
    uid_of,
)

RESOURCE = "persistentvolumeclaims"


class Claims:
    """Claims of StatefulSets' pods.

    Args:
        api: Where they are written.
        informer: Where they are read.
        recorder: Speaks for the controller.
    """

    def __init__(self, api: Api, informer: Informer, recorder: Recorder) -> None:
        self._api = api
        self._informer = informer
        self._recorder = recorder

    def create(self, stateful_set: Object, pod: Object) -> list[str]:
        """Create the claims that a pod lacks.

        Returns:
            What stands in the way of the pod, in words; empty when all its claims are there.
        """
        problems = []
        for wanted in claims_of(stateful_set, ordinal_of(pod)):
            name = name_of(wanted)
            known = self._informer.get(name, namespace_of(wanted))
            if known is not None:
                problems += [f"pvc {name} is being deleted"] if is_terminating(known) else []
                continue
            try:
                self._api.create(wanted)
            except ApiError as error:
                problems.append(f"failed to create PVC {name}: {error.message}")
                if not isinstance(error, AlreadyExistsError):
                    what = f"Create Claim {name} for Pod {name_of(pod)} in StatefulSet {name_of(stateful_set)}"
                    self._recorder.event(
                        stateful_set, "Warning", "FailedCreate", f"{what} failed error: {error.message}"
                    )
            else:
                what = f"Create Claim {name} Pod {name_of(pod)} in StatefulSet {name_of(stateful_set)}"
                self._recorder.event(stateful_set, "Normal", "SuccessfulCreate", f"{what} success")
        return problems

    def are_stale(self, stateful_set: Object, pod: Object) -> bool:
        """Whether a pod that is to be created would find a claim that goes with its predecessor."""
        if _policy(stateful_set)[1] != "Delete":
            return False
        found = (
            self._informer.get(name_of(each), namespace_of(each)) for each in claims_of(stateful_set, ordinal_of(pod))
        )
        return any(claim is not None and _is_stale(claim, pod) for claim in found)

    def retain(self, stateful_set: Object, pod: Object) -> bool:
        """Bring the owners of a pod's claims in line with the retention policy; whether any had to change."""
        changed = False
        for wanted in claims_of(stateful_set, ordinal_of(pod)):
            claim = self._informer.get(name_of(wanted), namespace_of(wanted))
            owners = retained(claim, stateful_set, pod) if claim is not None else None
            if claim is None or owners is None:
                continue
            if has_foreign_controller(claim, stateful_set, pod):
                whose = "has a conflicting OwnerReference that acts as a manging controller"
                message = (
                    f"PersistentVolumeClaim {name_of(claim)} {whose}, the retention policy is ignored for this claim"
                )
                self._recorder.event(stateful_set, "Warning", "ConflictingController", message)
            change = {"metadata": {"ownerReferences": owners or None}}
            self._api.patch(RESOURCE, name_of(claim), change, namespace_of(claim))
            changed = True
        return changed


def _policy(stateful_set: Object) -> tuple[str, str]:
    """What becomes of claims when the StatefulSet is deleted, and when it is made smaller."""
    policy = stateful_set["spec"].get("persistentVolumeClaimRetentionPolicy") or {}
    return policy.get("whenDeleted") or "Retain", policy.get("whenScaled") or "Retain"


def retained(claim: Object, stateful_set: Object, pod: Object) -> list[Object] | None:
    """The owner references a claim should get under ``persistentVolumeClaimRetentionPolicy``; None when it has them.

    A claim that goes with its StatefulSet is owned by it; one that goes when its pod is scaled away, by that pod. One
    of an earlier StatefulSet or pod of the same name, or of another controller, is left alone.
    """
    if _is_stale(claim, stateful_set) or _is_stale(claim, pod):
        return None
    ours = [owner for owner in owners_of(claim) if owner.get("uid") in (uid_of(stateful_set), uid_of(pod))]
    others = [owner for owner in owners_of(claim) if not _names(owner, stateful_set) and not _names(owner, pod)]
    if has_foreign_controller(claim, stateful_set, pod):
        return others if ours else None
    wanted = [controller_reference(owner) for owner in _owners(stateful_set, pod)]
    is_right = {owner["uid"] for owner in ours} == {owner["uid"] for owner in wanted}
    return None if is_right and all(owner.get("controller") for owner in ours) else [*others, *wanted]


def _owners(stateful_set: Object, pod: Object) -> list[Object]:
    when_deleted, when_scaled = _policy(stateful_set)
    first = start_of(stateful_set)
    is_scaled_down = not first <= ordinal_of(pod) < first + stateful_set["spec"].get("replicas", 1)
    if when_scaled == "Delete" and is_scaled_down:
        return [pod]
    return [stateful_set] if when_deleted == "Delete" else []


def has_foreign_controller(claim: Object, stateful_set: Object, pod: Object) -> bool:
    """Whether something else manages a claim that the retention policy would have the StatefulSet manage."""
    if _policy(stateful_set) == ("Retain", "Retain"):
        return False
    others = (owner for owner in owners_of(claim) if not _names(owner, stateful_set) and not _names(owner, pod))
    return any(owner.get("controller") for owner in others)


def _names(owner: Object, obj: Object) -> bool:
    """Whether an owner reference names an object, be it this one or an earlier one of the same name."""
    return (owner.get("apiVersion"), owner.get("kind"), owner.get("name")) == (
        obj["apiVersion"],
        obj["kind"],
        name_of(obj),
    )


def _is_stale(claim: Object, obj: Object) -> bool:
    """Whether a claim is owned by an earlier object of this name."""
    named = next((owner for owner in owners_of(claim) if _names(owner, obj)), None)
    return named is not None and named.get("uid") != uid_of(obj)
