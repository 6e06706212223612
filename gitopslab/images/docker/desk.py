"""What every command has at hand: the store, the logins, where to print, and how to read what people type."""

from __future__ import annotations

import datetime
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from gitopslab.errors import ImageError
from gitopslab.images.client import DockerConfig, Registry
from gitopslab.images.docker.template import fill_in
from gitopslab.images.reference import Reference
from gitopslab.images.store import Store
from gitopslab.machinery.home import home

STORE_VARIABLE = "GITOPSLAB_IMAGES"
"""Where the images are kept, when not with the lab's other data; the runner sets it for its jobs."""


_DAY = 86400
_UNITS = ((365 * _DAY, "year"), (30 * _DAY, "month"), (7 * _DAY, "week"), (_DAY, "day"), (3600, "hour"), (60, "minute"))


class Refusal(Exception):
    """The command ends here: what Docker would print, and its exit code."""

    def __init__(self, text: str, code: int = 1) -> None:
        super().__init__(text)
        self.code = code


@dataclass(slots=True)
class Desk:
    """Where a command works.

    Attributes:
        out: Answers.
        err: Everything else.
        given: Standard input.
    """

    root: Path
    config: DockerConfig
    out: TextIO
    err: TextIO
    given: TextIO
    _store: Store | None = None

    @classmethod
    def of_this_process(cls) -> Desk:
        """The desk of a command that was typed here."""
        environment = os.environ
        root = environment.get(STORE_VARIABLE)
        config = environment.get("DOCKER_CONFIG")
        folder = Path(config) if config else Path.home() / ".docker"
        return cls(Path(root) if root else home() / "images", DockerConfig(folder), sys.stdout, sys.stderr, sys.stdin)

    @property
    def store(self) -> Store:
        """The images of this machine."""
        if self._store is None:
            self._store = Store(self.root)
        return self._store

    def registry(self, reference: Reference) -> Registry:
        """The registry of a reference, with our login there."""
        return Registry(reference.host, self.config)

    def say(self, line: str) -> None:
        """One line of the answer."""
        print(line, file=self.out, flush=True)

    def note(self, line: str) -> None:
        """One line beside the answer."""
        print(line, file=self.err, flush=True)


def reference_of(text: str) -> Reference:
    """What was typed as an image.

    Raises:
        Refusal: It is none.
    """
    try:
        return Reference.parse(text)
    except ImageError as error:
        raise Refusal(f"{error.message}\n  Next: {error.hint}") from error


def said_by_daemon(error: ImageError) -> Refusal:
    """An error as the command line repeats it from the daemon; the lab's hint comes with it."""
    return Refusal(f"Error response from daemon: {error.message}" + (f"\n  Next: {error.hint}" if error.hint else ""))


def filled(template: str, value: dict[str, Any]) -> str:
    """What ``--format`` asks for.

    Raises:
        Refusal: It cannot be read.
    """
    try:
        return fill_in(template.removeprefix("table "), value)
    except ValueError as error:
        raise Refusal(str(error)) from error


def short(digest: str) -> str:
    """The first twelve digits, which people take for the ID."""
    return digest.removeprefix("sha256:")[:12]


def ago(when: str, now: datetime.datetime) -> str:
    """How long it is since a time of an image's config; an image with a fixed time has none to tell."""
    try:
        then = datetime.datetime.fromisoformat(when)
    except ValueError:
        return "N/A"
    if then.tzinfo is None or then.timestamp() <= 0:
        return "N/A"
    seconds = max((now - then).total_seconds(), 0)
    if seconds < 120:
        return "About a minute ago" if seconds >= 60 else "Less than a minute ago"
    size, unit = next((size, unit) for size, unit in _UNITS if seconds >= 2 * size)
    return f"{seconds // size:.0f} {unit}s ago"
