"""Regular expressions of schemas and in CEL.

``values`` asks whether a text matches, ``definitions`` whether a pattern is one, and ``cel.library`` what it finds.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gitopslab.machinery.regexes import PatternError, compiled


def matches(pattern: str, text: str) -> bool:
    """Whether a text contains a match; a pattern that is none matches nothing."""
    return not problem_of(pattern) and compiled(pattern).search(text) is not None


def problem_of(pattern: str) -> str:
    """What is wrong with a pattern, in Go's words; empty when nothing is."""
    try:
        compiled(pattern)
    except PatternError as error:
        return error.message
    return ""


def first(text: str, pattern: str) -> str:
    """What a pattern matches first in a text; empty for nothing.

    Raises:
        ValueError: It is no pattern.
    """
    return next((str(match.group()) for match in all_of(text, pattern, 1)), "")


def all_of(text: str, pattern: str, most: int = -1) -> Iterator[Any]:
    """The matches of a pattern in a text, the first so many; all where that is less than none.

    Raises:
        ValueError: It is no pattern.
    """
    if problem := problem_of(pattern):
        raise ValueError(f"Illegal regex: {problem}")
    found, end = 0, -1
    for match in compiled(pattern).finditer(text):
        if found == most:
            return
        if match.group() or match.start() != end:  # nothing, right behind a match, is none of its own in Go
            found += 1
            yield match
        end = match.end()
