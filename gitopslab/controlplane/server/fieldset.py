"""Sets of fields, as ``managedFields`` writes them (``fieldsV1``).

``ownership`` and ``structured`` compute with them. A set is the very dictionary that goes over the wire: a key is a
step (``f:NAME``, ``k:{KEYS}``, ``v:VALUE``), its value the set below it; an empty one means the step itself is a
member, ``.`` that it is a member besides what is below it. Every function returns a new set and may share parts with
those it was given. The rules are those of ``structured-merge-diff/fieldpath``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

FieldSet = dict[str, Any]

MEMBER: FieldSet = {}
"""What stands behind a step that is a member and has nothing below it."""

_ORDER = {"f": 0, "k": 1, "v": 2, "i": 3}
_SHAPES: dict[str, type] = {"k": dict, "v": object, "i": int}


def is_member(node: FieldSet) -> bool:
    """Whether the step that leads to this node belongs to the set."""
    return not node or "." in node


def union(left: FieldSet, right: FieldSet) -> FieldSet:
    """What is in either."""
    if not left or not right:
        return left or right
    result = dict(left)
    for step, node in right.items():
        result[step] = _joined(left[step], node) if step in left else node
    return result


def _joined(left: FieldSet, right: FieldSet) -> FieldSet:
    joined = union(left, right)
    if joined and "." not in joined and (is_member(left) or is_member(right)):
        return {".": MEMBER, **joined}
    return joined


def difference(left: FieldSet, right: FieldSet) -> FieldSet:
    """What is in ``left`` and not in ``right``; a member's children are members of their own and stay."""
    return _without(left, right, recursive=False)


def without_below(left: FieldSet, right: FieldSet) -> FieldSet:
    """What is in ``left``, without the members of ``right`` and everything below them."""
    return _without(left, right, recursive=True)


def _without(left: FieldSet, right: FieldSet, *, recursive: bool) -> FieldSet:
    common = left.keys() & right.keys()
    if not common:
        return left
    result = dict(left)
    for step in common:
        if step == ".":
            continue
        rest = _node_without(left[step], right[step], recursive=recursive)
        if rest is None:
            del result[step]
        else:
            result[step] = rest
    return result


def _node_without(left: FieldSet, right: FieldSet, *, recursive: bool) -> FieldSet | None:
    gone = is_member(right)
    if gone and recursive:
        return None
    stays = is_member(left) and not gone
    below = _without({step: node for step, node in left.items() if step != "."}, right, recursive=recursive)
    if not below:
        return MEMBER if stays else None
    return {".": MEMBER, **below} if stays else below


def intersection(left: FieldSet, right: FieldSet) -> FieldSet:
    """What is in both."""
    result: FieldSet = {}
    for step in left.keys() & right.keys():
        if step == ".":
            continue
        below = intersection(left[step], right[step])
        if is_member(left[step]) and is_member(right[step]):
            result[step] = {".": MEMBER, **below} if below else MEMBER
        elif below:
            result[step] = below
    return result


def members(fields: FieldSet, prefix: str = "") -> Iterator[str]:
    """The paths of all members, as errors spell them: ``.spec.containers[name="a"].image``."""
    steps = sorted((step for step in fields if step != "."), key=lambda step: (_ORDER.get(step[:1], 4), step))
    for step in steps:
        if is_member(fields[step]):
            yield prefix + spelled(step)
    for step in steps:
        yield from members(fields[step], prefix + spelled(step))


def is_readable(fields: Any) -> bool:
    """Whether somebody else's set is one: every step can be read, and what stands behind it is a set."""
    return isinstance(fields, dict) and all(_is_step(step) and is_readable(below) for step, below in fields.items())


def _is_step(step: str) -> bool:
    kind, _, text = step.partition(":")
    try:
        return step == "." or kind == "f" or (kind in _ORDER and isinstance(json.loads(text), _SHAPES[kind]))
    except ValueError:
        return False


def in_order(fields: FieldSet) -> FieldSet:
    """The set as the real server writes it: by name, by keys, by value, by place (``PathElement.Compare``)."""
    return {step: in_order(fields[step]) if fields[step] else MEMBER for step in sorted(fields, key=_place)}


@lru_cache(maxsize=4096)
def _place(step: str) -> tuple[int, Any]:
    kind, _, text = step.partition(":")
    if kind in (".", "f"):
        return _ORDER.get(kind, -1), text
    value = json.loads(text)
    if kind == "k":
        return _ORDER[kind], [(name, _comparable(value[name])) for name in sorted(value)]
    return _ORDER[kind], _comparable(value)


def _comparable(value: Any) -> tuple[int, Any]:
    """A value by its type and then by itself: numbers, texts, booleans, all else."""
    if isinstance(value, bool):
        return 2, value
    if isinstance(value, int | float):
        return 0, value
    return (1, value) if isinstance(value, str) else (3, compact(value))


def spelled(step: str) -> str:
    """A step as errors spell it."""
    kind, _, text = step.partition(":")
    if kind == "f":
        return f".{text}"
    if kind == "v":
        return f"[={text}]"
    if kind == "k":
        return f"[{','.join(f'{key}={compact(value)}' for key, value in json.loads(text).items())}]"
    return f"[{text}]"


def compact(value: Any) -> str:
    """A value as it stands in a step: JSON without spaces, escaped as Go does."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    if "<" in text or ">" in text or "&" in text:
        return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return text
