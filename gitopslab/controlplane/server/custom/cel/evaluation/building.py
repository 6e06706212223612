"""Lists, maps and objects that an expression makes."""

from __future__ import annotations

from typing import Any

from gitopslab.controlplane.server.custom.cel import initializers
from gitopslab.controlplane.server.custom.cel.evaluation.attributes import Names, Step
from gitopslab.controlplane.server.custom.cel.evaluation.meter import Meter
from gitopslab.controlplane.server.custom.cel.evaluation.values import Failure, Optional, type_name

_LIST, _MAP, _STRUCT = 10, 30, 40


def list_of(steps: list[Step], optional: frozenset[int]) -> Step:
    """What makes a list; items that may be missing, at these places, are left out when they are."""

    def make(names: Names, meter: Meter) -> Any:
        items: list[Any] = []
        for index, step in enumerate(steps):
            value = step(names, meter)
            if value.__class__ is Failure:
                meter.pay(_LIST)
                return value
            if index not in optional:
                items.append(value)
            elif value.__class__ is Optional:
                items += value.items
            else:
                meter.pay(_LIST)
                return Failure(f"cannot initialize optional list element from non-optional value {value}")
        meter.pay(_LIST)
        return items

    return make if len(steps) != 1 or optional else _list_of_one(steps[0])


def _list_of_one(step: Step) -> Step:
    """The list that ``map`` and ``filter`` make of each item."""

    def make(names: Names, meter: Meter) -> Any:
        value = step(names, meter)
        meter.pay(_LIST)
        return value if value.__class__ is Failure else [value]

    return make


def map_of(keys: list[Step], values: list[tuple[Step, bool]]) -> Step:
    """What makes a map, of keys and of values with whether they may be missing."""

    def make(names: Names, meter: Meter) -> Any:
        made: dict[Any, Any] = {}
        problem = None
        for key, (step, optional) in zip(keys, values, strict=True):
            name = key(names, meter)
            problem = name if name.__class__ is Failure else _put(made, name, step(names, meter), optional=optional)
            if problem is not None:
                break
        meter.pay(_MAP)
        return made if problem is None else problem

    return make


def struct_of(called: str, fields: list[str], values: list[tuple[Step, bool]]) -> Step:
    """What makes an object, of its fields' values; it knows what it is called."""

    def make(names: Names, meter: Meter) -> Any:
        made: dict[Any, Any] = {initializers.MADE: called}
        problem = None
        for field, (step, optional) in zip(fields, values, strict=True):
            problem = _put(made, field, step(names, meter), optional=optional)
            if problem is not None:
                break
        meter.pay(_STRUCT)
        return made if problem is None else problem

    return make


def _put(made: dict[Any, Any], key: Any, value: Any, *, optional: bool) -> Failure | None:
    """Put a value where it belongs, or tell why not."""
    if value.__class__ is Failure:
        failure: Failure = value
        return failure
    if optional:
        if value.__class__ is not Optional:
            return Failure(f"cannot initialize optional entry '{key}' from non-optional value {value}")
        if not value.items:
            made.pop(key, None)
            return None
        value = value.items[0]
    try:
        made[key] = value
    except TypeError:
        return Failure(f"unsupported key type: {type_name(key)}")
    return None
