"""``head`` and ``tail`` of the tiny shell.

Simplified: they count lines only, and ``tail -f`` goes on without showing what is written later.
"""

from __future__ import annotations

import re

from gitopslab.controlplane.kubelet.files import text_of
from gitopslab.controlplane.kubelet.session import Play, Session, lines
from gitopslab.controlplane.kubelet.words import NotUnderstoodError

_NEVER = 1e9
_USUAL = 10
_COUNT = re.compile(r"(?:-n|--lines=|-)?(\+?)(\d{1,9})")


def head(session: Session, arguments: list[str]) -> Play:
    """``head``: the first lines of files or of the input."""
    options, names = _taken("head", arguments)
    count = options.get("count", _USUAL)
    for name in names:
        text = yield from text_of(session, "head", name)
        yield from _shown(session, name if len(names) > 1 else "", (text or "").splitlines(keepends=True)[:count])


def tail(session: Session, arguments: list[str]) -> Play:
    """``tail``: the last lines of files or of the input, those from a line on, or whatever is there for ever."""
    options, names = _taken("tail", arguments)
    for name in names:
        text = yield from text_of(session, "tail", name)
        found = (text or "").splitlines(keepends=True)
        count = options.get("count", _USUAL)
        start = max(0, options["from"] - 1) if "from" in options else max(0, len(found) - count)
        yield from _shown(session, name if len(names) > 1 else "", found[start:])
    if "follow" in options and any(names):
        session.at += _NEVER


def _shown(session: Session, name: str, found: list[str]) -> Play:
    if name:
        yield session.say(f"==> {name} <==")
    yield from lines(session, "".join(found), "")


def _taken(command: str, arguments: list[str]) -> tuple[dict[str, int], list[str]]:
    """The options, and the names of files; the input has none."""
    options: dict[str, int] = {}
    names: list[str] = []
    left = list(arguments)
    while left:
        word = left.pop(0)
        if word in ("-f", "-F") and command == "tail":
            options["follow"] = 1
        elif word.startswith("-") and word != "-":
            match = _COUNT.fullmatch(word + (left.pop(0) if word == "-n" and left else ""))
            if match is None or (match[1] and command == "head"):
                raise NotUnderstoodError(f"{command} {word}")
            options["from" if match[1] else "count"] = int(match[2])
        else:
            names.append(word)
    return options, names or [""]
