"""The commands that the tiny shell knows.

``shell`` calls them by name. Each takes a ``Session`` and its arguments, prints, reads and writes through it, and
leaves its exit code there. The words are busybox's. ``archive`` has the one that is a program of its own, ``tar``;
``conditions`` has ``test``, ``arithmetic`` has ``expr`` and ``seq``, ``names`` has ``nslookup`` and ``getent``.

Simplified: the usual options only; an option that is not known is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from gitopslab.controlplane.kubelet.archive import tar
from gitopslab.controlplane.kubelet.arithmetic import expr, seq
from gitopslab.controlplane.kubelet.conditions import bracket, test
from gitopslab.controlplane.kubelet.names import getent, nslookup
from gitopslab.controlplane.kubelet.session import MOST_TEXT, Command, Exited, Play, Session, Wanted, number

_ESCAPES = {"\\n": "\n", "\\t": "\t", "\\\\": "\\"}
_DATE_PARTS = re.compile(r"%[A-Za-z%]")
_NEVER = 1e9
_LAST = datetime.max.replace(tzinfo=UTC).timestamp() - 1  # whoever sleeps longer is shown no later date


def _date(session: Session, arguments: list[str]) -> Play:
    at = _moment(session)
    form = next((one[1:] for one in arguments if one.startswith("+")), None)
    if form is None:
        yield session.say(f"{at:%a %b} {at.day:2d} {at:%H:%M:%S} UTC {at:%Y}")
    else:
        seconds = {"%s": str(int(at.timestamp())), "%F": f"{at:%Y-%m-%d}", "%T": f"{at:%H:%M:%S}"}
        yield session.say(_DATE_PARTS.sub(lambda match: seconds.get(match[0]) or at.strftime(match[0]), form))


def _moment(session: Session) -> datetime:
    return datetime.fromtimestamp(min(session.began + session.at, _LAST), UTC)


def _echo(session: Session, arguments: list[str]) -> Play:
    end = "\n"
    while arguments and re.fullmatch(r"-[neE]+", arguments[0]):
        end = "" if "n" in arguments[0] else end
        arguments = arguments[1:]
    yield from _lines(session, _unescaped(" ".join(arguments)), end)


def _printf(session: Session, arguments: list[str]) -> Play:
    """``%s`` and ``%d`` take the arguments one by one; other directives stay as they are."""
    if not arguments:
        yield session.complain("printf: usage: printf FORMAT [ARGUMENT]...", 2)
        return
    values = iter(arguments[1:])
    text = re.sub(r"%[sd%]", lambda match: "%" if match[0] == "%%" else next(values, ""), _unescaped(arguments[0]))
    yield from _lines(session, text, "")


def _lines(session: Session, text: str, end: str) -> Play:
    """A text a line at a time; ``end`` follows the last one."""
    *lines, last = text.split("\n")
    for line in lines:
        yield session.say(line)
    if last or end:
        yield session.say(last, end)


def _unescaped(text: str) -> str:
    return re.sub(r"\\[nt\\]", lambda match: _ESCAPES[match[0]], text)


def _sleep(session: Session, arguments: list[str]) -> Play:
    session.at += sum(_seconds(argument) for argument in arguments)
    yield from ()


def _seconds(text: str) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", text)
    if match is None:
        return _NEVER if text in ("infinity", "inf") else 0.0
    return float(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}[match[2]]


def _exit(session: Session, arguments: list[str]) -> Play:
    yield from ()
    raise Exited(number(arguments[0]) % 256 if arguments else session.code)


def _true(session: Session, arguments: list[str]) -> Play:
    yield from ()


def _false(session: Session, arguments: list[str]) -> Play:
    session.code = 1
    yield from ()


def _hostname(session: Session, arguments: list[str]) -> Play:
    yield session.say(session.hostname)


def _uname(session: Session, arguments: list[str]) -> Play:
    all_of_it = f"Linux {session.hostname} 6.12.0 #1 SMP x86_64 GNU/Linux"
    yield session.say({"-a": all_of_it, "-n": session.hostname, "-m": "x86_64"}.get("".join(arguments), "Linux"))


def _whoami(session: Session, arguments: list[str]) -> Play:
    yield session.say("root")


def _id(session: Session, arguments: list[str]) -> Play:
    yield session.say("0" if "-u" in arguments or "-g" in arguments else "uid=0(root) gid=0(root) groups=0(root)")


def _printenv(session: Session, arguments: list[str]) -> Play:
    wanted = arguments or sorted(session.variables)
    session.code = 0 if all(name in session.variables for name in wanted) else 1
    for name in wanted:
        if name in session.variables:
            value = session.variables[name]
            yield session.say(value if arguments else f"{name}={value}")


def _export(session: Session, arguments: list[str]) -> Play:
    session.variables.update((name, value) for name, sign, value in (one.partition("=") for one in arguments) if sign)
    yield from ()


def _unset(session: Session, arguments: list[str]) -> Play:
    for name in arguments:
        session.variables.pop(name, None)
    yield from ()


def _read(session: Session, arguments: list[str]) -> Play:
    """A line of input into a variable, the last name taking what is left of it."""
    line = yield Wanted.LINE
    names = [argument for argument in arguments if not argument.startswith("-")] or ["REPLY"]
    words = (line or "").rstrip("\n").split(None, len(names) - 1)
    session.variables.update(zip(names, [*words, *[""] * len(names)], strict=False))
    session.code = 0 if line is not None else 1


def _pwd(session: Session, arguments: list[str]) -> Play:
    yield session.say(session.cwd)


def _cd(session: Session, arguments: list[str]) -> Play:
    name = arguments[0] if arguments else session.variables.get("HOME", "/")
    path = session.path(name)
    if session.is_directory(path):
        session.cwd = path
    else:
        yield session.complain(f"sh: cd: can't cd to {name}: No such file or directory", 2)


def _cat(session: Session, arguments: list[str]) -> Play:
    room = max(session.largest, MOST_TEXT)
    for name in arguments or ["-"]:
        path = session.path(name)
        if name == "-":
            while (piece := (yield Wanted.PIECE)) is not None:
                yield session.say(piece, end="")
        elif path in session.files:
            text = session.files[path][:room]
            room -= len(text)
            yield from _lines(session, text, "")
        elif session.is_directory(path):
            yield session.complain("cat: read error: Is a directory")
        else:
            yield session.complain(f"cat: can't open '{name}': No such file or directory")


def _ls(session: Session, arguments: list[str]) -> Play:
    options = "".join(argument for argument in arguments if argument.startswith("-"))
    named = [argument for argument in arguments if not argument.startswith("-")] or ["."]
    for name in named:
        path = session.path(name)
        found = {path: name} if path in session.files else dict(_inside(session, path, hidden="a" in options))
        if not found and not session.is_directory(path):
            yield session.complain(f"ls: {name}: No such file or directory")
            continue
        if len(named) > 1 and path not in session.files:
            yield session.say(f"{name}:")
        for whole, shown in found.items():
            yield session.say(_long(session, whole, shown) if "l" in options else shown)


def _inside(session: Session, path: str, *, hidden: bool) -> Iterator[tuple[str, str]]:
    """Path and name of what is in a directory, sorted."""
    inside = path.rstrip("/") + "/"
    names = {name[len(inside) :].partition("/")[0] for name in session.files if name.startswith(inside)} - {""}
    return ((inside + name, name) for name in sorted(names) if hidden or not name.startswith("."))


def _long(session: Session, path: str, shown: str) -> str:
    """Simplified: everything is root's and from now; the real one tells owner, mode and time."""
    at = _moment(session)
    is_file = path in session.files
    size = len(session.files[path].encode("utf-8", "surrogateescape")) if is_file else 4096
    mode = "-rw-r--r--" if is_file else "drwxr-xr-x"
    return f"{mode}    1 root     root     {size:>9} {at:%b} {at.day:2d} {at:%H:%M} {shown}"


def _touch(session: Session, arguments: list[str]) -> Play:
    for name in _names(arguments):
        yield from _changing(session, "touch", name, session.files.get(session.path(name), ""))


def _mkdir(session: Session, arguments: list[str]) -> Play:
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


def _rm(session: Session, arguments: list[str]) -> Play:
    options = "".join(argument for argument in arguments if argument.startswith("-"))
    for name in _names(arguments):
        path = session.path(name)
        inside = [one for one in session.files if one.startswith(path.rstrip("/") + "/")]
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


def _names(arguments: list[str]) -> Iterator[str]:
    return (argument for argument in arguments if not argument.startswith("-"))


BUILT_INS = frozenset({":", "[[", "cd", "exit", "export", "read", "unset"})
"""Commands that only a shell has: there is no such executable."""

BUSYBOX = frozenset({"nslookup"})
"""Commands that images of Debian and the like do not have."""

COMMANDS: Mapping[str, Command] = {
    "echo": _echo,
    "printf": _printf,
    "sleep": _sleep,
    "exit": _exit,
    "true": _true,
    ":": _true,
    "false": _false,
    "date": _date,
    "hostname": _hostname,
    "uname": _uname,
    "whoami": _whoami,
    "id": _id,
    "env": _printenv,
    "printenv": _printenv,
    "export": _export,
    "unset": _unset,
    "read": _read,
    "pwd": _pwd,
    "cd": _cd,
    "cat": _cat,
    "ls": _ls,
    "touch": _touch,
    "mkdir": _mkdir,
    "rm": _rm,
    "tar": tar,
    "nslookup": nslookup,
    "getent": getent,
    "expr": expr,
    "seq": seq,
    "test": test,
    "[": bracket("]"),
    "[[": bracket("]]"),
}
