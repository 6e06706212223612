"""Expands the words of the tiny shell: variables, outputs and sums into texts.

``player`` makes an ``Expansion`` for each command. What a word holds may itself have to be played, so expanding is a
generator as playing is. Leaves to others: playing the script of ``$(…)``, sums (``arithmetic``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterable
from glob import escape

from gitopslab.controlplane.kubelet.arithmetic import value_of
from gitopslab.controlplane.kubelet.globs import matches
from gitopslab.controlplane.kubelet.session import MOST_TEXT, PER_ITEM, Printed, Session, Wanted
from gitopslab.controlplane.kubelet.words import Kind, Piece, Token

_BLANKS = re.compile(r"[ \t\n]+")

Expanded = Generator[Printed | Wanted, str | None, str]
"""What comes of a word, in the end."""


class Expansion:
    """Expands the words of one command, which together are bounded in length.

    Args:
        session: Has the variables.
        output: Plays a script for what it prints.

    Attributes:
        has_played: Whether there was such a script, which leaves its exit code.
    """

    def __init__(self, session: Session, output: Callable[[str], Expanded]) -> None:
        self._session = session
        self._output = output
        self._room = MOST_TEXT
        self.has_played = False

    def fields(self, words: Iterable[Token]) -> Generator[Printed | Wanted, str | None, list[str]]:
        """The words that a command gets.

        What is not quoted falls apart at its blanks, away when it is empty, and into the files that are like it.
        """
        found = _Fields()
        for word in words:
            for piece in word.pieces:
                value = yield from self._value(piece)
                if piece.quoted or piece.kind is Kind.TEXT:
                    found.add(value, escape(value) if piece.quoted else value)
                else:
                    found.split(value)
            found.close()
        self._session.worked += len(found.closed) * PER_ITEM
        return [one for text, pattern in found.closed for one in self._files(pattern) or [text]]

    def _files(self, pattern: str) -> list[str]:
        return matches(pattern, self._session.cwd, self._session.paths())

    def texts(self, words: Iterable[Token]) -> Generator[Printed | Wanted, str | None, list[str]]:
        """Words as they are, each one text."""
        found = []
        for word in words:
            found.append((yield from self.text(word)))
        return found

    def text(self, word: Token) -> Expanded:
        """A word as one text."""
        return self._joined(word.pieces) if word.pieces else _as_written(word.raw)

    def pattern(self, word: Token) -> Expanded:
        """A word as a pattern, in which quoted signs stand for themselves."""
        found = ""
        for piece in word.pieces:
            value = yield from self._value(piece)
            found += escape(value) if piece.quoted else value
        return found

    def _joined(self, pieces: Iterable[Piece]) -> Expanded:
        found = ""
        for piece in pieces:
            found += yield from self._value(piece)
        return found

    def _value(self, piece: Piece) -> Expanded:
        if piece.kind is Kind.TEXT:
            return piece.text
        if piece.kind is Kind.VARIABLE:
            value = self._session.value(piece.text) or (yield from self._joined(piece.inner))
        elif piece.kind is Kind.SUM:
            value = str(value_of((yield from self._joined(piece.inner)), self._session.value))
        else:
            self.has_played = True
            value = yield from self._output(piece.text)
        value = value[: self._room]
        self._room -= len(value)
        self._session.worked += len(value)
        return value


def _as_written(text: str) -> Expanded:
    yield from ()
    return text


class _Fields:
    """Words in the making, each with the pattern that it is."""

    def __init__(self) -> None:
        self.closed: list[tuple[str, str]] = []
        self._open: tuple[str, str] | None = None

    def add(self, text: str, pattern: str) -> None:
        """More of the same word, as a text and as a pattern."""
        before = self._open or ("", "")
        self._open = before[0] + text, before[1] + pattern

    def split(self, text: str) -> None:
        """More of it, and at each blank another one."""
        first, *others = _BLANKS.split(text)
        if first:
            self.add(first, first)
        for part in others:
            self.close()
            if part:
                self.add(part, part)

    def close(self) -> None:
        """The end of a word."""
        if self._open is not None:
            self.closed.append(self._open)
        self._open = None
