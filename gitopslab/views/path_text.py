"""The path of an apply in words: for plain viewers, screen readers and tests.

Called by the path widget; reads a ``Path`` and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator

from gitopslab.machinery.language import drawn
from gitopslab.views.path import Path, Station
from gitopslab.views.path_trail import Step

MARKS = {"done": "✓", "waiting": "⋯", "failed": "✕", "stopped": "✕", "idle": "○"}
"""The characters that stand for a station's state."""


def path_text(path: Path) -> str:
    """The whole path as lines of text."""
    return "\n".join(_lines(path))


def summary(path: Path) -> str:
    """One line: the object, and where its path is."""
    return f"{drawn(f'Path of {path.subject}')}: {drawn(path.end.sentence)}"


def offset(step: Step, path: Path) -> str:
    """How long after the first step, as ``+2 s``; empty when nobody noted it, or all happened within a second."""
    times = [one.seconds for one in path.steps if one.seconds]
    if not step.seconds or max(times) - min(times) < 1:
        return ""
    return f"+{round(step.seconds - min(times))} s"


def _lines(path: Path) -> Iterator[str]:
    yield summary(path)
    yield "  " + " → ".join(_station(one) for one in path.stations)
    yield f"  {drawn('everything through')} " + f" {drawn('and')} ".join(_station(one) for one in path.bus)
    for number, step in enumerate(path.steps, 1):
        mark = "✕ " if step.state == "failed" else ""
        yield f"{number:>3}. {mark}{drawn(step.title)}  {offset(step, path)}".rstrip()
        yield from (f"       {drawn(line)}" for line in step.details)


def _station(station: Station) -> str:
    return f"{MARKS[station.state]} {drawn(station.title)}" + (
        f" ({drawn('stopped')})" if station.running is False else ""
    )
