"""Functions on lists and sets, and on values that may be missing.

Upstream: ``cel-go/ext/lists.go`` and ``sets.go``, ``cel/library.go``, and ``apiserver/pkg/cel/library/lists.go``.
"""

from __future__ import annotations

from functools import cmp_to_key
from itertools import pairwise
from typing import Any

from gitopslab.controlplane.server.custom.cel import texts
from gitopslab.controlplane.server.custom.cel.evaluation.comparing import contains, equal, order
from gitopslab.controlplane.server.custom.cel.evaluation.functions.arithmetic import add
from gitopslab.controlplane.server.custom.cel.evaluation.functions.function import Does, Function
from gitopslab.controlplane.server.custom.cel.evaluation.meter import Meter
from gitopslab.controlplane.server.custom.cel.evaluation.values import (
    NO_OVERLOAD,
    NOTHING,
    Failure,
    GrowingMap,
    Optional,
    is_zero,
)


def _slice(items: list[Any], start: int, end: int) -> list[Any]:
    told = f"cannot slice({start}, {end}), "
    if start < 0 or end < 0:
        raise ValueError(f"{told}negative indexes not supported")
    if start > end:
        raise ValueError(f"{told}start index must be less than or equal to end index")
    if len(items) < end:
        raise ValueError(f"{told}list is length {len(items)}")
    return items[start:end]


def _flatten(meter: Meter, items: Any, depth: Any = 1) -> Any:
    if not isinstance(items, list) or depth.__class__ is not int:
        return NO_OVERLOAD
    if depth < 0:
        raise ValueError("level must be non-negative")
    found: list[Any] = []
    for item in items:
        inside = _flatten(meter, item, depth - 1) if isinstance(item, list) and depth else [item]
        meter.work(len(inside))
        found += inside
    return found


def _distinct(meter: Meter, items: Any) -> Any:
    if not isinstance(items, list):
        return NO_OVERLOAD
    found: list[Any] = []
    for item in items:
        if not contains(found, item, meter):
            found.append(item)
    return found


def _sort(items: list[Any]) -> list[Any]:
    return _sort_by(items, items)


def _sort_by(items: list[Any], keys: list[Any]) -> list[Any]:
    if len(items) != len(keys):
        raise ValueError(
            "@sortByAssociatedKeys() expected a list of the same size as the associated keys list, but got"
            f" {len(items)} and {len(keys)} elements respectively"
        )
    if keys and isinstance(order(keys[0], keys[0]), Failure):
        raise ValueError("list elements must be comparable")
    if any(key.__class__ is not keys[0].__class__ for key in keys):
        raise ValueError("list elements must have the same type")
    key_of = cmp_to_key(_rank)
    places = sorted(range(len(keys)), key=lambda at: key_of(keys[at]))
    return [items[at] for at in places]


def _rank(one: Any, other: Any) -> int:
    found = order(one, other)
    return 0 if isinstance(found, Failure) else found


def _is_sorted(items: list[Any]) -> Any:
    if any(order(item, item) is NO_OVERLOAD for item in items):
        return NO_OVERLOAD
    return all(order(one, other) != 1 for one, other in pairwise(items))


def _sum(items: list[Any]) -> Any:
    total: Any = items[0] if items else 0
    for item in items[1:]:
        total = add(total, item)
        if total.__class__ is Failure:
            return total
    return total


def _best(name: str, wanted: int) -> Does:
    """The smallest or the largest, as the order says in which it stands to all others."""

    def find(items: list[Any]) -> Any:
        if not items:
            raise ValueError(f"{name} called on empty list")
        best = items[0]
        for item in items[1:]:
            found = order(best, item)
            if isinstance(found, Failure):
                return found
            if found == wanted:
                best = item
        return best

    return find


def _index(places: Any, find: Does) -> Does:
    """Where an item is in a list, or a text in a text."""

    def search(meter: Meter, given: Any, *wanted: Any) -> Any:
        if isinstance(given, list) and len(wanted) == 1:
            return next((at for at in places(range(len(given))) if equal(given[at], wanted[0], meter)), -1)
        fits = given.__class__ is str and wanted[0].__class__ is str and all(one.__class__ is int for one in wanted[1:])
        return find(given, *wanted) if fits else NO_OVERLOAD

    return search


def _sets_contains(meter: Meter, items: Any, wanted: Any) -> Any:
    if not isinstance(items, list) or not isinstance(wanted, list):
        return NO_OVERLOAD
    return all(contains(items, item, meter) for item in wanted)


def _sets_intersects(meter: Meter, items: Any, others: Any) -> Any:
    if not isinstance(items, list) or not isinstance(others, list):
        return NO_OVERLOAD
    return any(contains(others, item, meter) for item in items)


def _sets_equivalent(meter: Meter, items: Any, others: Any) -> Any:
    found = _sets_contains(meter, items, others)
    return _sets_contains(meter, others, items) if found is True else found


def _insert(meter: Meter, given: Any, *more: Any) -> Any:
    """Into a map that is being made, an entry or all entries of another."""
    if not isinstance(given, dict):
        return NO_OVERLOAD
    made = given if given.__class__ is GrowingMap else GrowingMap(given)
    for name, value in more[0].items() if len(more) == 1 else [more]:
        if name.__hash__ is None:
            return NO_OVERLOAD
        if name in made:
            raise ValueError(f"insert failed: key {name} already exists")
        made[name] = value
    return made


def _value(given: Optional) -> Any:
    if not given.items:
        raise ValueError("optional.none() dereference")
    return given.items[0]


def _unwrapped(items: list[Any]) -> list[Any]:
    wrong = next((item for item in items if item.__class__ is not Optional), None)
    if any(item.__class__ is not Optional for item in items):
        raise ValueError(f"value {wrong} is not optional")
    return [value for item in items for value in item.items]


FUNCTIONS = (
    Function("slice", {(list, int, int): _slice}),
    Function("flatten", {}, otherwise=_flatten),
    Function("lists.range", {(int,): lambda count: list(range(count))}),
    Function("reverse", {(list,): lambda items: items[::-1]}),
    Function("distinct", {}, otherwise=_distinct),
    Function("sort", {(list,): _sort}, told=""),
    Function("@sortByAssociatedKeys", {(list, list): _sort_by}, told=""),
    Function("isSorted", {(list,): _is_sorted}),
    Function("sum", {(list,): _sum}),
    Function("min", {(list,): _best("min", 1)}),
    Function("max", {(list,): _best("max", -1)}),
    Function("indexOf", {}, otherwise=_index(iter, texts.index_of)),
    Function("lastIndexOf", {}, otherwise=_index(reversed, texts.last_index_of)),
    Function("sets.contains", {}, otherwise=_sets_contains),
    Function("sets.intersects", {}, otherwise=_sets_intersects),
    Function("sets.equivalent", {}, otherwise=_sets_equivalent),
    Function("cel.@mapInsert", {}, otherwise=_insert),
    Function("optional.of", {}, otherwise=lambda meter, value: Optional((value,))),
    Function("optional.none", {(): lambda: NOTHING}),
    Function(
        "optional.ofNonZeroValue", {}, otherwise=lambda meter, value: NOTHING if is_zero(value) else Optional((value,))
    ),
    Function("hasValue", {(Optional,): lambda given: bool(given.items)}),
    Function("value", {(Optional,): _value}),
    Function("first", {(list,): lambda items: Optional(tuple(items[:1]))}),
    Function("last", {(list,): lambda items: Optional(tuple(items[-1:]))}),
    Function("optional.unwrap", {(list,): _unwrapped}),
    Function("unwrapOpt", {(list,): _unwrapped}),
)
