"""A value on its way through the entries: what it is, how GitLab calls the way to it, and where it is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from gitopslab.ci.tree import NOWHERE, Map, Place, Seq


@dataclass(frozen=True, slots=True)
class Fault:
    """What GitLab's linter says, in its own words, and where that is."""

    message: str
    place: Place = NOWHERE


Check = Callable[["Node"], Iterator[Fault]]


@dataclass(frozen=True, slots=True)
class Node:
    """A value with its location.

    Attributes:
        value: The value.
        location: The names that GitLab joins with colons, as in ``jobs``, ``build`` and ``image``.
        place: Where it is written.
    """

    value: Any
    location: tuple[str, ...] = ()
    place: Place = NOWHERE

    @property
    def name(self) -> str:
        """The last name of the location."""
        return self.location[-1] if self.location else ""

    def get(self, key: str) -> Any:
        """An attribute of a map; None when it is not there or this is no map."""
        return self.value.get(key) if isinstance(self.value, Map) else None

    def has(self, key: str) -> bool:
        """Whether this is a map with that key."""
        return isinstance(self.value, Map) and key in self.value

    def child(self, key: str) -> Node | None:
        """The entry below a key; None when nothing is said there."""
        value = self.get(key)
        return None if value is None else Node(value, (*self.location, key), self.place_of(key))

    def items(self, name: str) -> Iterator[Node]:
        """The entries of a list, flattened; GitLab calls each by the same name."""
        yield from _items(self.value, (*self.location, name), self.place)

    def place_of(self, key: str) -> Place:
        """Where a key is written."""
        return self.value.place_of(key) if isinstance(self.value, Map) else self.place

    def fault(self, text: str, attribute: str = "config", key: str = "") -> Fault:
        """A message about this entry: GitLab writes all of it in lower case.

        Args:
            text: Such as ``should be a hash``.
            attribute: What of the entry is meant; empty for the entry as such.
            key: The key whose place it is.
        """
        # GitLab calls a job without a name "job".
        names = (name if name.strip() else "job" for name in self.location)
        words = filter(None, (":".join(names), attribute.replace("_", " "), text))
        return Fault(
            " ".join(words).lower(), self.place_of(key or attribute) if self.has(key or attribute) else self.place
        )

    def below(self, **checks: Check) -> Iterator[Fault]:
        """The faults of the entries below, in this order; a name may end with ``_`` to be no keyword of Python."""
        for name, check in checks.items():
            child = self.child(name.rstrip("_"))
            if child is not None:
                yield from check(child)


def _items(value: Any, location: tuple[str, ...], place: Place) -> Iterator[Node]:
    if isinstance(value, Seq):
        for at, item in enumerate(value):
            yield from _items(item, location, value.place_of(at))
    elif value is not None:  # GitLab passes over an item that says nothing
        yield Node(value, location, place)
