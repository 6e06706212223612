"""A tiny shell: enough of ``sh`` to play the commands that teaching manifests use and learners type.

``programs`` gives it the words of a container's command, ``inside`` those of ``kubectl exec``; it plays them on a clock
of its own and yields what they print and when. What it wants to read it asks for by yielding a ``Wanted``; whoever
plays it sends the text, or None at the end of input, which is also what a plain ``for`` sends.

Understood: the commands of ``commands``; ``exec``; assignments; ``;``, ``&&``, ``||``, newlines; ``while true`` and
``for … in``; quotes; ``$NAME``, ``$?``, ``$(date)``, ``$(hostname)``, ``$((i+1))``; redirection of output and errors.

Simplified: a real container runs its image's programs. A script with anything else in it raises ``NotUnderstoodError``
before it prints, and the caller falls back to a default; a ``live`` shell, where somebody watches, complains as a real
one does. Nothing here runs a process or reads a file of this machine.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from gitopslab.controlplane.kubelet.commands import COMMANDS
from gitopslab.controlplane.kubelet.grammar import NotUnderstoodError, Statement, UnfinishedError, parse
from gitopslab.controlplane.kubelet.session import (
    INTERRUPTED,
    MOST_TEXT,
    Exited,
    Interrupted,
    Play,
    Printed,
    Session,
    Wanted,
    number,
)

_PIECE = re.compile(
    r"""'(?P<single>[^']*)'|"(?P<double>(?:\\.|[^"\\])*)"|\\(?P<escaped>.)|(?P<plain>(?:\$\(\([^()]*\)\)|\$\([^()]*\)|[^'"\\])+)"""
)
_EXPANSION = re.compile(
    r"\$\(\((?P<sum>[^()]*)\)\)|\$\((?P<command>[^()]*)\)|\$\{(?P<braced>\w+)(?::-(?P<default>[^}]*))?\}"
    r"|\$(?P<name>\w+|\?)"
)
_ASSIGNMENT = re.compile(r"^(?P<name>[A-Za-z_]\w*)=(?P<value>.*)$", re.S)
_SUM = re.compile(r"^\s*\$?(\w+)\s*(?:([-+*%])\s*\$?(\w+)\s*)?$")
SHELLS = ("sh", "ash", "bash")
_INLINE = ("date", "hostname")  # whose output may stand in $( )
_NOT_FOUND = {
    "ash": "{shell}: {name}: not found",
    "dash": "{shell}: 1: {name}: not found",
    "bash": "{shell}: line 1: {name}: command not found",
}
_PROMPTS = {"ash": "{cwd} # ", "dash": "# ", "bash": "root@{hostname}:{cwd}# "}
# Bounds on what somebody's manifest can make this process do.
_MOST_ITERATIONS = 5_000
_SHORTEST_ROUND = 0.05  # a loop that hardly sleeps goes round once a second, not as fast as it can


@dataclass(slots=True)
class Shell(Session):
    """A session that plays commands."""

    _room: int = MOST_TEXT
    _iterations: int = 0
    _shell: str = "sh"

    def play(self, words: list[str]) -> Play:
        """Run a command given as words, as ``execve`` would; ends when the command ends.

        Raises:
            NotUnderstoodError: Some part is outside of the language; nothing was printed then, unless inside of a loop.
        """
        try:
            yield from self._command(words)
        except Exited as end:
            self.code = end.code
        except Interrupted:
            self.code = INTERRUPTED
        except NotUnderstoodError as error:
            if not self.live:
                raise
            yield self._not_understood(error)

    # Playing.

    def _command(self, words: list[str]) -> Play:
        if not words:
            raise NotUnderstoodError("no command")
        name, arguments = words[0].rpartition("/")[2], words[1:]
        if name == "exec" and arguments:
            yield from self._command(arguments)
            raise Exited(self.code)
        if name in SHELLS:
            yield from self._sh_named(name, arguments)
        elif (run := COMMANDS.get(name)) is not None:
            self.code = 0
            yield from run(self, arguments)
        elif self.live:
            text = _NOT_FOUND[self.style].format(shell=self._shell, name=words[0])
            yield self.complain(text, 127)
        else:
            raise NotUnderstoodError(name)

    def _sh_named(self, name: str, arguments: list[str]) -> Play:
        outer, self._shell = self._shell, name
        try:
            yield from self._sh(arguments)
        except Exited as end:
            self.code = end.code
        finally:
            self._shell = outer

    def _sh(self, arguments: list[str]) -> Play:
        """``sh -c SCRIPT``, or ``sh`` with its script on stdin, be it typed or piped."""
        if len(arguments) > 1 and re.fullmatch(r"-[eluxi]*c", arguments[0]):
            yield from self._script(arguments[1])
        elif [one for one in arguments if not re.fullmatch(r"-[eluxi]+", one)]:
            if not self.live:
                raise NotUnderstoodError(" ".join(arguments))
            yield self.complain(f"{self._shell}: 0: cannot open {arguments[0]}: No such file", 2)
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
        try:
            yield from self._statements(statements)
        except NotUnderstoodError as error:
            yield self._not_understood(error)

    def _script(self, text: str) -> Play:
        try:
            statements = parse(text)
            if not self.live:
                self._check(statements)
            yield from self._statements(statements)
        except NotUnderstoodError as error:
            if not self.live:
                raise
            yield self._not_understood(error)

    def _not_understood(self, error: NotUnderstoodError) -> Printed:
        return self.complain(f"{self._shell}: the small shell of the lab does not understand this: {error}", 2)

    def _statements(self, statements: list[Statement]) -> Play:
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
                        raise Exited(1)
                    self.variables[statement.loop] = value
                    yield from self._statements(statement.body)
            else:
                yield from self._simple(statement)

    def _simple(self, statement: Statement) -> Play:
        self._room = MOST_TEXT
        words = [self._expand(raw) for raw in statement.words]
        while words and (match := _ASSIGNMENT.match(words[0])) and _ASSIGNMENT.match(statement.words[0]):
            self.variables[match["name"]] = match["value"]
            words, self.code = words[1:], 0
        target, errors = self._expand(statement.target), self._expand(statement.errors)
        play = self._command(words) if words else _nothing()
        if target or errors:
            play = self._redirected(play, target, errors, appends=statement.appends)
        yield from play

    def _redirected(self, play: Play, target: str, errors: str, *, appends: bool) -> Play:
        """What a command prints goes into files instead."""
        into: dict[str, str] = {}
        answer: str | None = None
        try:
            while True:
                item = play.send(answer)
                answer = None
                if isinstance(item, Wanted):
                    answer = yield item
                    continue
                is_error = item.error if errors != "&1" else False
                is_error = is_error or (target == "&2" and item.text is not None)
                goes_to = errors if is_error else target
                if item.text is None or goes_to in ("", "&1", "&2"):
                    yield Printed(item.at, item.text, item.end, is_error)
                elif goes_to != "/dev/null":
                    into[goes_to] = (into.get(goes_to, "") + item.text + item.end)[: self.largest]
        except StopIteration:
            pass
        for path in {target, errors} - {"", "&1", "&2", "/dev/null"}:
            try:
                before = self.files.get(self.path(path), "") if appends else ""
                self.write(path, before + into.get(path, ""))
            except OSError as error:
                yield self.complain(f"{self._shell}: can't create {path}: {error.strerror}")

    def _check(self, statements: list[Statement]) -> None:
        """Refuse unknown commands before the first one is played, so that a script is played whole or not at all."""
        for statement in statements:
            self._check(statement.body)
            words = [word for word in statement.words if not _ASSIGNMENT.match(word)]
            known = not words or words[0].rpartition("/")[2] in COMMANDS or words[0] == "exec"
            if not statement.loop and not known:
                raise NotUnderstoodError(words[0])

    # Expanding words.

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
            if not words or words[0] not in _INLINE:
                raise NotUnderstoodError(match["command"])
            printed = next(COMMANDS[words[0]](self, words[1:]))
            return (printed.text or "") if isinstance(printed, Printed) else ""
        if match["name"] == "?":
            return str(self.code)
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
        return number(self.variables.get(word, "0") if not word[:1].isdecimal() else word)


def _nothing() -> Play:
    yield from ()
