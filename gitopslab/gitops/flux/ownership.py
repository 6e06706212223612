"""Field managers that Flux takes over before it compares: what kubectl set is kustomize-controller's from then on.

So what somebody added with ``kubectl edit`` is removed again, not only what he changed: a field that Flux owns and Git
does not have goes away with the next apply. Source: ``fluxcd/pkg/ssa/manager_apply.go``, ``managed_fields.go``.
"""

from __future__ import annotations

from gitopslab.gitops.flux.kinds import KUSTOMIZE
from gitopslab.gitops.ownership import handed_over
from gitopslab.machinery.objects import Object, annotations_of, labels_of
from gitopslab.machinery.three_way import LAST_APPLIED

MANAGER = "kustomize-controller"
"""Who applies."""

_TAKEN = ("kubectl", "before-first-apply")
_ANNOTATIONS = (LAST_APPLIED, f"{KUSTOMIZE}/checksum", "fluxcd.io/sync-checksum")
_LABELS = ("fluxcd.io/sync-gc-mark",)


def taken_over(live: Object, now: float) -> list[Object]:
    """The JSON patch that takes over what kubectl and the like own; empty when there is nothing of theirs.

    Args:
        live: The object as it is.
        now: Seconds since the epoch.
    """
    patch = handed_over(live, _is_taken, MANAGER, now)
    left = [("annotations", key) for key in _ANNOTATIONS if key in annotations_of(live)]
    left += [("labels", key) for key in _LABELS if key in labels_of(live)]
    return patch + [{"op": "remove", "path": f"/metadata/{where}/{key.replace('/', '~1')}"} for where, key in left]


def _is_taken(entry: Object) -> bool:
    if entry.get("subresource"):
        return False
    manager = str(entry.get("manager", ""))
    return manager.startswith(_TAKEN) or (manager == MANAGER and entry.get("operation") == "Update")
