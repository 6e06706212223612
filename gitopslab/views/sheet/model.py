"""The parts of a sheet, as data and as the message a widget draws."""

from __future__ import annotations

from dataclasses import dataclass

from gitopslab.views.fields import FieldHelp
from gitopslab.views.message import Message


@dataclass(frozen=True, slots=True)
class Span(Message):
    """A piece of a line.

    Attributes:
        look: ``key``, ``text``, ``number``, ``word`` (true, false, null), ``comment`` or ``plain``.
        field: Which of the sheet's fields it is about; -1 for none.
    """

    text: str
    look: str = "plain"
    field: int = -1


@dataclass(frozen=True, slots=True)
class Problem(Message):
    """Something wrong.

    Attributes:
        line: Where.
        text: What, in the server's words where it said it.
        hint: What to do about it.
    """

    line: int
    text: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class SheetLine(Message):
    """One line of the text."""

    number: int
    spans: tuple[Span, ...]
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Sheet(Message):
    """A text, explained.

    Attributes:
        title: What it is about, such as ``Deployment web``.
        fields: What its keys mean; unknown ones have no type.
        problems: How many things are wrong.
        verdict: In a sentence, whether the server would take it.
        is_sound: Whether nothing is wrong.
    """

    title: str
    lines: tuple[SheetLine, ...]
    fields: tuple[FieldHelp, ...] = ()
    problems: int = 0
    verdict: str = ""
    is_sound: bool = True
