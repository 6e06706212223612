"""Plays the statements of the tiny shell: lists, loops, conditions, redirections.

``shell`` gives it what was parsed, and plays the single commands for it. Time passes in ``sleep`` only, so a loop that
never sleeps would hold up whoever plays it: after some rounds it goes round once a second. Leaves to others: reading
scripts (``grammar``), expanding words (``expansion``).

Simplified: a script that plays more than 50,000 commands in no time is not understood, nor one that does as much work
with long texts and many files; a real one goes on working.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Generator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import dropwhile
from typing import Any

from gitopslab.controlplane.kubelet.expansion import Expanded, Expansion
from gitopslab.controlplane.kubelet.grammar import parse
from gitopslab.controlplane.kubelet.pipes import fed, piped
from gitopslab.controlplane.kubelet.session import MOST_TEXT, Exited, Play, Printed, Session, Wanted, bounded, number
from gitopslab.controlplane.kubelet.statements import Case, Command, For, Group, If, Loop, Pipe, Simple, Statement
from gitopslab.controlplane.kubelet.words import MOST_DEPTH, NotUnderstoodError

ASSIGNMENT = re.compile(r"^(?P<name>[A-Za-z_]\w*)=")
_OWN = ("variables", "grown", "cwd", "code", "shell", "_loops", "_depth")
_NO_FILES = ("", "&1", "&2", "/dev/null")
LEAVING = ("break", "continue")
"""The commands that leave loops."""

# Bounds on what somebody's manifest can make this process do.
_MOST_AT_ONCE = 50_000  # commands, rounds of ``for``, lines in ``$(…)``, in which no time passes
_TURN = 5_000  # of them, after which whoever plays it may do something else
_A_COMMAND = 500  # characters that are as much work
_FREE_ROUNDS = 1_000
_SHORTEST_ROUND = 0.05
_PAUSE = 1.0  # of a loop that hardly sleeps


class Left(Exception):
    """Raised by ``break`` and ``continue``.

    Args:
        levels: How many loops are left.
        goes_on: Whether the last of them goes on with its next round.
    """

    def __init__(self, levels: int, goes_on: bool) -> None:
        super().__init__(levels)
        self.levels = levels
        self.goes_on = goes_on


@dataclass(slots=True)
class Player(Session):
    """A session that plays statements.

    Attributes:
        shell: What the shell was called as.
        played: How many commands it has played, long texts and many files counted as more of them.
    """

    shell: str = "sh"
    played: int = 0
    _iterations: int = 0
    _last_round: float = 0.0
    _busy: int = 0
    _turns: int = 0
    _moment: float = 0.0
    _loops: int = 0
    _depth: int = 0

    @abstractmethod
    def command(self, words: list[str]) -> Play:
        """Play a single command."""

    def statements(self, statements: list[Statement]) -> Play:
        """Play statements one after the other."""
        for statement in statements:
            if not ((statement.joint == "&&" and self.code) or (statement.joint == "||" and not self.code)):
                yield from self._statement(statement)

    def _statement(self, statement: Statement) -> Play:
        expansion = Expansion(self, self._output)
        play = self._compound(statement.command, expansion)
        if statement.target.raw or statement.errors.raw:
            target = yield from expansion.text(statement.target)
            errors = yield from expansion.text(statement.errors)
            play = self._redirected(play, target, errors, appends=statement.appends)
        if statement.source.raw:
            play = self._fed(play, (yield from expansion.text(statement.source)))
        yield from play
        if statement.negated:
            self.code = int(not self.code)

    def _compound(self, command: Command, expansion: Expansion) -> Play:
        match command:
            case Group():
                return self.statements(command.body)
            case Simple():
                return self._simple(command, expansion)
            case Loop():
                return self._loop(command)
            case For():
                return self._for(command, expansion)
            case If():
                return self._if(command)
            case Case():
                return self._case(command, expansion)
            case Pipe():
                return piped(self, [self.statements([stage]) for stage in command.stages])

    def own(self) -> dict[str, Any]:
        """What each command of a pipe has for itself."""
        return {name: getattr(self, name) for name in _OWN}

    def become(self, own: dict[str, Any]) -> None:
        """Go on with one of them."""
        for name, value in own.items():
            setattr(self, name, value)

    def _work(self) -> Play:
        """Count what is done in no time, which gives others a turn now and then, and has an end."""
        if self.at > self._moment:
            self._moment, self._busy, self._turns = self.at, 0, 0
        done, self.worked = 1 + self.worked // _A_COMMAND, self.worked % _A_COMMAND
        self.played += done
        self._busy += done
        if self._busy > _MOST_AT_ONCE:
            raise NotUnderstoodError("too much at once")
        if self._busy // _TURN > self._turns:
            self._turns = self._busy // _TURN
            yield Printed(self.at, None)

    def _simple(self, command: Simple, expansion: Expansion) -> Play:
        yield from self._work()
        rest = list(dropwhile(lambda word: ASSIGNMENT.match(word.raw), command.words))
        together = rest and rest[0].raw == "[["  # in which nothing falls apart
        words = yield from expansion.texts(rest) if together else expansion.fields(rest)
        before: dict[str, str | None] = {}
        for word in command.words[: len(command.words) - len(rest)]:
            name, _, value = (yield from expansion.text(word)).partition("=")
            before.setdefault(name, self.variables.get(name))
            self.assign(name, value)
        if words and words[0] in LEAVING:
            self._leave(words)
        elif words:
            yield from self.command(words)
        elif not expansion.has_played:
            self.code = 0
        for name, earlier in before.items() if words else ():  # which were set for this command only
            self._set_again(name, earlier)

    def _set_again(self, name: str, value: str | None) -> None:
        if value is None:
            self.unset(name)
        else:
            self.assign(name, value)

    def _leave(self, words: list[str]) -> None:
        self.code = 0
        if self._loops:
            raise Left(max(1, number(words[1])) if len(words) > 1 else 1, words[0] == "continue")

    # What is made of statements.

    def _loop(self, loop: Loop) -> Play:
        self.endless = self.endless or loop.is_endless
        last = 0
        while True:
            before = self.at
            yield from self.statements(loop.condition)
            if (self.code == 0) == loop.until:
                break
            over = yield from self._round(loop.body)
            last = self.code
            if over:
                break
            if self._is_paced(before, free=0 if loop.is_endless else _FREE_ROUNDS):
                yield Printed(self.at, None)
        self.code = last

    def _is_paced(self, before: float, *, free: int) -> bool:
        """Whether time has passed in a round; when it is one too many without, time passes now."""
        if before - self._last_round >= _SHORTEST_ROUND:  # since any loop went round
            self._iterations = 0
        is_slow = self.at - before >= _SHORTEST_ROUND
        self._iterations = 0 if is_slow else self._iterations + 1
        if is_late := self._iterations > free:
            self.at, self._iterations = before + _PAUSE, free
        self._last_round = self.at
        return is_slow or is_late

    def _for(self, loop: For, expansion: Expansion) -> Play:
        values = yield from expansion.fields(loop.words)
        self.code = 0
        for value in values:
            yield from self._work()
            self.assign(loop.name, value)
            if (yield from self._round(loop.body)):
                return

    def _round(self, body: list[Statement]) -> Generator[Printed | Wanted, str | None, bool]:
        """One round of a loop; whether it was the last one."""
        self._loops += 1
        try:
            yield from self.statements(body)
        except Left as left:
            if left.levels > 1 and self._loops > 1:
                raise Left(left.levels - 1, left.goes_on) from left
            return not left.goes_on
        finally:
            self._loops -= 1
        return False

    def _if(self, choice: If) -> Play:
        for condition, body in choice.branches:
            yield from self.statements(condition)
            if self.code == 0:
                yield from self.statements(body)
                return
        self.code = self.code if choice.otherwise else 0
        yield from self.statements(choice.otherwise)

    def _case(self, case: Case, expansion: Expansion) -> Play:
        word = yield from expansion.text(case.word)
        self.code = 0
        for patterns, body in case.choices:
            for pattern in patterns:
                if fnmatchcase(word, bounded((yield from expansion.pattern(pattern)))):
                    yield from self.statements(body)
                    return

    # What becomes of what is printed.

    def _output(self, script: str) -> Expanded:
        """What a script prints, played in a shell of its own: what it sets is gone afterwards."""
        variables, grown, cwd, loops = dict(self.variables), self.grown, self.cwd, self._loops
        self._depth, self._loops = self._depth + 1, 0
        if self._depth > MOST_DEPTH:
            raise NotUnderstoodError("too deep")
        text = ""
        try:
            play = self.statements(parse(script))
            answer: str | None = None
            while True:
                item = play.send(answer)
                is_output = isinstance(item, Printed) and item.text is not None and not item.error
                if isinstance(item, Printed) and is_output:
                    text = (text + f"{item.text}{item.end}")[:MOST_TEXT]
                    yield from self._work()
                answer = None if is_output else (yield item)
        except StopIteration:
            pass
        except Exited as end:
            self.code = end.code
        finally:
            self.variables, self.grown, self.cwd, self._loops = variables, grown, cwd, loops
            self._depth -= 1
        return text.rstrip("\n")

    def _redirected(self, play: Play, target: str, errors: str, *, appends: bool) -> Play:
        """What a command prints goes into files instead, as it comes."""
        into: dict[str, list[str]] = {path: [] for path in (target, errors) if path not in _NO_FILES}
        for path in into:
            if not appends or self.path(path) not in self.files:
                into[path].append("")  # to be made, whether anything is printed or not
                try:
                    self.files[self.path(path)] = ""
                except OSError as error:
                    yield self.complain(f"{self.shell}: can't create {path}: {error.strerror}")
                    return
        since, answer, end = self.at, None, None
        while True:
            try:
                item = play.send(answer)
            except StopIteration:
                break
            except (Exited, Left) as error:
                end = error
                break
            if self.at > since:
                since = yield from self._flushed(into)
            answer = yield from self._turned(item, target, errors, into)
        yield from self._flushed(into)
        if end is not None:
            raise end

    def _turned(
        self, item: Printed | Wanted, target: str, errors: str, into: dict[str, list[str]]
    ) -> Generator[Printed | Wanted, str | None, str | None]:
        """Have one item go where it should."""
        if isinstance(item, Wanted):
            return (yield item)
        is_error = (item.error and errors != "&1") or (target == "&2" and item.text is not None)
        goes_to = errors if is_error else target
        if item.text is None or goes_to in ("", "&1", "&2"):
            yield Printed(item.at, item.text, item.end, is_error)
        elif goes_to in into:
            into[goes_to].append(item.text + item.end)
        return None

    def _flushed(self, into: dict[str, list[str]]) -> Generator[Printed | Wanted, str | None, float]:
        for path, pieces in into.items():
            if pieces:
                try:
                    self.write(path, self.files.get(self.path(path), "") + "".join(pieces))
                except OSError as error:
                    yield self.complain(f"{self.shell}: write error: {error.strerror}")
            pieces.clear()
        return self.at

    def _fed(self, play: Play, source: str) -> Play:
        """A command reads a file instead of its input."""
        path = self.path(source)
        if path not in self.files and path != "/dev/null":
            yield self.complain(f"{self.shell}: can't open {source}: no such file")
            return

        def contents() -> Play:
            yield self.say("" if path == "/dev/null" else self.text(path), end="")

        yield from fed(play, contents())
