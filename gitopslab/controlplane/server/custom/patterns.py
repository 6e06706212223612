"""Regular expressions of schemas and in CEL, in the dialect the API server takes them in (RE2).

``values`` asks whether a text matches, ``definitions`` whether a pattern is one, and ``cel.library`` what it finds.
Python's own ``re`` speaks another dialect and can be made to run for ever by a pattern, so the CEL library's RE2 does
the work: its time grows with the text alone.

Simplified: matches of nothing are not among all that a pattern finds.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

_GO_WORDS = {
    "missing ]": "missing closing ]",
    "missing )": "missing closing )",
    "no argument for repetition operator": "missing argument to repetition operator",
    "invalid repetition size": "invalid repeat count",
    "bad repetition operator": "invalid nested repetition operator",
    "trailing \\": "trailing backslash at end of expression",
    "invalid named capture group": "invalid named capture",
    "invalid perl operator": "invalid or unsupported Perl syntax",
}

_LONGEST_REMEMBERED = 1024  # characters: thousands of large texts would fill the memory
_OPENING = re.compile(
    r"\\Q.*?(?:\\E|$)|\\.|\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*\]|(?P<group>\((?:\?P?<\w+>|(?!\?)))", re.DOTALL
)
"""Where a group begins that is captured; before it, what only looks like one: in quotes, escaped, or in a class."""


def matches(pattern: str, text: str) -> bool:
    """Whether a text contains a match; a pattern that is none matches nothing."""
    return _remembered(pattern, text) if len(text) <= _LONGEST_REMEMBERED else _evaluate(pattern, text) is True


@lru_cache(maxsize=4096)
def _remembered(pattern: str, text: str) -> bool:
    return _evaluate(pattern, text) is True


@lru_cache(maxsize=1024)
def problem_of(pattern: str) -> str:
    """What is wrong with a pattern, in Go's words; empty when nothing is."""
    found = _evaluate(pattern, "")
    if isinstance(found, bool):
        return ""
    what, _, where = found.partition(": ")
    return f"error parsing regexp: {_GO_WORDS.get(what, what)}: `{where}`"


def first(text: str, pattern: str) -> str:
    """What a pattern matches first in a text; empty for nothing.

    Raises:
        ValueError: It is no pattern.
    """
    found: str = _found("regex.extract(text, pattern).orValue('')", text, pattern)
    return found


def all_of(text: str, pattern: str, most: int = -1) -> list[str]:
    """What a pattern matches in a text, the first so many; all of it where that is less than none.

    Raises:
        ValueError: It is no pattern.
    """
    found: list[str] = _found("regex.extractAll(text, pattern)", text, pattern)
    return found if most < 0 else found[:most]


def _found(expression: str, text: str, pattern: str) -> Any:
    from gitopslab.controlplane.server.custom.cel.engine import evaluate

    if problem := problem_of(pattern):
        raise ValueError(f"Illegal regex: {problem}")
    return evaluate(expression, {"text": text, "pattern": _without_groups(pattern)})


def _without_groups(pattern: str) -> str:
    """A pattern that captures nothing: of one that does, the library would give what the group holds."""
    return _OPENING.sub(lambda part: "(?:" if part["group"] else part.group(), pattern)


def _evaluate(pattern: str, text: str) -> bool | str:
    from gitopslab.controlplane.server.custom.cel.engine import EvaluationError, evaluate

    try:
        return bool(evaluate("text.matches(pattern)", {"text": text, "pattern": pattern}))
    except EvaluationError as error:
        return str(error).removeprefix("invalid regular expression: ")
