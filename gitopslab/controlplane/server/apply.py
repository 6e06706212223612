"""Server-side apply: what an object is once a manager's configuration is merged into it, and who owns what then.

``writing`` and ``scaling`` call ``applied``. An apply goes::

    live, config ─ merged ─ pruned of what is no longer applied ─ differences ─ conflicts, or the others' loss

The rules are those of ``structured-merge-diff/merge``. Defaults, validation and storing are left to ``registry``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from functools import reduce

from gitopslab.controlplane.server.configuration import check_config, gvk
from gitopslab.controlplane.server.custom.decoding import read as read_custom
from gitopslab.controlplane.server.custom.version import CustomResource
from gitopslab.controlplane.server.differences import Differences, OneVersion, Versions, struct_for
from gitopslab.controlplane.server.fieldset import FieldSet, difference, intersection, members, union, without_below
from gitopslab.controlplane.server.managers import Manager, in_order
from gitopslab.controlplane.server.resetfields import NEVER_OWNED, SYSTEM, ignored_fields
from gitopslab.controlplane.server.structured import compare, cut, fields_of, merged, named_fields
from gitopslab.errors import ConflictError, unclassified
from gitopslab.machinery.clock import timestamp
from gitopslab.machinery.kinds import Resource
from gitopslab.machinery.objects import Object, annotations_of, name_of, namespace_of
from gitopslab.machinery.schema import Slot, Struct, root_of
from gitopslab.machinery.three_way import LAST_APPLIED
from gitopslab.machinery.typed import Reader, TypedError

_STRIPPED: FieldSet = {
    "f:apiVersion": {},
    "f:kind": {},
    "f:metadata": {".": {}, **{f"f:{name}": {} for name in SYSTEM}},
}


def check(resource: Resource, config: Object) -> None:
    """Refuse a configuration that does not fit the type it is applied as.

    Raises:
        ApiError: 400.
    """
    check_config(resource, struct_for(resource), config)


def applied(
    resource: Resource,
    current: Object | None,
    config: Object,
    *,
    manager: str,
    force: bool,
    subresource: str,
    now: float,
    versions: Versions | None = None,
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
        versions: Of the object's kind; None when there is one.

    Raises:
        ConflictError: Others own fields that would change.
        ApiError: The configuration does not fit its type.
    """
    kind, versions = struct_for(resource), versions or OneVersion()
    check(resource, config)
    root, ignored = root_of(kind), ignored_fields(resource, subresource)
    live, wish = _live(resource, kind, current), _wish(root, config, ignored)
    owners = _owners(resource, kind, current, ignored, now)
    applier = Manager(manager, "Apply", resource.api_version, subresource, "", wish)
    last = next((owner for owner in owners if owner.identity == applier.identity), None)
    others = [owner for owner in owners if owner is not last]
    wanted = merged(root, live, config)
    if last is not None and last.fields:
        wanted = _Pruning(resource, wanted, versions).without(last, [*others, applier])
    found = Differences(resource, live, wanted, subresource=subresource, versions=versions)
    if not force:
        _check_conflicts(others, found, _client_side(kind, live) if manager == "kubectl" else {})
    differs = wanted != live
    since = timestamp(now) if differs else last.time if last else ""
    applier = replace(applier, fields=difference(wish, _STRIPPED), time=since)
    result = _typed(resource, kind, config, wanted if differs else live)
    entries = [owner.entry for owner in in_order([*found.left_to(others), applier]) if owner.fields]
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


class _Pruning:
    """Takes from an object what its applier applied last time, does not now, and nobody else owns.

    Args:
        resource: The type of the object.
        merged: It, with what is applied now.
        versions: Finds and converts to other versions.
    """

    def __init__(self, resource: Resource, merged: Object, versions: Versions) -> None:
        self._resource = resource
        self._merged = merged
        self._versions = versions

    def without(self, last: Manager, owners: list[Manager]) -> Object:
        """The object; ``owners`` are all there are now, with the applier as he is now."""
        at = self._at(last.api_version)
        if at is None:
            return self._merged
        root, whole = root_of(struct_for(at)), self._shown(self._merged, self._resource, at)
        before = named_fields(root, last.fields)
        pruned = cut(root, whole, before) or {}
        for version in sorted({owner.api_version for owner in owners}, key=lambda one: one != last.api_version):
            pruned = self._with_owned(pruned, at, version, owners)
        # Nobody may remove what he did not apply: parts that no one owns come back.
        everything, left = (named_fields(root, fields_of(root, state)) for state in (whole, pruned))
        result = cut(root, whole, intersection(difference(everything, left), before)) or {}
        return self._shown(result, at, self._resource)

    def _with_owned(self, pruned: Object, at: Resource, version: str, owners: list[Manager]) -> Object:
        """What was pruned, with all that those own who wrote in a version."""
        to = self._at(version)
        if to is None:
            return pruned
        root, owned = root_of(struct_for(to)), _joined(owner.fields for owner in owners if owner.api_version == version)
        whole, rest = self._shown(self._merged, self._resource, to), self._shown(pruned, at, to)
        everything, left = (named_fields(root, fields_of(root, state)) for state in (whole, rest))
        kept = cut(root, whole, difference(everything, union(left, named_fields(root, owned)))) or {}
        return self._shown(kept, to, at)

    def _at(self, version: str) -> Resource | None:
        is_own = version == self._resource.api_version
        return self._resource if is_own else self._versions.at(self._resource, version)

    def _shown(self, obj: Object, origin: Resource, to: Resource) -> Object:
        return obj if origin is to else self._versions.converted(obj, origin, to)


def _joined(sets: Iterable[FieldSet]) -> FieldSet:
    return reduce(union, sets, {})


def _check_conflicts(others: list[Manager], found: Differences, allowed: FieldSet) -> None:
    conflicts: list[tuple[Manager, str]] = []
    for owner in sorted(others, key=lambda owner: owner.sorted_as):
        if (changes := found.at(owner.api_version)) is not None:
            taken = difference(intersection(owner.fields, changes[0]), allowed)
            conflicts += [(owner, path) for path in members(taken)]
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
