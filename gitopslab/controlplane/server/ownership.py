"""Who owns which field after a create, an update or a patch: ``metadata.managedFields``.

``registry`` calls ``tracked``. A write goes::

    before, after ─ differences ─ what changed ─┬─ is taken from every other manager
                                                └─ is given to the manager who writes

The rules are those of ``apimachinery/pkg/util/managedfields`` and ``structured-merge-diff/merge``. Server-side apply is
``apply``'s; defaults, validation and storing are left to ``registry``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gitopslab.controlplane.server.differences import Differences, OneVersion, Versions
from gitopslab.controlplane.server.fieldset import is_readable, union
from gitopslab.controlplane.server.managers import Manager, capped, in_order
from gitopslab.machinery.clock import timestamp
from gitopslab.machinery.kinds import Resource
from gitopslab.machinery.objects import Object


def tracked(
    resource: Resource,
    before: Object | None,
    after: Object,
    *,
    manager: str,
    subresource: str,
    now: float,
    versions: Versions | None = None,
) -> None:
    """Note in ``after`` who owns what, once it has been created or updated.

    Call it when defaults are set and before admission and the registry strategies change the object, since what the
    server does on its own has no owner.

    Args:
        resource: The type of the object.
        before: Its earlier state; None on a create.
        after: Its new state, changed in place.
        manager: Who writes; empty is ``unknown``.
        subresource: Through which path.
        now: The time, in seconds since the epoch.
        versions: Of the object's kind; None when there is one.
    """
    metadata = after.setdefault("metadata", {})
    entries = _entries(before, metadata.pop("managedFields", None), subresource)
    # An object whose fields nobody tracked stays so, until somebody applies it.
    if before is not None and not entries:
        return
    # A binding is carried out by the server and makes nobody an owner.
    if subresource == "binding":
        metadata["managedFields"] = entries
        return
    found = Differences(resource, before, after, subresource=subresource, versions=versions or OneVersion())
    changed, removed = found.own
    if changed or removed:
        writer = Manager(manager or "unknown", "Update", resource.api_version, subresource, timestamp(now), changed)
        entries = [owner.entry for owner in _updated([Manager.of(entry) for entry in entries], writer, found)]
    if entries:
        metadata["managedFields"] = entries


def _entries(before: Object | None, given: Any, subresource: str) -> list[Object]:
    """The entries to begin with: those of the request if it brings some, none if it clears them, or the live ones."""
    live = before.get("metadata", {}).get("managedFields") or [] if before is not None else []
    if subresource or given is None:
        return live
    if given in ([], [{}]):
        return []
    readable = all(
        entry.get("operation") in ("Apply", "Update")
        and entry.get("apiVersion")
        and entry.get("fieldsType") == "FieldsV1"
        and is_readable(entry.get("fieldsV1") or {})
        for entry in given
    )
    return given if readable else live


def _updated(owners: list[Manager], writer: Manager, found: Differences) -> list[Manager]:
    """The managers after an update: the writer has what changed, the others have lost it."""
    kept = []
    for owner in found.left_to(owners):
        if owner.fields and owner.identity == writer.identity:
            fields = owner.fields
            writer = replace(writer, fields=union(writer.fields, fields)) if writer.fields else owner
        elif owner.fields:
            kept.append(owner)
    if writer.fields:
        kept.append(writer)
    return in_order(capped(kept))
