"""``$(NAME)`` in commands, arguments, variables and ``subPathExpr``, as upstream's ``expansion`` reads it."""

from __future__ import annotations

import re
from collections.abc import Mapping

_REFERENCE = re.compile(r"\$(?:\$|\(([^)]*)\))")


def substituted(text: str, *variables: Mapping[str, str]) -> str:
    """The text with its references filled in; an unknown name stays as it is, and ``$$`` is one dollar.

    Args:
        text: What was written.
        variables: Where names are looked up, one after the other.
    """
    return _REFERENCE.sub(lambda match: _value(match, variables), text)


def references(text: str) -> set[str]:
    """The names that a text refers to."""
    return {match[1] for match in _REFERENCE.finditer(text) if match[1] is not None}


def _value(match: re.Match[str], variables: tuple[Mapping[str, str], ...]) -> str:
    name = match[1]
    if name is None:
        return "$"
    return next((known[name] for known in variables if name in known), match[0])
