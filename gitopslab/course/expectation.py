"""What must be found: a table of rules, each one line of meaning and one of words.

``reading`` makes an ``Expectation`` of what stands under ``expect`` in an exercise; ``checking`` asks whether it holds
and has it say, in words, what was expected. What a rule compares with may itself be read from the cluster, as in "one
of the names of the StorageClasses".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gitopslab.clusters.waiting import is_ready
from gitopslab.course.source import Source, World
from gitopslab.machinery import quantity
from gitopslab.machinery.json_path import printed
from gitopslab.machinery.language import N_, _

Values = Sequence[Any]
_MOST_SHOWN, _LONGEST = 6, 90


@dataclass(frozen=True, slots=True)
class Rule:
    """One way to compare.

    Attributes:
        holds: Whether it is true of the values that were found, given what it compares with.
        words: How it is said, with ``{}`` for what it compares with.
    """

    holds: Callable[[Values, Any], bool]
    words: str


def _every(test: Callable[[Any, Any], bool]) -> Callable[[Values, Any], bool]:
    """True of at least one value, and of all."""
    return lambda found, wanted: bool(found) and all(test(value, wanted) for value in found)


def _contains(value: Any, wanted: Any) -> bool:
    """A map holds a map's entries, a list or a text holds an item, anything else equals it."""
    if isinstance(value, Mapping) and isinstance(wanted, Mapping):
        return wanted.items() <= value.items()
    return wanted in value if isinstance(value, list | str) else bool(value == wanted)


RULES: Mapping[str, Rule] = {
    "is": Rule(_every(lambda value, wanted: bool(value == wanted)), "{}"),
    "not": Rule(lambda found, wanted: all(value != wanted for value in found), N_("anything but {}")),
    "in": Rule(_every(lambda value, wanted: value in wanted), N_("one of {}")),
    "only": Rule(lambda found, wanted: all(value in wanted for value in found), N_("nothing but {}")),
    "matches": Rule(
        _every(lambda value, wanted: re.fullmatch(wanted, str(value)) is not None), N_("something like {}")
    ),
    "has": Rule(lambda found, wanted: any(_contains(value, wanted) for value in found), N_("{} among them")),
    "lacks": Rule(lambda found, wanted: not any(_contains(value, wanted) for value in found), N_("no {} among them")),
    "min": Rule(_every(lambda value, wanted: quantity.parse(value) >= quantity.parse(wanted)), N_("at least {}")),
    "max": Rule(_every(lambda value, wanted: quantity.parse(value) <= quantity.parse(wanted)), N_("at most {}")),
    "count": Rule(lambda found, wanted: len(found) == wanted, N_("{} of them")),
    "exists": Rule(lambda found, wanted: bool(found) == wanted, ""),
    "ready": Rule(lambda found, wanted: bool(found) and all(is_ready(each) == wanted for each in found), N_("ready")),
}
"""Every rule by its name in an exercise; several together must all hold."""

_ABOUT_EVERY = ("is", "not", "in", "only", "matches", "min", "max")


@dataclass(frozen=True, slots=True)
class Expectation:
    """Rules, each with what it compares with: a value, or a ``Source`` to read it from.

    Attributes:
        words: What is expected, in the exercise's own words; empty for the rules' words.
    """

    rules: Mapping[str, Any]
    words: str = ""

    def holds(self, found: Values, world: World) -> bool:
        """Whether all rules hold; a value that cannot be compared does not."""
        try:
            return all(RULES[name].holds(found, _given(name, wanted, world)) for name, wanted in self.rules.items())
        except (ValueError, TypeError):
            return False

    def offending(self, found: Values, world: World) -> Values:
        """Those of the values that break a rule about every value; all of them when no single one does."""
        rules = {name: wanted for name, wanted in self.rules.items() if name in _ABOUT_EVERY}
        each = Expectation(rules)
        return [value for value in found if rules and not each.holds([value], world)] or found

    def said(self, world: World) -> str:
        """What is expected, in words."""
        return self.words or _(" and ").join(_said(name, wanted, world) for name, wanted in self.rules.items())


def _given(name: str, wanted: Any, world: World) -> Any:
    if not isinstance(wanted, Source):
        return wanted
    values = world.values(wanted)
    return values if name == "in" else next(iter(values), None)


def _said(name: str, wanted: Any, world: World) -> str:
    if name == "exists":
        return _("it to be there") if wanted else _("it to be gone")
    given = _given(name, wanted, world)
    if name == "in" and isinstance(given, list) and len(given) == 1:
        return printed(given[0])
    return _(RULES[name].words).format(shown(given) if isinstance(given, list) else printed(given))


def shown(values: Values) -> str:
    """Values for people: each once, the first few."""
    unique = list(dict.fromkeys(map(_cut, map(printed, values))))
    return ", ".join(unique[:_MOST_SHOWN]) + (
        _(" and {more} more").format(more=len(unique) - _MOST_SHOWN) if unique[_MOST_SHOWN:] else ""
    )


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
