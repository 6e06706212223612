"""The layers of an image as a still picture: a stack that grows upwards, as layers lie on each other.

Called by the layers widget and by whoever wants a picture in a page; reads ``Layers`` and nothing else.
"""

from __future__ import annotations

from gitopslab.machinery.language import drawn
from gitopslab.views.layers import Layers, Row, Stack
from gitopslab.views.layers_text import layers_text, setting_words, short_digest
from gitopslab.views.svg import Canvas
from gitopslab.views.words import counted

_WIDTH, _EDGE, _GAP = 1120.0, 14.0, 18.0
_TOP, _HEAD = 62.0, 52.0
_LAYER, _SETTING = 40.0, 22.0
_BAR = 150.0
_MOST = 12


def layers_svg(layers: Layers) -> str:
    """The whole picture as one SVG."""
    canvas = Canvas(f"{drawn('Layers')}: {drawn(layers.summary)}", layers_text(layers), _STYLE)
    width = (_WIDTH - 2 * _EDGE - _GAP * (len(layers.stacks) - 1)) / len(layers.stacks)
    tallest = max(sum(_height(row) for row in stack.rows) for stack in layers.stacks)
    below = _TOP + _HEAD + tallest + 14
    lines = _differences(layers)
    height = below + (24 + 19 * len(lines) if lines else 0) + _EDGE
    canvas.box(0.5, 0.5, _WIDTH - 1, height - 1, "back", radius=12)
    canvas.words(_EDGE, 34, "Layers", size=17, look="bold")
    canvas.words(_EDGE + 70, 34, layers.summary, look="soft", room=_WIDTH - 2 * _EDGE - 70)
    for at, stack in enumerate(layers.stacks):
        _draw_stack(canvas, stack, _EDGE + at * (width + _GAP), width, bottom=_TOP + _HEAD + tallest)
    for at, line in enumerate(lines):
        canvas.words(_EDGE, below + 24 + 19 * at, line, look="text" if at else "bold", room=_WIDTH - 2 * _EDGE)
    return canvas.finish(_WIDTH, height)


def _height(row: Row) -> float:
    return _LAYER if row.digest else _SETTING


def _draw_stack(canvas: Canvas, stack: Stack, x: float, width: float, *, bottom: float) -> None:
    canvas.words(x, _TOP + 12, stack.name, size=14, look="bold", room=width)
    canvas.words(x, _TOP + 31, f"{stack.size} · {stack.platform} · {stack.digest[:26]}…", look="soft", room=width)
    y = bottom
    for row in stack.rows:
        y -= _height(row)
        if row.digest:
            _draw_layer(canvas, row, x, y, width)
        else:
            canvas.words(x + 12, y + 15, row.text, look="soft", room=width - 24)


def _draw_layer(canvas: Canvas, row: Row, x: float, y: float, width: float) -> None:
    canvas.box(x, y + 2, width, _LAYER - 4, "shared" if row.shared else "card", radius=7)
    canvas.words(x + 12, y + 18, row.text, room=width - _BAR - 36)
    told = f"{short_digest(row.digest)}{' · shared' if row.shared else ''} · {_count(row)}"
    canvas.words(x + 12, y + 32, told, size=12, look="soft", room=width - _BAR - 36)
    right = x + width - _BAR - 12
    canvas.box(right, y + 24, _BAR, 7, "tag", radius=3)
    canvas.box(right, y + 24, max(_BAR * row.share, 3), 7, "load", radius=3)
    canvas.words(right + _BAR, y + 18, row.size, look="text", anchor="end")


def _count(row: Row) -> str:
    return counted(len(row.files) + row.more, "path")


def _differences(layers: Layers) -> list[str]:
    lines = [setting_words(*each) for each in layers.settings]
    lines += [f"{each.mark} {each.path}   {each.size}".rstrip() for each in layers.files]
    if not lines:
        return []
    left = layers.more + max(len(lines) - _MOST, 0)
    return ["What differs", *lines[:_MOST], *([f"and {left} more"] if left else [])]


_STYLE = ".gls-shared{fill:var(--gls-faint);stroke:var(--gls-load);stroke-width:1.5}"
