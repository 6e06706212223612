"""Comprehensions: ``all``, ``exists``, ``map`` and whatever else goes through a list or map.

Upstream: ``evalFold`` in ``cel-go/interpreter/interpretable.go``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from gitopslab.controlplane.server.custom.cel.evaluation.attributes import Deferred, Names, Step
from gitopslab.controlplane.server.custom.cel.evaluation.meter import Meter
from gitopslab.controlplane.server.custom.cel.evaluation.values import (
    NO_OVERLOAD,
    Failure,
    Growing,
    GrowingMap,
    go_name,
)

Start = Callable[[], Any]


def start_of(given: Any, *, is_known: bool) -> Start:
    """What a comprehension begins with: a constant, or a step that finds it when it is asked for."""
    if not is_known:
        later = Deferred(given)
        return lambda: later
    if given == [] and isinstance(given, list):
        return Growing
    return GrowingMap if given == {} and isinstance(given, dict) else lambda: given


def fold(
    given: Step, accumulator: str, start: Start, iterated: list[str], condition: Step | None, step: Step, result: Step
) -> Step:
    """What goes through a list or map.

    Args:
        given: What finds it.
        accumulator: Under which name the value that is made is seen.
        start: What that begins with.
        iterated: Under which names each item is seen, or each key and value.
        condition: Whether to go on; None for always.
        step: What makes the next value.
        result: What is made of the last.
    """
    entries = _pairs if len(iterated) > 1 else list

    def run(names: Names, meter: Meter) -> Any:
        through = given(names, meter)
        if not isinstance(through, (list, dict)):
            return through if through.__class__ is Failure else _not_iterable(through)
        names[accumulator] = start()
        for entry in entries(through):
            if len(iterated) > 1:
                names[iterated[0]], names[iterated[1]] = entry
            else:
                names[iterated[0]] = entry
            if condition is not None and condition(names, meter) is False:
                break
            names[accumulator] = step(names, meter)
            meter.round()
        return _settled(result(names, meter))

    return run


def quantify(given: Step, iterated: list[str], predicate: Step, *, decisive: bool) -> Step:
    """``all`` and ``exists``, as most comprehensions are: ``fold`` would do the same in more steps at the same cost.

    Args:
        given: What finds the list or map.
        iterated: Under which names each item is seen, or each key and value.
        predicate: What is asked of each.
        decisive: The answer after which no other is asked for.
    """
    entries = _pairs if len(iterated) > 1 else list
    cost = 4 if decisive else 3  # of looking whether to go on, and at what was found so far

    def run(names: Names, meter: Meter) -> Any:
        through = given(names, meter)
        if not isinstance(through, (list, dict)):
            return through if through.__class__ is Failure else _not_iterable(through)
        found: Any = not decisive
        for entry in entries(through):
            if found is decisive:
                meter.step(cost - 1)
                break
            meter.step(cost)
            if len(iterated) > 1:
                names[iterated[0]], names[iterated[1]] = entry
            else:
                names[iterated[0]] = entry
            answer = predicate(names, meter)
            if answer is decisive:
                found = decisive
            elif answer.__class__ is not bool and found.__class__ is bool:
                found = answer if answer.__class__ is Failure else NO_OVERLOAD
            meter.round()
        meter.step()
        return found

    return run


def _pairs(given: Any) -> Iterable[tuple[Any, Any]]:
    return list(given.items()) if isinstance(given, dict) else enumerate(given)


def _settled(value: Any) -> Any:
    """A list or map that does not grow any more."""
    if value.__class__ is Growing:
        return list(value)
    return dict(value) if value.__class__ is GrowingMap else value


def _not_iterable(value: Any) -> Failure:
    return Failure(f"got '{go_name(value)}', expected iterable type")
