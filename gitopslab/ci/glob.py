"""Path patterns as ``rules:changes`` and ``rules:exists`` mean them: Ruby's ``File.fnmatch`` with three of its flags.

With PATHNAME neither ``*`` nor ``?`` crosses a slash, and ``**/`` stands for any number of folders; with DOTMATCH
names that begin with a dot match too; with EXTGLOB ``{a,b}`` means either. RE2 does the matching, in linear time.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from typing import Any

import re2

_MOST_COMPARISONS = 50_000
_MOST_CHOICES = 1_000


def any_matches(globs: Iterable[str], paths: Iterable[str]) -> bool:
    """Whether one of the paths matches one of the patterns; with more than 50,000 comparisons it is taken so."""
    globs, paths = list(dict.fromkeys(globs)), list(paths)
    if len(globs) * len(paths) > _MOST_COMPARISONS:
        return True
    return any(matches(glob, path) for path in paths for glob in globs)


def any_exists(globs: Iterable[str], paths: Iterable[str]) -> bool:
    """Like ``any_matches`` over the files of a commit; a pattern that ends with a slash means a folder."""
    globs, paths = list(globs), list(paths)
    folders = tuple(glob for glob in globs if glob.endswith("/") and not re.search(r"[*?\[{]", glob))
    if folders and any(path.startswith(folders) for path in paths):
        return True
    return any_matches([glob for glob in globs if glob not in folders], paths)


def matches(glob: str, path: str) -> bool:
    """Whether a path matches a pattern."""
    return any(_compiled(choice).fullmatch(path) is not None for choice in _choices(glob))


@functools.lru_cache(maxsize=512)
def _choices(glob: str) -> tuple[str, ...]:
    """The patterns that one with braces stands for."""
    found: list[str] = []
    waiting = [glob]
    while waiting and len(found) < _MOST_CHOICES:
        one = waiting.pop(0)
        braces = re.search(r"(?<!\\)\{([^{}]*)\}", one)
        if braces:
            waiting += [one[: braces.start()] + part + one[braces.end() :] for part in braces[1].split(",")]
        elif not re.search(r"(?<!\\)\{", one):  # one that is never closed matches nothing
            found.append(one)
    return tuple(found)


@functools.lru_cache(maxsize=1024)
def _compiled(glob: str) -> Any:
    pattern, at = "", 0
    while at < len(glob):
        piece, at = _piece(glob, at)
        pattern += piece
    try:
        options = re2.Options()
        options.log_errors = False
        options.dot_nl = True
        return re2.compile(pattern, options=options)
    except re2.error:  # an empty or backward set matches nothing
        return re2.compile(r"[^\x00-\x{10FFFF}]")


def _piece(glob: str, at: int) -> tuple[str, int]:
    """The regular expression for what begins at a place, and where the next begins."""
    letter = glob[at]
    if glob.startswith("**/", at) and (at == 0 or glob[at - 1] == "/"):
        return "(?:[^/]+/)*", at + 3
    if letter == "*":
        return "[^/]*", at + 1
    if letter == "?":
        return "[^/]", at + 1
    if letter == "\\" and at + 1 < len(glob):
        return re2.escape(glob[at + 1]), at + 2
    end = glob.find("]", at + 2) if letter == "[" else -1
    if end > 0:
        inside = glob[at + 1 : end].replace("\\", "\\\\")
        inside = "^/" + inside[1:] if inside[0] in "!^" else inside
        return f"[{inside}]", end + 1
    return re2.escape(letter), at + 1
