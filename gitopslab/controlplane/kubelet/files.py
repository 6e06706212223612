"""The commands of the tiny shell that look at files and change them.

``commands`` lists them. The words are busybox's.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from math import ceil

from gitopslab.controlplane.kubelet.session import (
    MOST_TEXT,
    PER_ITEM,
    Play,
    Printed,
    Session,
    Wanted,
    bounded,
    lines,
    moment,
    whole_lines,
)
from gitopslab.controlplane.kubelet.words import NotUnderstoodError
from gitopslab.machinery.regexes import PatternError, compiled

_BASIC = re.compile(r"\\?[+?|(){}]")


def cat(session: Session, arguments: list[str]) -> Play:
    """``cat``: files, or the input."""
    room = max(session.largest, MOST_TEXT)
    for name in arguments or ["-"]:
        path = session.path(name)
        if name == "-":
            while (piece := (yield Wanted.PIECE)) is not None:
                yield session.say(piece, end="")
        elif path in session.files:
            text = session.text(path)[:room]
            room -= len(text)
            yield from lines(session, text, "")
        elif session.is_directory(path):
            yield session.complain("cat: read error: Is a directory")
        else:
            yield session.complain(f"cat: can't open '{name}': No such file or directory")


def ls(session: Session, arguments: list[str]) -> Play:
    """``ls``, also ``-l``, ``-a`` and ``-d``."""
    options = "".join(argument for argument in arguments if argument.startswith("-"))
    named = [argument for argument in arguments if not argument.startswith("-")] or ["."]
    for name in named:
        path = session.path(name)
        itself = path in session.files or ("d" in options and session.is_directory(path))
        found = [(path, name)] if itself else list(_inside(session, path, hidden="a" in options))
        if not found and not session.is_directory(path):
            yield session.complain(f"ls: {name}: No such file or directory")
            continue
        if len(named) > 1 and not itself:
            yield session.say(f"{name}:")
        if "l" in options and not itself:
            yield session.say(f"total {sum(_blocks(session, whole) for whole, _ in found)}")
        for whole, shown in found:
            yield session.say(_long(session, whole, shown) if "l" in options else shown)


def _inside(session: Session, path: str, *, hidden: bool) -> Iterator[tuple[str, str]]:
    """Path and name of what is in a directory, sorted."""
    inside = path.rstrip("/") + "/"
    names = {name[len(inside) :].partition("/")[0] for name in session.paths() if name.startswith(inside)} - {""}
    if hidden:
        yield from ((path, "."), (session.path(f"{path}/.."), ".."))
    yield from ((inside + name, name) for name in sorted(names) if hidden or not name.startswith("."))


def _blocks(session: Session, path: str) -> int:
    """KiB on disk."""
    return 4 * ceil(_size(session, path) / 4096)


def _size(session: Session, path: str) -> int:
    is_file = path in session.files
    return len(session.text(path).encode("utf-8", "surrogateescape")) if is_file else 4096


def _long(session: Session, path: str, shown: str) -> str:
    """Simplified: everything is root's and from now; the real one tells owner, mode and time."""
    at = moment(session)
    mode = "-rw-r--r--" if path in session.files else "drwxr-xr-x"
    return f"{mode}    1 root     root     {_size(session, path):>9} {at:%b} {at.day:2d} {at:%H:%M} {shown}"


def touch(session: Session, arguments: list[str]) -> Play:
    """``touch``: make a file that is not there."""
    for name in _names(arguments):
        yield from _changing(session, "touch", name, session.files.get(session.path(name), ""))


def mkdir(session: Session, arguments: list[str]) -> Play:
    """``mkdir``."""
    for name in _names(arguments):
        path = session.path(name)
        if not session.is_directory(path):
            yield from _changing(session, "mkdir", name, None)
        elif "-p" not in arguments:
            yield session.complain(f"mkdir: can't create directory '{name}': File exists")


def _changing(session: Session, command: str, name: str, contents: str | None) -> Play:
    """Make a file or a directory, or say why not."""
    try:
        if contents is None:
            session.make_directory(name)
        else:
            session.write(name, contents)
    except OSError as error:
        yield session.complain(f"{command}: {name.rstrip('/')}: {error.strerror}")


def rm(session: Session, arguments: list[str]) -> Play:
    """``rm``, also ``-r`` and ``-f``."""
    options = "".join(argument for argument in arguments if argument.startswith("-"))
    for name in _names(arguments):
        path = session.path(name)
        inside = [one for one in session.paths() if one.startswith(path.rstrip("/") + "/")]
        if inside and "r" not in options.lower():
            yield session.complain(f"rm: '{name}' is a directory")
        elif not inside and path not in session.files and "f" not in options:
            yield session.complain(f"rm: can't remove '{name}': No such file or directory")
        else:
            yield from _removing(session, name, [*inside, path])


def _removing(session: Session, name: str, paths: list[str]) -> Play:
    try:
        for path in paths:
            if path.endswith("/"):
                session.files.pop(path, None)
            else:
                session.remove(path)
    except OSError as error:
        yield session.complain(f"rm: can't remove '{name}': {error.strerror}")


def cp(session: Session, arguments: list[str]) -> Play:
    """``cp``: files, and with ``-r`` directories."""
    yield from _put(session, "cp", arguments)


def mv(session: Session, arguments: list[str]) -> Play:
    """``mv``: files and directories."""
    yield from _put(session, "mv", arguments)


def _put(session: Session, command: str, arguments: list[str]) -> Play:
    """Have what is named first at the place that is named last; ``mv`` leaves nothing where it was."""
    options, moves = _options(arguments), command == "mv"
    *names, target = list(_names(arguments)) or [""]
    if not names:
        yield session.complain(f"{command}: missing file operand")
    for name in names:
        path = session.path(name)
        beside = path.rpartition("/")[2] if session.is_directory(session.path(target)) else ""
        goal = session.path(f"{target}/{beside}")
        found = [one for one in session.paths() if one == path or one.startswith(f"{path}/")]
        if not found:
            how = "rename" if moves else "stat"
            yield session.complain(f"{command}: can't {how} '{name}': No such file or directory")
        elif path not in session.files and not (moves or set("rRa") & set(options)):
            yield session.complain(f"cp: omitting directory '{name}'")
        elif goal != path:
            for one in found:
                there = goal + one[len(path) :]
                yield from _changing(session, command, there, None if one.endswith("/") else session.files[one])
            yield from _removing(session, name, found if moves and not session.code else [])
            if "v" in options:
                yield session.say(f"'{name}' -> '{goal}'")


def _names(arguments: list[str]) -> Iterator[str]:
    return (argument for argument in arguments if not argument.startswith("-"))


def wc(session: Session, arguments: list[str]) -> Play:
    """``wc``: how many lines, words and bytes, or with ``-l``, ``-w`` and ``-c`` the ones asked for."""
    options = _options(arguments) or "lwc"
    for name in list(_names(arguments)) or [""]:
        text = yield from text_of(session, "wc", name)
        if text is not None:
            counts = {"l": text.count("\n"), "w": len(text.split()), "c": len(text.encode("utf-8", "surrogateescape"))}
            shown = [str(count) for option, count in counts.items() if option in options]
            yield session.say(" ".join([*shown, name] if name else shown))


def grep(session: Session, arguments: list[str]) -> Play:
    """``grep``: the lines that a pattern is found in, with ``-v`` the others, ``-c`` how many, ``-q`` only whether."""
    options = _options(arguments)
    if not set(options) <= set("vcqiFE"):
        raise NotUnderstoodError(f"grep -{options}")
    wanted, *names = list(_names(arguments)) or [""]
    try:
        pattern = compiled(_pattern(bounded(wanted), options))
    except PatternError:
        yield session.complain(f"grep: bad regex '{wanted}'", 2)
        return
    count = 0
    for name in names or [""]:
        text = yield from text_of(session, "grep", name)
        for line in whole_lines(text or ""):
            session.worked += PER_ITEM
            line = line.removesuffix("\n")
            readable = line.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
            held = (pattern.search(readable) is not None) != ("v" in options)
            count += held
            if held and not set("qc") & set(options):
                yield session.say(f"{name}:{line}" if len(names) > 1 else line)
    if "c" in options and "q" not in options:
        yield session.say(str(count))
    session.code = 0 if count else max(1, session.code)


def extended(basic: str) -> str:
    """A basic regular expression, in which ``(`` is a sign with a backslash only, as the extended one of ``-E``."""
    return _BASIC.sub(lambda match: match[0][1:] or f"\\{match[0]}", basic)


def _pattern(wanted: str, options: str) -> str:
    if "F" in options:
        wanted = re.escape(wanted)
    elif "E" not in options:
        wanted = extended(wanted)
    return f"(?i){wanted}" if "i" in options else wanted


def text_of(session: Session, command: str, name: str) -> Generator[Printed | Wanted, str | None, str | None]:
    """What is in a file, or without a name comes as input; None, and a complaint, when it is not there."""
    if name in ("", "-"):
        text = ""
        while (piece := (yield Wanted.PIECE)) is not None:
            text = (text + piece)[:MOST_TEXT]
        return text
    path = session.path(name)
    if path in session.files:
        return session.text(path)
    yield session.complain(f"{command}: {name}: No such file or directory", 2 if command == "grep" else 1)
    return None


def _options(arguments: list[str]) -> str:
    return "".join(argument[1:] for argument in arguments if argument.startswith("-"))
