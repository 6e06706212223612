"""A sheet: YAML with every field explained, and what is wrong at the line where it is wrong.

``sheet`` is the door: from a text, the fields of its kinds and what the API server said of it to a ``Sheet``, which the
manifest widget and the table's details draw; ``sheet_text`` and ``sheet_svg`` say it without a browser. Asking the
server is left to ``lab``.
"""

from __future__ import annotations

from gitopslab.views.sheet.message import sheet_message
from gitopslab.views.sheet.model import Problem, Sheet, SheetLine, Span
from gitopslab.views.sheet.problems import problems_of
from gitopslab.views.sheet.sheet import Explain, sheet
from gitopslab.views.sheet.svg import sheet_svg
from gitopslab.views.sheet.text import sheet_text

__all__ = [
    "Explain",
    "Problem",
    "Sheet",
    "SheetLine",
    "Span",
    "problems_of",
    "sheet",
    "sheet_message",
    "sheet_svg",
    "sheet_text",
]
