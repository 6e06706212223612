"""Calls: which function is meant by the arguments' classes, what it gives, and what that costs.

``planning`` asks. The operators that need not evaluate all their arguments are here; the functions themselves are in
``functions``, their costs in ``spending``.
"""

from __future__ import annotations

from math import ceil
from typing import Any

from gitopslab.controlplane.server.custom.cel.evaluation import spending
from gitopslab.controlplane.server.custom.cel.evaluation.attributes import Names, Step
from gitopslab.controlplane.server.custom.cel.evaluation.comparing import equal
from gitopslab.controlplane.server.custom.cel.evaluation.functions import FUNCTIONS, Function
from gitopslab.controlplane.server.custom.cel.evaluation.meter import Meter
from gitopslab.controlplane.server.custom.cel.evaluation.values import NO_OVERLOAD, Failure, Optional, Uint

_LOGICAL = {"_&&_": False, "_||_": True}
_KEYS = (str, int, Uint, float)
_OPTIONAL = {"or": "optional_or_optional", "orValue": "optional_orValue_value"}


def step_of(function: str, overload: str, parts: list[Step], *, in_order: bool = False) -> Step:
    """What evaluates a call.

    Args:
        function: Its name.
        overload: Which function of that name; empty when the types of the arguments do not tell.
        parts: What finds its arguments, the one it is called on first.
        in_order: Whether an argument that fails keeps those behind it from being evaluated, and the call from being
            paid for, as with all functions of more than two arguments.
    """
    if function in _LOGICAL:
        return _logical(parts, decisive=_LOGICAL[function])
    if function in ("_==_", "_!=_"):
        return _equality(parts[0], parts[1], wanted=function == "_==_")
    if function in _OPTIONAL and overload in ("", _OPTIONAL[function]):
        return _alternative(parts[0], parts[1], unwraps=function == "orValue")
    cost = spending.cost_of(function, overload)
    if len(parts) == 1:
        return _unary(FUNCTIONS[function], cost, parts[0])
    is_open = not overload and function[0] not in "_@"  # upstream chooses among several functions when it has all
    if len(parts) == 2 and not in_order and not is_open and function != "format":
        return _binary(FUNCTIONS[function], cost, parts[0], parts[1])
    return _in_order(FUNCTIONS[function], cost, parts)


def _logical(parts: list[Step], *, decisive: bool) -> Step:
    """``&&`` and ``||``: one argument that decides makes up for what goes wrong with another."""

    def decide(names: Names, meter: Meter) -> Any:
        problem = None
        for part in parts:
            value = part(names, meter)
            if value is decisive:
                return decisive
            if value.__class__ is not bool and problem is None:
                problem = value if value.__class__ is Failure else NO_OVERLOAD
        return not decisive if problem is None else problem

    return decide


def _equality(first: Step, second: Step, *, wanted: bool) -> Step:
    cost_of = spending.of_equality if wanted else spending.of_inequality

    def compare(names: Names, meter: Meter) -> Any:
        one, other = first(names, meter), second(names, meter)
        if one.__class__ is str is other.__class__:  # the ordinary case, at once
            meter.spent += ceil((len(one) if len(one) < len(other) else len(other)) * spending.TRAVERSAL)
            if meter.spent > meter.limit:
                meter.pay(0)
            return (one == other) is wanted
        meter.pay(cost_of((one, other)))
        if one.__class__ is Failure:
            return one
        return other if other.__class__ is Failure else equal(one, other, meter) is wanted

    return compare


def _alternative(first: Step, second: Step, *, unwraps: bool) -> Step:
    """``or`` and ``orValue``, which look at the other only where the first has no value."""

    def choose(names: Names, meter: Meter) -> Any:
        value = first(names, meter)
        if value.__class__ is not Optional:
            return value
        if not value.items:
            return second(names, meter)
        return value.items[0] if unwraps else value

    return choose


def member_of(part: Step, items: list[Any]) -> Step:
    """Whether something is in a list of constants, which costs nothing."""
    truths = frozenset(item for item in items if item.__class__ is bool)
    others = frozenset(item for item in items if item.__class__ is not bool)

    def find(names: Names, meter: Meter) -> Any:
        value = part(names, meter)
        if value.__class__ is Failure:
            return value
        if value.__class__ is bool:
            return value in truths
        return value.__class__ in _KEYS and value in others

    return find


def _unary(function: Function, cost: spending.Cost | None, part: Step) -> Step:
    apply, is_strict = function.apply, function.is_strict

    def call(names: Names, meter: Meter) -> Any:
        value = part(names, meter)
        meter.pay(1 if cost is None else cost((value,)))
        return value if is_strict and value.__class__ is Failure else apply((value,), meter)

    return call


def _binary(function: Function, cost: spending.Cost | None, first: Step, second: Step) -> Step:
    apply, overloads = function.apply, function.overloads

    def call(names: Names, meter: Meter) -> Any:
        one, other = given = first(names, meter), second(names, meter)
        meter.spent += 1 if cost is None else cost(given)
        if meter.spent > meter.limit:
            meter.pay(0)
        if one.__class__ is Failure:
            return one
        if other.__class__ is Failure:
            return other
        does = overloads.get((one.__class__, other.__class__))
        try:
            return apply(given, meter) if does is None else does(one, other)
        except ValueError as error:
            return Failure(str(error))

    return call


def _in_order(function: Function, cost: spending.Cost | None, parts: list[Step]) -> Step:
    apply = function.apply

    def call(names: Names, meter: Meter) -> Any:
        values: list[Any] = []
        for part in parts:
            values.append(part(names, meter))
            if values[-1].__class__ is Failure and len(values) < len(parts):
                return values[-1]  # what is not evaluated need not be paid for
        given = tuple(values)
        meter.pay(1 if cost is None else cost(given))
        return given[-1] if given and given[-1].__class__ is Failure else apply(given, meter)

    return call
