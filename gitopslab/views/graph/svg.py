"""The graph as a still picture, for exports, GitHub and printed pages.

Called by the graph widget; reads a ``Graph`` and nothing else, and draws what the widget draws in the same places.
Shapes, fonts and colours are left to ``views.svg``.
"""

from __future__ import annotations

from gitopslab.views.graph.model import Graph, Item, Line
from gitopslab.views.graph.text import graph_text, summary
from gitopslab.views.svg import Canvas, rounded

_EDGE = 14.0
_ACROSS, _DOWN = 189.0, 38.0  # pixels a column and a card
_NOTICES, _LINE = 6, 23.0  # as many lines of missing relations, each so high
_STYLE = (
    ".gls-owns,.gls-selects,.gls-routes,.gls-mounts,.gls-claims,.gls-binds,.gls-provided,.gls-scheduled,.gls-stub,"
    ".gls-wait,.gls-core{fill:none;stroke:var(--gls-soft);stroke-width:1.4}"
    ".gls-selects{stroke-dasharray:1.5 3.5;stroke-linecap:round;stroke-width:2.2}"
    ".gls-routes{stroke-width:4.5}.gls-core{stroke:var(--gls-back);stroke-width:1.8}"
    ".gls-mounts{stroke-dasharray:6 4}.gls-claims{stroke-dasharray:10 4}.gls-provided{stroke-dasharray:2 3}"
    ".gls-scheduled{stroke-width:.8}.gls-binds{stroke-width:2}"
    ".gls-stub{stroke:var(--gls-fail);stroke-width:2;stroke-dasharray:4 3}"
    ".gls-wait{stroke:var(--gls-pend);stroke-width:2;stroke-dasharray:4 3}"
    ".gls-ghost{fill:none;stroke:var(--gls-fail);stroke-width:1.5;stroke-dasharray:4 3}"
    ".gls-arrow{fill:var(--gls-soft)}.gls-arrow-stub{fill:var(--gls-fail)}"
)
_ARROWS = ("owns", "selects", "routes", "claims")


def graph_svg(graph: Graph) -> str:
    """The whole graph as one SVG."""
    canvas = Canvas(summary(graph), graph_text(graph), _STYLE)
    width, top = 2 * _EDGE + graph.width * _ACROSS, 52.0 + _LINE * min(len(graph.notices), _NOTICES + 1)
    height = top + graph.height * _DOWN + _EDGE
    canvas.box(0.5, 0.5, width - 1, height - 1, "back", radius=12)
    canvas.words(_EDGE, 32, graph.title, size=17, look="bold")
    _draw_notices(canvas, graph, width)
    _Drawing(canvas, top).draw(graph)
    return canvas.finish(width, height)


def _draw_notices(canvas: Canvas, graph: Graph, width: float) -> None:
    y = 42.0
    for notice in graph.notices[:_NOTICES]:
        canvas.glyph(_EDGE, y, "failed" if notice.is_broken else "pending", 17)
        canvas.words(_EDGE + 25, y + 13, f"{notice.text}: {notice.reason}", room=width - 60)
        y += _LINE
    if len(graph.notices) > _NOTICES:
        canvas.words(_EDGE + 25, y + 13, f"and {len(graph.notices) - _NOTICES} more", look="soft")


class _Drawing:
    """Cards and lines, from units to pixels."""

    def __init__(self, canvas: Canvas, top: float) -> None:
        self._canvas = canvas
        self._top = top

    def draw(self, graph: Graph) -> None:
        """Lines first, so that cards lie upon them."""
        for line in graph.lines:
            self._line(line)
        for heading in graph.headings:
            x, y = self._at(heading.x, heading.y)
            is_name = heading.look == "namespace"
            self._canvas.words(x, y + 16, heading.text, size=14 if is_name else 12, look="bold" if is_name else "soft")
        for left, top, width, height in graph.boxes:
            self._canvas.box(*self._at(left, top), width * _ACROSS, height * _DOWN, "card", radius=7)
        for item in graph.items:
            self._item(item)
        for line in graph.lines:
            if line.label:
                x, y = self._at(*line.label_at)
                self._canvas.words(x, y - 4, line.label, size=12, look="soft", room=2 * _ACROSS)

    def _at(self, x: float, y: float) -> tuple[float, float]:
        return round(_EDGE + x * _ACROSS, 1), round(self._top + y * _DOWN, 1)

    def _line(self, line: Line) -> None:
        points = [self._at(*point) for point in line.points]
        d = rounded(points)
        self._canvas.path(d, line.kind if line.look == "line" else line.look)
        if line.look == "line" and line.kind == "routes":
            self._canvas.path(d, "core")
        x, y = points[-1]
        if line.look == "line" and line.kind in _ARROWS:
            self._canvas.path(f"M{x:g} {y:g}l-7 -3.6v7.2z", "arrow")
        elif line.look == "line" and line.kind == "binds":
            self._lock((points[0][0] + x) / 2, y)
        elif line.look != "line" and not line.targets:
            self._canvas.glyph(x - 1, y - 7, "failed" if line.look == "stub" else "pending", 14)

    def _lock(self, x: float, y: float) -> None:
        self._canvas.path(f"M{x - 5:g} {y - 1:g}h10v7h-10z", "arrow")
        self._canvas.path(f"M{x - 3:g} {y - 1:g}v-3a3 3 0 0 1 6 0v3", "owns")

    def _item(self, item: Item) -> None:
        x, y = self._at(item.x, item.y)
        if item.look == "chip":
            self._canvas.glyph(x, y, item.state or "running", 22)
            return
        width, height = item.width * _ACROSS, item.height * _DOWN
        self._canvas.box(x, y, width, height, "ghost" if item.look == "ghost" else "card", radius=7)
        left = x + 8
        if item.state:
            self._canvas.glyph(left, y + height / 2 - 9, item.state, 18)
            left += 25
        room = x + width - 8 - left
        taken = 8 + 7 * len(item.count) if item.count else 0
        self._canvas.words(left, y + 16, item.title, size=12.5, look="bold", room=(room - taken) * 0.9)
        self._canvas.words(x + width - 8, y + 16, item.count, look="soft", anchor="end")
        self._canvas.words(left, y + 31, item.second, look="soft", room=room)
