"""Field managers that Flux takes over before it compares: what kubectl set is kustomize-controller's from then on.

So what somebody added with ``kubectl edit`` is removed again, not only what he changed: a field that Flux owns and Git
does not have goes away with the next apply. Source: ``fluxcd/pkg/ssa/manager_apply.go``, ``managed_fields.go``.
"""

from __future__ import annotations

from typing import Any

from gitopslab.machinery.clock import timestamp
from gitopslab.machinery.objects import Object, annotations_of, copy_of

MANAGER = "kustomize-controller"
"""Who applies."""

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_APPLY, _UPDATE = "Apply", "Update"
_TAKEN = ("kubectl", "before-first-apply")


def taken_over(live: Object, now: float) -> list[Object]:
    """The JSON patch that takes over what kubectl and the like own; empty when there is nothing of theirs.

    Args:
        live: The object as it is.
        now: Seconds since the epoch.
    """
    entries = live["metadata"].get("managedFields") or []
    taken = [entry for entry in entries if _is_taken(entry)]
    patch: list[Object] = []
    if taken:
        kept = [entry for entry in entries if not _is_taken(entry)]
        own = next((e for e in kept if e.get("manager") == MANAGER and e.get("operation") == _APPLY), None)
        fields: Object = copy_of(own.get("fieldsV1") or {}) if own is not None else {}
        for entry in taken:
            _add(fields, entry.get("fieldsV1") or {})
        merged = {
            "manager": MANAGER,
            "operation": _APPLY,
            "apiVersion": live["apiVersion"],
            "time": timestamp(now),
            "fieldsType": "FieldsV1",
            "fieldsV1": fields,
        }
        others = [entry for entry in kept if entry is not own]
        patch.append({"op": "replace", "path": "/metadata/managedFields", "value": [merged, *others]})
    if LAST_APPLIED in annotations_of(live):
        patch.append({"op": "remove", "path": f"/metadata/annotations/{LAST_APPLIED.replace('/', '~1')}"})
    return patch


def _is_taken(entry: Object) -> bool:
    if entry.get("subresource"):
        return False
    manager = str(entry.get("manager", ""))
    return manager.startswith(_TAKEN) or (manager == MANAGER and entry.get("operation") == _UPDATE)


def _add(fields: Object, more: Any) -> None:
    for key, value in more.items():
        _add(fields.setdefault(key, {}), value)
