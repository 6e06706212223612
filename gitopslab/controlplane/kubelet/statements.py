"""What scripts of the tiny shell are made of: commands, and what may stand around and in them.

``grammar`` makes them, ``player`` plays them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain

from gitopslab.controlplane.kubelet.words import Token


@dataclass(slots=True)
class Simple:
    """A command and its arguments."""

    words: list[Token]


@dataclass(slots=True)
class Loop:
    """``while`` and ``until``, which goes round as long as its condition does not hold."""

    condition: list[Statement]
    body: list[Statement]
    until: bool

    @property
    def is_endless(self) -> bool:
        """Whether it is ``while true`` and nothing in it leaves, the loop of programs that serve."""
        goes_on = [[word.raw for word in one.words] for one in simple(self.condition)] in ([["true"]], [[":"]])
        leaves = any(one.words[0].raw in ("break", "exit") for one in simple(self.body))
        return goes_on and not leaves and not self.until


@dataclass(slots=True)
class For:
    """``for name in words``."""

    name: str
    words: list[Token]
    body: list[Statement]


@dataclass(slots=True)
class If:
    """``if`` and ``elif`` with what they guard, and ``else``."""

    branches: list[tuple[list[Statement], list[Statement]]]
    otherwise: list[Statement]


@dataclass(slots=True)
class Case:
    """``case word in`` with its patterns and what they guard."""

    word: Token
    choices: list[tuple[list[Token], list[Statement]]]


@dataclass(slots=True)
class Group:
    """``{ …; }``."""

    body: list[Statement]


@dataclass(slots=True)
class Pipe:
    """``a | b``, each reading what the one before prints."""

    stages: list[Statement]


Command = Group | Simple | Loop | For | If | Case | Pipe


@dataclass(slots=True)
class Statement:
    """A command with what stands around it.

    Attributes:
        joint: What stands before it: ``;``, ``&&`` or ``||``.
        command: Itself.
        negated: Whether ``!`` stands before it.
        target: The file that takes its output; ``&2`` for wherever its errors go.
        appends: Whether it is added to that file.
        errors: The file that takes what it complains of; ``&1`` for wherever its output goes.
        source: The file that it reads instead of its input.
    """

    joint: str
    command: Command
    negated: bool = False
    target: Token = field(default_factory=lambda: Token(""))
    appends: bool = False
    errors: Token = field(default_factory=lambda: Token(""))
    source: Token = field(default_factory=lambda: Token(""))


def parts(command: Command) -> tuple[list[Token], list[list[Statement]]]:
    """The words of a command, and the statements that it is made of."""
    match command:
        case Group():
            return [], [command.body]
        case Simple():
            return command.words, []
        case Pipe():
            return [], [[stage] for stage in command.stages]
        case Loop():
            return [], [command.condition, command.body]
        case For():
            return command.words, [command.body]
        case If():
            return [], [*chain.from_iterable(command.branches), command.otherwise]
        case Case():
            patterns = chain.from_iterable(patterns for patterns, _ in command.choices)
            return [command.word, *patterns], [body for _, body in command.choices]


def simple(statements: list[Statement]) -> Iterator[Simple]:
    """The single commands in some statements, however deep."""
    for statement in statements:
        if isinstance(statement.command, Simple):
            yield statement.command
        for body in parts(statement.command)[1]:
            yield from simple(body)
