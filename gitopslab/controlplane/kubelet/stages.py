"""The table of stages: which row of ``stages.yaml`` comes next for a container.

``play`` asks with the state of a container and what it knows; the answer is a row. Nothing here knows pods or time.
Leaves to others: finding the facts, waiting, and writing what a row says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Literal, cast

import yaml

INTERNAL = frozenset({"ContainerCreating", "Pulled"})
"""States that the kubelet keeps to itself: entering them leaves the status as it is."""

EventType = Literal["Normal", "Warning"]


@dataclass(frozen=True, slots=True)
class Said:
    """An event of a row; ``message`` has blanks in braces."""

    type: EventType
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Stage:
    """One row.

    Attributes:
        name: For the reader, and to tell rows apart.
        states: The states it starts from.
        when: For each named fact the value it must have.
        wait: Seconds, or the name of a length.
        next: The state it leads to.
        message: Shown beside a waiting state.
        first: Said when the wait begins.
        events: Said when it ends.
    """

    name: str
    states: frozenset[str]
    wait: float | str
    next: str
    when: Mapping[str, str] = field(default_factory=dict)
    message: str = ""
    first: tuple[Said, ...] = ()
    events: tuple[Said, ...] = ()

    def fits(self, state: str, facts: Mapping[str, str]) -> bool:
        """Whether a container in this state and with these facts takes this row."""
        return state in self.states and all(facts.get(name) == value for name, value in self.when.items())


def choose(stages: tuple[Stage, ...], state: str, facts: Mapping[str, str]) -> Stage | None:
    """The first row that fits; None when the container rests."""
    return next((stage for stage in stages if stage.fits(state, facts)), None)


@cache
def shipped() -> tuple[Stage, ...]:
    """The rows of ``stages.yaml``."""
    return read(files(__package__).joinpath("stages.yaml").read_text(encoding="utf-8"))


def read(text: str) -> tuple[Stage, ...]:
    """Rows from YAML in the form that ``stages.yaml`` explains."""
    return tuple(_stage(row) for row in yaml.safe_load(text))


def filled(text: str, blanks: Mapping[str, str]) -> str:
    """A message with its blanks filled in; what is put in is not looked at again."""
    if "{" not in text:
        return text
    parts = text.split("{")
    found = [parts[0]]
    for part in parts[1:]:
        name, closing, rest = part.partition("}")
        found.append(f"{blanks[name]}{rest}" if closing and name in blanks else "{" + part)
    return "".join(found)


def _stage(row: dict[str, Any]) -> Stage:
    return Stage(
        name=row["stage"],
        states=frozenset(row["from"]),
        wait=row["wait"] if isinstance(row["wait"], str) else float(row["wait"]),
        next=row["next"],
        when={name: _word(value) for name, value in row.get("when", {}).items()},
        message=row.get("message", ""),
        first=tuple(_said(item) for item in row.get("first", ())),
        events=tuple(_said(item) for item in row.get("events", ())),
    )


def _said(item: list[str]) -> Said:
    kind, reason, message = item
    return Said(cast(EventType, kind), reason, message)


def _word(value: object) -> str:
    """YAML 1.1 reads a bare ``no`` as false."""
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
