"""Which files of a tree a list of ``.gitignore`` patterns leaves out, as go-git reads them.

Unlike ``git``, it asks only whether a pattern fits a path or a folder above it: the last one that does decides, so a
folder that is taken back in comes with all that is below it. Source: go-git's ``plumbing/format/gitignore/pattern.go``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

_ANY = "**"


class Patterns:
    """Patterns as in a ``.gitignore``, the later ones stronger.

    Args:
        lines: One a line; blank ones and comments are passed over.
        folder: The folder they were written in, with a ``/`` at its end; empty for the root.
    """

    def __init__(self, lines: Iterable[str], folder: str = "") -> None:
        useful = [line for line in lines if line.strip() and not line.startswith("#")]
        self._patterns = [_Pattern.read(line) for line in reversed(useful)]
        self._folder = folder

    def __bool__(self) -> bool:
        return bool(self._patterns)

    def leaves_out(self, path: str) -> bool | None:
        """Whether a file is left out; None when no pattern speaks of it or of a folder above it."""
        if not path.startswith(self._folder):
            return None
        steps = path.removeprefix(self._folder).split("/")
        return next((not each.takes_in for each in self._patterns if each.fits(steps)), None)


@dataclass(frozen=True, slots=True)
class _Pattern:
    """One line.

    Attributes:
        parts: Between its slashes.
        takes_in: Whether it begins with ``!``.
        is_folder: Whether it ends with a slash.
    """

    parts: tuple[str, ...]
    takes_in: bool
    is_folder: bool

    @classmethod
    def read(cls, line: str) -> _Pattern:
        text = line.removeprefix("!")
        if not text.endswith("\\ "):
            text = text.rstrip(" ")
        return cls(tuple(text.removesuffix("/").split("/")), line.startswith("!"), text.endswith("/"))

    def fits(self, steps: list[str]) -> bool:
        """Whether it speaks of a file, or of a folder above it."""
        return self._fits_a_step(steps) if len(self.parts) == 1 else self._fits_from_the_root(steps)

    def _fits_a_step(self, steps: list[str]) -> bool:
        at = next((at for at, step in enumerate(steps) if _fits(self.parts[0], step)), None)
        return at is not None and not (self.is_folder and at == len(steps) - 1)

    def _fits_from_the_root(self, steps: list[str]) -> bool:
        left, is_anywhere, fits = list(steps), False, False
        for at, part in enumerate(self.parts):
            if part == _ANY and at == len(self.parts) - 1:
                break
            if part in ("", _ANY):
                is_anywhere = part == _ANY
                continue
            if _ANY in part or not left:
                return False
            skipped = next((n for n, step in enumerate(left) if _fits(part, step)), None) if is_anywhere else 0
            if skipped is None:
                left, fits = [], False
            elif is_anywhere:
                left, fits = left[skipped + 1 :], True
            elif _fits(part, left[0]):
                left, fits = left[1:], True
            else:
                return False
            is_anywhere = False
        return fits and bool(left or not self.is_folder)


def _fits(pattern: str, name: str) -> bool:
    found = _compiled(pattern)
    return found is not None and found.fullmatch(name) is not None


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """One part of a pattern, in the language of Go's ``filepath.Match``; None for what is none.

    What follows a star is looked for where it first is and no further on, which finds as much, and in time that no
    pattern can make grow without end. Only what follows the last star has to be at the end.
    """
    found = [""]
    at = 0
    while at < len(pattern):
        letter = pattern[at]
        if letter == "[":
            end = pattern.find("]", at + 2 + (pattern[at + 1 : at + 2] == "^"))
            if end < 0:
                return None
            found[-1] += f"[{pattern[at + 1 : end]}]"
            at = end
        elif letter == "\\" and at + 1 < len(pattern):
            at += 1
            found[-1] += re.escape(pattern[at])
        elif letter == "*":
            found.append("")
        else:
            found[-1] += "." if letter == "?" else re.escape(letter)
        at += 1
    first, *others = found
    if others:
        first += "".join(f"(?>.*?{one})" for one in others[:-1]) + f".*{others[-1]}"
    try:
        return re.compile(first, re.DOTALL)
    except re.error:
        return None
