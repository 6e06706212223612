"""Regular expressions that objects bring along, in the language of those who read them: Go's, which is RE2's.

Python's own ``re`` speaks another one, and a pattern can make it run for ever; here time grows with the text alone.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import re2

from gitopslab.errors import LabError

_WORDS = {
    "missing ]": "missing closing ]",
    "missing )": "missing closing )",
    "trailing \\": "trailing backslash at end of expression",
    "no argument for repetition operator": "missing argument to repetition operator",
    "invalid repetition size": "invalid repeat count",
    "bad repetition operator": "invalid nested repetition operator",
    "invalid perl operator": "invalid or unsupported Perl syntax",
    "invalid named capture group": "invalid named capture",
}
"""What RE2 says, and what Go says of the same."""


class PatternError(LabError):
    """This is no regular expression; the message is what is wrong with it."""


@lru_cache(maxsize=512)
def compiled(pattern: str) -> Any:
    """A regular expression, with ``search``, ``fullmatch`` and ``finditer``.

    Raises:
        PatternError: It is none.
    """
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options=options)
    except re2.error as error:
        said = error.args[0] if error.args else error
        raise PatternError(_as_go(said.decode(errors="replace") if isinstance(said, bytes) else str(said))) from error


def _as_go(said: str) -> str:
    words, _, what = said.partition(": ")
    return f"error parsing regexp: {_WORDS.get(words, words)}: `{what}`"
