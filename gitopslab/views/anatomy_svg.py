"""The anatomy as a still picture. Called by its widget; reads an ``Anatomy`` and nothing else."""

from __future__ import annotations

from gitopslab.machinery.language import drawn
from gitopslab.views.anatomy import Anatomy, Body, Organ
from gitopslab.views.anatomy_text import anatomy_text, summary
from gitopslab.views.svg import Canvas
from gitopslab.views.words import counted

_WIDTH, _EDGE, _GAP, _PAD = 1120.0, 14.0, 12.0, 12.0
_ROW, _HEAD, _TOP = 30.0, 46.0, 52.0
_ACROSS = 4


def anatomy_svg(anatomy: Anatomy) -> str:
    """The whole anatomy as one SVG."""
    canvas = Canvas(f"{drawn('Anatomy')}: {summary(anatomy)}", anatomy_text(anatomy))
    rows = [anatomy.nodes[at : at + _ACROSS] for at in range(0, len(anatomy.nodes), _ACROSS)]
    heights = [max(_height(body) for body in row) for row in rows]
    height = _TOP + sum(heights) + _GAP * len(heights) + _EDGE
    canvas.box(0.5, 0.5, _WIDTH - 1, height - 1, "back", radius=12)
    canvas.words(_EDGE, 34, "Anatomy", size=17, look="bold")
    canvas.words(_EDGE + 90, 34, anatomy.note or summary(anatomy), look="soft")
    y = _TOP
    width = (_WIDTH - 2 * _EDGE - (_ACROSS - 1) * _GAP) / _ACROSS
    for row, tall in zip(rows, heights, strict=True):
        for at, body in enumerate(row):
            _draw(canvas, body, (_EDGE + at * (width + _GAP), y, width, tall))
        y += tall + _GAP
    return canvas.finish(_WIDTH, height)


def _height(body: Body) -> float:
    return _HEAD + _ROW * (len(body.control) + len(body.every)) + 30


def _draw(canvas: Canvas, body: Body, place: tuple[float, float, float, float]) -> None:
    x, y, width, height = place
    canvas.box(x, y, width, height, "card")
    if body.control_plane:
        canvas.box(x, y, width, 4, "band", radius=2)
    canvas.glyph(x + _PAD, y + 14, "ready" if body.ready else "failed", 18, round=True)
    canvas.words(x + _PAD + 26, y + 28, body.name, size=14, look="bold", room=width - 2 * _PAD - 26)
    top = y + _HEAD
    for organ in (*body.control, *body.every):
        _draw_organ(canvas, organ, x + _PAD, top, width - 2 * _PAD)
        top += _ROW
    canvas.words(x + _PAD, top + 14, f"and {counted(body.others, 'other pod')}", look="soft")


def _draw_organ(canvas: Canvas, organ: Organ, x: float, y: float, width: float) -> None:
    canvas.glyph(x, y, organ.state, 20)
    canvas.words(x + 28, y + 15, organ.title, room=width * 0.6)
    told = "" if (organ.state, organ.status) == ("ready", "Running") else organ.status
    canvas.words(x + width, y + 15, told, look="soft", room=width * 0.35, anchor="end")
