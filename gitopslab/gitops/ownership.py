"""Field managers whose fields go to another one, so that what he does not want any more goes away with his next apply.

Sources: ``fluxcd/pkg/ssa/managed_fields.go``, ``client-go/util/csaupgrade``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gitopslab.machinery.clock import timestamp
from gitopslab.machinery.objects import Object, copy_of


def handed_over(live: Object, is_theirs: Callable[[Object], bool], manager: str, now: float) -> list[Object]:
    """The JSON patch that makes fields a server-side applier's; empty when there is nothing to hand over.

    Args:
        live: The object as it is.
        is_theirs: Whether an entry of ``managedFields`` is to be handed over.
        manager: To whom.
        now: Seconds since the epoch.
    """
    entries = live["metadata"].get("managedFields") or []
    taken = [entry for entry in entries if is_theirs(entry)]
    if not taken:
        return []
    kept = [entry for entry in entries if not is_theirs(entry)]
    own = next((e for e in kept if e.get("manager") == manager and e.get("operation") == "Apply"), None)
    fields: Object = copy_of(own.get("fieldsV1") or {}) if own is not None else {}
    for entry in taken:
        _add(fields, entry.get("fieldsV1") or {})
    merged = {
        "manager": manager,
        "operation": "Apply",
        "apiVersion": live["apiVersion"],
        "time": timestamp(now),
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
    }
    others = [entry for entry in kept if entry is not own]
    return [{"op": "replace", "path": "/metadata/managedFields", "value": [merged, *others]}]


def _add(fields: Object, more: Any) -> None:
    for key, value in more.items():
        _add(fields.setdefault(key, {}), value)
