"""A sheet as text: the lines with their numbers, each problem below its line, then what the fields mean.

Called by the manifest widget for its ``text/plain``; reads a ``Sheet`` and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator

from gitopslab.machinery.language import drawn
from gitopslab.views.fields import FieldHelp
from gitopslab.views.sheet.model import Sheet

_LONGEST = 140


def sheet_text(sheet: Sheet) -> str:
    """The whole sheet as lines of text."""
    return "\n".join(_lines(sheet))


def type_words(field: FieldHelp) -> str:
    """``integer, default 1, required``: what a field takes, in short."""
    parts = [
        field.type,
        drawn("required") if field.is_required else "",
        f"default {field.default}" if field.default else "",
    ]
    parts.append(f"{drawn('one of')} {', '.join(field.choices)}" if field.choices else "")
    return ", ".join(filter(None, parts))


def first_sentence(text: str) -> str:
    """As much of a description as fits a line."""
    sentence = text.split("\n")[0].partition(". ")[0].rstrip(".")
    return sentence if len(sentence) <= _LONGEST else sentence[: _LONGEST - 1].rstrip() + "…"


def _lines(sheet: Sheet) -> Iterator[str]:
    if sheet.verdict:
        yield f"{'✓' if sheet.is_sound else '✕'} {drawn(sheet.verdict)}"
    width = len(str(len(sheet.lines)))
    for line in sheet.lines:
        mark = "✕" if line.problems else " "
        yield f"{mark} {line.number:>{width}} │ {''.join(span.text for span in line.spans)}".rstrip()
        for problem in line.problems:
            hint = f" · {drawn(problem.hint)}" if problem.hint else ""
            yield f"  {'':{width}} └ {drawn(problem.text)}{hint}"
    if sheet.fields:
        yield ""
    for field in sheet.fields:
        yield f"{field.path} <{type_words(field)}>  {first_sentence(field.description)}".rstrip()
