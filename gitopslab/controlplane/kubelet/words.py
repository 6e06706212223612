"""The words of the tiny shell: a script's text into operators and words, and each word into its pieces.

``grammar`` makes statements of them, ``expansion`` texts. All pure; how deep things stand in one another is bounded,
since scripts come from manifests. Leaves to others: which word means what.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, auto

_BLANK = re.compile(r"(?:[ \t]|\\\n)+|#[^\n]*")
_OPERATOR = re.compile(r"2>&1|1?>&2|2>>|2>|&&|\|\||>>|>|;;|;|\n|&|\||<|\(|\)")
_PLAIN = re.compile(r"[^\s;&|<>()'\"\\$`]+")
_PLAIN_QUOTED = re.compile(r"[^\"\\$`}]+")
_NAME = re.compile(r"\$(?P<name>[A-Za-z_]\w*|\d|[?@*#$!-])")
_BRACED = re.compile(r"\$\{(?P<name>\w+|\?)(?P<default>:-)?")
_PARENTHESIS = re.compile(r"""'[^']*'|"(?:\\.|[^"\\])*"|\\.|[()]""", re.S)
MOST_DEPTH = 10
"""How deep one thing may stand in another."""


class NotUnderstoodError(Exception):
    """The command is outside of the small language."""


class AttendedError(NotUnderstoodError):
    """The command can be played only while somebody is there."""


class UnfinishedError(NotUnderstoodError):
    """The script stops in the middle: with more lines it may be understood."""


class Kind(Enum):
    """What a piece of a word is."""

    TEXT = auto()
    VARIABLE = auto()
    """``$NAME``, and in ``inner`` what stands for an empty one."""
    OUTPUT = auto()
    """``$(script)``."""
    SUM = auto()
    """``$((…))``, with the sum in ``inner``."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a word.

    Attributes:
        kind: See there.
        text: A text, a name or a script.
        quoted: Whether it stays together, blanks included.
        inner: See ``kind``.
    """

    kind: Kind
    text: str
    quoted: bool
    inner: tuple[Piece, ...] = ()


@dataclass(frozen=True, slots=True)
class Token:
    """An operator, which has no pieces, or a word.

    Attributes:
        raw: As it is written.
        pieces: Of a word.
    """

    raw: str
    pieces: tuple[Piece, ...] = ()


def tokens(text: str) -> list[Token]:
    """The operators and words of a script.

    Raises:
        NotUnderstoodError: A word is not in the small language.
    """
    found: list[Token] = []
    at = 0
    while at < len(text):
        if match := _BLANK.match(text, at):
            at = match.end()
        elif match := _OPERATOR.match(text, at):
            found.append(Token(match.group()))
            at = match.end()
        else:
            scan = _Scan(text, at)
            pieces = tuple(scan.word())
            found.append(Token(text[at : scan.at], pieces))
            at = scan.at
    return found


def scripts(words: Iterable[Token | Piece]) -> Iterator[str]:
    """The scripts of ``$(…)`` in some words."""
    for word in words:
        if isinstance(word, Piece) and word.kind is Kind.OUTPUT:
            yield word.text
        yield from scripts(word.inner if isinstance(word, Piece) else word.pieces)


def names(words: Iterable[Token | Piece]) -> Iterator[str]:
    """The names of the variables in some words."""
    for word in words:
        if isinstance(word, Piece) and word.kind is Kind.VARIABLE:
            yield word.text
        yield from names(word.inner if isinstance(word, Piece) else word.pieces)


class _Scan:
    """Reads the pieces of one word.

    Args:
        text: All of the script.
        at: Where the word begins; afterwards, where it has ended.
        depth: How deep it stands in other words.
    """

    def __init__(self, text: str, at: int, depth: int = 0) -> None:
        if depth > MOST_DEPTH:
            raise NotUnderstoodError("too deep")
        self.at = at
        self._text = text
        self._depth = depth

    def word(self) -> list[Piece]:
        """The pieces up to a blank or an operator."""
        found: list[Piece] = []
        while self.at < len(self._text):
            if match := _PLAIN.match(self._text, self.at):
                found.append(self._taken(match.group(), match.end(), quoted=False))
            elif self._here == "'":
                end = self._find("'")
                found.append(self._taken(self._text[self.at + 1 : end], end + 1, quoted=True))
            elif self._here == '"':
                self.at += 1
                found += self.quoted('"') or [Piece(Kind.TEXT, "", quoted=True)]
                self.at += 1
            elif self._here == "\\":
                found.append(self._escaped(""))
            elif self._here in "$`":
                found.append(self._expansion(quoted=False))
            else:
                break
        return found

    def quoted(self, end: str) -> list[Piece]:
        """The pieces of a text in which only ``$`` and backslashes count, up to its end."""
        found: list[Piece] = []
        while self.at < len(self._text) and not (end and self._here == end):
            if match := _PLAIN_QUOTED.match(self._text, self.at):
                found.append(self._taken(match.group(), match.end(), quoted=True))
            elif self._here == "\\":
                found.append(self._escaped('"\\$`\n'))
            elif self._here in "$`":
                found.append(self._expansion(quoted=True))
            else:
                found.append(self._taken(self._here, self.at + 1, quoted=True))
        if end and self.at >= len(self._text):
            raise UnfinishedError(f"no {end}")
        return found

    @property
    def _here(self) -> str:
        return self._text[self.at]

    def _taken(self, text: str, end: int, *, quoted: bool) -> Piece:
        self.at = end
        return Piece(Kind.TEXT, text, quoted)

    def _find(self, end: str) -> int:
        found = self._text.find(end, self.at + 1)
        if found < 0:
            raise UnfinishedError(f"no {end}")
        return found

    def _escaped(self, only: str) -> Piece:
        """What follows a backslash; with ``only``, before anything else the backslash stands for itself."""
        follows = self._text[self.at + 1 : self.at + 2]
        if not follows:
            raise UnfinishedError("\\")
        kept = follows if not only or follows in only else f"\\{follows}"
        return self._taken("" if follows == "\n" else kept, self.at + 2, quoted=True)

    def _expansion(self, *, quoted: bool) -> Piece:
        begin = self.at
        if self._here == "`":
            end = self._find("`")
            self.at = end + 1
            return Piece(Kind.OUTPUT, self._text[begin + 1 : end], quoted)
        if self._text.startswith("$(", begin):
            return self._parenthesis(quoted=quoted)
        if match := _NAME.match(self._text, begin):
            self.at = match.end()
            return Piece(Kind.VARIABLE, match["name"], quoted)
        return (
            self._braced(quoted=quoted)
            if self._text.startswith("${", begin)
            else self._taken("$", begin + 1, quoted=True)
        )

    def _parenthesis(self, *, quoted: bool) -> Piece:
        begin, end = self.at + 2, self._closing()
        self.at = end + 1
        inside = self._text[begin:end]
        if not (inside.startswith("(") and inside.endswith(")")):
            return Piece(Kind.OUTPUT, inside, quoted)
        return Piece(Kind.SUM, inside, quoted, tuple(_Scan(inside[1:-1], 0, self._depth + 1).quoted("")))

    def _closing(self) -> int:
        """Where the parenthesis closes that opens here."""
        depth = 0
        for match in _PARENTHESIS.finditer(self._text, self.at + 1):
            depth += {"(": 1, ")": -1}.get(match.group(), 0)
            if depth == 0:
                return match.start()
            if depth > MOST_DEPTH:
                raise NotUnderstoodError("too deep")
        raise UnfinishedError("no )")

    def _braced(self, *, quoted: bool) -> Piece:
        match = _BRACED.match(self._text, self.at)
        if match is None:
            raise NotUnderstoodError(self._text[self.at :])
        scan = _Scan(self._text, match.end(), self._depth + 1)
        default = tuple(scan.quoted("}")) if match["default"] else ()
        if self._text[scan.at : scan.at + 1] != "}":
            raise NotUnderstoodError(self._text[self.at :])
        self.at = scan.at + 1
        return Piece(Kind.VARIABLE, match["name"], quoted, default)
