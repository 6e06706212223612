"""What a running shell remembers, and what its commands may do with it.

``shell`` plays scripts on a ``Session``; ``commands`` are what it can play. A command is a generator: it yields what it
prints, and a ``Wanted`` for what it wants to read. Leaves to others: the language (``shell``, ``grammar``), what files
there are (``inside.filesystem``), and time passing for real (``inside.processes``).
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Generator, Iterator, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum, auto
from itertools import accumulate
from random import Random

from gitopslab.controlplane.kubelet.words import NotUnderstoodError

MOST_TEXT = 65_536
"""Characters of one expansion, and of one file that a manifest's script makes."""

PER_ITEM = 100
"""Characters that are as much work as to look at one of many words, lines or files."""

INTERRUPTED = 130
"""The exit code of a command that Ctrl-C has ended."""

_LAST = datetime.max.replace(tzinfo=UTC).timestamp() - 1  # whoever sleeps longer is shown no later date
_MOST_HISTORY = 524_288  # characters of what is written at once
_MOST_DIGITS = 19
_MOST_RANDOM = 32_768
_MOST_GROWN = 1_048_576
_MOST_PATTERN = 1_000


@dataclass(frozen=True, slots=True)
class Printed:
    """A line of output.

    Attributes:
        at: Seconds after the start.
        text: The line; None is a round of a loop, printed or not. Bytes that are no UTF-8 are surrogate escapes.
        end: What follows it: nothing after the unfinished line of ``echo -n``.
        error: Whether it goes to stderr.
    """

    at: float
    text: str | None
    end: str = "\n"
    error: bool = False


class Wanted(Enum):
    """What a command asks its input for; it is sent as text."""

    LINE = auto()
    """One line with its end."""
    PIECE = auto()
    """Whatever has come."""


Play = Generator[Printed | Wanted, str | None, None]
"""A command that is being played."""

Command = Callable[["Session", list[str]], Play]
"""A command of the language: plays its arguments, and leaves its exit code in the session."""


@dataclass(frozen=True, slots=True)
class User:
    """Whom a program runs as.

    Attributes:
        uid: The user.
        gid: Its group.
        groups: All its groups, the first one included.
    """

    uid: int = 0
    gid: int = 0
    groups: tuple[int, ...] = (0,)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a web server says.

    Attributes:
        code: The status.
        media_type: Of the body.
        body: As a text.
    """

    code: int
    media_type: str
    body: str


Ask = Callable[[str, int, str, str], Answer | None]
"""Host, port, target and agent to an answer; None when nobody listens there."""

Change = tuple[float, str, str | None]
"""Seconds after the start, a path and what was written there; None for what was removed."""


class Interrupted(Exception):
    """Thrown into what is played: somebody pressed Ctrl-C."""


class Exited(Exception):
    """Raised by ``exit``."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class FailedError(Exception):
    """A script cannot go on; the text says why."""


@dataclass(slots=True)
class Session:
    """A running shell: its clock, variables and files.

    Attributes:
        variables: The environment, changed by assignments.
        hostname: The pod's name.
        at: Seconds since the start.
        code: Exit code of the last command.
        files: Path to contents of the files that are there; a path that ends in a slash is a directory.
        history: What it has written, the last of it if that is much.
        began: When it started, in epoch seconds.
        cwd: The working directory.
        live: Whether somebody watches; then it complains of what it does not know.
        tty: Whether that somebody sits at a terminal.
        style: Which shell it passes for: ``ash``, ``dash`` or ``bash``.
        largest: Characters that a file may have.
        chance: Where ``$RANDOM`` comes from.
        names: Gives the address that a name leads to at a moment, in epoch seconds; empty when there is none.
        asked: When it has last asked for what others can change: a name, a file of a volume; None when it never has.
        user: Whom it runs as.
        program: The command line of the container's own program.
        mounts: Where volumes are mounted.
        ask: Asks web servers of the cluster; None when nobody can be asked.
        grown: Characters by which the variables have grown since the start.
        endless: Whether it has come to a loop that never ends, as far as its condition tells.
        worked: Characters that it had to do with and that are not counted as work yet.
    """

    variables: dict[str, str]
    hostname: str = ""
    at: float = 0.0
    code: int = 0
    files: MutableMapping[str, str] = field(default_factory=dict)
    history: deque[Change] = field(default_factory=deque)
    began: float = 0.0
    cwd: str = "/"
    live: bool = False
    tty: bool = False
    style: str = "ash"
    largest: int = MOST_TEXT
    chance: Random = field(default_factory=lambda: Random(0))
    names: Callable[[str, float], str] = lambda name, moment: ""
    asked: float | None = None
    user: User = field(default_factory=User)
    program: str = "sh"
    mounts: tuple[str, ...] = ()
    ask: Ask | None = None
    grown: int = 0
    endless: bool = False
    worked: int = 0
    _remembered: int = 0

    def address(self, name: str) -> str:
        """The address that a name leads to now; empty when there is none."""
        self.asked = self.at
        return self.names(name, self.began + self.at)

    def value(self, name: str) -> str:
        """The value of a variable, or of what a shell keeps itself; empty when there is none."""
        if name == "?":
            return str(self.code)
        if name == "RANDOM" and name not in self.variables:
            return str(self.chance.randrange(_MOST_RANDOM))
        return self.variables.get(name, "")

    def assign(self, name: str, value: str) -> None:
        """Set a variable.

        Raises:
            NotUnderstoodError: All of them together are too long.
        """
        self.unset(name)
        self.grown += len(name) + len(value)
        if self.grown > _MOST_GROWN:
            raise NotUnderstoodError("variables that are too long")
        self.variables[name] = value

    def unset(self, name: str) -> None:
        """Forget a variable, if it is there."""
        before = self.variables.pop(name, None)
        self.grown -= 0 if before is None else len(name) + len(before)

    def say(self, text: str, end: str = "\n") -> Printed:
        """A line of output, now."""
        self.worked += len(text)
        return Printed(self.at, text, end)

    def complain(self, text: str, code: int = 1) -> Printed:
        """A line for stderr, now, and the exit code that goes with it."""
        self.code = code
        return Printed(self.at, text, error=True)

    def path(self, name: str) -> str:
        """A path as it is kept: absolute, without dots and double slashes."""
        parts: list[str] = []
        for part in (name if name.startswith("/") else f"{self.cwd}/{name}").split("/"):
            if part == "..":
                del parts[-1:]
            elif part not in ("", "."):
                parts.append(part)
        return "/" + "/".join(parts)

    def is_directory(self, path: str) -> bool:
        """Whether there is a directory, or something in it."""
        inside = path.rstrip("/") + "/"
        return inside == "/" or inside in self.files or any(name.startswith(inside) for name in self.paths())

    def paths(self) -> Iterator[str]:
        """The paths of all files; to look them through is work."""
        for path in self.files:
            self.worked += PER_ITEM
            yield path

    def text(self, path: str) -> str:
        """What is in a file, as much of it as a program reads; to read it is work.

        Raises:
            KeyError: It is not there.
        """
        text = self.files[path][: max(self.largest, MOST_TEXT)]
        self.worked += len(text)
        return text

    def write(self, path: str, contents: str) -> None:
        """Make a file.

        Raises:
            OSError: There is no room, or the file system does not allow it.
        """
        path, contents = self.path(path), contents[: self.largest]
        is_full = len(contents) == self.largest and self.files.get(path) == contents  # it takes no more
        self.files[path] = contents
        self.worked += len(contents)
        if not is_full:
            self._remember(path, contents)

    def make_directory(self, path: str) -> None:
        """Make a directory.

        Raises:
            OSError: There is no room, or the file system does not allow it.
        """
        path = f"{self.path(path)}/"
        self.files[path] = ""
        self._remember(path, "")

    def remove(self, path: str) -> None:
        """Remove a file, if it is there.

        Raises:
            OSError: The file system does not allow it.
        """
        path = self.path(path)
        if self.files.pop(path, None) is not None:
            self._remember(path, None)

    @property
    def has_much_history(self) -> bool:
        """Whether it has written so much that its oldest writes may soon be forgotten."""
        return self._remembered > _MOST_HISTORY // 2

    def forget_history(self) -> None:
        """Begin a new history."""
        self.history.clear()
        self._remembered = 0

    def _remember(self, path: str, contents: str | None) -> None:
        """Note what is written, for others to find it at its time; the oldest makes room for it when it is too much."""
        contents = None if contents is None else contents[:MOST_TEXT]
        change = (self.at, path, contents)
        self.history.append(change)
        self._remembered += _size(change)
        while self._remembered > _MOST_HISTORY:
            self._remembered -= _size(self.history.popleft())


def number(text: str) -> int:
    """A number of a script; what is none, or is too long for one, counts as 0."""
    return int(text) if re.fullmatch(rf"-?[0-9]{{1,{_MOST_DIGITS}}}", text) else 0


def bounded(pattern: str) -> str:
    """A pattern that is not too long to look for.

    Raises:
        NotUnderstoodError: It is.
    """
    if len(pattern) > _MOST_PATTERN:
        raise NotUnderstoodError("a pattern that is too long")
    return pattern


def lines(session: Session, text: str, end: str) -> Play:
    """A text a line at a time; ``end`` follows the last one."""
    *whole, last = text.split("\n")
    for line in whole:
        yield session.say(line)
    if last or end:
        yield session.say(last, end)


def newest(changes: Sequence[Change]) -> Sequence[Change]:
    """As many of the newest changes as are remembered."""
    sizes = accumulate(map(_size, reversed(changes)))
    return changes[len(changes) - sum(size <= _MOST_HISTORY for size in sizes) :]


def _size(change: Change) -> int:
    """What it takes to remember it."""
    return PER_ITEM + len(change[2] or "")


def whole_lines(text: str) -> list[str]:
    """The lines of a text with their ends, which are newlines and nothing else."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def moment(session: Session) -> datetime:
    """The session's time."""
    return datetime.fromtimestamp(min(session.began + session.at, _LAST), UTC)
