"""A tree as a still picture, with every fold closed: a column for each step from Git, a line from owner to owned.

Called by the tree widget and by whoever wants a picture in a page; reads a ``Tree`` and nothing else.
"""

from __future__ import annotations

from gitopslab.views.svg import Canvas, rounded
from gitopslab.views.tree.model import COLUMNS, Card, Tree
from gitopslab.views.tree.text import summary, tree_text

_WIDTH, _EDGE = 1120.0, 14.0
_CARD, _STEP, _GAP, _TOP = 48.0, 58.0, 30.0, 76.0
_WIDEST = 240.0
_STYLE = ".gls-owns{fill:none;stroke:var(--gls-soft);stroke-width:1.5}"


def tree_svg(tree: Tree) -> str:
    """All of it as one SVG."""
    canvas = Canvas(summary(tree), tree_text(tree), _STYLE)
    shown = tree.shown
    columns = max((card.depth for card in shown), default=0) + 1
    width = min((_WIDTH - 2 * _EDGE - (columns - 1) * _GAP) / columns, _WIDEST)
    rows = max((card.row for card in shown), default=0) + 1
    height = _TOP + rows * _STEP + _EDGE
    canvas.box(0.5, 0.5, _WIDTH - 1, height - 1, "back", radius=12)
    canvas.words(_EDGE, 36, summary(tree), size=17, look="bold", room=_WIDTH - 2 * _EDGE)
    for at, heading in enumerate(COLUMNS[:columns]):
        canvas.words(_EDGE + at * (width + _GAP), _TOP - 12, heading, look="soft", room=width)
    places = {card.key: (_EDGE + card.depth * (width + _GAP), _TOP + card.row * _STEP) for card in shown}
    for card in shown:
        if card.parent in places:
            _draw_line(canvas, places[card.parent], places[card.key], width)
    for card in shown:
        _draw_card(canvas, card, places[card.key], width)
    return canvas.finish(_WIDTH, height)


def _draw_line(canvas: Canvas, owner: tuple[float, float], owned: tuple[float, float], width: float) -> None:
    x1, y1 = owner[0] + width, owner[1] + _CARD / 2
    x2, y2 = owned[0], owned[1] + _CARD / 2
    middle = (x1 + x2) / 2
    points = [(x1, y1), (x2, y2)] if y1 == y2 else [(x1, y1), (middle, y1), (middle, y2), (x2, y2)]
    canvas.path(rounded(points), "owns")


def _draw_card(canvas: Canvas, card: Card, corner: tuple[float, float], width: float) -> None:
    x, y = corner
    canvas.box(x, y, width, _CARD, "tray" if card.is_fold else "card")
    at = x + 9
    if card.health.state:
        canvas.glyph(at, y + 6, card.health.state, 17)
    if card.sync.state:
        canvas.glyph(at, y + 26, card.sync.state, 17, round=True)
    left = at + 24 if card.health.state or card.sync.state else at
    room = x + width - left - 6
    kind = "" if card.is_fold else card.kind
    used = 6.7 * len(kind) + 5 if kind else 0.0
    canvas.words(left, y + 19, kind, look="soft")
    canvas.words(left + used, y + 19, card.short, size=12.5, look="bold", room=room - used)
    counted = 7.0 * len(card.count) + 10 if card.count else 0
    canvas.words(left, y + 38, " · ".join(filter(None, (card.health.word, card.sync.word))), room=room - counted)
    if card.count:
        canvas.words(x + width - 8, y + 38, card.count, look="soft", anchor="end")
