"""The commands of exercises that begin with ``gitopslab``, as what ``lab`` is asked in a cell.

Exercises name what is done as it is typed in a terminal. ``voice`` tells it to a learner in a notebook, ``stage`` does
it; both ask here what it means, so that the two stay the same.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from gitopslab.course.exercise import Exercise
from gitopslab.errors import LabError

REGISTRY = re.compile(r"\bREGISTRY\b")
"""Stands for the host of the lab's registry in an exercise's commands."""

DIGEST = re.compile(r"DIGEST\(([^)]+)\)")
"""Stands for the digest of an image of the registry: ``REGISTRY/waal/web@DIGEST(waal/web:dev)``."""

_VERBS: Mapping[str, str] = {
    "ci lint": "lint",
    "ci list": "pipeline",
    "ci explain": "explain_job",
    "ci status": "pipelines",
    "image build": "build",
    "image push": "push",
    "image tag": "tag",
    "image inspect": "layers",
}
_SHORT = {"-t": "tag", "-f": "dockerfile"}


@dataclass(frozen=True, slots=True)
class Call:
    """A method of ``lab`` with what it is given.

    Attributes:
        verb: Its name.
        words: In order.
        options: By name.
    """

    verb: str
    words: tuple[str, ...]
    options: Mapping[str, str]


def call_of(command: str) -> Call:
    """What a command asks of ``lab``.

    Raises:
        LabError: It is none that exercises may use.
    """
    program, *words = shlex.split(command)
    verb = _VERBS.get(" ".join(words[:2]))
    if program != "gitopslab" or verb is None:
        raise LabError(f"an exercise cannot say {command!r}", f"it can say {', '.join(_VERBS)}")
    plain: list[str] = []
    options: dict[str, str] = {}
    rest = iter(words[2:])
    for word in rest:
        if word.startswith("-"):
            options[_SHORT.get(word) or word.removeprefix("--").replace("-", "_")] = next(rest, "")
        else:
            plain.append(word)
    if verb == "build":
        plain.append(options.pop("tag", ""))
    if verb == "explain_job":
        plain.reverse()  # the job first, then the file
    if "event" in options:
        plain.append(options.pop("event"))
    return Call(verb, tuple(plain), options)


def located(word: str, exercise: Exercise) -> str:
    """A word of a command; a file or folder of the exercise with the way to it from the learner's folder."""
    is_ours = word == "." or word in exercise.files or any(name.startswith(f"{word}/") for name in exercise.files)
    return f"{exercise.place}/{word}".removesuffix("/.") if is_ours else word
