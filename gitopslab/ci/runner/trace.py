"""The log of one job: a file that grows, with GitLab's sections and colours, masked and bounded.

``execution`` writes it, the forge lets others read along. Upstream: ``trace`` of GitLab Runner; the marks of sections
are those that GitLab's job page folds.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from gitopslab.ci.runner.masking import Masking

LARGEST = 4 * 1024 * 1024
"""Bytes of a log, as on GitLab."""

_CLEAR = "\r\x1b[0K"
_END = "\x1b[0;m"
_TITLE = "\x1b[0K\x1b[36;1m"
_COMMAND = "\x1b[32;1m"
_GOOD = "\x1b[32;1m"
_WARNING = "\x1b[0;33m"
_BAD = "\x1b[31;1m"


class Trace:
    """A log that is being written.

    Args:
        path: Its file.
        secrets: Values that must not show.
        changed: Called after each write, for those who read along.
        echo: Also told every piece, for a terminal.
    """

    def __init__(
        self,
        path: Path,
        secrets: Iterable[str] = (),
        changed: Callable[[], None] = lambda: None,
        echo: Callable[[bytes], None] = lambda piece: None,
    ) -> None:
        self._masking = Masking(secrets)
        self._changed = changed
        self._echo = echo
        self._size = 0
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file: BinaryIO = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb", buffering=0)

    def __enter__(self) -> Trace:
        return self

    def __exit__(self, *_: object) -> None:
        self._put(self._masking.end())
        self._file.close()

    def output(self, data: bytes) -> None:
        """What a script printed."""
        self._put(self._masking.feed(data))

    def say(self, line: str) -> None:
        """A line of the runner's own."""
        self.output(f"{line}\n".encode())

    def title(self, line: str) -> None:
        """A line that heads a section."""
        self.say(f"{_TITLE}{line}{_END}")

    def warn(self, line: str) -> None:
        """A line that says what is odd."""
        self.say(f"{_WARNING}{line}{_END}")

    def succeeded(self) -> None:
        """The last line of a good job."""
        self.say(f"{_GOOD}Job succeeded{_END}")

    def failed(self, why: str) -> None:
        """The last line of a bad one."""
        self.say(f"{_BAD}ERROR: Job failed: {why}{_END}")

    @contextmanager
    def section(self, name: str, title: str) -> Iterator[None]:
        """A part of the log that GitLab's page can fold."""
        self.output(f"section_start:{int(time.time())}:{name}{_CLEAR}".encode())
        self.title(title)
        try:
            yield
        finally:
            self.output(f"section_end:{int(time.time())}:{name}{_CLEAR}\n".encode())

    def _put(self, data: bytes) -> None:
        if not data or self._size > LARGEST:
            return
        if self._size + len(data) > LARGEST:
            told = (
                f"\n{_BAD}Job's log exceeded limit of {LARGEST} bytes.\nJob execution will continue but no more output"
            )
            data = data[: LARGEST - self._size] + f"{told} will be collected.{_END}\n".encode()
        self._size += len(data)
        self._file.write(data)
        self._echo(data)
        self._changed()


def command_line(entry: str) -> str:
    """How the log shows an entry of a script before it runs."""
    first, newline, _ = entry.partition("\n")
    return f"{_COMMAND}$ {first}{' # collapsed multi-line command' if newline else ''}{_END}"
