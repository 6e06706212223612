"""Who owns which field: ``metadata.managedFields`` and server-side apply.

``registry`` calls ``tracked`` for every create, update and patch, ``writing`` calls ``applied`` for server-side apply.
A write goes::

    before, after ─ structured.compare ─ what changed ─┬─ is taken from every other manager (an apply may be refused)
                                                       └─ is given to the manager who writes

The rules are those of ``apimachinery/pkg/util/managedfields`` and ``structured-merge-diff/merge``. Entries keep the
form they have on the wire, so nothing is converted on a write. Defaults, validation and storing are left to
``registry``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any

from gitopslab.controlplane.server.configuration import check_config, gvk
from gitopslab.controlplane.server.custom.decoding import read as read_custom
from gitopslab.controlplane.server.custom.version import CustomResource
from gitopslab.controlplane.server.fieldset import FieldSet, difference, intersection, members, union, without_below
from gitopslab.controlplane.server.resetfields import NEVER_OWNED, SYSTEM, ignored_fields
from gitopslab.controlplane.server.structured import compare, cut, fields_of, merged, named_fields
from gitopslab.errors import ConflictError, unclassified
from gitopslab.machinery import schema
from gitopslab.machinery.clock import timestamp
from gitopslab.machinery.kinds import Resource
from gitopslab.machinery.objects import Object, annotations_of, name_of, namespace_of
from gitopslab.machinery.schema import Slot, Struct, root_of
from gitopslab.machinery.three_way import LAST_APPLIED
from gitopslab.machinery.typed import Reader, TypedError

_MOST_UPDATERS = 10
_STRIPPED: FieldSet = {
    "f:apiVersion": {},
    "f:kind": {},
    "f:metadata": {".": {}, **{f"f:{name}": {} for name in SYSTEM}},
}


@dataclass(frozen=True, slots=True)
class Manager:
    """One owner and what it owns: an entry of ``managedFields``."""

    name: str
    operation: str
    api_version: str
    subresource: str = ""
    time: str = ""
    fields: FieldSet = field(default_factory=dict, compare=False)

    @staticmethod
    def of(entry: Object) -> Manager:
        """The entry as it stands in an object."""
        return Manager(
            entry.get("manager", ""),
            entry.get("operation", ""),
            entry.get("apiVersion", ""),
            entry.get("subresource", ""),
            entry.get("time", ""),
            entry.get("fieldsV1") or {},
        )

    @property
    def entry(self) -> Object:
        """As it goes into an object."""
        entry = {
            "manager": self.name,
            "operation": self.operation,
            "apiVersion": self.api_version,
            "time": self.time,
            "fieldsType": "FieldsV1",
            "fieldsV1": self.fields,
            "subresource": self.subresource,
        }
        return {key: value for key, value in entry.items() if value or key == "fieldsV1"}

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """What tells managers apart; an applier is one over all versions."""
        return self.name, self.operation, self.api_version if self.operation == "Update" else "", self.subresource

    @property
    def sorted_as(self) -> str:
        """Their identity in the form the API server sorts them by."""
        parts = zip(("manager", "operation", "apiVersion", "subresource"), self.identity, strict=True)
        return json.dumps({key: value for key, value in parts if value}, separators=(",", ":"))

    def __str__(self) -> str:
        where = f' with subresource "{self.subresource}"' if self.subresource else ""
        how = f" using {self.api_version}" if self.operation == "Update" else ""
        return f'"{self.name}"{where}{how}'


def tracked(
    resource: Resource, before: Object | None, after: Object, *, manager: str, subresource: str, now: float
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
    kind = _struct_for(resource)
    ignored = ignored_fields(resource, subresource)
    changed, removed = compare(kind, before if before is not None else kind.zero, after, ignored)
    if changed or removed:
        writer = Manager(manager or "unknown", "Update", resource.api_version, subresource, timestamp(now), changed)
        entries = [owner.entry for owner in _updated([Manager.of(entry) for entry in entries], writer, removed)]
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
        for entry in given
    )
    return given if readable else live


def _struct_for(resource: Resource) -> Struct:
    return resource.version_spec.struct if isinstance(resource, CustomResource) else schema.struct_for(resource)


def _updated(owners: list[Manager], writer: Manager, removed: FieldSet) -> list[Manager]:
    """The managers after an update: the writer has what changed, the others have lost it."""
    kept = []
    for owner in owners:
        rest = difference(difference(owner.fields, writer.fields), removed)
        if rest and owner.identity == writer.identity:
            writer = (
                replace(writer, fields=union(writer.fields, rest)) if writer.fields else replace(owner, fields=rest)
            )
        elif rest:
            kept.append(owner if rest is owner.fields else replace(owner, fields=rest))
    if writer.fields:
        kept.append(writer)
    return in_order(_capped(kept))


def in_order(owners: list[Manager]) -> list[Manager]:
    """Managers as an object lists them: appliers first, the older ones before the younger."""
    return sorted(owners, key=lambda o: (o.operation, o.time, o.name, o.api_version, o.subresource))


def _capped(owners: list[Manager]) -> list[Manager]:
    """At most ten updaters are told apart; the oldest become ``ancient-changes``."""
    updaters = [o for o in owners if o.operation == "Update"]
    if len(updaters) <= _MOST_UPDATERS:
        return owners
    updaters.sort(key=lambda o: (o.time, o.sorted_as))
    old, rest = updaters[: len(updaters) - _MOST_UPDATERS + 1], updaters[len(updaters) - _MOST_UPDATERS + 1 :]
    fields: FieldSet = {}
    for owner in old:
        fields = union(fields, owner.fields)
    bucket = Manager("ancient-changes", "Update", old[-1].api_version, "", old[-1].time, fields)
    return [o for o in owners if o.operation != "Update"] + [bucket, *rest]


# -- Server-side apply ------------------------------------------------------------------------------------------------


def check(resource: Resource, config: Object) -> None:
    """Refuse a configuration that does not fit the type it is applied as.

    Raises:
        ApiError: 400.
    """
    check_config(resource, _struct_for(resource), config)


def applied(
    resource: Resource,
    current: Object | None,
    config: Object,
    *,
    manager: str,
    force: bool,
    subresource: str,
    now: float,
) -> Object:
    """The object after a server-side apply, with its ``managedFields``; neither argument is changed.

    Args:
        resource: The type of the object.
        current: Its live state; None when there is none yet.
        config: What the manager wants, and nothing else.
        manager: Who applies.
        force: Whether to take over fields that others own.
        subresource: Through which path.
        now: The time, in seconds since the epoch.

    Raises:
        ConflictError: Others own fields that would change.
        ApiError: The configuration does not fit its type.
    """
    kind = _struct_for(resource)
    check(resource, config)
    root, ignored = root_of(kind), ignored_fields(resource, subresource)
    live, wish = _live(resource, kind, current), _wish(root, config, ignored)
    owners = _owners(resource, kind, current, ignored, now)
    applier = Manager(manager, "Apply", resource.api_version, subresource, "", wish)
    last = next((owner for owner in owners if owner.identity == applier.identity), None)
    others = [owner for owner in owners if owner is not last]
    wanted = _pruned(root, merged(root, live, config), last, [*others, applier])
    changed, removed = compare(kind, live, wanted, ignored)
    if not force:
        allowed = _client_side(kind, live) if manager == "kubectl" else {}
        _check_conflicts(others, changed, allowed)
    differs = wanted != live
    since = timestamp(now) if differs else last.time if last else ""
    applier = replace(applier, fields=difference(wish, _STRIPPED), time=since)
    kept = [replace(owner, fields=difference(difference(owner.fields, changed), removed)) for owner in others]
    result = _typed(resource, kind, config, wanted if differs else live)
    entries = [owner.entry for owner in in_order([*kept, applier]) if owner.fields]
    result["metadata"] |= {"managedFields": entries} if entries else {}
    if manager == "kubectl" and annotations_of(result).get(LAST_APPLIED):
        result["metadata"]["annotations"][LAST_APPLIED] = _last_applied(config)
    return result


def _live(resource: Resource, kind: Struct, current: Object | None) -> Object:
    """The live object without its managers; an empty one of its kind when there is none."""
    if current is None:
        return {"apiVersion": resource.api_version, "kind": resource.kind, **kind.zero}
    metadata = {key: value for key, value in current.get("metadata", {}).items() if key != "managedFields"}
    return {**current, "metadata": metadata}


def _owners(
    resource: Resource, kind: Struct, current: Object | None, ignored: frozenset[str], now: float
) -> list[Manager]:
    """The managers of the live object; one for all its fields when nobody tracked them."""
    if current is None:
        return []
    entries = current.get("metadata", {}).get("managedFields")
    if entries:
        return [Manager.of(entry) for entry in entries]
    fields, _ = compare(kind, kind.zero, current, ignored)
    return [Manager("before-first-apply", "Update", resource.api_version, "", timestamp(now), fields)]


def _wish(root: Slot, config: Object, ignored: frozenset[str]) -> FieldSet:
    """The fields a configuration owns once applied."""
    reset = ignored - NEVER_OWNED
    fields = fields_of(root, {name: value for name, value in config.items() if name not in reset})
    below: FieldSet = {}
    for name in reset:
        part, _, field = name.partition(".")
        if field:
            below.setdefault(f"f:{part}", {})[f"f:{field}"] = {}
    return without_below(fields, below) if below else fields


def _pruned(root: Slot, merged: Object, last: Manager | None, owners: list[Manager]) -> Object:
    """What was merged, without what the applier applied last time, does not now, and nobody else owns."""
    if last is None or not last.fields:
        return merged
    before = named_fields(root, last.fields)
    pruned = cut(root, merged, before) or {}
    owned: FieldSet = {}
    for owner in owners:
        owned = union(owned, owner.fields)
    everything = named_fields(root, fields_of(root, merged))
    left = named_fields(root, fields_of(root, pruned))
    pruned = cut(root, merged, difference(everything, union(left, named_fields(root, owned)))) or {}
    # Nobody may remove what he did not apply: parts that no one owns come back.
    left = named_fields(root, fields_of(root, pruned))
    result: Object = cut(root, merged, intersection(difference(everything, left), before)) or {}
    return result


def _check_conflicts(others: list[Manager], changed: FieldSet, allowed: FieldSet) -> None:
    conflicts: list[tuple[Manager, str]] = []
    for owner in sorted(others, key=lambda owner: owner.sorted_as):
        found = difference(intersection(owner.fields, changed), allowed)
        conflicts += [(owner, path) for path in members(found)]
    if not conflicts:
        return
    causes = [
        {"reason": "FieldManagerConflict", "message": f"conflict with {owner}", "field": path}
        for owner, path in conflicts
    ]
    raise ConflictError(409, "Conflict", _conflict_text(conflicts), details={"causes": causes})


def _conflict_text(conflicts: list[tuple[Manager, str]]) -> str:
    if len(conflicts) == 1:
        owner, path = conflicts[0]
        return f"Apply failed with 1 conflict: conflict with {owner}: {path}"
    lines: list[str] = []
    for owner in dict.fromkeys(owner for owner, _ in conflicts):
        lines.append(f"conflicts with {owner}:")
        lines += [f"- {path}" for who, path in conflicts if who == owner]
    return f"Apply failed with {len(conflicts)} conflicts: " + "\n".join(lines)


def _typed(resource: Resource, kind: Struct, config: Object, wanted: Object) -> Object:
    try:
        if isinstance(resource, CustomResource):
            return read_custom(resource, wanted)[0]
        return Reader(unstructured=True).read(kind, wanted)
    except TypedError as error:
        place = f"{namespace_of(config)}/{name_of(config)}; {gvk(resource.api_version, resource.kind)}"
        why = f"unable to convert unstructured object to {gvk(resource.api_version, resource.kind)}"
        raise unclassified(
            f"failed to convert new object ({place}) to proper version: {why}: error decoding from json: {error}"
        ) from error


# -- From client-side to server-side apply ----------------------------------------------------------------------------


def _client_side(kind: Struct, live: Object) -> FieldSet:
    """The fields kubectl applied from the client and nobody changed since; server-side kubectl may take them over."""
    try:
        before = json.loads(annotations_of(live).get(LAST_APPLIED) or "null")
    except ValueError:
        return {}
    if not isinstance(before, dict) or before.get("apiVersion") != live.get("apiVersion"):
        return {}
    changed, removed = compare(kind, before, live, frozenset())
    return difference(difference(fields_of(root_of(kind), before), changed), removed)


def _last_applied(config: Object) -> str:
    """The configuration as ``kubectl apply`` would note it, so that going back to client-side apply works."""
    metadata = dict(config.get("metadata", {}))
    if metadata.get("annotations"):
        metadata["annotations"] = {k: v for k, v in metadata["annotations"].items() if k != LAST_APPLIED}
    return (
        json.dumps({**config, "metadata": metadata}, separators=(",", ":"), sort_keys=True, ensure_ascii=False) + "\n"
    )
