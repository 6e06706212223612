"""Objects and the sets of their fields: compare, list, merge and cut, part by part as the schema says.

``ownership`` calls it. Which values are taken as a whole and which by their parts (maps, keyed lists, sets) is
``machinery.schema``'s knowledge; the rules are those of ``structured-merge-diff/typed``. Every function leaves the
objects it is given as they are.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from gitopslab.controlplane.server.fieldset import MEMBER, FieldSet, compact, is_member
from gitopslab.machinery.objects import Object
from gitopslab.machinery.schema import ANY, Field, Slot, Struct


class _Missing:
    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()
"""Not there at all, which is not the same as null."""

_EMPTY: Object = {}


def slot_of(kind: Slot, name: str) -> Slot:
    """The place below a struct or a map that has this name."""
    if kind.relation == "struct":
        field = kind.struct.fields.get(name)
        return field.slot if field else ANY
    return kind.element if kind.relation == "map" else ANY


def step_of(kind: Slot, item: Any) -> str:
    """The step that leads to an item of a keyed list or a set; empty when the item has none of the keys."""
    if kind.relation == "set":
        return f"v:{compact(item)}"
    if not isinstance(item, dict):
        return ""
    fields = kind.element.struct.fields if kind.element.relation == "struct" else None
    found = {}
    for key in sorted(kind.keys):
        if key in item:  # null is a value too, and no default stands for it
            found[key] = item[key]
        elif fields is not None and (default := fields[key].default) is not None:
            found[key] = default
    return f"k:{compact(found)}" if found else ""


def is_parted(kind: Slot, value: Any) -> bool:
    """Whether this value is owned by its parts."""
    relation = kind.relation
    if relation in ("keyed", "set"):
        return isinstance(value, list)
    return relation != "leaf" and isinstance(value, dict)


# -- Compare ----------------------------------------------------------------------------------------------------------


def compare(kind: Struct, before: Object, after: Object, ignored: frozenset[str]) -> tuple[FieldSet, FieldSet]:
    """The fields added or modified, and the fields removed, on the way from one object to another.

    Args:
        kind: Their type.
        before: The earlier one; may be empty.
        after: The later one.
        ignored: Names of fields to leave out, at the top or (as ``metadata.uid``) one below.
    """
    parted = _parted(ignored)
    changed: FieldSet = {}
    removed: FieldSet = {}
    for name in before.keys() | after.keys():
        if name in ignored:
            continue
        field = kind.fields.get(name)
        old, new = _as_written(field, before.get(name, MISSING)), _as_written(field, after.get(name, MISSING))
        if name in parted and isinstance(old, dict) and isinstance(new, dict):
            old = {key: value for key, value in old.items() if f"{name}.{key}" not in ignored}
            new = {key: value for key, value in new.items() if f"{name}.{key}" not in ignored}
        _difference(field.slot if field else ANY, f"f:{name}", old, new, changed, removed)
    return changed, removed


@lru_cache(maxsize=64)
def _parted(ignored: frozenset[str]) -> frozenset[str]:
    """The fields at the top of which only parts are left out."""
    return frozenset(name.partition(".")[0] for name in ignored if "." in name)


def _as_written(field: Field | None, value: Any) -> Any:
    """The value, or what Go would write where there is none."""
    return field.zero if value is MISSING and field is not None and field.written else value


def _difference(kind: Slot, step: str, old: Any, new: Any, changed: FieldSet, removed: FieldSet) -> None:
    """Note what differs at one place in the two sets."""
    if old is new or (old == new and old.__class__ is new.__class__):
        return
    if (not old and not new) or not (_fits(kind, old) and _fits(kind, new)):
        (removed if new is MISSING else changed)[step] = MEMBER
        return
    inner_changed: FieldSet = {} if old is not MISSING else {".": MEMBER}
    inner_removed: FieldSet = {} if new is not MISSING else {".": MEMBER}
    left: Any = old if old is not MISSING and old is not None else _EMPTY
    right: Any = new if new is not MISSING and new is not None else _EMPTY
    if kind.relation == "struct":
        _struct_difference(kind.struct.fields, left, right, inner_changed, inner_removed)
    elif kind.relation in ("keyed", "set"):
        _list_difference(kind, left, right, inner_changed, inner_removed)
    else:
        below = kind.element if kind.relation == "map" else ANY
        for key, value in right.items():
            _difference(below, f"f:{key}", left.get(key, MISSING), value, inner_changed, inner_removed)
        for key, value in left.items():
            if key not in right:
                _difference(below, f"f:{key}", value, MISSING, inner_changed, inner_removed)
    if inner_changed:
        changed[step] = inner_changed if len(inner_changed) > 1 or "." not in inner_changed else MEMBER
    if inner_removed:
        removed[step] = inner_removed if len(inner_removed) > 1 or "." not in inner_removed else MEMBER


def _fits(kind: Slot, value: Any) -> bool:
    """Whether a value is nothing, or has the parts that its place has; what is not valid may have others."""
    return value is MISSING or value is None or is_parted(kind, value)


def _struct_difference(
    fields: dict[str, Field], old: Object, new: Object, changed: FieldSet, removed: FieldSet
) -> None:
    for name, value in new.items():
        field = fields.get(name)
        if field is None:
            _difference(ANY, f"f:{name}", old.get(name, MISSING), value, changed, removed)
            continue
        before = old.get(name, MISSING)
        # What is in a struct that is itself new has no zero counterpart.
        if before is MISSING and "." not in changed:
            before = _as_written(field, before)
        if field.slot.relation == "leaf":
            if before != value or before.__class__ is not value.__class__:
                changed[field.path] = MEMBER
        else:
            _difference(field.slot, field.path, before, value, changed, removed)
    for name, value in old.items():
        if name not in new:
            field = fields.get(name)
            after = _as_written(field, MISSING) if "." not in removed else MISSING
            _difference(field.slot if field else ANY, f"f:{name}", value, after, changed, removed)


def _list_difference(kind: Slot, old: list[Any], new: list[Any], changed: FieldSet, removed: FieldSet) -> None:
    left, right = _by_step(kind, old), _by_step(kind, new)
    for step in left.keys() | right.keys():
        before, after = left.get(step, ()), right.get(step, ())
        if len(before) <= 1 and len(after) <= 1:
            lone, other = before[0] if before else MISSING, after[0] if after else MISSING
            _difference(kind.element, step, lone, other, changed, removed)
        elif before != after:
            # Items that share their keys are owned together.
            (changed if after else removed)[step] = MEMBER


def _by_step(kind: Slot, items: list[Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for item in items:
        step = step_of(kind, item)
        if step:
            found.setdefault(step, []).append(item)
    return found


# -- The fields of an object ------------------------------------------------------------------------------------------


def fields_of(kind: Slot, value: Any) -> FieldSet:
    """The set of the fields in a value, as an applied configuration owns them."""
    result: FieldSet = {}
    if kind.relation in ("keyed", "set"):
        for step, items in _by_step(kind, value).items():
            below = fields_of(kind.element, items[0]) if len(items) == 1 and is_parted(kind.element, items[0]) else {}
            result[step] = {".": MEMBER, **below} if below else MEMBER
        return result
    for name, item in value.items():
        place = slot_of(kind, name)
        if not is_parted(place, item):
            result[f"f:{name}"] = MEMBER
            continue
        below = fields_of(place, item)
        declared = kind.relation == "struct" and name in kind.struct.fields
        if not declared or item == {}:
            result[f"f:{name}"] = {".": MEMBER, **below} if below else MEMBER
        elif below:
            result[f"f:{name}"] = below
    return result


def named_fields(kind: Slot, fields: FieldSet) -> FieldSet:
    """The set with every declared field that leads to a member made a member itself."""
    result: FieldSet = {}
    for step, node in fields.items():
        if step == "." or not node:
            result[step] = node
            continue
        name = step[2:] if step.startswith("f:") else ""
        below = named_fields(slot_of(kind, name) if name else kind.element, node)
        declared = bool(name) and kind.relation == "struct" and name in kind.struct.fields
        result[step] = {".": MEMBER, **below} if declared else below
    return result


# -- Merge and cut ----------------------------------------------------------------------------------------------------


def merged(kind: Slot, live: Any, applied: Any) -> Any:
    """A live value with an applied one laid over it; what the applied one does not mention stays.

    Null mentions no part; where there is none, it takes the place of the whole.
    """
    if applied is MISSING or (applied is None and live and is_parted(kind, live)):
        return live
    if live is MISSING or not is_parted(kind, applied) or not is_parted(kind, live):
        return applied
    if kind.relation in ("keyed", "set"):
        return _merged_list(kind, live, applied)
    result = dict(live)
    for name, value in applied.items():
        result[name] = merged(slot_of(kind, name), live.get(name, MISSING), value)
    return result


def _merged_list(kind: Slot, live: list[Any], applied: list[Any]) -> list[Any]:
    """Both orders are kept where they agree; where they do not, the applied one wins."""
    left, right = [step_of(kind, item) for item in live], [step_of(kind, item) for item in applied]
    ours = {step: items[0] if len(items) == 1 else MISSING for step, items in _by_step(kind, live).items()}
    theirs = dict(zip(right, applied, strict=True))
    shared = [step for step in right if step in ours]
    done: set[str] = set()
    result: list[Any] = []
    at = taken = 0
    while at < len(left) or taken < len(right):
        here = left[at] if at < len(left) else ""
        wanted = right[taken] if taken < len(right) else ""
        if here and here not in theirs:
            result.append(live[at])
            at += 1
        elif here and here != wanted and (here in done or (wanted and shared and shared[0] != here)):
            # A shared item at another place than the applied order has it: it comes when its turn does.
            at += 1
        else:
            result.append(merged(kind.element, ours.get(wanted, MISSING), theirs[wanted]))
            done.add(wanted)
            taken += 1
            at += here == wanted
            if shared and shared[0] == wanted:
                shared.pop(0)
    return result


def cut(kind: Slot, value: Any, fields: FieldSet) -> Any:
    """A value without the members of a set and everything below them; None when nothing is left of its parts."""
    if not is_parted(kind, value):
        return value
    if not value:
        return None
    if kind.relation in ("keyed", "set"):
        return _cut_list(kind, value, fields) or None
    result = {}
    for name, item in value.items():
        node = fields.get(f"f:{name}")
        if node is None:
            result[name] = item
        elif not is_member(node):
            place = slot_of(kind, name)
            result[name] = cut(place, item, node) if place.relation != "leaf" else None
    return result or None


def _cut_list(kind: Slot, items: list[Any], fields: FieldSet) -> list[Any]:
    result = []
    for item in items:
        node = fields.get(step_of(kind, item))
        if node is None:
            result.append(item)
        elif not is_member(node):
            result.append(cut(kind.element, item, node))
    return result
