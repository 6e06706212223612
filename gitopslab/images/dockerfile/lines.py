"""A Dockerfile's text as logical lines: directives heard, comments dropped, continued lines joined, heredocs taken in.

Called by ``reading``. What an instruction means is left to ``instructions``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_DIRECTIVE = re.compile(r"#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*")
_DIRECTIVES = ("syntax", "escape", "check")
# what is quoted is passed over whole: a << inside it is a text like any other
_HEREDOC = re.compile(r"(?<!\S)\d*<<(-?)(['\"]?)([a-zA-Z_][a-zA-Z0-9_.]*)\2(?!\S)|\"[^\"]*\"|'[^']*'")
_TAKES_HEREDOCS = re.compile(r"\s*(?:ONBUILD\s+)?(?:RUN|COPY|ADD)\s", re.IGNORECASE)


class Fault(Exception):
    """Something is wrong on a line.

    Args:
        line: Which, from one.
        problem: What, in BuildKit's words where it has some.
        hint: What to do.
    """

    def __init__(self, line: int, problem: str, hint: str = "") -> None:
        super().__init__(problem)
        self.line = line
        self.problem = problem
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Heredoc:
    """A text that stands in the Dockerfile itself, between ``<<NAME`` and ``NAME``.

    Attributes:
        expand: Whether variables in it are filled in; not when the name is quoted.
    """

    name: str
    text: str
    expand: bool


@dataclass(frozen=True, slots=True)
class Line:
    """An instruction with everything that belongs to it.

    Attributes:
        number: Where it begins, from one.
        last: Where it ends.
        text: Without comments, continued lines joined.
    """

    number: int
    last: int
    text: str
    heredocs: tuple[Heredoc, ...] = ()


def escape_of(lines: Sequence[str]) -> str:
    """The character that continues a line: a backslash, unless a directive at the very top says a backtick.

    Raises:
        Fault: The directive is there twice, or names another character.
    """
    escape, seen = "\\", set()
    for number, line in enumerate(lines, 1):
        match = _DIRECTIVE.fullmatch(line.strip())
        name = match[1].lower() if match else ""
        if not match or name not in _DIRECTIVES:  # directives end at the first line that is none
            break
        if name in seen:
            raise Fault(number, f"only one {name} parser directive can be used", "Delete one of them.")
        seen.add(name)
        if name == "escape":
            escape = match[2]
            if escape not in ("\\", "`"):
                raise Fault(number, f"invalid escape token '{escape}' does not match ` or \\", "Write # escape=`")
    return escape


def logical_lines(lines: Sequence[str], escape: str) -> Iterator[Line]:
    """The instructions of a file, one by one.

    Raises:
        Fault: A heredoc does not end.
    """
    continued = re.compile(rf"(?:^|(?<=[^{re.escape(escape)}])){re.escape(escape)}[ \t]*$")
    at = 0
    while at < len(lines):
        start, text, goes_on = at, "", True
        while goes_on and at < len(lines):
            line = lines[at]
            at += 1
            if _is_comment(line) or (text and not line.strip()):
                goes_on = bool(text)
                continue
            line = line if text else line.lstrip()
            shorter = continued.sub("", line)
            goes_on = shorter != line
            start = start if text else at - 1
            text += shorter
        if text.strip():
            heredocs, at = _heredocs(text, lines, start, at)
            yield Line(start + 1, at, text.strip(), heredocs)


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith("#")


def _heredocs(text: str, lines: Sequence[str], start: int, at: int) -> tuple[tuple[Heredoc, ...], int]:
    """The texts an instruction announces, and the line after the last one."""
    found: list[Heredoc] = []
    for dash, quote, name in _announced(text):
        body: list[str] = []
        while True:
            if at >= len(lines):
                raise Fault(start + 1, "unterminated heredoc", f"Write {name} alone on the line after its text.")
            line = lines[at].lstrip("\t") if dash else lines[at]
            at += 1
            if line == name:
                break
            body.append(line + "\n")
        found.append(Heredoc(name, "".join(body), expand=not quote))
    return tuple(found), at


def _announced(text: str) -> list[tuple[str, str, str]]:
    if not _TAKES_HEREDOCS.match(text):
        return []
    return [(match[1], match[2], match[3]) for match in _HEREDOC.finditer(text) if match[3]]
