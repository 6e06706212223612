"""The rules of deletion, as pure functions on one object.

Called by ``writing``; knows nothing of the store. Upstream: ``apiserver/pkg/registry/rest/delete.go`` (grace) and
``registry/generic/registry/store.go`` (finalizers).
"""

from __future__ import annotations

from gitopslab.controlplane.server.custom import lifecycle
from gitopslab.controlplane.server.custom.version import DEFINITIONS
from gitopslab.controlplane.server.options import DeleteOptions
from gitopslab.machinery.clock import seconds_of, timestamp
from gitopslab.machinery.kinds import Resource
from gitopslab.machinery.objects import Object, is_terminating

ORPHAN = "orphan"
FOREGROUND = "foregroundDeletion"
_ORPHANING = ("jobs.batch", "replicationcontrollers")


def mark(resource: Resource, obj: Object, options: DeleteOptions, now: float) -> bool:
    """Mark an object as being deleted, as far as it must wait.

    Changes ``obj``: deletion time and grace, finalizers for the wished propagation, generation.

    Returns:
        Whether the object may go now. If not, it stays until its finalizers are gone and its grace is over.
    """
    if resource.key == DEFINITIONS and not is_terminating(obj):
        lifecycle.mark(obj, now)
        return False
    grace = _graceful(resource, obj, options, now)
    if grace is None:
        return False
    metadata = obj["metadata"]
    finalizers = _finalizers(resource, metadata.get("finalizers") or [], options)
    if finalizers:
        metadata["finalizers"] = finalizers
    else:
        metadata.pop("finalizers", None)
    waits = bool(finalizers) or bool(_namespace_finalizers(resource, obj))
    if grace > 0:
        return False
    if waits:
        _mark_waiting(resource, obj, now)
    return not waits


def is_told(resource: Resource) -> bool:
    """Whether objects of a kind are shown as being deleted even when they go at once: those that have a grace."""
    return resource.key == "pods"


def is_finished(resource: Resource, obj: Object) -> bool:
    """Whether an object under deletion has nothing left that holds it."""
    metadata = obj["metadata"]
    return (
        is_terminating(obj)
        and not metadata.get("finalizers")
        and not metadata.get("deletionGracePeriodSeconds")
        and not _namespace_finalizers(resource, obj)
    )


def _graceful(resource: Resource, obj: Object, options: DeleteOptions, now: float) -> int | None:
    """The grace in seconds, 0 for none; None when a deletion is already pending and this call changes nothing."""
    if not is_told(resource):
        return 0
    metadata = obj["metadata"]
    if is_terminating(obj):
        left = metadata.get("deletionGracePeriodSeconds")
        if left is None:
            return 0
        if options.grace_seconds is None or (options.grace_seconds >= left and left > 0):
            return None
        asked = seconds_of(metadata["deletionTimestamp"]) - left
        _set_deletion(obj, options.grace_seconds, asked)
        return options.grace_seconds
    grace = _pod_grace(obj, options)
    _set_deletion(obj, grace, now)
    _bump_generation(obj)
    return grace


def _pod_grace(pod: Object, options: DeleteOptions) -> int:
    """A pod that no kubelet runs needs no time to stop (``podStrategy.CheckGracefulDelete``)."""
    if not pod["spec"].get("nodeName") or pod.get("status", {}).get("phase") in ("Succeeded", "Failed"):
        return 0
    wished = options.grace_seconds
    grace = pod["spec"].get("terminationGracePeriodSeconds", 0) if wished is None else wished
    return 1 if grace < 0 else int(grace)


def _finalizers(resource: Resource, present: list[str], options: DeleteOptions) -> list[str]:
    """The finalizers that make the garbage collector do what was asked for.

    Of some kinds dependents are orphaned when nothing is said, for the sake of old clients (``jobStrategy``).
    """
    wished = options.propagation
    orphan = wished == "Orphan" or (wished is None and (ORPHAN in present or resource.key in _ORPHANING))
    foreground = wished == "Foreground" or (wished is None and FOREGROUND in present)
    kept = [name for name in present if name not in (ORPHAN, FOREGROUND)]
    return [*kept, *([ORPHAN] if orphan else []), *([FOREGROUND] if foreground else [])]


def _mark_waiting(resource: Resource, obj: Object, now: float) -> None:
    if resource.key == "namespaces":
        obj.setdefault("status", {})["phase"] = "Terminating"
    if not is_terminating(obj):
        _set_deletion(obj, 0, now)
        _bump_generation(obj)
    elif resource.key != "namespaces":
        obj["metadata"]["deletionGracePeriodSeconds"] = 0
    if resource.key == "namespaces":
        obj["metadata"].pop("deletionGracePeriodSeconds", None)


def _set_deletion(obj: Object, grace: int, now: float) -> None:
    obj["metadata"]["deletionTimestamp"] = timestamp(now + grace)
    obj["metadata"]["deletionGracePeriodSeconds"] = grace


def _bump_generation(obj: Object) -> None:
    if obj["metadata"].get("generation", 0) > 0:
        obj["metadata"]["generation"] += 1


def _namespace_finalizers(resource: Resource, obj: Object) -> list[str]:
    if resource.key != "namespaces":
        return []
    finalizers: list[str] = obj.get("spec", {}).get("finalizers") or []
    return finalizers
