"""``.dockerignore``: which files of a build context stay out.

Called by ``context``. Source: the Dockerfile reference ("`.dockerignore` file") and moby's ``patternmatcher``: the last
pattern that matches a path or one of its parents decides, and ``!`` takes a path back in.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Pattern:
    """One line.

    Attributes:
        text: Cleaned: no slash in front or behind, no ``.`` or ``..`` between.
        keeps: Whether it takes back in (``!``).
        line: From one.
    """

    text: str
    keeps: bool
    line: int

    @cached_property
    def _regex(self) -> re.Pattern[str]:
        return re.compile(_translated(self.text), re.DOTALL)

    def matches(self, path: str) -> bool:
        """Whether it matches a path, or a folder the path is in."""
        at = len(path)
        while at > 0:
            if self._regex.fullmatch(path, 0, at):
                return True
            at = path.rfind("/", 0, at)
        return False


class Ignore:
    """The patterns of one file.

    Args:
        text: Its text; empty for none.
        file: What it is called.

    Raises:
        ValueError: A pattern cannot be read; the text names the line.
    """

    def __init__(self, text: str = "", file: str = ".dockerignore") -> None:
        self.file = file
        self.patterns = _patterns(text.removeprefix("\ufeff"), file)
        self._has_exceptions = any(pattern.keeps for pattern in self.patterns)

    def decided_by(self, path: str) -> Pattern | None:
        """The pattern that decides about a path; None when none matches, and it is kept.

        Args:
            path: From the context's root, with slashes.
        """
        return next((pattern for pattern in reversed(self.patterns) if pattern.matches(path)), None)

    def leaves_out(self, path: str) -> bool:
        """Whether a path stays out of the context."""
        pattern = self.decided_by(path)
        return pattern is not None and not pattern.keeps

    def leaves_out_all_in(self, folder: str) -> bool:
        """Whether nothing in this folder can be kept, so that nobody need look into it."""
        return not self._has_exceptions and self.leaves_out(folder)


def _patterns(text: str, file: str) -> Sequence[Pattern]:
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("#") or not line.strip():
            continue
        body = line.strip()
        keeps = body.startswith("!")
        body = body[1:].strip() if keeps else body
        if not body:
            raise ValueError(f'{file}, line {number}: illegal exclusion pattern: "!"')
        cleaned = posixpath.normpath(body).lstrip("/")
        if cleaned and cleaned != ".":
            try:
                re.compile(_translated(cleaned))
            except re.error as error:
                raise ValueError(f"{file}, line {number}: syntax error in pattern {body!r}") from error
            found.append(Pattern(cleaned, keeps, number))
    return found


def _translated(pattern: str) -> str:
    """The regular expression: ``*`` and ``?`` stay within a name, ``**`` stands for any number of folders."""
    regex, at = "", 0
    while at < len(pattern):
        char = pattern[at]
        at += 1
        if pattern.startswith("**", at - 1):
            at += 1
            is_folder = pattern.startswith("/", at)
            at += is_folder
            regex += ".*" if at == len(pattern) and not is_folder else "(?:.*/)?"
        elif char == "*":
            regex += "[^/]*"
        elif char == "?":
            regex += "[^/]"
        elif char == "\\" and at < len(pattern):
            regex += re.escape(pattern[at])
            at += 1
        elif char == "[":
            end = pattern.find("]", at)
            if end < 0:
                raise re.error("unterminated character set")
            regex += f"[{pattern[at:end].replace(chr(92), chr(92) * 2)}]"
            at = end + 1
        else:
            regex += re.escape(char)
    return regex
