"""The timeline in words: every lane, with its lives and what happened, oldest first.

Called by the timeline widget; reads a ``Timeline`` and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator

from gitopslab.machinery.language import drawn
from gitopslab.views.palette import STATES
from gitopslab.views.timeline import Lane, Timeline
from gitopslab.views.timeline_bars import Bar

_MARKS = {"normal": "·", "warning": "✕", "write": "✎"}


def timeline_text(timeline: Timeline, now: float) -> str:
    """The whole timeline as lines of text; times are how long ago."""
    return "\n".join(_lines(timeline, now))


def summary(timeline: Timeline) -> str:
    """One line: how much happened."""
    warnings = ", " + drawn(f"{timeline.warnings} of them warnings") if timeline.warnings else ""
    return drawn(f"{len(timeline.lanes)} lanes, {timeline.events} events") + warnings


def ago(seconds: float, now: float) -> str:
    """How long ago, in kubectl's short form."""
    past = max(0, round(now - seconds))
    if past < 120:
        return f"{past}s"
    minutes, hours = past // 60, past // 3600
    if minutes < 60:
        return f"{minutes}m"
    return f"{hours}h" if hours < 48 else f"{hours // 24}d"


def _lines(timeline: Timeline, now: float) -> Iterator[str]:
    yield f"{drawn('Timeline')}: {summary(timeline)}"
    for lane in timeline.lanes:
        indent = "  " * lane.level
        yield f"{indent}{_title(lane)}"
        yield from (f"{indent}  {_life(bar, now)}" for bar in lane.bars)
        for mark in lane.marks:
            often = f" ({drawn(f'{mark.count} times')})" if mark.count > 1 else ""
            sign, when = _MARKS[mark.state], ago(mark.seconds, now)
            yield f"{indent}  {sign} {drawn(f'{when} ago')}  {drawn(mark.title)}: {drawn(mark.text)}{often}"


def _title(lane: Lane) -> str:
    note = f" ({drawn(lane.note)})" if lane.note else ""
    return f"{lane.kind} {lane.title}{note}"


def _life(bar: Bar, now: float) -> str:
    until = drawn("now" if bar.end is None else f"{ago(bar.end, now)} ago")
    since = drawn(f"from {ago(bar.start, now)} ago to {until}")
    return f"{STATES[bar.state].mark} {bar.name}, {since}: {drawn(bar.words)}"
