"""The timeline as a still picture.

Called by the timeline widget and by whoever wants a picture in a page; reads a ``Timeline`` and nothing else.
"""

from __future__ import annotations

from gitopslab.machinery.language import drawn
from gitopslab.views.palette import STATES
from gitopslab.views.svg import Canvas
from gitopslab.views.timeline import Lane, Timeline
from gitopslab.views.timeline_bars import Bar
from gitopslab.views.timeline_text import ago, summary, timeline_text

_WIDTH, _EDGE = 1120.0, 14.0
_LABELS = 230.0
_ROW, _TOP = 30.0, 62.0
_MOST_LANES = 40
_TICKS = 5


def timeline_svg(timeline: Timeline, now: float) -> str:
    """The whole timeline as one SVG; its right edge is now."""
    canvas = Canvas(f"{drawn('Timeline')}: {summary(timeline)}", timeline_text(timeline, now), _STYLE)
    lanes = timeline.lanes[:_MOST_LANES]
    height = _TOP + _ROW * max(len(lanes), 1) + 30
    canvas.box(0.5, 0.5, _WIDTH - 1, height - 1, "back", radius=12)
    canvas.words(_EDGE, 34, "Timeline", size=17, look="bold")
    canvas.words(_EDGE + 95, 34, summary(timeline), look="soft")
    scale = _Scale(now - timeline.span, now)
    for at in range(_TICKS + 1):
        moment = now - timeline.span * (_TICKS - at) / _TICKS
        x = scale.x(moment)
        canvas.box(x, _TOP - 8, 1, height - _TOP - 14, "faint-line", radius=0)
        anchor = "end" if at == _TICKS else "middle"
        canvas.words(x, height - 10, "now" if at == _TICKS else f"{ago(moment, now)} ago", look="soft", anchor=anchor)
    for at, lane in enumerate(lanes):
        _draw_lane(canvas, lane, _TOP + _ROW * at, scale)
    if not lanes:
        canvas.words(_EDGE, _TOP + 18, "nothing has happened yet", look="soft")
    if len(timeline.lanes) > _MOST_LANES:
        canvas.words(_EDGE, height - 10, f"and {len(timeline.lanes) - _MOST_LANES} more lanes", look="soft")
    return canvas.finish(_WIDTH, height)


class _Scale:
    """From moments to places."""

    def __init__(self, start: float, end: float) -> None:
        self.start = start
        self.end = end

    def x(self, moment: float) -> float:
        """The place of a moment, within the picture."""
        share = (moment - self.start) / (self.end - self.start)
        left, right = _EDGE + _LABELS, _WIDTH - _EDGE
        return round(left + min(max(share, 0.0), 1.0) * (right - left), 1)


def _draw_lane(canvas: Canvas, lane: Lane, y: float, scale: _Scale) -> None:
    look, indent = ("text", 16) if lane.level else ("bold", 0)
    words = lane.title if lane.level else f"{lane.kind} {lane.title}"
    canvas.words(_EDGE + indent, y + 17, words, look=look, room=_LABELS - indent - 10)
    for bar in lane.bars:
        if bar.end is None or bar.end >= scale.start:
            _draw_bar(canvas, bar, y, scale, low=bool(lane.level))
    for moment in lane.moments:
        if moment.seconds >= scale.start:
            _draw_mark(canvas, moment.state, scale.x(moment.seconds), y + 12)


def _draw_bar(canvas: Canvas, bar: Bar, y: float, scale: _Scale, *, low: bool) -> None:
    height, top = (8.0, y + 8) if low else (16.0, y + 4)
    ends = [*(segment.start for segment in bar.segments[1:]), scale.end if bar.end is None else bar.end]
    for segment, end in zip(bar.segments, ends, strict=True):
        left, right = scale.x(segment.start), scale.x(end)
        canvas.box(left, top, max(right - left, 2), height, f"is-{STATES[segment.state].colour}", radius=3)
    if not low:
        x = scale.x(bar.start) + 14
        room = scale.x(ends[-1]) - x - 6
        if room > 40:
            canvas.box(x, y + 5.5, min(room, 7.2 * len(bar.name) + 8), 13, "card", radius=3)
            canvas.words(x + 4, y + 16, bar.name, room=room - 8)


def _draw_mark(canvas: Canvas, state: str, x: float, y: float) -> None:
    if state == "warning":
        canvas.box(x - 6, y - 6, 12, 12, "is-fail", radius=3)
        canvas.path(f"M{x - 3:g} {y - 3:g}L{x + 3:g} {y + 3:g}M{x + 3:g} {y - 3:g}L{x - 3:g} {y + 3:g}", "stroke")
    elif state == "write":
        canvas.path(f"M{x:g} {y - 7:g}L{x + 6:g} {y:g}L{x:g} {y + 7:g}L{x - 6:g} {y:g}Z", "dot")
    else:
        canvas.path(f"M{x - 4:g} {y:g}a4 4 0 1 0 8 0a4 4 0 1 0 -8 0", "dot")


_STYLE = ".gls-faint-line{fill:var(--gls-line)}.gls-dot{fill:var(--gls-page);stroke:var(--gls-text);stroke-width:1.5}"
