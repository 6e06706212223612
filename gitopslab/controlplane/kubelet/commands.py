"""The commands that the tiny shell knows.

``shell`` calls them by name. Each takes a ``Session`` and its arguments, prints, reads and writes through it, and
leaves its exit code there. The words are busybox's. ``archive`` has the one that is a program of its own, ``tar``;
``files`` has those for files, ``ends`` has ``head`` and ``tail``, ``conditions`` has ``test``, ``arithmetic`` has
``expr`` and ``seq``, ``names`` has ``nslookup`` and ``getent``.

Simplified: the usual options only; most pass over an option that they do not know.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping

from gitopslab.controlplane.kubelet.archive import tar
from gitopslab.controlplane.kubelet.arithmetic import expr, seq
from gitopslab.controlplane.kubelet.conditions import bracket, test
from gitopslab.controlplane.kubelet.ends import head, tail
from gitopslab.controlplane.kubelet.files import cat, cp, grep, ls, mkdir, mv, rm, touch, wc
from gitopslab.controlplane.kubelet.filters import cut, rev, sort, tee, uniq
from gitopslab.controlplane.kubelet.names import getent, nslookup
from gitopslab.controlplane.kubelet.rewriting import awk, sed, tr
from gitopslab.controlplane.kubelet.session import (
    Command,
    Exited,
    Play,
    Session,
    Wanted,
    lines,
    moment,
    number,
)
from gitopslab.controlplane.kubelet.system import basename, df, dirname, ps
from gitopslab.controlplane.kubelet.web import curl, wget
from gitopslab.controlplane.kubelet.words import NotUnderstoodError

_ESCAPES = {"\\n": "\n", "\\t": "\t", "\\\\": "\\"}
_DATE_PARTS = re.compile(r"%[A-Za-z%]")
_DIRECTIVES = re.compile(r"%[sd%]")
_NEVER = 1e9
_USERS = {0: "root", 65534: "nobody"}
_SIGNALS = frozenset({"HUP", "INT", "QUIT", "TERM", "USR1", "USR2", "CHLD", "PIPE", "1", "2", "3", "15"})


def _date(session: Session, arguments: list[str]) -> Play:
    at = moment(session)
    form = next((one[1:] for one in arguments if one.startswith("+")), None)
    if form is None:
        yield session.say(f"{at:%a %b} {at.day:2d} {at:%H:%M:%S} UTC {at:%Y}")
    else:
        seconds = {"%s": str(int(at.timestamp())), "%F": f"{at:%Y-%m-%d}", "%T": f"{at:%H:%M:%S}"}
        yield session.say(_DATE_PARTS.sub(lambda match: seconds.get(match[0]) or at.strftime(match[0]), form))


def _echo(session: Session, arguments: list[str]) -> Play:
    end = "\n"
    while arguments and re.fullmatch(r"-[neE]+", arguments[0]):
        end = "" if "n" in arguments[0] else end
        arguments = arguments[1:]
    yield from lines(session, _unescaped(" ".join(arguments)), end)


def _printf(session: Session, arguments: list[str]) -> Play:
    """``%s`` and ``%d`` take the arguments one by one, over and over; other directives stay as they are."""
    if not arguments:
        yield session.complain("printf: usage: printf FORMAT [ARGUMENT]...", 2)
        return
    form, values = _unescaped(arguments[0]), deque(arguments[1:])
    left = len(values) + 1
    while len(values) < left:  # it goes round as long as it takes some
        left = len(values)
        text = _DIRECTIVES.sub(lambda match: "%" if match[0] == "%%" else values.popleft() if values else "", form)
        yield from lines(session, text, "")
        if not values:
            return


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
    uid = session.user.uid
    yield session.say(_USERS[uid]) if uid in _USERS else session.complain(f"whoami: unknown uid {uid}", 1)


def _id(session: Session, arguments: list[str]) -> Play:
    user, options = session.user, "".join(one[1:] for one in arguments if one.startswith("-"))
    asked = {"u": [user.uid], "g": [user.gid], "G": list(user.groups)}
    which = next((option for option in asked if option in options), None)
    if which is not None:
        yield session.say(" ".join(_USERS.get(one, str(one)) if "n" in options else str(one) for one in asked[which]))
        return
    groups = ",".join(_numbered(one) for one in user.groups)
    yield session.say(f"uid={_numbered(user.uid)} gid={_numbered(user.gid)} groups={groups}")


def _numbered(one: int) -> str:
    return f"{one}({_USERS[one]})" if one in _USERS else str(one)


def _trap(session: Session, arguments: list[str]) -> Play:
    """Simplified: what is to be done at a signal is not done: every program stops at once when it is told so."""
    yield from ()
    signals = arguments[1:] if len(arguments) > 1 else arguments
    if not {name.removeprefix("SIG") for name in signals} <= _SIGNALS:
        raise NotUnderstoodError(f"trap {' '.join(arguments)}")


def _printenv(session: Session, arguments: list[str]) -> Play:
    wanted = arguments or sorted(session.variables)
    session.code = 0 if all(name in session.variables for name in wanted) else 1
    for name in wanted:
        if name in session.variables:
            value = session.variables[name]
            yield session.say(value if arguments else f"{name}={value}")


def _export(session: Session, arguments: list[str]) -> Play:
    for name, sign, value in (one.partition("=") for one in arguments):
        if sign:
            session.assign(name, value)
    yield from ()


def _unset(session: Session, arguments: list[str]) -> Play:
    for name in arguments:
        session.unset(name)
    yield from ()


def _read(session: Session, arguments: list[str]) -> Play:
    """A line of input into a variable, the last name taking what is left of it."""
    line = yield Wanted.LINE
    names = [argument for argument in arguments if not argument.startswith("-")] or ["REPLY"]
    words = (line or "").rstrip("\n").split(None, len(names) - 1)
    for name, value in zip(names, [*words, *[""] * len(names)], strict=False):
        session.assign(name, value)
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


BUILT_INS = frozenset({":", "[[", "cd", "exit", "export", "read", "trap", "unset"})
"""Commands that only a shell has: there is no such executable."""

BUSYBOX = frozenset({"nslookup", "ps", "wget"})
"""Commands that images of Debian and the like do not have."""

NOT_BUSYBOX = frozenset({"curl"})
"""And those that images of busybox do not have."""

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
    "trap": _trap,
    "read": _read,
    "pwd": _pwd,
    "cd": _cd,
    "cat": cat,
    "ls": ls,
    "touch": touch,
    "mkdir": mkdir,
    "rm": rm,
    "cp": cp,
    "mv": mv,
    "wc": wc,
    "head": head,
    "tail": tail,
    "grep": grep,
    "sort": sort,
    "uniq": uniq,
    "tee": tee,
    "rev": rev,
    "cut": cut,
    "tr": tr,
    "sed": sed,
    "awk": awk,
    "tar": tar,
    "ps": ps,
    "df": df,
    "wget": wget,
    "curl": curl,
    "basename": basename,
    "dirname": dirname,
    "nslookup": nslookup,
    "getent": getent,
    "expr": expr,
    "seq": seq,
    "test": test,
    "[": bracket("]"),
    "[[": bracket("]]"),
}
