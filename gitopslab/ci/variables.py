"""Variables: which definition wins, and what ``$NAME`` inside a value becomes.

``pipeline`` puts the layers of a job together, low ones first; ``rules`` reads them as they are written, since GitLab
expands nothing for ``rules:if``; the runner asks for the expanded environment. The forms and the order are GitLab's
(``lib/gitlab/ci/variables/collection.rb``, ``lib/expand_variables.rb``).
"""

from __future__ import annotations

import bisect
import graphlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

_LONGEST = 1_000_000  # of an expanded value; a longer one, as names that double each other make, stays as written
_NAME = "[a-zA-Z_][a-zA-Z0-9_]*"
_IN_TEXT = re.compile(rf"\$({_NAME})|\$\{{({_NAME})\}}|%({_NAME})%")
_IN_VARIABLE = re.compile(rf"\$\$|%%|\$({_NAME})|\$\{{({_NAME})\}}|%({_NAME})%")


@dataclass(frozen=True, slots=True)
class Variable:
    """One definition of a variable.

    Attributes:
        name: Its name.
        value: As it is written.
        origin: Where it was defined, in words, as in ``job`` or ``predefined``.
        raw: With ``expand: false``: its value is taken as it is.
        masked: Its value never shows in a log.
    """

    name: str
    value: str
    origin: str = ""
    raw: bool = False
    masked: bool = False


class Variables:
    """Definitions in order: of several with one name the last one wins."""

    def __init__(self, items: Iterable[Variable] = ()) -> None:
        self._items = tuple(items)
        self._places: dict[str, list[int]] = {}
        for at, item in enumerate(self._items):
            self._places.setdefault(item.name, []).append(at)
        self._expanded: dict[bool, dict[str, str]] = {}

    def __iter__(self) -> Iterator[Variable]:
        return iter(self._items)

    def __repr__(self) -> str:
        return f"Variables({self.values()})"

    def __add__(self, others: Iterable[Variable]) -> Variables:
        return Variables((*self._items, *others))

    def values(self) -> dict[str, str]:
        """The values as written, by name."""
        return {item.name: item.value for item in self._items}

    def winners(self) -> dict[str, Variable]:
        """The definition that wins, by name."""
        return {item.name: item for item in self._items}

    def cycle(self) -> list[str]:
        """Names of variables that are defined by each other; empty when there are none."""
        try:
            self._order()
        except graphlib.CycleError as error:
            return [self._items[at].name for at in reversed(error.args[1][1:])]
        return []

    def expanded(self, *, keep_undefined: bool = False) -> dict[str, str]:
        """The values with ``$X``, ``${X}`` and ``%X%`` replaced, whatever the order of definition.

        ``$$`` and ``%%`` stay; a name that nobody defines disappears unless it is to be kept; variables that are
        defined by each other stay as they are. A variable that names itself means its own lower definition.
        """
        if keep_undefined not in self._expanded:
            self._expanded[keep_undefined] = self._all_expanded(keep_undefined)
        return dict(self._expanded[keep_undefined])

    def _all_expanded(self, keep_undefined: bool) -> dict[str, str]:
        try:
            order = self._order()
        except graphlib.CycleError:
            return self.values()
        made: dict[int, str] = {}
        for at in order:
            made[at] = self._one_expanded(at, made, keep_undefined)
        return {item.name: made[at] for at, item in enumerate(self._items)}

    def _one_expanded(self, at: int, made: Mapping[int, str], keep_undefined: bool) -> str:
        item = self._items[at]
        if item.raw or not _may_refer(item.value):
            return item.value

        def replacement(found: re.Match[str]) -> str:
            name = _name_in(found)
            if not name:
                return found[0]
            used = self._meant(name, at)
            return made[used] if used is not None else found[0] if keep_undefined else ""

        value = _IN_VARIABLE.sub(replacement, item.value)
        return value if len(value) <= _LONGEST else item.value

    def _order(self) -> list[int]:
        graph = {
            at: [used for name in names if (used := self._meant(name, at)) is not None]
            for at, item in enumerate(self._items)
            if (names := _names(item))
        }
        free = [at for at in range(len(self._items)) if at not in graph]
        return free + [at for at in graphlib.TopologicalSorter(graph).static_order() if at in graph]

    def _meant(self, name: str, by: int) -> int | None:
        """Which definition a name stands for, inside the value of another definition."""
        found = self._places.get(name, [])
        if self._items[by].name == name:
            found = found[: bisect.bisect_left(found, by)]
        return found[-1] if found else None


def _names(item: Variable) -> list[str]:
    if item.raw or not _may_refer(item.value):
        return []
    return [name for found in _IN_VARIABLE.finditer(item.value) if (name := _name_in(found))]


def _may_refer(value: str) -> bool:
    return "$" in value or "%" in value


def _name_in(found: re.Match[str]) -> str:
    return found[1] or found[2] or found[3] or ""


def expand(text: str, values: Mapping[str, str], unknown: Callable[[str], str] = lambda written: "") -> str:
    """A text with ``$X``, ``${X}`` and ``%X%`` replaced once.

    Args:
        text: Where they stand.
        values: By name.
        unknown: What becomes of a name that is not among them; default nothing.
    """
    return _IN_TEXT.sub(lambda found: values.get(_name_in(found), unknown(found[0])), text)


def expand_existing(text: str, values: Mapping[str, str]) -> str:
    """Like ``expand``, but a name that nobody defines stays as it is written."""
    return expand(text, values, lambda written: written)
