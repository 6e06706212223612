"""The file of an exercise, read strictly: its maps and lists, each with its place in the file for what is wrong there.

``reading`` and ``reading_steps`` take values out of them. A key that is not known, missing or of the wrong sort is an
error that names the file and the place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from gitopslab.errors import LabError

_T = TypeVar("_T")


class ExerciseError(LabError):
    """A file of an exercise cannot be read; the message names it and the place in it."""


class Item:
    """A value in the file, with its place.

    Attributes:
        value: As YAML has it.
        place: The file, and the way to it there.
    """

    def __init__(self, value: Any, place: str) -> None:
        self.value = value
        self.place = place

    def map(self) -> Map:
        """It, where it must be a map."""
        return Map(self.value, self.place)

    def error(self, what: str) -> ExerciseError:
        """What is wrong with it."""
        return ExerciseError(f"{self.place} {what}", "See exercises/README.md")


class Map:
    """A map in the file, which counts what was taken out of it.

    Args:
        content: As YAML has it.
        place: The file, and the way to it there.
    """

    def __init__(self, content: Any, place: str) -> None:
        self.place = place
        if not isinstance(content, Mapping):
            raise ExerciseError(f"{place} is not a map", "See exercises/README.md")
        self.content = content
        self._left = set(content)

    def has(self, key: str) -> bool:
        """Whether there is such a key."""
        return key in self.content

    def take(self, key: str, default: Any = None) -> Any:
        """The value of a key; without a default it must be there."""
        self._left.discard(key)
        if key not in self.content and default is None:
            raise self.error("", f"has no {key}")
        return self.content.get(key, default)

    def text(self, key: str, default: str | None = None) -> str:
        """A text; one of a single line without the line's end."""
        value = self.take(key, default)
        if not isinstance(value, str):
            raise self.error(key, "is not text; put it in quotes")
        return value.strip("\n") if "\n" not in value.strip() else value

    def number(self, key: str, default: int | None = None) -> int:
        """A whole number."""
        value = self.take(key, default)
        if not isinstance(value, int):
            raise self.error(key, "is not a number")
        return value

    def items(self, key: str, *, exactly: int | None = None) -> list[Item]:
        """The items of a list; one that may be left out is empty then."""
        values = self.take(key, [])
        if not isinstance(values, list) or (exactly is not None and len(values) != exactly):
            raise self.error(key, "is not a list" if exactly is None else f"is not a list of {exactly}")
        return [Item(value, f"{self.place}: {key}[{at}]") for at, value in enumerate(values)]

    def each(self, key: str, make: Callable[[Map], _T]) -> list[_T]:
        """What is made of each map of a list that must not be empty; a key nobody took is an error."""
        made = []
        for item in self.items(key):
            inner = item.map()
            made.append(make(inner))
            inner.finish()
        if not made:
            raise self.error(key, "is empty or missing")
        return made

    def finish(self) -> None:
        """Complain of a key that nobody took."""
        if self._left:
            raise self.error("", f"has the unknown key {sorted(map(str, self._left))[0]}")

    def error(self, key: str, what: str) -> ExerciseError:
        """What is wrong with the value of a key, or with the map."""
        return ExerciseError(f"{self.place}{f': {key}' if key else ''} {what}", "See exercises/README.md")
