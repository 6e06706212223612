"""Words with their variables filled in and their quotes taken away, as BuildKit's shell lexer does it.

Called by the builder for the instructions that know variables (``ENV``, ``COPY``, ``FROM`` …), and by ``instructions``
to split words. A variable that is not set is empty.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Mapping

_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*|[0-9]+|[@*#?!$-]")
_OPERATORS = (":-", ":+", ":?", "-", "+", "?", "##", "#", "%%", "%", "//", "/")


def split_words(text: str, escape: str = "\\") -> list[str]:
    """The words of a line: split at white space that is neither quoted nor escaped. Quotes stay."""
    words: list[str] = []
    word, quote, at = "", "", 0
    while at < len(text):
        char = text[at]
        if char == escape and quote != "'" and at + 1 < len(text):
            word += text[at : at + 2]
            at += 2
            continue
        if char.isspace() and not quote:
            words.append(word)
            word = ""
        else:
            word += char
            if char in "\"'" and quote in ("", char):
                quote = "" if quote else char
        at += 1
    return [each for each in [*words, word] if each]


def expand(word: str, variables: Mapping[str, str], escape: str = "\\") -> str:
    """The word with variables filled in and without its quotes.

    Args:
        word: As it stands in the Dockerfile.
        variables: What is set.
        escape: The character that takes the meaning of the next one away.

    Raises:
        ValueError: A quote or a brace is not closed, or a substitution is not known; the text is BuildKit's.
    """
    return _Scanner(word, variables, escape).scan(lambda _: False)


class _Scanner:
    """One pass over a word; ``until`` says at which character to stop."""

    def __init__(self, text: str, variables: Mapping[str, str], escape: str) -> None:
        self._text = text
        self._variables = variables
        self._escape = escape
        self._at = 0

    def scan(self, until: Callable[[str], bool]) -> str:
        """What comes next, up to such a character, which is not taken."""
        found = ""
        while self._at < len(self._text) and not until(self._peek):
            char = self._next()
            if char == "'":
                found += self._single_quoted()
            elif char == '"':
                found += self._double_quoted()
            elif char == "$":
                found += self._variable()
            elif char == self._escape:
                found += self._next() if self._at < len(self._text) else char
            else:
                found += char
        return found

    @property
    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _next(self) -> str:
        self._at += 1
        return self._text[self._at - 1]

    def _single_quoted(self) -> str:
        end = self._text.find("'", self._at)
        if end < 0:
            raise ValueError("unexpected end of statement while looking for matching single-quote")
        found, self._at = self._text[self._at : end], end + 1
        return found

    def _double_quoted(self) -> str:
        found = ""
        while self._at < len(self._text):
            char = self._next()
            if char == '"':
                return found
            if char == "$":
                found += self._variable()
            elif char == self._escape and self._peek in ('"', "$", self._escape):
                found += self._next()
            else:
                found += char
        raise ValueError("unexpected end of statement while looking for matching double-quote")

    def _variable(self) -> str:
        if self._peek == "{":
            self._at += 1
            return self._braced()
        match = _NAME.match(self._text, self._at)
        if not match:
            return "$"
        self._at = match.end()
        return self._variables.get(match[0], "")

    def _braced(self) -> str:
        match = _NAME.match(self._text, self._at)
        if not match:
            raise ValueError("syntax error: bad substitution")
        self._at = match.end()
        name, value = match[0], self._variables.get(match[0])
        operator = next((each for each in _OPERATORS if self._text.startswith(each, self._at)), "")
        self._at += len(operator)
        stops = "/}" if operator in ("/", "//") else "}"
        word = self.scan(lambda char: char in stops) if operator else ""
        other = ""
        if operator in ("/", "//") and self._peek == "/":
            self._at += 1
            other = self.scan(lambda char: char == "}")
        if self._peek != "}":
            rest = self._text[self._at :]
            raise ValueError(
                f"unsupported modifier ({rest[:2]}) in substitution" if rest else "syntax error: missing '}'"
            )
        self._at += 1
        return _substituted(name, value, operator, word, other)


def _substituted(name: str, value: str | None, operator: str, word: str, other: str) -> str:
    there = bool(value) if operator.startswith(":") else value is not None
    match operator.removeprefix(":"):
        case "-":
            return (value or "") if there else word
        case "+":
            return word if there else ""
        case "?":
            if not there:
                raise ValueError(f"{name}: {word or 'not allowed to be unset'}")
            return value or ""
        case "#" | "##" | "%" | "%%":
            return _trimmed(value or "", word, operator)
        case "/" | "//":
            pattern = re.compile(fnmatch.translate(word).removesuffix(r"\Z").removesuffix(r"\z"))
            return pattern.sub(lambda _: other, value or "", count=0 if operator == "//" else 1)
    return value or ""


def _trimmed(value: str, pattern: str, operator: str) -> str:
    """The value without the part at its beginning (``#``) or end (``%``) that matches; doubled, the longest part."""
    lengths = range(len(value) + 1) if len(operator) == 1 else range(len(value), -1, -1)
    for length in lengths:
        part = value[:length] if operator[0] == "#" else value[len(value) - length :]
        if fnmatch.fnmatchcase(part, pattern):
            return value[length:] if operator[0] == "#" else value[: len(value) - length]
    return value
