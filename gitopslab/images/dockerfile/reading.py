"""From text to stages: the way into this room.

``read`` is called by the builder and by whoever looks at a Dockerfile. Every error names the line and shows it.
"""

from __future__ import annotations

from dataclasses import dataclass

from gitopslab.errors import DockerfileError
from gitopslab.images.dockerfile.instructions import Instruction, instruction_of
from gitopslab.images.dockerfile.lines import Fault, escape_of, logical_lines

LARGEST = 2**20


@dataclass(frozen=True, slots=True)
class Warning:
    """What is allowed, and yet probably not meant.

    Attributes:
        rule: Its name in Docker's build checks.
    """

    line: int
    rule: str
    text: str


@dataclass(frozen=True, slots=True)
class Stage:
    """What stands from one ``FROM`` to the next.

    Attributes:
        base: As written, variables not filled in: an image, ``scratch``, or the name of an earlier stage.
        name: In small letters; empty when it has none.
        line: Of its ``FROM``.
        platform: As written; empty when it is not said.
    """

    base: str
    name: str
    line: int
    platform: str
    instructions: tuple[Instruction, ...]


@dataclass(frozen=True, slots=True)
class Dockerfile:
    """A Dockerfile that can be read.

    Attributes:
        file: What it is called in errors.
        escape: The character that continues lines and escapes others.
        args: The ``ARG`` instructions before the first ``FROM``.
    """

    file: str
    text: str
    escape: str
    args: tuple[Instruction, ...]
    stages: tuple[Stage, ...]
    warnings: tuple[Warning, ...]

    def error(self, line: int, problem: str, hint: str = "") -> DockerfileError:
        """What is wrong on a line, with the line itself."""
        return _error(self.file, self.text, line, problem, hint)

    def stage(self, name: str) -> int | None:
        """The number of the last stage of this name, or with this number; None when there is none."""
        for at in range(len(self.stages) - 1, -1, -1):
            if name and (self.stages[at].name == name.lower() or str(at) == name):
                return at
        return None


def read(text: str, file: str = "Dockerfile") -> Dockerfile:
    r"""Read a Dockerfile.

    Args:
        text: All of it.
        file: What to call it in errors.

    Raises:
        DockerfileError: It cannot be read; the message names the line and shows it.

    Example:
        >>> read("FROM scratch\nRUNN make")
        Traceback (most recent call last):
        DockerfileError: Dockerfile, line 2: unknown instruction: RUNN (did you mean RUN?)
    """
    if len(text) > LARGEST:
        raise DockerfileError(f"{file} has more than {LARGEST} characters", "Is it a Dockerfile? Name another with -f.")
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    try:
        escape = escape_of(lines)
        instructions = [instruction_of(line, escape) for line in logical_lines(lines, escape)]
        args, stages = _stages(instructions)
    except Fault as fault:
        raise _error(file, text, fault.line, fault.problem, fault.hint) from None
    return Dockerfile(file, text, escape, args, stages, tuple(_warnings(instructions)))


def _stages(instructions: list[Instruction]) -> tuple[tuple[Instruction, ...], tuple[Stage, ...]]:
    args: list[Instruction] = []
    begun: list[tuple[Instruction, list[Instruction]]] = []
    for each in instructions:
        if each.keyword == "FROM":
            begun.append((each, []))
        elif begun:
            begun[-1][1].append(each)
        elif each.keyword == "ARG":
            args.append(each)
        else:
            raise Fault(
                each.line, "no build stage in current context", "Begin with FROM: only ARG may stand before it."
            )
    if not begun:
        raise Fault(1, "file with no instructions", "Begin with FROM, such as FROM python:3.12-slim.")
    return tuple(args), tuple(_stage(first, rest) for first, rest in begun)


def _stage(first: Instruction, rest: list[Instruction]) -> Stage:
    name = first.words[2].lower() if len(first.words) == 3 else ""
    return Stage(first.words[0], name, first.line, first.flag("platform"), tuple(rest))


def _warnings(instructions: list[Instruction]) -> list[Warning]:
    found: list[Warning] = []
    for each in instructions:
        if each.keyword in ("CMD", "ENTRYPOINT") and not each.is_json and each.words:
            told = "its shell form runs under a shell, which does not pass signals on: write a JSON array"
            if each.words[0].startswith("["):
                told = "this is no JSON array (it needs double quotes), so it will be run by a shell"
            found.append(Warning(each.line, "JSONArgsRecommended", f"{each.keyword}: {told}"))
        elif each.keyword in ("ENV", "LABEL") and "=" not in each.text.split()[0]:
            found.append(Warning(each.line, "LegacyKeyValueFormat", f'"{each.keyword} key=value" should be used'))
        elif each.keyword == "MAINTAINER":
            found.append(Warning(each.line, "MaintainerDeprecated", "use LABEL org.opencontainers.image.authors"))
    return found


def _error(file: str, text: str, line: int, problem: str, hint: str) -> DockerfileError:
    lines = text.splitlines()
    shown = f"\n  {line} | {lines[line - 1][:120]}" if 0 < line <= len(lines) and lines[line - 1].strip() else ""
    return DockerfileError(f"{file}, line {line}: {problem}{shown}", hint, line=line, problem=problem)
