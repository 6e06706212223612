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
_MOST_LETTERS = 4096


@lru_cache(maxsize=256)
def deletion(path: str) -> Callable[[Any], Any]:
    """A function that gives a document without what a path leads to.

    Args:
        path: As in ``jqPathExpressions``.

    Raises:
        ValueError: It is no path; the message is jq's. So does the function, for a document that the path does not fit.
    """
    import jq  # here, since few applications have such a path

    if len(path) > _MOST_LETTERS:
        raise ValueError(f"jq: error: a path may have {_MOST_LETTERS} letters")
    if _ENDLESS.search(_TEXT.sub("", path)):
        return _given_up  # without compiling it: jq reckons constants then, however large
    program = jq.compile(f"del({path})")
    return lambda document: program.input_value(document).first()


def _given_up(document: Any) -> Any:
    raise ValueError("JQ patch execution timed out (1s)")
