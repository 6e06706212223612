"""What a YAML text holds, with the place of every key: maps and lists that remember where they were written.

``reading`` makes them, and every later step (``include``, ``extends``, ``!reference``, ``default``) only moves keys
together with their places. So whoever finds something wrong in the resolved configuration can still name the line that
a person wrote, even when it stands in an included file or in a template three jobs away.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

Path = tuple[str | int, ...]
"""A way from the top: names of keys and numbers of list items."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is written.

    Attributes:
        line: From one.
        column: From one.
        file: As it was included; empty for the main file.
    """

    line: int
    column: int = 1
    file: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.file else f"line {self.line}"


NOWHERE = Place(0)


class NotText(str):
    """A key that YAML takes for something else than a text, such as ``10`` or ``true``."""

    __slots__ = ()


class Map(dict[str, Any]):
    """A mapping whose keys know their places."""

    def __init__(self, items: Iterable[tuple[str, Any]] = (), place: Place = NOWHERE) -> None:
        super().__init__(items)
        self.place = place
        self.places: dict[str, Place] = {}

    def put(self, key: str, value: Any, place: Place) -> None:
        """Set a key and where it is written."""
        self[key] = value
        self.places[key] = place

    def copied(self) -> Map:
        """A map of its own with the same keys and values."""
        made = Map(self.items(), self.place)
        made.places = dict(self.places)
        return made

    def merged(self, other: Map) -> Map:
        """This map with another on top: maps are joined level by level, anything else of the other replaces."""
        made = self.copied()
        for key, value in other.items():
            mine = made.get(key)
            both = isinstance(mine, Map) and isinstance(value, Map)
            made.put(key, mine.merged(value) if both and mine is not None else value, other.place_of(key))
        return made

    def place_of(self, key: str) -> Place:
        """Where a key is written; the map's own place when nobody wrote it."""
        return self.places.get(key, self.place)


class Seq(list[Any]):
    """A list whose items know their places."""

    def __init__(self, items: Iterable[Any] = (), place: Place = NOWHERE, places: Iterable[Place] = ()) -> None:
        super().__init__(items)
        self.place = place
        self.places = list(places)

    def place_of(self, at: int) -> Place:
        """Where an item is written."""
        return self.places[at] if at < len(self.places) else self.place


class Reference:
    """``!reference [job, key]``, until it is resolved.

    Attributes:
        value: What stands behind the tag: right is a list of names.
        place: Where the tag is.
    """

    def __init__(self, value: Any, place: Place) -> None:
        self.value = value
        self.place = place


def place_at(value: Any, path: Path) -> Place:
    """Where the end of a path is written, or the nearest thing above it that is there."""
    found = getattr(value, "place", NOWHERE)
    for step in path:
        if isinstance(value, Map) and step in value:
            found, value = value.place_of(str(step)), value[str(step)]
        elif isinstance(value, Seq) and isinstance(step, int) and step < len(value):
            found, value = value.place_of(step), value[step]
        else:
            break
    return found
