"""What a call really costs, by its arguments; one, unless told otherwise here.

``calling`` asks before it calls, so that nothing is done which cannot be paid for. What a call costs at worst, before
there are values, is in ``calls`` of the package above. Upstream: ``costCall`` of
``cel-go/interpreter/runtimecost.go``, ``CallCost`` of ``apiserver/pkg/cel/library/cost.go``, and the trackers in
``cel-go/ext/lists.go`` and ``ext/sets.go``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from gitopslab.controlplane.server.custom.cel.evaluation.meter import PER_CALL, Stopped
from gitopslab.controlplane.server.custom.cel.evaluation.values import (
    Duration,
    Opaque,
    Timestamp,
    Uint,
    go_name,
    size_of,
)
from gitopslab.controlplane.server.custom.cel.named_formats import Format

Cost = Callable[[tuple[Any, ...]], int]

TRAVERSAL, _PATTERN = 0.1, 0.25
"""For each character of a text that is gone through, and of a regular expression."""

_NEW_LIST = 11
"""For a list that is made, and the call that makes it."""

_REQUIREMENT, _CHECK = 50, 350_000
_ENOUGH = PER_CALL + 1
_ADDED = (int, Uint, float, str, bytes, Timestamp, Duration)


def _traversed(size: int, factor: float = TRAVERSAL) -> int:
    return math.ceil(float(size) * factor)


def _first(factor: float = TRAVERSAL) -> Cost:
    return lambda given: _traversed(size_of(given[0]), factor)


def _smaller(given: tuple[Any, ...]) -> int:
    return _traversed(min(size_of(given[0]), size_of(given[1])))


def of_equality(given: tuple[Any, ...]) -> int:
    """What ``==`` costs."""
    return 1 if isinstance(given[0], Opaque) else _smaller(given)


of_inequality: Cost = _smaller
"""What ``!=`` costs."""


def _both(given: tuple[Any, ...]) -> int:
    return _traversed(size_of(given[0]) + size_of(given[1]))


def _matched(given: tuple[Any, ...]) -> int:
    return math.ceil((1.0 + float(size_of(given[0]))) * TRAVERSAL) * _traversed(size_of(given[1]), _PATTERN)


def _validated(given: tuple[Any, ...]) -> int:
    if not isinstance(given[0], Format):
        return 1
    pattern = _traversed(given[0].pattern_length, _PATTERN)
    return math.ceil((1.0 + float(size_of(given[1]))) * TRAVERSAL) * pattern


def _contained(given: tuple[Any, ...]) -> int:
    return _traversed(size_of(given[0])) * _traversed(size_of(given[1]))


def _all_through(given: tuple[Any, ...]) -> int:
    """Of going through a value with all that is in it; that may be the same again and again, so it ends somewhere."""
    cost, waiting, seen = 0, [given[0]], 0
    while waiting and seen < _ENOUGH:
        value = waiting.pop()
        seen += 1
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, dict) and not isinstance(value, Opaque):
            waiting += [*value, *value.values()]
        else:
            cost += _of_one(value)
    return cost if not waiting else max(cost, _ENOUGH)


def _of_one(value: Any) -> int:
    if value.__class__ is str:
        value = value.encode("utf-8", "surrogatepass")
    return int(float(len(value)) * TRAVERSAL) if value.__class__ is bytes else 1


def _joined(given: tuple[Any, ...]) -> int:
    """Of the text that is made."""
    items, between = given[0], given[1] if len(given) > 1 else ""
    if not isinstance(items, list) or between.__class__ is not str or not all(item.__class__ is str for item in items):
        return 1
    return _traversed(sum(map(len, items)) + len(between) * max(len(items) - 1, 0), 2 * TRAVERSAL)


def _selector(given: tuple[Any, ...]) -> int:
    size = size_of(given[1])
    return 10 + _traversed(size) + math.ceil(float(_traversed(size, 0.5)) * _REQUIREMENT)


def _in_range(parses: bool, *, of_range: bool) -> Cost:
    """Whether a range has an address or a range in it, which may have to be read first."""

    def cost(given: tuple[Any, ...]) -> int:
        size = size_of(given[0])
        found = _traversed(size + size)
        if of_range:
            found += _traversed(size) + 1
        return found + (_traversed(size_of(given[1])) if parses else 0)

    return cost


def _ranged(given: tuple[Any, ...]) -> int:
    return _NEW_LIST + (max(given[0], 0) if given[0].__class__ is int else 1)


def _reversed(given: tuple[Any, ...]) -> int:
    return _NEW_LIST + size_of(given[0])


def _sliced(given: tuple[Any, ...]) -> int:
    items, start, end = given
    fits = isinstance(items, list) and start.__class__ is end.__class__ is int and 0 <= start <= end <= len(items)
    return _NEW_LIST + (end - start if fits else 1)


def _flattened(given: tuple[Any, ...]) -> int:
    depth = float(given[1]) if len(given) > 1 and given[1].__class__ is int else 1.0
    return int(float(size_of(given[0])) * depth) + _NEW_LIST


def _compared(index: int) -> Cost:
    """All items of a list with all others."""

    def cost(given: tuple[Any, ...]) -> int:
        items = given[index]
        if not isinstance(items, list):  # upstream forgets that there may be none
            missing = "Contains" if items.__class__ in _ADDED else "Add"
            raise Stopped(
                f"internal error: interface conversion: {go_name(items)} is not traits.Lister: missing method {missing}"
            )
        factor = 2.0 + TRAVERSAL if items and isinstance(items[0], (str, bytes)) else 2.0
        return int(float(len(items) ** 2) * factor) + _NEW_LIST

    return cost


def _sets(factor: float) -> Cost:
    return lambda given: 1 + int(float(size_of(given[0]) * size_of(given[1])) * factor)


_OF_OVERLOADS: dict[str, Cost] = {
    "list_slice": _sliced, "list_flatten": _flattened, "list_flatten_int": _flattened, "list_range": _ranged,
    "list_reverse": _reversed, "list_distinct": _compared(0), "list_sets_contains_list": _sets(1),
    "list_sets_intersects_list": _sets(1), "list_sets_equivalent_list": _sets(2),
}  # fmt: skip
_OF_KUBERNETES: dict[str, Cost] = {
    "check": lambda given: _CHECK, "fieldSelector": _selector, "labelSelector": _selector,
    "find": _matched, "findAll": _matched, "validate": _validated, "ip.isCanonical": _first(2 * TRAVERSAL),
    "join": _joined,
    **dict.fromkeys(("isSorted", "sum", "max", "min", "indexOf", "lastIndexOf"), _all_through),
    **dict.fromkeys(("replace", "split"), _first(2 * TRAVERSAL)),
    **dict.fromkeys(
        ("url", "lowerAscii", "upperAscii", "substring", "trim", "jsonpatch.escapeKey", "cidr", "isIP", "isCIDR", "ip",
         "quantity", "isQuantity", "semver", "isSemver"), _first()),
}  # fmt: skip
_OF_RANGES = {"containsIP": (False, "cidr_contains_ip_string"), "containsCIDR": (True, "cidr_contains_cidr_string")}
_OF_CEL: dict[str, Cost] = {
    **dict.fromkeys(
        ("starts_with_string", "ends_with_string", "string_to_bytes", "bytes_to_string", "strings_quote",
         "string_format"), _first()),
    "in_list": lambda given: size_of(given[1]),
    **dict.fromkeys(
        [f"{word}_{kind}" for kind in ("string", "bytes")
         for word in ("less", "greater", "less_equals", "greater_equals")], _smaller),
    "add_string": _both, "add_bytes": _both, "matches_string": _matched, "contains_string": _contained,
}  # fmt: skip


def cost_of(function: str, overload: str) -> Cost | None:
    """What tells the cost of a call; None for one.

    Args:
        function: Its name.
        overload: Which function of that name; empty when the types of the arguments do not tell.
    """
    if overload in _OF_OVERLOADS:
        return _OF_OVERLOADS[overload]
    if overload.startswith("list_") and overload.endswith("_sort"):
        return _compared(0)
    if overload.startswith("list_") and overload.endswith("_sortByAssociatedKeys"):
        return _compared(1)
    if overload == "cidr_ip":
        return None
    if function in _OF_RANGES:
        of_range, read = _OF_RANGES[function]
        return _in_range(overload == read, of_range=of_range)
    return _OF_KUBERNETES.get(function) or _OF_CEL.get(overload)
