"""Names, and what is selected of them: ``object.metadata.labels['app']`` is one attribute with three qualifiers.

``planning`` collects the qualifiers of an attribute while it walks up the expression; ``Attribute.whole`` then makes
the function that looks it all up. Each qualifier costs one, and the attribute itself one more, except where a
condition chooses between two, or another attribute is qualified by it. Upstream: ``cel-go/interpreter/attributes.go``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from gitopslab.controlplane.server.custom.cel.evaluation.meter import Meter
from gitopslab.controlplane.server.custom.cel.evaluation.values import (
    MISSING,
    NO_OVERLOAD,
    NOTHING,
    Failure,
    Optional,
    Uint,
    type_name,
    under,
)
from gitopslab.controlplane.server.custom.cel.texts import shortest

Names = dict[str, Any]
Step = Callable[[Names, Meter], Any]
"""A part of a program: what it gives, of the names it sees."""

_ORDINALS = (int, Uint, float)


class Qualifier(NamedTuple):
    """One thing that is selected.

    Attributes:
        key: Of what name or place, when that is written there.
        found: What says so, else.
        optional: Whether it may be missing.
        tests: Whether it is only asked if it is there.
    """

    key: Any = None
    found: Step | None = None
    optional: bool = False
    tests: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether it is just a key that is written there."""
        return self.found is None and not self.optional and not self.tests


class Deferred(NamedTuple):
    """The value of a name that is found when it is first asked for."""

    step: Step


class Attribute:
    """Something that can be selected of.

    Args:
        base: Finds it, at its own cost.
    """

    def __init__(self, base: Step) -> None:
        self._base = base
        self._qualifiers: list[Qualifier] = []

    def qualify(self, qualifier: Qualifier) -> None:
        """Select of it."""
        self._qualifiers.append(qualifier)

    def inner(self) -> Step:
        """What finds it, at the cost of its qualifiers."""
        if not self._qualifiers:
            return self._base
        if all(one.is_plain for one in self._qualifiers):
            return _fields(self._base, tuple(one.key for one in self._qualifiers))
        return _qualified(self._base, tuple(self._qualifiers))

    def whole(self) -> Step:
        """What finds it, at its full cost."""
        inner = self.inner()

        def find(names: Names, meter: Meter) -> Any:
            value = inner(names, meter)
            meter.step()
            return value

        return find


class Name(Attribute):
    """What a name stands for; the ordinary base, which is looked up without ado.

    Args:
        name: It.
    """

    def __init__(self, name: str) -> None:
        super().__init__(lambda names, meter: names[name])
        self._name = name

    def whole(self) -> Step:
        """What finds it, at its full cost."""
        if all(one.is_plain and one.key.__class__ is str for one in self._qualifiers):
            return _path(self._name, tuple(one.key for one in self._qualifiers))
        return super().whole()


class Choice(Attribute):
    """One of two attributes, as a condition says."""

    def __init__(self, condition: Step, truthy: Attribute, falsy: Attribute) -> None:
        super().__init__(condition)
        self._truthy, self._falsy = truthy, falsy

    def qualify(self, qualifier: Qualifier) -> None:
        """Select of both."""
        self._truthy.qualify(qualifier)
        self._falsy.qualify(qualifier)

    def inner(self) -> Step:
        """What chooses, and then finds."""
        condition, truthy, falsy = self._base, self._truthy.inner(), self._falsy.inner()

        def choose(names: Names, meter: Meter) -> Any:
            chosen = condition(names, meter)
            if chosen is True:
                return truthy(names, meter)
            if chosen is False:
                return falsy(names, meter)
            return chosen if chosen.__class__ is Failure else NO_OVERLOAD

        return choose

    def whole(self) -> Step:
        """The same: choosing costs nothing."""
        return self.inner()


def deferred(name: str) -> Step:
    """What looks up a name whose value may have to be found first."""

    def find(names: Names, meter: Meter) -> Any:
        value = names[name]
        if value.__class__ is Deferred:
            value = names[name] = value.step(names, meter)
        return value

    return find


def _path(name: str, keys: tuple[Any, ...]) -> Step:
    """The ordinary case, made for speed: fields of a name, which are written there and are there."""
    most, otherwise = len(keys) + 1, _fields(lambda names, meter: names[name], keys)

    def find(names: Names, meter: Meter) -> Any:
        value = names[name]
        for key in keys:
            if value.__class__ is not dict or key not in value:  # a list, or not there
                value = otherwise(names, meter)
                meter.step()
                return value
            value = value[key]
        meter.spent += most
        if meter.spent > meter.limit:
            meter.step(0)
        return value

    return find


def _fields(base: Step, keys: tuple[Any, ...]) -> Step:
    """What must be there, under keys that are written there."""

    def find(names: Names, meter: Meter) -> Any:
        value, cost = base(names, meter), 0
        if value.__class__ is Optional:
            return _of_optional(value, [Qualifier(key) for key in keys], names, meter)
        for key in keys:
            if value.__class__ is Failure:
                break
            cost += 1
            value = selected(value, key)
        meter.step(cost)
        return value

    return find


def _qualified(base: Step, qualifiers: tuple[Qualifier, ...]) -> Step:
    def find(names: Names, meter: Meter) -> Any:
        value = base(names, meter)
        if value.__class__ is Optional:
            return _of_optional(value, qualifiers, names, meter)
        for index, qualifier in enumerate(qualifiers):
            if value.__class__ is Failure:
                break
            if qualifier.optional:
                return _of_optional(Optional((value,)), qualifiers[index:], names, meter)
            key = qualifier.key if qualifier.found is None else qualifier.found(names, meter)
            if key.__class__ is Failure:
                value = key
            elif qualifier.tests:
                value = presence(value, key)
            else:
                value = selected(value, key)
            meter.step()
        return value

    return find


def _of_optional(value: Any, qualifiers: Any, names: Names, meter: Meter) -> Any:
    """What is selected of something that may be missing: it may be missing too."""
    if not value.items:
        return value
    found = value.items[0]
    for qualifier in qualifiers:
        key = qualifier.key if qualifier.found is None else qualifier.found(names, meter)
        if key.__class__ is Failure:
            return key
        found = looked_up(found, key)
        if found is MISSING:
            return False if qualifier.tests else NOTHING
        if found.__class__ is Failure:
            return found
        meter.step()
    return True if qualifiers and qualifiers[-1].tests else Optional((found,))


def looked_up(value: Any, key: Any) -> Any:
    """What stands under a key, or ``MISSING``."""
    if isinstance(value, dict):
        return under(key, value)
    if isinstance(value, list):
        if key.__class__ not in _ORDINALS:
            return Failure(f"unsupported index type '{type_name(key)}' in list")
        if key.__class__ is float and not key.is_integer():
            return Failure(f"unsupported index value {shortest(key)} in list")
        return value[int(key)] if 0 <= key < len(value) else MISSING
    return MISSING


def selected(value: Any, key: Any) -> Any:
    """What stands under a key, or that there is no such."""
    if value.__class__ is dict and key.__class__ is str:  # the ordinary case, at once
        return value[key] if key in value else Failure(f"no such key: {key}")
    found = looked_up(value, key)
    if found is MISSING:
        what = "index out of bounds" if isinstance(value, list) else "no such key"
        return Failure(f"{what}: {_told(key)}")
    return found


def presence(value: Any, key: Any) -> Any:
    """Whether something stands under a key."""
    found = looked_up(value, key)
    return found if found.__class__ is Failure else found is not MISSING


def _told(key: Any) -> str:
    return str(key).lower() if key.__class__ is bool else str(key)
