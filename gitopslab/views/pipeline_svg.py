"""A pipeline as a still picture: a column a stage, lines for needs, and below the jobs that are left out.

Called by the pipeline widget and by whoever wants a picture in a page; reads a ``Pipeline`` and nothing else.
"""

from __future__ import annotations

from gitopslab.views.pipeline import STATUSES, Card, Pipeline
from gitopslab.views.pipeline_text import about, pipeline_text, summary
from gitopslab.views.svg import Canvas, wrapped

_WIDTH, _EDGE = 1120.0, 14.0
_CARD, _GAP, _SPACE, _OUT = 52.0, 12.0, 46.0, 22.0
_WIDEST = 250.0

Corner = tuple[float, float]


def pipeline_svg(pipeline: Pipeline) -> str:
    """The whole pipeline as one SVG."""
    canvas = Canvas(summary(pipeline), pipeline_text(pipeline), _STYLE)
    told = wrapped(pipeline.sentence, _WIDTH - 2 * _EDGE - 36, 14)
    top = _EDGE + 40 + 20 * len(told) + 34
    rows = max((len(stage.jobs) for stage in pipeline.stages), default=0)
    below = top + rows * (_CARD + _GAP) + 8
    height = below + (26 + _OUT * len(pipeline.left_out) if pipeline.left_out else 0) + _EDGE
    canvas.box(0.5, 0.5, _WIDTH - 1, height - 1, "back", radius=12)
    canvas.words(_EDGE, 36, f"Pipeline for a {pipeline.title}", size=17, look="bold")
    look = STATUSES.get(pipeline.status, ("", ""))[0] or "terminating"
    canvas.glyph(_EDGE, 50, look, 20)
    for at, line in enumerate(told):
        canvas.words(_EDGE + 30, 65 + 20 * at, line, size=14)
    _draw_stages(canvas, pipeline, top)
    _draw_left_out(canvas, pipeline.left_out, below)
    return canvas.finish(_WIDTH, height)


def _draw_stages(canvas: Canvas, pipeline: Pipeline, top: float) -> None:
    count = max(len(pipeline.stages), 1)
    width = min((_WIDTH - 2 * _EDGE - (count - 1) * _SPACE) / count, _WIDEST)
    corners: dict[str, Corner] = {}
    for at, stage in enumerate(pipeline.stages):
        x = _EDGE + at * (width + _SPACE)
        canvas.words(x, top - 10, stage.name, look="soft", room=width)
        for row, card in enumerate(stage.jobs):
            corners[card.name] = (x, top + row * (_CARD + _GAP))
    for card in pipeline.jobs:
        for need in card.needs or ():
            if need in corners:
                _draw_need(canvas, corners[need], corners[card.name], width)
    for card in pipeline.jobs:
        _draw_card(canvas, card, corners[card.name], width)


def _draw_need(canvas: Canvas, source: Corner, target: Corner, width: float) -> None:
    x1, y1 = source[0] + width, source[1] + _CARD / 2
    x2, y2 = target[0], target[1] + _CARD / 2
    if x2 < x1:  # in the same stage: around the left edge
        x1 = x2 = target[0]
        bend = x1 - _SPACE / 3
        canvas.path(f"M{x1:g} {y1:g}C{bend:g} {y1:g} {bend:g} {y2:g} {x2:g} {y2:g}", "need")
        return
    middle = (x1 + x2) / 2
    canvas.path(f"M{x1:g} {y1:g}C{middle:g} {y1:g} {middle:g} {y2:g} {x2:g} {y2:g}", "need")


def _draw_card(canvas: Canvas, card: Card, corner: Corner, width: float) -> None:
    x, y = corner
    canvas.box(x, y, width, _CARD, "card")
    canvas.glyph(x + 10, y + 10, STATUSES.get(card.status, ("pending", ""))[0] or "pending", 20)
    canvas.words(x + 38, y + 24, card.name, size=13, look="bold", room=width - 46)
    note = f"{card.word} · {about(card)}" if about(card) else card.word
    canvas.words(x + 38, y + 42, note, look="soft", room=width - 46)


def _draw_left_out(canvas: Canvas, cards: tuple[Card, ...], top: float) -> None:
    if not cards:
        return
    canvas.words(_EDGE, top + 12, "left out", look="soft")
    for at, card in enumerate(cards):
        y = top + 34 + _OUT * at
        canvas.words(_EDGE + 14, y, card.name, look="bold", room=230)
        canvas.words(_EDGE + 260, y, card.why, look="soft", room=_WIDTH - 300)


_STYLE = ".gls-need{fill:none;stroke:var(--gls-soft);stroke-width:1.6}"
