"""Conditions of the tiny shell: ``test``, ``[ … ]`` and ``[[ … ]]``.

``commands`` lists them. Leaves to others: what their words are made of.

Simplified: everything is root's, so what is there can be read, written and, in a folder of programs, executed; ``==``
of ``[[`` compares texts, a real one patterns, and ``&&`` and ``||`` bind as ``-a`` and ``-o`` do.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping

from gitopslab.controlplane.kubelet.session import Play, Session
from gitopslab.controlplane.kubelet.words import MOST_DEPTH, NotUnderstoodError

_PROGRAMS = re.compile(r"(.*/)?s?bin/[^/]+")
_TEXTS: Mapping[str, Callable[[str, str], bool]] = {
    "=": operator.eq, "==": operator.eq, "!=": operator.ne, "<": operator.lt, ">": operator.gt,
}  # fmt: skip
_NUMBERS: Mapping[str, Callable[[int, int], bool]] = {
    "-eq": operator.eq, "-ne": operator.ne, "-lt": operator.lt, "-le": operator.le, "-gt": operator.gt,
    "-ge": operator.ge,
}  # fmt: skip


class BadNumber(Exception):
    """A comparison of numbers with something else."""


def test(session: Session, arguments: list[str]) -> Play:
    """``test`` of files, texts and numbers."""
    try:
        session.code = int(not _Condition(session, arguments).holds())
    except BadNumber as error:
        yield session.complain(f"sh: {error}: bad number", 2)


def bracket(closing: str) -> Callable[[Session, list[str]], Play]:
    """``[`` and ``[[``: ``test`` with a closing bracket."""

    def play(session: Session, arguments: list[str]) -> Play:
        if arguments[-1:] == [closing]:
            yield from test(session, arguments[:-1])
        else:
            yield session.complain(f"sh: missing {closing}", 2)

    return play


class _Condition:
    """Reads the words of a condition from left to right.

    Args:
        session: Has the files.
        words: All of them.
    """

    def __init__(self, session: Session, words: list[str]) -> None:
        self._session = session
        self._words = words
        self._at = 0
        self._depth = 0

    def holds(self) -> bool:
        """Whether it holds; without words none does."""
        if not self._words:
            return False
        result = self._any()
        if self._at < len(self._words):
            raise NotUnderstoodError(" ".join(self._words))
        return result

    def _any(self) -> bool:
        result = self._all()
        while self._took("-o", "||"):
            result = self._all() or result
        return result

    def _all(self) -> bool:
        result = self._single()
        while self._took("-a", "&&"):
            result = self._single() and result
        return result

    def _single(self) -> bool:
        negated = False
        while self._left > 1 and self._took("!"):
            negated = not negated
        return self._primary() != negated

    @property
    def _left(self) -> int:
        return len(self._words) - self._at

    def _took(self, *words: str) -> bool:
        taken = self._left > 0 and self._words[self._at] in words
        self._at += taken
        return taken

    def _primary(self) -> bool:
        first, second, third = (*self._words[self._at : self._at + 3], "", "", "")[:3]
        if self._left >= 3 and (second in _TEXTS or second in _NUMBERS):
            self._at += 3
            return _TEXTS[second](first, third) if second in _TEXTS else _NUMBERS[second](_whole(first), _whole(third))
        if first == "(" and self._left >= 3:
            return self._group()
        if self._left >= 2 and re.fullmatch("-[a-zA-Z]", first) and second not in ("-a", "-o"):
            self._at += 2
            return self._of_one(first, second)
        if not self._left:
            raise NotUnderstoodError(" ".join(self._words))
        self._at += 1
        return bool(first)

    def _group(self) -> bool:
        self._at += 1
        self._depth += 1
        if self._depth > MOST_DEPTH:
            raise NotUnderstoodError("too deep")
        result = self._any()
        self._depth -= 1
        if not self._took(")"):
            raise NotUnderstoodError(" ".join(self._words))
        return result

    def _of_one(self, sign: str, word: str) -> bool:
        if sign in ("-n", "-z"):
            return bool(word) == (sign == "-n")
        path, files = self._session.path(word), self._session.files
        is_file = bool(word) and path in files
        is_directory = bool(word) and self._session.is_directory(path)
        answers: Mapping[str, Callable[[], bool]] = {
            "-f": lambda: is_file,
            "-d": lambda: is_directory,
            "-s": lambda: is_directory or (is_file and bool(files[path])),
            "-x": lambda: is_directory or (is_file and bool(_PROGRAMS.fullmatch(path))),
            **dict.fromkeys(("-e", "-r", "-w"), lambda: is_file or is_directory),
        }
        if sign not in answers:
            raise NotUnderstoodError(" ".join(self._words))
        return answers[sign]()


def _whole(text: str) -> int:
    if not re.fullmatch(r"\s*[-+]?\d{1,18}\s*", text):
        raise BadNumber(text)
    return int(text)
