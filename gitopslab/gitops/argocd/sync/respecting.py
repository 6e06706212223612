"""``RespectIgnoreDifferences``: a sync leaves alone what the comparison leaves out.

The fields that rules ignore are taken from the live object into the target before it is applied. Source:
``normalizeTargetResources`` in ``controller/sync.go``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from gitopslab.gitops.argocd.ignoring import Rules, read, without_fields_of
from gitopslab.gitops.argocd.state import Comparison, Managed
from gitopslab.machinery.merge import below, field_of, item_key, same
from gitopslab.machinery.objects import Object, copy_of
from gitopslab.machinery.schema import Field, Struct, struct_of


def respecting(comparison: Comparison, rules: Iterable[Object]) -> Comparison:
    """A comparison whose targets have the live values of what is ignored.

    Args:
        comparison: As it was made.
        rules: ``spec.ignoreDifferences``.

    Raises:
        IgnoreError: A rule cannot be read.
    """
    known = read(rules)
    return replace(comparison, resources=tuple(_respecting(row, known) for row in comparison.resources))


def _respecting(row: Managed, rules: Rules) -> Managed:
    if row.target is None or row.live is None:
        return row
    live = {field: value for field, value in row.live.items() if field != "status"}
    left, wanted = rules.without(row.live), rules.without(row.target)
    if trusted := rules.trusted(row.live):
        left, wanted = without_fields_of(trusted, left, wanted)
    kind = struct_of(row.target["apiVersion"], row.target["kind"])
    return replace(row, target=_with_ignored(wanted, live, left, kind))


def _with_ignored(wanted: Object, live: Object, left: Object, kind: Struct | None) -> Object:
    """A target with what is in a live object and was left out of it."""
    found = dict(wanted)
    for name, value in live.items():
        if name not in left:
            found[name] = copy_of(value)
        elif not same(value, left[name]):
            found[name] = _value_with_ignored(wanted.get(name), value, left[name], field_of(kind, name))
    return found


def _value_with_ignored(wanted: Any, live: Any, left: Any, field: Field | None) -> Any:
    if isinstance(live, dict) and isinstance(left, dict):
        return _with_ignored(wanted if isinstance(wanted, dict) else {}, live, left, below(field))
    if not isinstance(wanted, list) or field is None or not field.merge_key:
        return copy_of(live)
    key, kind = field.merge_key, below(field)
    there = {str(item_key(item, key)): item for item in live}
    cut = {str(item_key(item, key)): item for item in left}
    found = []
    for item in wanted:
        name = str(item_key(item, key))
        known = name in there and name in cut
        found.append(_with_ignored(item, there[name], cut[name], kind) if known else item)
    return found
