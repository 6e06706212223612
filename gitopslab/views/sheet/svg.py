"""A sheet as a still picture: the YAML on the left, on the right what its fields mean and what is wrong.

Called by the manifest widget; reads a ``Sheet`` and nothing else. Shapes and colours are left to ``views.svg``.
"""

from __future__ import annotations

from gitopslab.machinery.language import drawn
from gitopslab.views.sheet.model import Sheet, SheetLine
from gitopslab.views.sheet.text import first_sentence, sheet_text, type_words
from gitopslab.views.svg import Canvas, cut

_WIDTH, _LEFT, _LINE = 1120.0, 470.0, 19.0
_EDGE, _NUMBERS = 14.0, 34.0
_LETTER = 7.3  # of the code font at 12 px
_STYLE = (
    ".gls-code,.gls-key,.gls-value{font-family:ui-monospace,Menlo,Consolas,DejaVu Sans Mono,monospace;white-space:pre}"
    ".gls-code{fill:var(--gls-soft)}.gls-value{fill:var(--gls-text)}.gls-key{fill:var(--gls-text);font-weight:650}"
    ".gls-wrong{fill:var(--gls-fail);opacity:.14}.gls-wrong-edge{fill:var(--gls-fail)}"
)
_LOOKS = {"key": "key", "comment": "code", "plain": "code"}


def sheet_svg(sheet: Sheet) -> str:
    """The whole sheet as one SVG."""
    canvas = Canvas(f"Manifest {sheet.title}", sheet_text(sheet), _STYLE)
    top = 58.0 if sheet.verdict else 46.0
    height = top + _LINE * len(sheet.lines) + _EDGE
    canvas.box(0.5, 0.5, _WIDTH - 1, height - 1, "back", radius=12)
    canvas.words(_EDGE, 28, sheet.title, size=16, look="bold", room=_WIDTH - 2 * _EDGE)
    if sheet.verdict:
        canvas.glyph(_EDGE, 36, "ready" if sheet.is_sound else "failed", 16)
        canvas.words(_EDGE + 23, 48.5, sheet.verdict, size=12.5)
    told: set[int] = set()
    for at, line in enumerate(sheet.lines):
        _draw_line(canvas, sheet, line, top + at * _LINE, told)
    return canvas.finish(_WIDTH, height)


def _draw_line(canvas: Canvas, sheet: Sheet, line: SheetLine, y: float, told: set[int]) -> None:
    if line.problems:
        canvas.box(_EDGE, y, _WIDTH - 2 * _EDGE, _LINE, "wrong", radius=3)
        canvas.box(_EDGE, y, 4, _LINE, "wrong-edge", radius=2)
    base = y + 13.5
    canvas.words(_EDGE + _NUMBERS - 8, base, str(line.number), look="soft", anchor="end")
    x = _EDGE + _NUMBERS
    for span in line.spans:
        room = _LEFT - x
        if room > 3 * _LETTER:
            shown = span.text if len(span.text) * _LETTER < room else span.text[: int(room / _LETTER) - 1] + "…"
            canvas.words(x, base, shown, look=_LOOKS.get(span.look, "value"))
        x += len(span.text) * _LETTER
    if line.problems:
        problem = line.problems[0]
        said = drawn(problem.text) + (f" · {drawn(problem.hint)}" if problem.hint else "")
        canvas.words(_LEFT, base, cut(said, (_WIDTH - _LEFT - 2 * _EDGE) * 0.9, 12), look="bold")
        return
    fresh = [span.field for span in line.spans if span.field >= 0 and span.field not in told]
    if fresh:
        told.add(fresh[0])
        field = sheet.fields[fresh[0]]
        words = f"{type_words(field)} · {first_sentence(field.description)}".strip(" ·")
        canvas.words(_LEFT, base, words, look="soft", room=_WIDTH - _LEFT - _EDGE)
