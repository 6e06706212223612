"""``head`` and ``tail`` of the tiny shell.

Simplified: they count lines only, and ``tail -f`` looks once a second.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from gitopslab.controlplane.kubelet.files import text_of
from gitopslab.controlplane.kubelet.session import Play, Printed, Session, Wanted, lines, whole_lines
from gitopslab.controlplane.kubelet.words import NotUnderstoodError

_GLANCE = 1.0
_USUAL = 10
_COUNT = re.compile(r"(?:-n|--lines=|-)?(\+?)(\d{1,9})")


def head(session: Session, arguments: list[str]) -> Play:
    """``head``: the first lines of files or of the input."""
    options, names = _taken("head", arguments)
    title, count = _titles(session, names), options.get("count", _USUAL)
    for name in names:
        if name in ("", "-"):
            yield from title("standard input")
            yield from _first_of_input(session, count)
            continue
        text = yield from text_of(session, "head", name)
        if text is not None:
            yield from title(name)
            yield from lines(session, "".join(whole_lines(text)[:count]), "")


def _first_of_input(session: Session, count: int) -> Play:
    while count > 0 and (line := (yield Wanted.LINE)) is not None:
        yield session.say(line, end="")
        count -= 1


def tail(session: Session, arguments: list[str]) -> Play:
    """``tail``: the last lines of files or of the input, those from a line on, or whatever is there for ever."""
    options, names = _taken("tail", arguments)
    title, count = _titles(session, names), options.get("count", _USUAL)
    for name in names:
        text = yield from text_of(session, "tail", name)
        if text is not None:
            found = whole_lines(text)
            start = max(0, options["from"] - 1) if "from" in options else max(0, len(found) - count)
            yield from title(name if name != "-" else "standard input")
            yield from lines(session, "".join(found[start:]), "")
    if "follow" in options and any(names):
        yield from _followed(session, names)


def _followed(session: Session, names: list[str]) -> Play:
    """What is written at the end of files from now on, for ever."""
    session.endless = True
    shown = {name: session.files.get(session.path(name), "") for name in names}
    while True:
        session.at += _GLANCE
        yield Printed(session.at, None)
        for name, before in shown.items():
            text = shown[name] = session.files.get(session.path(name), "")
            if text != before:
                yield from lines(session, text[len(before) :] if text.startswith(before) else text, "")


def _titles(session: Session, names: list[str]) -> Callable[[str], Play]:
    """Says whose lines come next, when there are several files."""
    blank = False

    def title(name: str) -> Play:
        nonlocal blank
        if len(names) > 1:
            yield from [session.say("")] if blank else []
            yield session.say(f"==> {name} <==")
            blank = True

    return title


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
