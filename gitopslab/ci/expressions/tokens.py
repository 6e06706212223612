"""A text cut into tokens, tried in GitLab's order at each position (``expression/lexer.rb``)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gitopslab.errors import LabError

_MOST = 100
_SPACE = re.compile(r"[ \t\r\n\f\v]*")
_KINDS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern, re.ASCII))
    for name, pattern in (
        ("(", r"\("),
        (")", r"\)"),
        ("input", r"\$\[\[\s*inputs\.(?P<text>[\w-]+)\s*\]\]"),
        ("variable", r"\$(?P<text>\w+)"),
        ("string", r"\"(?P<text>.*?)\"|'(?P<other>.*?)'"),
        ("pattern", r"/(?:[^/]|\\/)+[^\\]/[ismU]*"),
        ("null", r"null"),
        ("boolean", r"(?:true|false)\b"),
        ("==", r"=="),
        ("=~", r"=~"),
        ("!=", r"!="),
        ("!~", r"!~"),
        ("&&", r"&&"),
        ("||", r"\|\|"),
        ("!", r"!"),
    )
)
VALUES = ("input", "variable", "string", "pattern", "null", "boolean")


class ExpressionError(LabError):
    """GitLab calls the expression invalid.

    Attributes:
        column: Where it goes wrong, from one; 0 when that is the whole.
    """

    def __init__(self, message: str, hint: str = "", *, column: int = 0) -> None:
        super().__init__(message, hint)
        self.column = column


@dataclass(frozen=True, slots=True)
class Token:
    """A token.

    Attributes:
        kind: One of ``VALUES``, a parenthesis or an operator.
        text: The name of a variable, what stands between quotes, or the token as it is written.
        column: From one.
    """

    kind: str
    text: str
    column: int


def tokens(expression: str) -> list[Token]:
    """The tokens of an expression.

    Raises:
        ExpressionError: Something is no token, or there are a hundred or more.
    """
    found: list[Token] = []
    at = _after_space(expression, 0)
    while at < len(expression):
        token, at = _next(expression, at)
        found.append(token)
        at = _after_space(expression, at)
        if len(found) >= _MOST:
            raise ExpressionError("Too many tokens!", "Split the condition over several rules.", column=token.column)
    return found


def _after_space(expression: str, at: int) -> int:
    found = _SPACE.match(expression, at)
    return found.end() if found else at


def _next(expression: str, at: int) -> tuple[Token, int]:
    for kind, pattern in _KINDS:
        found = pattern.match(expression, at)
        if found:
            named = [text for text in found.groupdict().values() if text is not None]
            return Token(kind, named[0] if named else found[0], at + 1), found.end()
    raise ExpressionError("Unknown lexeme found!", _hint(expression[at:], expression[:at]), column=at + 1)


_HINTS: tuple[tuple[str, str], ...] = (
    (r"\$\{|%\w+%", "Write a variable as $NAME here; ${NAME} and %NAME% are for scripts."),
    (r"=(?![=~])", "Compare with ==, not with a single =."),
    (r"[&|](?![&|])", "Write && for and, || for or."),
    (r"(?:and|or|not)\b", "Write && for and, || for or, ! for not."),
    (r"[<>]", "There is no less or greater than: compare with == or match a pattern with =~."),
    (r"\d", "There are no numbers: put the value in quotes, every variable is a text."),
    (r"[\"']", "The quote that opens here is never closed."),
    (r"//", "A pattern needs at least two characters between its slashes."),
    (r"/[^/]/", "A pattern needs at least two characters between its slashes; write /^a/ or /.*a/."),
    (r"/", "The pattern that opens here is never closed: it needs a / that has no \\ before it."),
    (r"\\", "Nothing may follow the / that closes a pattern but the flags i, s, m and U."),
    (r"\w", "Put a text in quotes and a $ before the name of a variable."),
)


def _hint(rest: str, before: str) -> str:
    if rest[0].isalpha() and re.search(r"/[ismU]*$", before):
        return f"{rest[0]} is no flag of a pattern: the flags are i, s, m and U."
    return next((hint for pattern, hint in _HINTS if re.match(pattern, rest)), f"{rest[0]} means nothing here.")
