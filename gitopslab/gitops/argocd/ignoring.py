"""``spec.ignoreDifferences``: fields that are left out of a comparison on both sides.

By JSON pointer, by jq path, and by the field manager that owns them. Status is left out of every kind. Source:
``util/argo/normalizers``, ``util/argo/managedfields``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from gitopslab.errors import LabError
from gitopslab.gitops.argocd import jq
from gitopslab.gitops.argocd.glob import matches
from gitopslab.machinery.merge import same
from gitopslab.machinery.objects import Object, copy_of, group_of, name_of, namespace_of

Removal = Callable[[Object], Object]
"""Gives an object without something; it may change the one it is given."""


class IgnoreError(LabError):
    """A rule that cannot be read."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of an Application, read.

    Attributes:
        text: As they stand in the spec; equal rules have equal texts.
        removals: For which objects (a rule), and what is removed.
        managers: For which objects (a rule), and the managers whose fields are.
        aggregated: Whether the rules of roles that others fill are left out.
    """

    text: str
    removals: tuple[tuple[_Where, Removal], ...] = ()
    managers: tuple[tuple[_Where, tuple[str, ...]], ...] = ()
    aggregated: bool = False

    def without(self, obj: Object) -> Object:
        """A copy of an object without what pointers and paths name, and without its status."""
        left: Object = copy_of({field: value for field, value in obj.items() if field != "status"})
        for where, remove in self.removals:
            if where.means(obj):
                left = remove(left)
        return left

    def trusted(self, obj: Object) -> list[str]:
        """The managers whose fields of an object are left out."""
        return [name for where, names in self.managers if where.means(obj) for name in names]


@dataclass(frozen=True, slots=True)
class _Where:
    """Which objects a rule is for; group and kind are patterns, an empty name or namespace is any."""

    group: str
    kind: str
    name: str
    namespace: str

    def means(self, obj: Object) -> bool:
        return (
            matches(self.group, group_of(obj.get("apiVersion", "")))
            and matches(self.kind, obj.get("kind", ""))
            and self.name in ("", name_of(obj))
            and self.namespace in ("", namespace_of(obj))
        )


def read(rules: Iterable[Object], *, aggregated: bool = False) -> Rules:
    """Read ``spec.ignoreDifferences``.

    Args:
        rules: As in the spec.
        aggregated: Also leave out the rules of roles that others fill.

    Raises:
        IgnoreError: A path cannot be read; the message is jq's.
    """
    known = list(rules)
    removals: list[tuple[_Where, Removal]] = []
    managers: list[tuple[_Where, tuple[str, ...]]] = []
    for rule in known:
        where = _Where(rule.get("group", ""), rule["kind"], rule.get("name", ""), rule.get("namespace", ""))
        removals += [(where, _pointer(path)) for path in rule.get("jsonPointers") or ()]
        removals += [(where, _path(path)) for path in rule.get("jqPathExpressions") or ()]
        if rule.get("managedFieldsManagers"):
            managers.append((where, tuple(rule["managedFieldsManagers"])))
    text = json.dumps([known, aggregated], sort_keys=True)
    return Rules(text, tuple(removals), tuple(managers), aggregated)


def _pointer(path: str) -> Removal:
    steps = [step.replace("~1", "/").replace("~0", "~") for step in path.split("/")[1:]]

    def remove(obj: Object) -> Object:
        _remove(obj, steps)
        return obj

    return remove


def _remove(value: Any, steps: list[str]) -> None:
    """Take what a pointer leads to out of a value; a pointer that leads nowhere changes nothing."""
    for step in steps[:-1]:
        value = _below(value, step)
    last = steps[-1] if steps else ""
    if isinstance(value, dict):
        value.pop(last, None)
    elif isinstance(value, list) and last.isdigit() and int(last) < len(value):
        del value[int(last)]


def _below(value: Any, step: str) -> Any:
    if isinstance(value, dict):
        return value.get(step)
    if isinstance(value, list) and step.isdigit() and int(step) < len(value):
        return value[int(step)]
    return None


def _path(path: str) -> Removal:
    try:
        program = jq.deletion(path)
    except ValueError as error:
        raise IgnoreError(f"failed to create diff normalizer: {error}") from error

    def remove(obj: Object) -> Object:
        try:
            left: Object = program(obj)
        except ValueError:
            return obj
        return left

    return remove


def without_fields_of(managers: Iterable[str], live: Object, target: Object) -> tuple[Object, Object]:
    """Both sides without the fields that differ and that some managers own, as the live object says.

    Args:
        managers: Names of field managers.
        live: With its ``managedFields``.
        target: What Git says.
    """
    trusted = set(managers)
    left, right = copy_of(live), copy_of(target)
    for entry in live["metadata"].get("managedFields") or ():
        if entry.get("manager") in trusted:
            _strip(left, right, entry.get("fieldsV1") or {})
    return left, right


def _strip(left: Any, right: Any, fields: Object) -> None:
    """Remove from two values what a set of fields names and both have, where it differs."""
    for name, below in fields.items():
        if name.startswith("f:") and isinstance(left, dict) and isinstance(right, dict):
            field = name[2:]
            if field not in left or field not in right or same(left[field], right[field]):
                continue
            if below and isinstance(left[field], (dict, list)):
                _strip(left[field], right[field], below)
            else:
                del left[field], right[field]
        elif name.startswith("k:") and isinstance(left, list) and isinstance(right, list):
            key = json.loads(name[2:])
            pair = (_item(left, key), _item(right, key))
            if pair[0] is not None and pair[1] is not None:
                _strip(*pair, below)


def _item(items: list[Any], key: Object) -> Any:
    return next((each for each in items if isinstance(each, dict) and key.items() <= each.items()), None)
