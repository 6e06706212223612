"""Lanes as a still picture: the newest commit in two lanes on one scale of time, and the commits before it as lines.

Called by the lanes widget and by whoever wants a picture in a page; reads ``Lanes`` and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence

from gitopslab.machinery.language import drawn
from gitopslab.views.lanes.model import OUTCOMES, Commit, Lane, Lanes, Step
from gitopslab.views.lanes.text import after_push, drift_words, lanes_text, mark, summary, when
from gitopslab.views.svg import Canvas, wrapped

_WIDTH, _EDGE = 1120.0, 14.0
_LABEL, _CARD, _GAP, _LINE = 300.0, 84.0, 26.0, 18.0
_STYLE = (
    ".gls-way{fill:none;stroke:var(--gls-soft);stroke-width:1.6}"
    ".gls-scale{fill:none;stroke:var(--gls-line);stroke-width:3;stroke-linecap:round}"
)


def lanes_svg(lanes: Lanes) -> str:
    """All of it as one SVG."""
    canvas = Canvas(summary(lanes), lanes_text(lanes), _STYLE)
    heights = [_height(lane) for lane in lanes.lanes]
    older = lanes.commits[1:]
    top = _EDGE + 66.0
    below = top + sum(heights) + 12 * len(heights)
    height = below + (30 + _LINE * len(older) * max(len(lanes.lanes), 1) if older else 0) + _EDGE
    canvas.box(0.5, 0.5, _WIDTH - 1, height - 1, "back", radius=12)
    canvas.words(_EDGE, 36, lanes.project, size=17, look="bold")
    _draw_newest(canvas, lanes)
    y = top
    for at, (lane, each) in enumerate(zip(lanes.lanes, heights, strict=True)):
        commit = lanes.commits[0] if lanes.commits else None
        _draw_lane(canvas, lane, commit, commit.steps[at] if commit else (), y, each)
        y += each + 12
    _draw_older(canvas, lanes, older, below)
    return canvas.finish(_WIDTH, height)


def _height(lane: Lane) -> float:
    lines = len(lane.drift) + bool(lane.more)
    return _CARD + 52 + (lines * _LINE + 8 if lines else 0)


def _draw_newest(canvas: Canvas, lanes: Lanes) -> None:
    if lanes.trouble or not lanes.commits:
        canvas.words(_EDGE, 62, lanes.trouble or "no commits yet", size=13, room=_WIDTH - 2 * _EDGE)
        return
    newest = lanes.commits[0]
    canvas.words(_EDGE, 62, newest.sha[:8], size=13, look="soft")
    canvas.words(_EDGE + 76, 62, newest.subject, size=14, look="bold", room=700)
    canvas.words(_WIDTH - _EDGE, 62, f"pushed by {newest.author}", size=13, look="soft", anchor="end")


def _draw_lane(
    canvas: Canvas, lane: Lane, commit: Commit | None, steps: Sequence[Step], top: float, height: float
) -> None:
    canvas.box(_EDGE, top, _WIDTH - 2 * _EDGE, height, "card")
    canvas.glyph(_EDGE + 12, top + 12, lane.state, 20)
    canvas.words(_EDGE + 40, top + 27, lane.tool, size=15, look="bold")
    told = [
        lane.title,
        *wrapped(drawn(lane.sentence), _LABEL - 24, 12)[:2],
        *wrapped(" · ".join(map(drawn, lane.facts)), _LABEL - 24, 12),
    ]
    for at, line in enumerate(told[:5]):
        canvas.words(_EDGE + 12, top + 46 + 16 * at, line, look="soft", room=_LABEL - 24)
    if commit is not None:
        _draw_steps(canvas, commit, steps, top)
    y = top + _CARD + 56
    for each in lane.drift:
        canvas.glyph(_EDGE + 12, y - 2, "notready", 15)
        canvas.words(_EDGE + 34, y + 10, drift_words(each), room=_WIDTH - 2 * _EDGE - 48)
        y += _LINE
    if lane.more:
        canvas.words(_EDGE + 34, y + 10, f"and {lane.more} more", look="soft")


def _draw_steps(canvas: Canvas, commit: Commit, steps: Sequence[Step], top: float) -> None:
    left, room = _EDGE + _LABEL, _WIDTH - 2 * _EDGE - _LABEL - 12
    width = (room - 2 * _GAP) / 3
    for at, step in enumerate(steps):
        x = left + at * (width + _GAP)
        if at:
            canvas.path(f"M{x - _GAP:g} {top + 12 + _CARD / 2:g}H{x:g}", "way")
        canvas.box(x, top + 12, width, _CARD - 4, "card" if step.outcome != "unasked" else "tray")
        state = OUTCOMES[step.outcome][0]
        if state:
            canvas.glyph(x + 10, top + 22, state, 20)
        canvas.words(x + (38 if state else 10), top + 37, step.word, size=13.5, look="bold")
        canvas.words(x + width - 10, top + 37, when(step, commit), size=13, look="bold", anchor="end")
        for line, words in enumerate(wrapped(drawn(step.note), width - 20, 12)[:2]):
            canvas.words(x + 10, top + 59 + 16 * line, words, look="soft", room=width - 18)
    _draw_scale(canvas, commit, steps, left, top + _CARD + 26, room)


def _draw_scale(canvas: Canvas, commit: Commit, steps: Sequence[Step], left: float, y: float, room: float) -> None:
    last = scale_of(commit)
    canvas.path(f"M{left + 8:g} {y:g}H{left + room - 8:g}", "scale")
    canvas.words(left, y + 22, "push", look="soft")
    canvas.words(left + room, y + 22, after_push(last), look="soft", anchor="end")
    for step in steps:
        state = OUTCOMES[step.outcome][0]
        if step.seconds and state:
            share = min(1.0, max(0.0, (step.seconds - commit.seconds) / last))
            canvas.glyph(left + 8 + share * (room - 16) - 7, y - 7, state, 14, round=True)


def scale_of(commit: Commit) -> float:
    """How many seconds both lanes of a commit span; 1 at least."""
    return max([1.0, *(step.seconds - commit.seconds for lane in commit.steps for step in lane if step.seconds)])


def _draw_older(canvas: Canvas, lanes: Lanes, older: Sequence[Commit], top: float) -> None:
    y = top + 22
    for commit in older:
        canvas.words(_EDGE, y, commit.sha[:8], look="soft")
        canvas.words(_EDGE + 72, y, commit.subject, room=_LABEL - 80)
        for lane, steps in zip(lanes.lanes, commit.steps, strict=False):
            told = "   ".join(
                f"{mark(step.outcome)} {drawn(step.word)} {when(step, commit)}".rstrip() for step in steps
            )
            canvas.words(_EDGE + _LABEL, y, lane.tool, look="soft")
            canvas.words(_EDGE + _LABEL + 64, y, told, room=_WIDTH - _LABEL - 100)
            y += _LINE
