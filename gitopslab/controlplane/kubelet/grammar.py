"""The grammar of the tiny shell: a script's text into statements.

``shell`` plays the statements. All pure; scripts are bounded in length and depth, since they come from manifests.
Leaves to others: what a command does, and expanding variables.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_TOKEN = re.compile(
    r"""[ \t]+|(?P<comment>\#[^\n]*)|(?P<operator>&&|\|\||>>|>|;|\n|&|\||<|\(|\))"""
    r"""|(?P<word>(?:'[^']*'|"(?:\\.|[^"\\])*"|\$\(\([^()]*\)\)|\$\([^()]*\)|\\.|[^\s;&|<>()'"\\])+)"""
)
_SEPARATORS = (";", "\n")
_MOST_SCRIPT = 16_384
_MOST_DEPTH = 10


class NotUnderstoodError(Exception):
    """The command is outside of the small language."""


@dataclass(slots=True)
class Statement:
    """A command, or a loop (``loop`` is ``while``, or the variable of a ``for``) with its body."""

    joint: str
    words: list[str] = field(default_factory=list)
    target: str = ""
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
                raise NotUnderstoodError(text[at:])
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
            raise NotUnderstoodError(f"no {until[0]}")
        return found

    def _statement(self, joint: str) -> Statement:
        words = self._words()
        if words[0] in ("while", "for"):
            return self._loop(joint, words)
        if words[0] in ("if", "until", "case", "{", "function", "trap", "then", "else", "fi"):
            raise NotUnderstoodError(words[0])
        return Statement(joint, words, self._target())

    def _words(self) -> list[str]:
        words = []
        while self._at < len(self._tokens) and self._tokens[self._at][0] == "word":
            words.append(self._tokens[self._at][1])
            self._at += 1
        return words

    def _target(self) -> str:
        if self._at >= len(self._tokens) or self._tokens[self._at][1] not in (">", ">>"):
            return ""
        self._at += 1
        words = self._words()
        if len(words) != 1:
            raise NotUnderstoodError(" ".join(words))
        return words[0]

    def _loop(self, joint: str, words: list[str]) -> Statement:
        endless = words[0] == "while" and words[1:] in (["true"], [":"])
        if not endless and not (words[0] == "for" and len(words) > 3 and words[2] == "in"):
            raise NotUnderstoodError(" ".join(words))
        while self._at < len(self._tokens) and self._tokens[self._at][1] in _SEPARATORS:
            self._at += 1
        if self._at >= len(self._tokens) or self._tokens[self._at][1] != "do":
            raise NotUnderstoodError("no do")
        self._at += 1
        self._depth += 1
        if self._depth > _MOST_DEPTH:
            raise NotUnderstoodError("too deep")
        body = self.statements(("done",))
        self._depth -= 1
        return Statement(joint, [] if endless else words[3:], loop="while" if endless else words[1], body=body)
