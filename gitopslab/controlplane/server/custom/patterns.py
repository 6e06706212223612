"""Regular expressions of schemas, in the dialect the API server takes them in (RE2).

``values`` asks whether a text matches, ``definitions`` whether a pattern is one. Python's own ``re`` speaks another
dialect and can be made to run for ever by a pattern, so the CEL library's RE2 does the work: its time grows with the
text alone.
"""

from __future__ import annotations

from functools import lru_cache

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


@lru_cache(maxsize=4096)
def matches(pattern: str, text: str) -> bool:
    """Whether a text contains a match; a pattern that is none matches nothing."""
    return _evaluate(pattern, text) is True


@lru_cache(maxsize=1024)
def problem_of(pattern: str) -> str:
    """What is wrong with a pattern, in Go's words; empty when nothing is."""
    found = _evaluate(pattern, "")
    if isinstance(found, bool):
        return ""
    what, _, where = found.partition(": ")
    return f"error parsing regexp: {_GO_WORDS.get(what, what)}: `{where}`"


def _evaluate(pattern: str, text: str) -> bool | str:
    from gitopslab.controlplane.server.custom.cel.engine import EvaluationError, evaluate

    try:
        return bool(evaluate("text.matches(pattern)", {"text": text, "pattern": pattern}))
    except EvaluationError as error:
        return str(error).removeprefix("invalid regular expression: ")
