"""Operators on numbers, texts, lists and times; what does not fit in 64 bits is an error."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from gitopslab.controlplane.server.custom.cel.evaluation.comparing import contains, ordering
from gitopslab.controlplane.server.custom.cel.evaluation.functions.function import Does, Function, of_kinds
from gitopslab.controlplane.server.custom.cel.evaluation.meter import Meter
from gitopslab.controlplane.server.custom.cel.evaluation.values import (
    LARGEST_INT,
    LARGEST_UINT,
    MISSING,
    NO_OVERLOAD,
    SECOND,
    Duration,
    Growing,
    Keyed,
    Timestamp,
    Uint,
    under,
)

_EARLIEST, _LATEST = -62135596800 * SECOND, 253402300800 * SECOND - 1


def whole(value: int) -> int:
    """An integer, if it is one of CEL."""
    if not -LARGEST_INT - 1 <= value <= LARGEST_INT:
        raise ValueError("integer overflow")
    return value


def unsigned(value: int) -> Uint:
    """An unsigned integer, if it is one of CEL."""
    if not 0 <= value <= LARGEST_UINT:
        raise ValueError("unsigned integer overflow")
    return Uint(value)


def moment(nanoseconds: int, offset: int = 0) -> Timestamp:
    """A moment, if CEL can tell it."""
    if not _EARLIEST <= nanoseconds <= _LATEST:
        raise ValueError("timestamp overflow")
    return Timestamp(nanoseconds, offset)


def length(nanoseconds: int) -> Duration:
    """A length of time, if CEL can tell it."""
    if not -LARGEST_INT - 1 <= nanoseconds <= LARGEST_INT:
        raise ValueError("integer overflow")
    return Duration(nanoseconds)


def _quotient(one: int, other: int) -> int:
    """Rounded towards zero."""
    if not other:
        raise ValueError("division by zero")
    found = abs(one) // abs(other)
    return found if (one < 0) is (other < 0) else -found


def _remainder(one: int, other: int) -> int:
    """With the sign of what is divided."""
    if not other:
        raise ValueError("modulus by zero")
    found = abs(one) % abs(other)
    return -found if one < 0 else found


def _divided(one: float, other: float) -> float:
    if other:
        return one / other
    if not one or math.isnan(one):
        return math.nan
    return math.copysign(math.inf, one) * math.copysign(1.0, other)


def _numbers(
    exact: Callable[[int, int], int], double: Callable[[float, float], float] | None
) -> dict[tuple[type, ...], Does]:
    found: dict[tuple[type, ...], Does] = {
        (int, int): lambda one, other: whole(exact(one, other)),
        (Uint, Uint): lambda one, other: unsigned(exact(int(one), int(other))),
    }
    return found if double is None else {**found, (float, float): double}


def _grown(given: Growing, more: list[Any]) -> Growing:
    given += more
    return given


def _joined(meter: Meter, *given: Any) -> Any:
    one, other = given
    if not isinstance(one, list) or not isinstance(other, list):
        return NO_OVERLOAD
    meter.work(len(one) + len(other))
    return one.with_all(other) if isinstance(one, Keyed) else [*one, *other]


def _is_in(meter: Meter, value: Any, given: Any) -> Any:
    if isinstance(given, list):
        return contains(given, value, meter)
    if isinstance(given, dict):
        return under(value, given) is not MISSING
    return NO_OVERLOAD


def _added(given: Timestamp, more: Duration) -> Timestamp:
    return moment(given.nanoseconds + more.nanoseconds, given.offset)


_ADDED: dict[tuple[type, ...], Does] = {
    **_numbers(lambda one, other: one + other, lambda one, other: one + other),
    **of_kinds(lambda one, other: one + other, str, bytes, count=2),
    (Growing, list): _grown,
    (Timestamp, Duration): _added,
    (Duration, Timestamp): lambda more, given: _added(given, more),
    (Duration, Duration): lambda one, other: length(one.nanoseconds + other.nanoseconds),
}
_SUBTRACTED: dict[tuple[type, ...], Does] = {
    **_numbers(lambda one, other: one - other, lambda one, other: one - other),
    (Timestamp, Timestamp): lambda one, other: length(one.nanoseconds - other.nanoseconds),
    (Timestamp, Duration): lambda given, less: moment(given.nanoseconds - less.nanoseconds, given.offset),
    (Duration, Duration): lambda one, other: length(one.nanoseconds - other.nanoseconds),
}
_COMPARED: dict[str, Callable[[int], bool]] = {
    "_<_": lambda order: order < 0,
    "_<=_": lambda order: order <= 0,
    "_>_": lambda order: order > 0,
    "_>=_": lambda order: order >= 0,
}


def _comparison(name: str, holds: Callable[[int], bool]) -> Function:
    compare = ordering(holds)
    return Function(name, {}, otherwise=lambda meter, one, other: compare(one, other), told="")


def add(one: Any, other: Any) -> Any:
    """The sum of two values, as ``+`` has it."""
    does = _ADDED.get((one.__class__, other.__class__))
    return NO_OVERLOAD if does is None else does(one, other)


FUNCTIONS = (
    Function("_+_", _ADDED, otherwise=_joined, told=""),
    Function("_-_", _SUBTRACTED, told=""),
    Function("_*_", _numbers(lambda one, other: one * other, lambda one, other: one * other), told=""),
    Function("_/_", _numbers(_quotient, _divided), told=""),
    Function("_%_", _numbers(_remainder, None), told=""),
    Function(
        "-_",
        {
            (int,): lambda value: whole(-value),
            (float,): lambda value: -value,
            (Duration,): lambda value: length(-value.nanoseconds),
        },
        told="",
    ),
    Function("!_", {(bool,): lambda value: not value}, told=""),
    *(_comparison(name, holds) for name, holds in _COMPARED.items()),
    Function("@in", {}, otherwise=_is_in, told=""),
    Function("@not_strictly_false", {}, otherwise=lambda meter, value: value is not False, is_strict=False),
    Function("size", of_kinds(len, str, bytes, list, dict), told="name"),
)
