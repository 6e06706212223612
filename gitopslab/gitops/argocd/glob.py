"""Patterns as AppProjects and generators write them: those of ``github.com/gobwas/glob``.

``*`` is any run of characters but separators, ``**`` any run at all, ``?`` one character, ``[abc]`` and ``[a-c]`` one
of some, ``[!abc]`` none of them, ``{a,b}`` either. RE2 does the matching, in linear time.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any

import re2


def matches(pattern: str, text: str, separators: str = "") -> bool:
    """Whether a whole text matches; a pattern that is not well-formed matches nothing.

    Args:
        pattern: The pattern.
        text: What it is held against.
        separators: Characters that ``*`` and ``?`` do not cross.
    """
    compiled = _compiled(pattern, separators)
    return compiled is not None and compiled.fullmatch(text) is not None


def is_allowed(pattern: str, text: str, separators: str = "") -> bool:
    """The same, where ``!`` in front turns it round and a lone ``*`` is anything."""
    if is_denial(pattern):
        return not matches(pattern[1:], text, separators)
    return pattern == "*" or matches(pattern, text, separators)


def is_listed(text: str, patterns: Iterable[str]) -> bool:
    """Whether a text matches one of some patterns; one between slashes is a regular expression."""
    return any(_is_expressed(pattern, text) or matches(pattern, text) for pattern in patterns)


def _is_expressed(pattern: str, text: str) -> bool:
    if len(pattern) < 2 or not (pattern.startswith("/") and pattern.endswith("/")):
        return False
    try:
        return re2.search(pattern[1:-1], text) is not None
    except re2.error:
        return False


def is_denial(pattern: str) -> bool:
    """Whether a pattern denies what it matches."""
    return pattern.startswith("!")


@functools.lru_cache(maxsize=1024)
def _compiled(pattern: str, separators: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    options.dot_nl = True
    try:
        return re2.compile(_translated(pattern, separators), options=options)
    except (re2.error, ValueError):
        return None


def _translated(pattern: str, separators: str) -> str:
    one = f"[^{re2.escape(separators)}]" if separators else "."
    found, at, depth = "", 0, 0
    while at < len(pattern):
        letter, at = pattern[at], at + 1
        if letter == "*":
            crosses = pattern.startswith("*", at)
            found, at = found + (".*" if crosses else f"{one}*"), at + crosses
        elif letter == "?":
            found += one
        elif letter == "[":
            end = pattern.index("]", at)
            inside, at = pattern[at:end], end + 1
            found += f"[^{inside[1:]}]" if inside.startswith("!") else f"[{inside}]"
        elif letter == "{":
            found, depth = found + "(?:", depth + 1
        elif letter in "},":
            found, depth = found + _brace(letter, depth), depth - (letter == "}" and depth > 0)
        elif letter == "\\" and at < len(pattern):
            found, at = found + re2.escape(pattern[at]), at + 1
        else:
            found += re2.escape(letter)
    return found


def _brace(letter: str, depth: int) -> str:
    if not depth:
        return str(re2.escape(letter))
    return ")" if letter == "}" else "|"
