r"""Patterns between slashes, matched by RE2 itself.

GitLab unescapes ``\/`` once, turns the flags into a group at the front and hands the rest to RE2
(``lexeme/pattern.rb``, ``untrusted_regexp/ruby_syntax.rb``), which matches in linear time and therefore has neither
look-around nor back-references.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Any

import re2

from gitopslab.ci.expressions.tokens import ExpressionError

_SLASHED = re.compile(r"^/(.*)/([ismU]*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern that RE2 accepts.

    Attributes:
        source: With its flags as a group at the front.
        compiled: RE2's program.
    """

    source: str
    compiled: Any

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pattern) and self.source == other.source

    def __hash__(self) -> int:
        return hash(self.source)

    def found_in(self, text: str) -> bool:
        """Whether it matches anywhere in a text."""
        return self.compiled.search(text) is not None


@functools.lru_cache(maxsize=512)
def pattern(text: str) -> Pattern:
    """The pattern that a text such as ``/^v1/i`` is.

    Raises:
        ExpressionError: It is none, or RE2 refuses it; the hint is RE2's reason.
    """
    found = _SLASHED.search(text.replace("\\/", "/"))
    if not found:
        raise ExpressionError("Invalid regular expression!", "A pattern stands between two slashes.")
    source = f"(?{found[2]}){found[1]}" if found[2] else found[1]
    try:
        options = re2.Options()
        options.log_errors = False
        return Pattern(source, re2.compile(source, options=options))
    except re2.error as error:
        raise ExpressionError("Invalid regular expression!", _reason(error)) from error


def matches(text: str, right: str | Pattern) -> bool:
    """``text =~ right``: a pattern is searched; any other text must *contain* the left one, which surprises many."""
    if isinstance(right, Pattern):
        return right.found_in(text)
    try:
        return pattern(right).found_in(text)
    except ExpressionError:
        return text in right


def _reason(error: Exception) -> str:
    said = error.args[0] if error.args else b""
    reason = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
    if "perl operator" in reason:
        return f"GitLab's engine, RE2, says: {reason}. It has no look-ahead and no look-behind."
    if re.search(r"escape sequence: \\\d", reason):
        return f"GitLab's engine, RE2, says: {reason}. It has no back-references."
    return f"GitLab's engine, RE2, says: {reason}."
