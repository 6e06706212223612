"""jq, for the paths in ``ignoreDifferences``: ``.spec.containers[] | select(.name == "web") | .image``.

Simplified: Argo CD gives every path a second and then passes it over; the lab passes over what may loop, or reaches
out, before it begins.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

_TEXT = re.compile(r'"(?:[^"\\]|\\[^(])*"')
_ENDLESS = re.compile(
    r"(?<![\w.$])(def|until|while|repeat|range|recurse|infinite|inputs?|import|include|env|debug|stderr|halt\w*)\b"
    r"|\*|\$ENV"
)
_UNKNOWN = re.compile(r"error: (\S+) is not defined")
_PLACE = re.compile(r"column (?P<column>\d+):\n    (?P<text>.*)\n *(?P<marks>\^+)")
_MOST_LETTERS = 4096


@lru_cache(maxsize=256)
def deletion(path: str) -> Callable[[Any], Any]:
    """A function that gives a document without what a path leads to.

    Args:
        path: As in ``jqPathExpressions``.

    Raises:
        ValueError: It is no path; the message is gojq's, which Argo CD uses. So does the function, for a document that
            the path does not fit.
    """
    import jq  # here, since few applications have such a path

    if len(path) > _MOST_LETTERS:
        raise ValueError(f"a path may have {_MOST_LETTERS} letters")
    if _ENDLESS.search(_TEXT.sub("", path)):
        return _given_up  # without compiling it: jq reckons constants then, however large
    try:
        program = jq.compile(f"del({path})")
    except ValueError as error:
        raise ValueError(_gojq(str(error))) from error
    return lambda document: program.input_value(document).first()


def _gojq(message: str) -> str:
    """What gojq says where jq says something else of a path."""
    if unknown := _UNKNOWN.search(message):
        return f"{'variable' if unknown[1].startswith('$') else 'function'} not defined: {unknown[1]}"
    place = _PLACE.search(message)
    if place is None or "unexpected end of file" in message:
        return "unexpected EOF"
    at = int(place["column"]) - 1
    return f'unexpected token "{place["text"][at : at + len(place["marks"])]}"'


def _given_up(document: Any) -> Any:
    raise ValueError("JQ patch execution timed out (1s)")
