"""The values of CEL: Python's own (``None``, bool, int, float, str, bytes, list, dict), and those it has none for.

Functions are chosen by the classes of their arguments, so no class here stands for two types of CEL. Upstream:
``cel-go/common/types``.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any, NamedTuple

from gitopslab.controlplane.server.custom.cel.evaluation.meter import Stopped

LARGEST_INT, LARGEST_UINT = (1 << 63) - 1, (1 << 64) - 1
SECOND = 1_000_000_000


class Uint(int):
    """An unsigned integer."""

    __slots__ = ()


class Duration(NamedTuple):
    """A length of time."""

    nanoseconds: int


class Timestamp(NamedTuple):
    """A moment.

    Attributes:
        nanoseconds: Since the epoch.
        offset: Of the zone it was written in, in seconds; two moments are the same whatever theirs are.
    """

    nanoseconds: int
    offset: int = 0


class Optional(NamedTuple):
    """A value that may be missing: ``items`` has it, or nothing."""

    items: tuple[Any, ...] = ()


class TypeValue(NamedTuple):
    """A type, as ``type(x)`` gives it."""

    name: str


class Failure:
    """What went wrong, in ``cel-go``'s words; a value, because it may not matter."""

    __slots__ = ("message",)

    def __init__(self, message: str) -> None:
        self.message = message


class Opaque(dict[str, Any]):
    """A value that CEL knows only by what can be done with it; equal values are equal maps.

    Attributes:
        type_name: What CEL calls its type.
        size: How large it is to those who count what a call costs.
    """

    type_name = ""

    @property
    def size(self) -> int:
        """One, for what has no size."""
        return 1


class Growing(list[Any]):
    """A list that a comprehension is making: what is added to it stays in it, so that making it takes no square."""


class GrowingMap(dict[Any, Any]):
    """A map that a comprehension is making."""


class Keyed(list[Any]):
    """A list of a schema that is a set or a map: its items have keys and no order.

    Args:
        items: What is in it.
        keys: Which fields of an item are its key; none for the item itself.
    """

    __slots__ = ("keys",)

    def __init__(self, items: Iterable[Any], keys: tuple[str, ...]) -> None:
        super().__init__(items)
        self.keys = keys

    def key_of(self, item: Any) -> Hashable:
        """What tells an item from all others.

        Raises:
            Stopped: It is a list or map in a set, on which upstream panics.
        """
        if not self.keys and isinstance(item, (list, dict)):
            unhashable = "[]interface {}" if isinstance(item, list) else "map[string]interface {}"
            raise Stopped(f"internal error: runtime error: hash of unhashable type {unhashable}")
        if not self.keys:
            return item.__class__, item
        return tuple(item.get(name) for name in self.keys) if isinstance(item, dict) else None

    def with_all(self, others: list[Any]) -> Keyed:
        """The list with others in it: in the places of those whose keys they have, or behind them."""
        found = {self.key_of(item): item for item in self}
        found.update({self.key_of(item): item for item in others})
        return Keyed(found.values(), self.keys)


class _Exact:
    """A number or a truth to look up in a map: to CEL a truth is no number, though Python takes them for the same."""

    __slots__ = ("_is_truth", "_key")

    def __init__(self, key: Any) -> None:
        self._key, self._is_truth = key, key.__class__ is bool

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return (other.__class__ is bool) is self._is_truth and bool(other == self._key)


NO_OVERLOAD = Failure("no such overload")
MISSING = object()
NOTHING = Optional()
_NAMES: dict[type, str] = {
    type(None): "null_type", bool: "bool", int: "int", Uint: "uint", float: "double", str: "string", bytes: "bytes",
    list: "list", dict: "map", Growing: "list", GrowingMap: "map", Timestamp: "google.protobuf.Timestamp",
    Duration: "google.protobuf.Duration", Optional: "optional_type", TypeValue: "type",
}  # fmt: skip
_GO = {
    type(None): "types.Null", bool: "types.Bool", int: "types.Int", Uint: "types.Uint", float: "types.Double",
    str: "types.String", bytes: "types.Bytes", dict: "*types.baseMap", list: "*types.baseList", Failure: "*types.Err",
    Timestamp: "types.Timestamp", Duration: "types.Duration", Optional: "*types.Optional",
}  # fmt: skip
_ALIKE = frozenset((bool, int, Uint, float))
_SIZED = frozenset((str, bytes, list, dict, Growing, GrowingMap))


def type_name(value: Any) -> str:
    """What CEL calls the type of a value."""
    if isinstance(value, Opaque):
        return value.type_name
    return _NAMES.get(general(value)) or "dyn"


def general(value: Any) -> type:
    """The class that functions know a value by."""
    if isinstance(value, list):
        return list
    return dict if isinstance(value, dict) and not isinstance(value, Opaque) else value.__class__


def go_name(value: Any) -> str:
    """What Go calls the type of a value, which some messages tell."""
    return _GO.get(general(value), "ref.Val")


def under(key: Any, given: dict[Any, Any]) -> Any:
    """What stands under a key of a map, or ``MISSING``."""
    try:
        return given[_Exact(key) if key.__class__ in _ALIKE else key]
    except (KeyError, TypeError):  # it is none, or cannot be one
        return MISSING


def size_of(value: Any) -> int:
    """How large a value is to those who count what a call costs: what has no size counts as one."""
    if value.__class__ in _SIZED:
        return len(value)
    if value.__class__ is Optional and value.items:
        return size_of(value.items[0])
    if isinstance(value, Opaque):
        return value.size
    return len(value) if isinstance(value, (dict, list)) else 1


def is_zero(value: Any) -> bool:
    """Whether a value is what its type begins with: nothing, zero or empty."""
    return (
        value is None
        or (value.__class__ is Duration and not value.nanoseconds)
        or (value.__class__ in (*_SIZED, bool, int, Uint, float) and not value)
    )
