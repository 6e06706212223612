"""A drift as a still picture: a table of the fields that differ, object by object.

Called by the drift widget and by whoever wants a picture in a page; reads a ``Drift`` and nothing else.
"""

from __future__ import annotations

from gitopslab.views.drift.model import STATES as LOOKS
from gitopslab.views.drift.model import Drift, Row
from gitopslab.views.drift.text import drift_text, equal_words, summary
from gitopslab.views.svg import Canvas

_WIDTH, _EDGE, _LINE = 1120.0, 14.0, 24.0
_COLUMNS = ((30.0, "Field"), (370.0, "In Git"), (500.0, "Live"), (630.0, "Set by"), (800.0, "What becomes of it"))


def drift_svg(drift: Drift) -> str:
    """All of it as one SVG."""
    canvas = Canvas(summary(drift), drift_text(drift))
    lines = sum(1 + len(each.differences) for each in drift.objects)
    top = 112.0
    height = top + lines * _LINE + _EDGE
    canvas.box(0.5, 0.5, _WIDTH - 1, height - 1, "back", radius=12)
    canvas.words(_EDGE, 36, drift.title, size=17, look="bold", room=_WIDTH - 2 * _EDGE)
    canvas.glyph(_EDGE, 50, drift.state, 20)
    canvas.words(_EDGE + 30, 65, drift.sentence, size=14, room=_WIDTH - 2 * _EDGE - 30)
    for x, heading in _COLUMNS:
        canvas.words(_EDGE + x, top - 14, heading, look="soft")
    y = top
    for each in drift.objects:
        canvas.glyph(_EDGE, y + 1, "notready" if each.drifted else "ready", 17)
        canvas.words(_EDGE + 26, y + 14, each.key, size=12.5, look="bold", room=640)
        canvas.words(_WIDTH - _EDGE, y + 14, equal_words(each), look="soft", anchor="end")
        y += _LINE
        for row in each.differences:
            _draw_row(canvas, row, y)
            y += _LINE
    return canvas.finish(_WIDTH, height)


def _draw_row(canvas: Canvas, row: Row, y: float) -> None:
    canvas.glyph(_EDGE + 8, y + 2, LOOKS[row.state][0], 14, round=True)
    cells = (row.path or "the object", row.git or "—", row.live or "—", ", ".join(row.owners) or "—", row.outlook)
    edges = [x for x, _ in _COLUMNS] + [_WIDTH - 2 * _EDGE]
    for at, cell in enumerate(cells):
        canvas.words(_EDGE + edges[at], y + 14, cell, room=edges[at + 1] - edges[at] - 10)
