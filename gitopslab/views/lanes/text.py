"""Lanes in words: how each tool stands, then each commit with what became of it. Reads ``Lanes`` and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

from gitopslab.machinery.language import drawn
from gitopslab.views.lanes.model import OUTCOMES, Commit, Drifted, Lane, Lanes, Step
from gitopslab.views.palette import STATES

_NO_MARK = "○"


def lanes_text(lanes: Lanes) -> str:
    """All of it as lines of text."""
    return "\n".join(_lines(lanes))


def summary(lanes: Lanes) -> str:
    """One line: what is shown."""
    tools = f" {drawn('and')} ".join(lane.tool for lane in lanes.lanes) or drawn("neither Flux nor Argo CD")
    return f"{lanes.project}: " + drawn(f"{len(lanes.commits)} newest commits with {tools}")


def mark(outcome: str) -> str:
    """The character that stands for an outcome."""
    state = OUTCOMES[outcome][0]
    return STATES[state].mark if state else _NO_MARK


def when(step: Step, commit: Commit) -> str:
    """How long after the push, or how it stands when nobody tells."""
    standing = drawn(OUTCOMES[step.outcome][1])
    if not step.seconds:
        return "" if step.outcome == "done" else standing
    after = after_push(step.seconds - commit.seconds)
    return after if step.outcome == "done" else f"{standing}, {after}"


def after_push(seconds: float) -> str:
    """A time from the push on, as in ``+2 s`` or ``+1 m 5 s``."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"+{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"+{minutes} m {rest} s" if rest else f"+{minutes} m"
    hours, minutes = divmod(minutes, 60)
    return f"+{hours} h {minutes} m" if minutes else f"+{hours} h"


def drift_words(drifted: Drifted) -> str:
    """One difference in words."""
    field = f" {drifted.path}" if drifted.path else ""
    owner = f", {drawn(f'set by {drifted.owner}')}" if drifted.owner else ""
    fate = f" · {drawn(drifted.fate)}" if drifted.fate else ""
    return f"{drifted.object}{field}: {drawn(drifted.words)}{owner}{fate}"


def _lines(lanes: Lanes) -> Iterator[str]:
    yield summary(lanes)
    if lanes.trouble:
        yield f"✕ {drawn(lanes.trouble)}"
    for lane in lanes.lanes:
        yield from _lane(lane)
    for at, commit in enumerate(lanes.commits):
        yield f"{commit.sha[:8]} {commit.subject} ({commit.author})"
        for lane, steps in zip(lanes.lanes, commit.steps, strict=False):
            yield f"    {lane.tool}: " + " · ".join(_step(step, commit, in_full=at == 0) for step in steps)


def _lane(lane: Lane) -> Iterator[str]:
    facts = ", ".join(map(drawn, lane.facts))
    yield f"{STATES[lane.state].mark} {lane.tool}, {lane.title}: {drawn(lane.sentence)} ({facts})"
    for each in lane.drift:
        yield f"    ≠ {drift_words(each)}"
    if lane.more:
        yield f"    {drawn(f'and {lane.more} more')}"


def _step(step: Step, commit: Commit, *, in_full: bool) -> str:
    told = " ".join(filter(None, (mark(step.outcome), drawn(step.word), when(step, commit))))
    return f"{told} ({drawn(step.note)})" if in_full and step.note and step.outcome != "done" else told
