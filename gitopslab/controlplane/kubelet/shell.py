"""A tiny shell: enough of ``sh`` to play the commands that teaching manifests use.

``programs`` gives it the words of a command; it plays them on a clock of its own and yields what they print and when.
Understood: ``echo``, ``printf`` of plain text, ``sleep``, ``exit``, ``true``, ``false``, ``:``, ``date``,
``hostname``, ``env``, ``printenv``, ``cat``, ``ls``, ``touch``, ``rm``, ``test -f``, ``exec``; assignments; ``;``,
``&&``, ``||``, newlines; ``while true`` and ``for … in``; quotes; ``$NAME``, ``$(date)``, ``$(hostname)``,
``$((i+1))``; redirection into a file.

Simplified: a real container runs its image's programs. Whatever is not in this list raises ``NotUnderstoodError``, and
the caller falls back to a default; nothing here runs a process or reads a file of this machine.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from gitopslab.controlplane.kubelet.grammar import NotUnderstoodError, Statement, parse

NOW = "\ue000"
"""Stands for the time at which a line is printed; whoever shows the line fills it in."""

_PIECE = re.compile(
    r"""'(?P<single>[^']*)'|"(?P<double>(?:\\.|[^"\\])*)"|\\(?P<escaped>.)|(?P<plain>(?:\$\(\([^()]*\)\)|\$\([^()]*\)|[^'"\\])+)"""
)
_EXPANSION = re.compile(
    r"\$\(\((?P<sum>[^()]*)\)\)|\$\((?P<command>[^()]*)\)|\$\{(?P<braced>\w+)(?::-(?P<default>[^}]*))?\}|\$(?P<name>\w+)"
)
_ASSIGNMENT = re.compile(r"^(?P<name>[A-Za-z_]\w*)=(?P<value>.*)$", re.S)
_SUM = re.compile(r"^\s*\$?(\w+)\s*(?:([-+*%])\s*\$?(\w+)\s*)?$")
# Bounds on what somebody's manifest can make this process do.
_MOST_TEXT = 65_536
_MOST_ITERATIONS = 5_000
_MOST_HISTORY = 1_000
_MOST_DIGITS = 18
_SHORTEST_ROUND = 0.05  # a loop that hardly sleeps goes round once a second, not as fast as it can


@dataclass(frozen=True, slots=True)
class Printed:
    """One line of output, ``at`` seconds after the start; ``text`` None is a round of a loop, printed or not."""

    at: float
    text: str | None


@dataclass(slots=True)
class Session:
    """A running script: its clock, variables and files.

    Attributes:
        variables: The environment, changed by assignments.
        hostname: The pod's name.
        at: Seconds since the start.
        code: Exit code of the last command.
        files: Path to contents of what the script wrote, or what is mounted.
        history: ``(at, path, exists)`` of every file made or removed.
    """

    variables: dict[str, str]
    hostname: str = ""
    at: float = 0.0
    code: int = 0
    files: dict[str, str] = field(default_factory=dict)
    history: list[tuple[float, str, bool]] = field(default_factory=list)
    _room: int = _MOST_TEXT
    _iterations: int = 0

    def play(self, words: list[str]) -> Iterator[Printed]:
        """Run a command given as words, as ``execve`` would; ends when the command ends.

        Raises:
            NotUnderstoodError: Some part is outside of the language; nothing was printed then, unless inside of a loop.
        """
        name = words[0].rpartition("/")[2] if words else ""
        if name in ("sh", "bash", "ash") and len(words) > 2 and re.fullmatch(r"-[eux]*c", words[1]):
            yield from self._script(words[2])
        else:
            yield from self._command(words, "")

    def _script(self, text: str) -> Iterator[Printed]:
        statements = parse(text)
        _check(statements)
        try:
            yield from self._statements(statements)
        except _Exit as end:
            self.code = end.code

    def _statements(self, statements: list[Statement]) -> Iterator[Printed]:
        for statement in statements:
            if (statement.joint == "&&" and self.code) or (statement.joint == "||" and not self.code):
                continue
            if statement.loop == "while":
                while True:
                    before, self._iterations = self.at, 0
                    yield from self._statements(statement.body)
                    self.at = self.at if self.at - before >= _SHORTEST_ROUND else before + 1.0
                    yield Printed(self.at, None)
            elif statement.loop:
                for value in [word for raw in statement.words for word in self._expand(raw).split()]:
                    self._iterations += 1
                    if self._iterations > _MOST_ITERATIONS:
                        raise _Exit(1)
                    self.variables[statement.loop] = value
                    yield from self._statements(statement.body)
            else:
                yield from self._simple(statement)

    def _simple(self, statement: Statement) -> Iterator[Printed]:
        self._room = _MOST_TEXT
        words = [self._expand(raw) for raw in statement.words]
        while words and (match := _ASSIGNMENT.match(words[0])) and _ASSIGNMENT.match(statement.words[0]):
            self.variables[match["name"]] = match["value"]
            words, self.code = words[1:], 0
        if words:
            yield from self._command(words, self._expand(statement.target))

    def _command(self, words: list[str], target: str) -> Iterator[Printed]:
        name, arguments = words[0].rpartition("/")[2], words[1:]
        if name == "exec" and arguments:
            yield from self._command(arguments, target)
            raise _Exit(self.code)
        run = _COMMANDS.get(name)
        if run is None:
            raise NotUnderstoodError(name)
        lines = run(self, arguments)
        if target and target != "/dev/null":
            self.write(target, "\n".join(lines))
        elif not target:
            yield from (Printed(self.at, line) for line in lines)

    def write(self, path: str, contents: str) -> None:
        """Make a file."""
        self.files[path] = contents[:_MOST_TEXT]
        self._remember(path, exists=True)

    def remove(self, path: str) -> None:
        """Remove a file, if it is there."""
        if self.files.pop(path, None) is not None:
            self._remember(path, exists=False)

    def _remember(self, path: str, *, exists: bool) -> None:
        if len(self.history) < _MOST_HISTORY:
            self.history.append((self.at, path, exists))

    def _expand(self, raw: str) -> str:
        return "".join(self._piece(match) for match in _PIECE.finditer(raw))

    def _piece(self, match: re.Match[str]) -> str:
        if match["single"] is not None:
            return match["single"]
        if match["escaped"] is not None:
            return match["escaped"]
        text = match["plain"] if match["double"] is None else re.sub(r'\\(["\\$`])', r"\1", match["double"])
        return _EXPANSION.sub(self._roomy_value, text)

    def _roomy_value(self, match: re.Match[str]) -> str:
        value = self._value(match)[: self._room]
        self._room -= len(value)
        return value

    def _value(self, match: re.Match[str]) -> str:
        if match["sum"] is not None:
            return self._sum(match["sum"])
        if match["command"] is not None:
            words = match["command"].split()
            if not words or words[0] not in ("date", "hostname"):
                raise NotUnderstoodError(match["command"])
            return _COMMANDS[words[0]](self, words[1:])[0]
        return self.variables.get(match["braced"] or match["name"], match["default"] or "")

    def _sum(self, text: str) -> str:
        match = _SUM.match(text)
        if match is None:
            raise NotUnderstoodError(text)
        left, right = self._number(match[1]), self._number(match[3] or "0")
        if match[2] == "*":
            return str(left * right)
        if match[2] == "%" and right:
            return str(left % right)
        return str(left - right if match[2] == "-" else left + right)

    def _number(self, word: str) -> int:
        return _whole(self.variables.get(word, "0") if not word[:1].isdecimal() else word)


def _whole(text: str) -> int:
    """A number of a script; what is none, or is too long for one, counts as 0."""
    return int(text) if re.fullmatch(rf"-?[0-9]{{1,{_MOST_DIGITS}}}", text) else 0


class _Exit(Exception):
    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def _check(statements: list[Statement]) -> None:
    """Refuse unknown commands before the first one is played, so that a script is played whole or not at all."""
    for statement in statements:
        _check(statement.body)
        words = [word for word in statement.words if not _ASSIGNMENT.match(word)]
        if not statement.loop and words and words[0].rpartition("/")[2] not in _COMMANDS and words[0] != "exec":
            raise NotUnderstoodError(words[0])


def _seconds(text: str) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", text)
    if match is None:
        return 1e9 if text in ("infinity", "inf") else 0.0
    return float(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}[match[2]]


def _echo(session: Session, arguments: list[str]) -> list[str]:
    while arguments and arguments[0] in ("-e", "-n"):
        arguments = arguments[1:]
    session.code = 0
    return " ".join(arguments).replace("\\n", "\n").split("\n")


def _sleep(session: Session, arguments: list[str]) -> list[str]:
    session.at += sum(_seconds(argument) for argument in arguments)
    session.code = 0
    return []


def _exit(session: Session, arguments: list[str]) -> list[str]:
    raise _Exit(_whole(arguments[0]) % 256 if arguments else session.code)


def _status(code: int) -> Callable[[Session, list[str]], list[str]]:
    def run(session: Session, arguments: list[str]) -> list[str]:
        session.code = code
        return []

    return run


def _date(session: Session, arguments: list[str]) -> list[str]:
    session.code = 0
    return [NOW]


def _hostname(session: Session, arguments: list[str]) -> list[str]:
    session.code = 0
    return [session.hostname]


def _printenv(session: Session, arguments: list[str]) -> list[str]:
    wanted = arguments or sorted(session.variables)
    session.code = 0 if all(name in session.variables for name in wanted) else 1
    found = [(name, session.variables[name]) for name in wanted if name in session.variables]
    return [value if arguments else f"{name}={value}" for name, value in found]


def _cat(session: Session, arguments: list[str]) -> list[str]:
    session.code = 0
    lines: list[str] = []
    room = _MOST_TEXT
    for path in arguments:
        if path in session.files:
            text = session.files[path][:room]
            room -= len(text)
            lines += text.rstrip("\n").split("\n")
        else:
            session.code = 1
            lines.append(f"cat: can't open '{path}': No such file or directory")
    return lines


def _ls(session: Session, arguments: list[str]) -> list[str]:
    session.code = 0
    lines: list[str] = []
    for path in (argument for argument in arguments if not argument.startswith("-")):
        inside = path.rstrip("/") + "/"
        names = sorted({name[len(inside) :].partition("/")[0] for name in session.files if name.startswith(inside)})
        if path in session.files or names:
            lines += names or [path]
        else:
            session.code = 1
            lines.append(f"ls: {path}: No such file or directory")
    return lines


def _touch(session: Session, arguments: list[str]) -> list[str]:
    for path in arguments:
        session.write(path, session.files.get(path, ""))
    session.code = 0
    return []


def _rm(session: Session, arguments: list[str]) -> list[str]:
    for path in (argument for argument in arguments if not argument.startswith("-")):
        session.remove(path)
    session.code = 0
    return []


def _test(session: Session, arguments: list[str]) -> list[str]:
    words = [word for word in arguments if word != "]"]
    if len(words) != 2 or words[0] not in ("-e", "-f"):
        raise NotUnderstoodError(" ".join(arguments))
    session.code = 0 if words[1] in session.files else 1
    return []


_COMMANDS: Mapping[str, Callable[[Session, list[str]], list[str]]] = {
    "echo": _echo,
    "printf": _echo,
    "sleep": _sleep,
    "exit": _exit,
    "true": _status(0),
    ":": _status(0),
    "false": _status(1),
    "date": _date,
    "hostname": _hostname,
    "env": _printenv,
    "printenv": _printenv,
    "cat": _cat,
    "ls": _ls,
    "touch": _touch,
    "rm": _rm,
    "mkdir": _status(0),
    "test": _test,
    "[": _test,
}
