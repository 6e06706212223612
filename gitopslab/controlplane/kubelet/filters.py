"""The commands of the tiny shell that stand in pipes: they read lines and print others.

``commands`` lists them. The words are busybox's.

Simplified: the usual options only; a script with others is not understood. All but ``tee`` print when their input has
ended. Those that change what is in a line are in ``rewriting``.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from itertools import groupby

from gitopslab.controlplane.kubelet.files import text_of
from gitopslab.controlplane.kubelet.session import PER_ITEM, Play, Printed, Session, Wanted, whole_lines
from gitopslab.controlplane.kubelet.words import NotUnderstoodError

Lines = Generator[Printed | Wanted, str | None, list[str]]


def sort(session: Session, arguments: list[str]) -> Play:
    """``sort``, also ``-r``, ``-n`` and ``-u``."""
    options, names = _options("sort", arguments, "rnu")
    found = yield from lines_of(session, "sort", names)
    ordered = sorted(found, key=(lambda line: (_leading(line), line)) if "n" in options else None)
    ordered = list(dict.fromkeys(ordered)) if "u" in options else ordered
    for line in reversed(ordered) if "r" in options else ordered:
        yield session.say(line)


def _leading(line: str) -> int:
    match = re.match(r"\s*(-?\d{1,18})", line)
    return int(match[1]) if match else 0


def uniq(session: Session, arguments: list[str]) -> Play:
    """``uniq``, also ``-c``."""
    options, names = _options("uniq", arguments, "c")
    found = yield from lines_of(session, "uniq", names)
    for line, same in groupby(found):
        yield session.say(f"{len(list(same)):>7} {line}" if "c" in options else line)


def rev(session: Session, arguments: list[str]) -> Play:
    """``rev``: every line from its end to its beginning."""
    _, names = _options("rev", arguments, "")
    for line in (yield from lines_of(session, "rev", names)):
        yield session.say(line[::-1])


def tee(session: Session, arguments: list[str]) -> Play:
    """``tee``, also ``-a``: what comes is printed and kept, as it comes."""
    options, names = _options("tee", arguments, "a")
    paths = [name for name in names if name]
    for path in paths if "a" not in options else ():
        yield from _kept(session, path, "")
    while (line := (yield Wanted.LINE)) is not None:
        yield session.say(line, end="")
        for path in paths:
            yield from _kept(session, path, session.files.get(session.path(path), "") + line)


def _kept(session: Session, path: str, text: str) -> Play:
    try:
        session.write(path, text)
    except OSError as error:
        yield session.complain(f"tee: {path}: {error.strerror}")


def cut(session: Session, arguments: list[str]) -> Play:
    """``cut -d SIGN -f N``, also with several fields."""
    words = [word for one in arguments for word in ([one[:2], one[2:]] if re.match(r"-[df].", one) else [one])]
    given = {sign: words[words.index(sign) + 1] for sign in ("-d", "-f") if sign in words[:-1]}
    sign, fields = given.get("-d", "\t"), given.get("-f", "")
    if len(sign) != 1 or not re.fullmatch(r"\d{1,6}(,\d{1,6})*", fields):
        raise NotUnderstoodError("cut " + " ".join(arguments))
    used = {at for one in given for at in (words.index(one), words.index(one) + 1)}
    wanted = sorted({int(one) for one in fields.split(",")})
    for line in (
        yield from lines_of(session, "cut", [word for at, word in enumerate(words) if at not in used] or [""])
    ):
        parts = line.split(sign)
        yield session.say(sign.join(parts[one - 1] for one in wanted if one <= len(parts)) if sign in line else line)


def _options(command: str, arguments: list[str], known: str) -> tuple[str, list[str]]:
    options = "".join(word[1:] for word in arguments if word.startswith("-"))
    if not set(options) <= set(known):
        raise NotUnderstoodError(f"{command} -{options}")
    return options, [word for word in arguments if not word.startswith("-")] or [""]


def lines_of(session: Session, command: str, names: list[str]) -> Lines:
    """The lines of files, or of the input."""
    found: list[str] = []
    for name in names:
        text = yield from text_of(session, command, name)
        found += (line.removesuffix("\n") for line in whole_lines(text or ""))
    session.worked += len(found) * PER_ITEM
    return found
