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

_LEAST = 720.0  # wide: small enough that a slide shows the smallest letters at 20 pixels
_EDGE, _PAD = 16.0, 12.0
_NAME, _TOTAL = 234.0, 58.0  # the first and the last column
_COLUMN = 99.0  # what a plugin's points with their weight need
_ROW = 44.0
_LINE = 16.0
_LETTER = 6.7  # pixels of a letter at 12
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def decision_svg(found: Explained) -> str:
    """The whole decision as one SVG."""
    canvas = Canvas(f"{drawn(f'Scheduling of pod {found.pod}')}: {drawn(found.headline)}", decision_text(found))
    return canvas.finish(*draw_decision(canvas, found))


def draw_decision(canvas: Drawing, found: Explained) -> tuple[float, float]:
    """Draw the whole decision; gives the width and height of the picture, which is as wide as its columns ask for."""
    found = found.for_a_picture()
    width = max(_LEAST, 2 * _EDGE + _NAME + len(found.scorers) * _COLUMN + _TOTAL)
    head, foot = _head_lines(found, width), _foot_lines(found, width)
    top = 60 + len(head) * _LINE
    columns = _columns(found, width)
    header = 8 + max((len(lines) for lines in columns.values()), default=0) * 14
    heights = [_ROW + _LINE * max(len(_refusal(row, width)) - 1, 0) for row in found.rows]
    below = top + header + sum(heights)
    height = below + (len(foot) * _LINE + 20 if foot else 6) + _EDGE
    canvas.box(0.5, 0.5, width - 1, height - 1, "back", radius=12)
    canvas.words(_EDGE, 34, f"pod {found.pod}", size=17, look="bold")
    canvas.words(_EDGE, 53, f"asks for {found.asks}", size=13, look="soft")
    for at, (text, look) in enumerate(head):
        canvas.words(_EDGE, 72 + at * _LINE, text, size=13, look=look)
    _draw_header(canvas, columns, top, width)
    y = top + header
    for row, row_height in zip(found.rows, heights, strict=True):
        _draw_row(canvas, row, list(columns), (y, width, row_height))
        y += row_height
    for at, text in enumerate(foot):
        canvas.words(_EDGE, below + 22 + at * _LINE, text, size=12, look="soft")
    return width, height


def words_of(plugin: str) -> list[str]:
    """A plugin's name in its words: ``Node``, ``Resources``, ``Fit``."""
    return _WORD.findall(plugin)


def _head_lines(found: Explained, width: float) -> list[tuple[str, str]]:
    room = width - 2 * _EDGE
    lines = [(line, "soft") for change in found.changes for line in wrapped(drawn(f"What if: {change}"), room, 13)]
    return [*lines, *((line, "bold") for line in wrapped(drawn(found.headline), room, 13))]


def _foot_lines(found: Explained, width: float) -> list[str]:
    said = drawn(f"The cluster's scheduler last said: {found.said}") if found.said else ""
    return [
        line for text in (drawn(found.folded), found.message, said) for line in wrapped(text, width - 2 * _EDGE, 12)
    ]


def _columns(found: Explained, width: float) -> dict[str, list[str]]:
    """The plugins that scored, each with its name in lines that fit its column."""
    if not found.scorers:
        return {}
    letters = int(_column_width(len(found.scorers), width) / _LETTER)
    return {plugin: _broken(words_of(plugin), letters) for plugin in found.scorers}


def _broken(words: list[str], letters: int) -> list[str]:
    lines = [""]
    for word in words:
        if lines[-1] and len(lines[-1]) + len(word) > letters:
            lines.append("")
        lines[-1] += word
    return lines


def _column_width(count: int, width: float) -> float:
    return (width - 2 * _EDGE - _NAME - _TOTAL) / count


def _draw_header(canvas: Drawing, columns: dict[str, list[str]], top: float, width: float) -> None:
    if not columns:
        return
    deepest = max(map(len, columns.values()))
    for at, lines in enumerate(columns.values()):
        x = _EDGE + _NAME + at * _column_width(len(columns), width)
        for line, text in enumerate(lines):
            canvas.words(x, top + 12 + (deepest - len(lines) + line) * 14, text, size=12, look="soft")
    canvas.words(width - _EDGE - _PAD, top + 12 + (deepest - 1) * 14, "points", size=12, look="soft", anchor="end")


def _draw_row(canvas: Drawing, row: Row, plugins: list[str], place: tuple[float, float, float]) -> None:
    y, width, height = place
    canvas.box(_EDGE, y + 2, width - 2 * _EDGE, height - 5, "best" if row.state == "chosen" else "card", radius=7)
    canvas.glyph(_EDGE + 9, y + 11, GLYPHS[row.state], 19)
    canvas.words(_EDGE + 36, y + 19, row.node, size=13, look="bold", room=_NAME - 38)
    canvas.words(_EDGE + 36, y + 34, _second(row), size=12, look="soft", room=_NAME - 38)
    if row.state == "out":
        canvas.words(_EDGE + _NAME, y + 19, row.plugin or "refused", size=12, look="bold")
        for at, text in enumerate(_refusal(row, width)):
            canvas.words(_EDGE + _NAME, y + 34 + at * _LINE, text, size=12)
    elif row.scores:
        _draw_scores(canvas, row, plugins, y, width)
    else:
        told = "the only one left, so nothing is scored" if row.state == "chosen" else "enough others were found before"
        canvas.words(_EDGE + _NAME, y + 26, told, size=12, look="soft")


def _second(row: Row) -> str:
    return " · ".join(filter(None, (row.zone, verdict_words(row))))


def _refusal(row: Row, width: float) -> list[str]:
    """Why a node is out, in lines that fit beside its name; none for a node that is not."""
    return wrapped(drawn(row.detail), width - 2 * _EDGE - _NAME - _PAD, 12) if row.state == "out" else []


def _draw_scores(canvas: Drawing, row: Row, plugins: list[str], y: float, width: float) -> None:
    column = _column_width(len(plugins), width)
    totals = {score.plugin: score for score in row.scores}
    for at, plugin in enumerate(plugins):
        x, score = _EDGE + _NAME + at * column, totals.get(plugin)
        if score is None:
            continue
        weight = f" ({score.weight} \u00d7 {score.points})" if score.weight > 1 and score.points else ""
        canvas.words(x, y + 20, f"{score.total}{weight}", size=12)
        canvas.box(x, y + 27, column - 14, 7, "tag", radius=2)
        canvas.box(x, y + 27, (column - 14) * score.points / 100, 7, "load", radius=2)
    canvas.words(width - _EDGE - _PAD, y + 27, str(row.total), size=15, look="bold", anchor="end")
