"""The grammar of the tiny shell: a script's text into statements.

``shell`` plays the statements. All pure; scripts are bounded in length and depth, since they come from manifests.
Leaves to others: what a command does, and expanding variables.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_TOKEN = re.compile(
    r"""[ \t]+|(?P<comment>\#[^\n]*)|(?P<operator>2>&1|1?>&2|2>>|2>|&&|\|\||>>|>|;|\n|&|\||<|\(|\))"""
    r"""|(?P<word>(?:'[^']*'|"(?:\\.|[^"\\])*"|\$\(\([^()]*\)\)|\$\([^()]*\)|\\.|[^\s;&|<>()'"\\])+)"""
)
_SEPARATORS = (";", "\n")
_REDIRECTIONS = (">", ">>", ">&2", "1>&2", "2>", "2>>", "2>&1")
_QUOTES = ("'", '"')
_MOST_SCRIPT = 16_384
_MOST_DEPTH = 10


class NotUnderstoodError(Exception):
    """The command is outside of the small language."""


class UnfinishedError(NotUnderstoodError):
    """The script stops in the middle: with more lines it may be understood."""


@dataclass(slots=True)
class Statement:
    """A command, or a loop (``loop`` is ``while``, or the variable of a ``for``) with its body.

    Attributes:
        joint: What stands before it: ``;``, ``&&`` or ``||``.
        words: As they are written, quotes and variables included.
        target: The file that takes its output; ``&2`` for wherever its errors go.
        appends: Whether it is added to that file.
        errors: The file that takes what it complains of; ``&1`` for wherever its output goes.
        loop: See above.
        body: Of a loop.
    """

    joint: str
    words: list[str] = field(default_factory=list)
    target: str = ""
    appends: bool = False
    errors: str = ""
    loop: str = ""
    body: list[Statement] = field(default_factory=list)


def parse(text: str) -> list[Statement]:
    """The statements of a script.

    Raises:
        NotUnderstoodError: It is too long, or not in the small language.
    """
    if len(text) > _MOST_SCRIPT:
        raise NotUnderstoodError("too long")
    return _Parser(text).statements(())


class _Parser:
    """Words and operators into statements."""

    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        at = 0
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                raise (UnfinishedError if text[at] in _QUOTES else NotUnderstoodError)(text[at:])
            if match.lastgroup in ("operator", "word"):
                self._tokens.append((match.lastgroup, match.group()))
            at = match.end()
        self._at = 0
        self._depth = 0

    def statements(self, until: tuple[str, ...]) -> list[Statement]:
        """Statements up to one of the closing words, which is taken too."""
        found: list[Statement] = []
        joint = ";"
        while self._at < len(self._tokens):
            kind, text = self._tokens[self._at]
            if kind == "word" and text in until:
                self._at += 1
                return found
            if kind == "operator":
                if text not in (*_SEPARATORS, "&&", "||"):
                    raise NotUnderstoodError(text)
                self._at += 1
                joint = text
                continue
            found.append(self._statement(joint))
            joint = ";"
        if until:
            raise UnfinishedError(f"no {until[0]}")
        return found

    def _statement(self, joint: str) -> Statement:
        words = self._words()
        if words[0] in ("while", "for"):
            return self._loop(joint, words)
        if words[0] in ("if", "until", "case", "{", "function", "trap", "then", "else", "fi"):
            raise NotUnderstoodError(words[0])
        return self._redirected(Statement(joint, words))

    def _words(self) -> list[str]:
        words = []
        while self._at < len(self._tokens) and self._tokens[self._at][0] == "word":
            words.append(self._tokens[self._at][1])
            self._at += 1
        return words

    def _redirected(self, statement: Statement) -> Statement:
        """The statement with its redirections, between which more of its words may stand."""
        while self._at < len(self._tokens) and (sign := self._tokens[self._at][1]) in _REDIRECTIONS:
            self._at += 1
            if "&" in sign:
                statement.errors = "&1" if sign == "2>&1" else statement.errors
                statement.target = "&2" if sign != "2>&1" else statement.target
                continue
            words = self._words()
            if not words:
                raise NotUnderstoodError(sign)
            if sign.startswith("2"):
                statement.errors = words[0]
            else:
                statement.target, statement.appends = words[0], sign == ">>"
            statement.words += words[1:]
        return statement

    def _loop(self, joint: str, words: list[str]) -> Statement:
        endless = words[0] == "while" and words[1:] in (["true"], [":"])
        if not endless and not (words[0] == "for" and len(words) > 3 and words[2] == "in"):
            raise NotUnderstoodError(" ".join(words))
        while self._at < len(self._tokens) and self._tokens[self._at][1] in _SEPARATORS:
            self._at += 1
        if self._at >= len(self._tokens):
            raise UnfinishedError("no do")
        if self._tokens[self._at][1] != "do":
            raise NotUnderstoodError(self._tokens[self._at][1])
        self._at += 1
        self._depth += 1
        if self._depth > _MOST_DEPTH:
            raise NotUnderstoodError("too deep")
        body = self.statements(("done",))
        self._depth -= 1
        return Statement(joint, [] if endless else words[3:], loop="while" if endless else words[1], body=body)
