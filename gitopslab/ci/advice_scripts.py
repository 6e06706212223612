"""Commands that YAML or the shell will not take as they were meant: lost build contexts, backslashes, single dots."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from gitopslab.ci.faults import Finding
from gitopslab.ci.tree import Map, Place, Seq

_KEYS = ("before_script", "script", "after_script", "Script", "Before_script", "After_script")
_BUILD = re.compile(r"(?:^|[;&|]\s*)docker\s+(?:buildx\s+|image\s+)?build\s+(.*)", re.DOTALL)
_FLAGS = re.compile(r"--(?:no-cache|pull|push|load|quiet|squash|rm|force-rm|compress|check)\b|-q$|.*=")


def notes(root: Map, lines: list[str]) -> Iterator[Finding]:
    """What is to be said about the commands of all jobs."""
    for value in root.values():
        for key in _KEYS if isinstance(value, Map) else ():
            for command, place in _commands(value.get(key), value.place_of(key)):
                yield from _about(command, place, "" if place.file else _line(lines, place))


def _line(lines: list[str], place: Place) -> str:
    return lines[place.line - 1] if 0 < place.line <= len(lines) else ""


def _commands(value: object, place: Place) -> Iterator[tuple[str, Place]]:
    if isinstance(value, Seq):
        for at, item in enumerate(value):
            yield from _commands(item, value.place_of(at))
    elif isinstance(value, str):
        yield value, place


def _about(command: str, place: Place, line: str) -> Iterator[Finding]:
    if command.strip() == ".":
        message = 'the command "." alone fails: the shell wants the name of a file behind it'
        hint = "Put it at the end of the docker build above: it is the build context, the folder that is sent along."
        yield Finding("note", message, place, hint)
    if "\n" not in command and re.search(r"\\ +\S", command) and line.rstrip().endswith("\\"):
        message = "YAML joins these lines with a space, so the shell sees a backslash before a space"
        hint = "Take the \\ away: the lines are joined without it. Or begin with - | and keep it."
        yield Finding("note", message, place, hint)
    build = _BUILD.search(command)
    if build and not _has_context(build[1]):
        hint = "End it with the folder to build from, usually a dot: docker build -t NAME ."
        yield Finding("note", "docker build without a build context", place, hint)


def _has_context(arguments: str) -> bool:
    """Whether something is left when the options with their values are taken away."""
    try:
        words = shlex.split(re.split(r"[;&|\n]", arguments)[0], comments=True)
    except ValueError:
        return True
    has_value = False
    for word in words:
        if has_value:
            has_value = False
        elif word == "-" or not word.startswith("-"):
            return bool(word.strip())
        else:
            has_value = not _FLAGS.match(word)
    return False
