"""A tiny shell: enough of ``sh`` to play the commands that teaching manifests use and learners type.

``programs`` gives it the words of a container's command, ``inside`` those of ``kubectl exec``; it plays them on a clock
of its own and yields what they print and when. What it wants to read it asks for by yielding a ``Wanted``; whoever
plays it sends the text, or None at the end of input, which is also what a plain ``for`` sends.

Understood: the commands of ``commands``; ``exec``; assignments; ``;``, ``&&``, ``||``, ``!``, newlines; ``if``,
``case``, ``while``, ``until``, ``for … in``, ``break`` and ``continue``; quotes; ``$NAME``, ``$?``, ``$RANDOM``,
``$(command)``, ``$((i + 1))``; redirection of input, output and errors; pipes.

Simplified: a ``live`` shell passes over ``-e``, ``-u``, ``-x`` and a script's arguments; a script that has them is not
understood.

Simplified: a real container runs its image's programs. A script with anything else in it raises ``NotUnderstoodError``
before it prints, and the caller falls back to a default; a ``live`` shell, where somebody watches, complains as a real
one does. Nothing here runs a process or reads a file of this machine.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from itertools import dropwhile

from gitopslab.controlplane.kubelet.commands import COMMANDS
from gitopslab.controlplane.kubelet.grammar import parse
from gitopslab.controlplane.kubelet.player import ASSIGNMENT, LEAVING, Player
from gitopslab.controlplane.kubelet.session import (
    INTERRUPTED,
    Exited,
    FailedError,
    Interrupted,
    Play,
    Printed,
    Wanted,
)
from gitopslab.controlplane.kubelet.statements import Simple, Statement, parts
from gitopslab.controlplane.kubelet.words import MOST_DEPTH, NotUnderstoodError, UnfinishedError, names, scripts

log = logging.getLogger(__name__)
SHELLS = ("sh", "ash", "bash")
_NOT_FOUND = {
    "ash": "{shell}: {name}: not found",
    "dash": "{shell}: 1: {name}: not found",
    "bash": "{shell}: line 1: {name}: command not found",
}
_PROMPTS = {"ash": "{cwd} # ", "dash": "# ", "bash": "root@{hostname}:{cwd}# "}
_OF_THE_SHELL = re.compile(r"\d+|[@*#$!-]")  # what it was called with, and processes
_KNOWN = {*COMMANDS, *LEAVING, "exec"}


@dataclass(slots=True)
class Shell(Player):
    """A session that plays commands, and the scripts that it is given or reads."""

    def play(self, words: list[str]) -> Play:
        """Run a command given as words, as ``execve`` would; ends when the command ends.

        Raises:
            NotUnderstoodError: Some part is outside of the language; nothing was printed then, unless inside of a loop.
        """
        try:
            yield from self.command(words)
        except Exited as end:
            self.code = end.code
        except Interrupted:
            self.code = INTERRUPTED
        except NotUnderstoodError as error:
            yield self._not_understood(error)
        except Exception as error:  # a script that nobody thought of must not stop its kubelet
            log.warning("could not play %.200s: %r", words, error)
            yield self._not_understood(NotUnderstoodError(type(error).__name__))

    def command(self, words: list[str]) -> Play:
        """Play a single command."""
        replaces = words[:1] == ["exec"] and len(words) > 1
        words = list(dropwhile(lambda word: word == "exec", words)) if replaces else words
        if not words:
            raise NotUnderstoodError("no command")
        yield from self._named(words[0].rpartition("/")[2], words)
        if replaces:
            raise Exited(self.code)

    def _named(self, name: str, words: list[str]) -> Play:
        arguments = words[1:]
        if name in SHELLS:
            yield from self._sh_named(words[0], arguments)
        elif (run := COMMANDS.get(name)) is not None:
            self.code = self.code if name == "exit" else 0  # which ends as what came before it
            yield from run(self, arguments)
        elif self.live:
            text = _NOT_FOUND[self.style].format(shell=self.shell, name=words[0])
            yield self.complain(text, 127)
        else:
            raise NotUnderstoodError(name)

    def _sh_named(self, name: str, arguments: list[str]) -> Play:
        outer, self.shell = self.shell, name
        try:
            yield from self._sh(arguments)
        except Exited as end:
            self.code = end.code
        finally:
            self.shell = outer

    def _sh(self, arguments: list[str]) -> Play:
        """``sh -c SCRIPT``, or ``sh`` with its script on stdin, be it typed or piped."""
        if len(arguments) > 1 and re.fullmatch(r"-[eluxi]*c", arguments[0]):
            if not self.live and (len(arguments) > 2 or set("eux") & set(arguments[0])):
                raise NotUnderstoodError(" ".join([arguments[0], *arguments[2:]]))
            yield from self._script(arguments[1])
        elif [one for one in arguments if not re.fullmatch(r"-[eluxi]+", one)]:
            if not self.live:
                raise NotUnderstoodError(" ".join(arguments))
            yield self.complain(f"{self.shell}: 0: cannot open {arguments[0]}: No such file", 2)
        else:
            yield from self._read_and_play()

    def _read_and_play(self) -> Play:
        text = ""
        while True:
            try:
                if self.tty:
                    prompt = _PROMPTS[self.style].format(cwd=self.cwd, hostname=self.hostname) if not text else "> "
                    yield self.say(prompt, end="")
                line = yield Wanted.LINE
                if line is None:
                    return
                text += line
                yield from self._typed(text)
                text = ""
            except UnfinishedError:
                continue
            except Interrupted:
                text, self.code = "", INTERRUPTED

    def _typed(self, text: str) -> Play:
        """One command that was typed, or the beginning of one."""
        try:
            statements = parse(text)
        except UnfinishedError:
            raise
        except NotUnderstoodError as error:
            yield self._not_understood(error)
            return
        yield from self._whole(statements)

    def _script(self, text: str) -> Play:
        try:
            statements = parse(text)
        except NotUnderstoodError as error:
            yield self._not_understood(error)
            return
        if not self.live:
            _check(statements)
        yield from self._whole(statements)

    def _whole(self, statements: list[Statement]) -> Play:
        """Statements, and the complaint that ends them."""
        try:
            yield from self.statements(statements)
        except FailedError as error:
            yield self.complain(f"{self.shell}: {error}", 2)
        except NotUnderstoodError as error:
            yield self._not_understood(error)

    def _not_understood(self, error: NotUnderstoodError) -> Printed:
        """The complaint, where somebody is there to read it."""
        if not self.live:
            raise error
        return self.complain(f"{self.shell}: the small shell of the lab does not understand this: {error}", 2)


def _check(statements: list[Statement], depth: int = 0) -> None:
    """Refuse unknown commands before the first one is played, so that a script is played whole or not at all."""
    if depth > MOST_DEPTH:
        raise NotUnderstoodError("too deep")
    for statement in statements:
        words, bodies = parts(statement.command)
        files = (statement.target, statement.errors, statement.source)
        for script in scripts([*words, *files]):
            _check(parse(script), depth + 1)
        for body in bodies:
            _check(body, depth)
        for name in names([*words, *files]):
            if _OF_THE_SHELL.fullmatch(name):
                raise NotUnderstoodError(f"${name}")
        commands = [word.raw for word in words if not ASSIGNMENT.match(word.raw)]
        if isinstance(statement.command, Simple) and commands and commands[0].rpartition("/")[2] not in _KNOWN:
            raise NotUnderstoodError(commands[0])
