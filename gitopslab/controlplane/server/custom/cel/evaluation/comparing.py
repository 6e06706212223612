"""Whether values are equal, and which comes first; numbers are compared whatever their types.

Upstream: ``Equal`` and ``Compare`` of ``cel-go/common/types``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from gitopslab.controlplane.server.custom.cel.evaluation.meter import Meter
from gitopslab.controlplane.server.custom.cel.evaluation.values import (
    MISSING,
    NO_OVERLOAD,
    Duration,
    Failure,
    Keyed,
    Opaque,
    Optional,
    Timestamp,
    Uint,
    under,
)

_NUMBERS = (int, Uint, float)
_PLAIN = (str, int, bool)
_ORDERED = (str, bytes, bool, Duration)
_UNORDERED = Failure("NaN values cannot be ordered")


def equal(one: Any, other: Any, meter: Meter) -> bool:
    """Whether two values are equal; those of two types are not, unless they are numbers."""
    kind, second = one.__class__, other.__class__
    if kind in _NUMBERS and second in _NUMBERS:
        return bool(_like(one, second) == _like(other, kind))
    if isinstance(one, list):
        if not isinstance(other, list):
            return False
        return _same_set(one, other, meter) if isinstance(one, Keyed) else _same_items(one, other, meter)
    if isinstance(one, dict) and not isinstance(one, Opaque):
        return isinstance(other, dict) and not isinstance(other, Opaque) and _same_entries(one, other, meter)
    if kind is not second:
        return False
    if kind is Timestamp:
        return bool(one.nanoseconds == other.nanoseconds)
    if kind is Optional:
        return len(one.items) == len(other.items) and all(map(lambda a, b: equal(a, b, meter), one.items, other.items))
    return bool(one == other)


def _like(number: Any, kind: type) -> Any:
    """A number as it is compared with one of a type: a double is exact only to itself."""
    return float(number) if kind is float else number


def _same_items(one: list[Any], other: list[Any], meter: Meter) -> bool:
    if len(one) != len(other):
        return False
    return all(_same_inside(item, second, meter) for item, second in zip(one, other, strict=True))


def _same_inside(one: Any, other: Any, meter: Meter) -> bool:
    """Whether what is in two lists or maps is equal; what is in that again costs nothing, and must end somewhere."""
    if one.__class__ is other.__class__ and one.__class__ in _PLAIN:
        return bool(one == other)
    if isinstance(one, (list, dict)):
        meter.work(len(one))
    return equal(one, other, meter)


def _same_set(one: Keyed, other: list[Any], meter: Meter) -> bool:
    if len(one) != len(other):
        return False
    found = {one.key_of(item): item for item in one}
    return all((key := one.key_of(item)) in found and _same_inside(found[key], item, meter) for item in other)


def _same_entries(one: dict[Any, Any], other: dict[Any, Any], meter: Meter) -> bool:
    if len(one) != len(other):
        return False
    return all(
        (found := under(name, other)) is not MISSING and _same_inside(item, found, meter) for name, item in one.items()
    )


def contains(items: list[Any], wanted: Any, meter: Meter) -> bool:
    """Whether a list has an item that is equal."""
    if wanted.__class__ is str:
        return wanted in items
    return any(_same_inside(item, wanted, meter) for item in items)


def order(one: Any, other: Any) -> int | Failure:
    """-1, 0 or 1: which of two values comes first."""
    kind, second = one.__class__, other.__class__
    if kind in _NUMBERS and second in _NUMBERS:
        if math.isnan(one) or math.isnan(other):
            return _UNORDERED
        one, other = _like(one, second), _like(other, kind)
    elif kind is not second or (kind not in _ORDERED and kind is not Timestamp):
        return NO_OVERLOAD
    elif kind is Timestamp:
        one, other = one.nanoseconds, other.nanoseconds
    return int(one > other) - int(one < other)


def ordering(holds: Callable[[int], bool]) -> Callable[[Any, Any], Any]:
    """A comparison, by what the order must be."""

    def compare(one: Any, other: Any) -> Any:
        found = order(one, other)
        return found if isinstance(found, Failure) else holds(found)

    return compare
