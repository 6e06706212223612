"""A scheduling decision as a still picture, for exports, GitHub and printed pages.

Reads an ``Explained`` and nothing else; it draws what the widget shows at its last step: a row a node, with the first
filter that refused it, or a bar for the points of each plugin.
"""

from __future__ import annotations

import re

from gitopslab.machinery.language import drawn
from gitopslab.views.decision import Explained, Row
from gitopslab.views.decision_text import GLYPHS, decision_text, verdict_words
from gitopslab.views.svg import Canvas, Drawing, wrapped

_WIDTH = 1120.0
_EDGE, _PAD = 16.0, 12.0
_NAME, _TOTAL = 256.0, 86.0  # the first and the last column
_ROW = 44.0
_LINE = 16.0
_LETTER = 6.7  # pixels of a letter at 12
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def decision_svg(found: Explained) -> str:
    """The whole decision as one SVG."""
    canvas = Canvas(f"{drawn(f'Scheduling of pod {found.pod}')}: {drawn(found.headline)}", decision_text(found))
    return canvas.finish(*draw_decision(canvas, found))


def draw_decision(canvas: Drawing, found: Explained) -> tuple[float, float]:
    """Draw the whole decision; gives the width and height of the picture."""
    found = found.for_a_picture()
    head, foot = _head_lines(found), _foot_lines(found)
    top = 46 + len(head) * _LINE
    columns = _columns(found)
    header = 14 + max((len(lines) for lines in columns.values()), default=0) * 14
    below = top + header + len(found.rows) * _ROW
    height = below + (len(foot) * _LINE + 20 if foot else 6) + _EDGE
    canvas.box(0.5, 0.5, _WIDTH - 1, height - 1, "back", radius=12)
    canvas.words(_EDGE, 34, f"pod {found.pod}", size=17, look="bold")
    canvas.words(_WIDTH - _EDGE, 34, f"asks for {found.asks}", size=13, look="soft", anchor="end")
    for at, (text, look) in enumerate(head):
        canvas.words(_EDGE, 56 + at * _LINE, text, size=13, look=look)
    _draw_header(canvas, columns, top)
    for at, row in enumerate(found.rows):
        _draw_row(canvas, row, list(columns), top + header + at * _ROW)
    for at, text in enumerate(foot):
        canvas.words(_EDGE, below + 22 + at * _LINE, text, size=12, look="soft")
    return _WIDTH, height


def words_of(plugin: str) -> list[str]:
    """A plugin's name in its words: ``Node``, ``Resources``, ``Fit``."""
    return _WORD.findall(plugin)


def _head_lines(found: Explained) -> list[tuple[str, str]]:
    room = _WIDTH - 2 * _EDGE
    lines = [(line, "soft") for change in found.changes for line in wrapped(drawn(f"What if: {change}"), room, 13)]
    return [*lines, *((line, "bold") for line in wrapped(drawn(found.headline), room, 13))]


def _foot_lines(found: Explained) -> list[str]:
    said = drawn(f"The cluster's scheduler last said: {found.said}") if found.said else ""
    return [
        line for text in (drawn(found.folded), found.message, said) for line in wrapped(text, _WIDTH - 2 * _EDGE, 12)
    ]


def _columns(found: Explained) -> dict[str, list[str]]:
    """The plugins that scored, each with its name in lines that fit its column."""
    if not found.scorers:
        return {}
    letters = int(_column_width(len(found.scorers)) / _LETTER)
    return {plugin: _broken(words_of(plugin), letters) for plugin in found.scorers}


def _broken(words: list[str], letters: int) -> list[str]:
    lines = [""]
    for word in words:
        if lines[-1] and len(lines[-1]) + len(word) > letters:
            lines.append("")
        lines[-1] += word
    return lines


def _column_width(count: int) -> float:
    return (_WIDTH - 2 * _EDGE - _NAME - _TOTAL) / count


def _draw_header(canvas: Drawing, columns: dict[str, list[str]], top: float) -> None:
    if not columns:
        return
    deepest = max(map(len, columns.values()))
    for at, lines in enumerate(columns.values()):
        x = _EDGE + _NAME + at * _column_width(len(columns))
        for line, text in enumerate(lines):
            canvas.words(x, top + 12 + (deepest - len(lines) + line) * 14, text, size=12, look="soft")
    canvas.words(_WIDTH - _EDGE - _PAD, top + 12 + (deepest - 1) * 14, "points", size=12, look="soft", anchor="end")


def _draw_row(canvas: Drawing, row: Row, plugins: list[str], y: float) -> None:
    canvas.box(_EDGE, y + 2, _WIDTH - 2 * _EDGE, _ROW - 5, "best" if row.state == "chosen" else "card", radius=7)
    canvas.glyph(_EDGE + 9, y + 11, GLYPHS[row.state], 19)
    canvas.words(_EDGE + 36, y + 19, row.node, size=13, look="bold", room=_NAME - 44)
    canvas.words(_EDGE + 36, y + 34, _second(row), size=12, look="soft", room=_NAME - 44)
    if row.state == "out":
        _draw_refusal(canvas, row, y)
    elif row.scores:
        _draw_scores(canvas, row, plugins, y)
    else:
        told = "the only one left, so nothing is scored" if row.state == "chosen" else "enough others were found before"
        canvas.words(_EDGE + _NAME, y + 26, told, size=12, look="soft")


def _second(row: Row) -> str:
    return " · ".join(filter(None, (row.zone, verdict_words(row))))


def _draw_refusal(canvas: Drawing, row: Row, y: float) -> None:
    room = _WIDTH - 2 * _EDGE - _NAME - _PAD
    lines = wrapped(drawn(row.detail), room, 12)[:2]
    canvas.words(_EDGE + _NAME, y + 19, row.plugin or "refused", size=12, look="bold")
    if len(lines) == 1:
        canvas.words(_EDGE + _NAME, y + 34, lines[0], size=12)
    else:
        canvas.words(_EDGE + _NAME, y + 34, row.detail, size=12, room=room)


def _draw_scores(canvas: Drawing, row: Row, plugins: list[str], y: float) -> None:
    width = _column_width(len(plugins))
    totals = {score.plugin: score for score in row.scores}
    for at, plugin in enumerate(plugins):
        x, score = _EDGE + _NAME + at * width, totals.get(plugin)
        if score is None:
            continue
        weight = f" ({score.weight} \u00d7 {score.points})" if score.weight > 1 and score.points else ""
        canvas.words(x, y + 20, f"{score.total}{weight}", size=12)
        canvas.box(x, y + 27, width - 14, 7, "tag", radius=2)
        canvas.box(x, y + 27, (width - 14) * score.points / 100, 7, "load", radius=2)
    canvas.words(_WIDTH - _EDGE - _PAD, y + 27, str(row.total), size=15, look="bold", anchor="end")
