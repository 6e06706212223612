"""Regular expressions that objects bring along, in the language of Flux's own: Go's, which never takes for ever."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import re2

from gitopslab.errors import LabError


class PatternError(LabError):
    """This is no regular expression; the message is what is wrong with it."""


@lru_cache(maxsize=512)
def compiled(pattern: str) -> Any:
    """A regular expression, with ``search`` and ``fullmatch``.

    Raises:
        PatternError: It is none.
    """
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options=options)
    except re2.error as error:
        said = error.args[0] if error.args else error
        raise PatternError(said.decode(errors="replace") if isinstance(said, bytes) else str(said)) from error
