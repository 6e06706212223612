"""The termination message: what a container that has ended wanted its status to say.

``containers`` asks once, when a run is over; the runtimes know what was written. Upstream: ``getTerminationMessage``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gitopslab.machinery.objects import Object

_MOST = 4096
MOST_OF_LOG = 2048
"""Bytes of the log that a message may have."""
_LINES_OF_LOG = 80


def path_of(container: Object) -> str:
    """Where a container's program writes its message."""
    path = str(container.get("terminationMessagePath") or "/dev/termination-log")
    return path if path.startswith("/") else f"/{path}"


def written_in(file: Path) -> str:
    """The end of what a real program wrote, however much that is."""
    with file.open("rb") as opened:
        opened.seek(max(0, file.stat().st_size - _MOST))
        return opened.read(_MOST).decode("utf-8", "surrogateescape")


def message_of(container: Object, code: int, written: str, log: Callable[[], str]) -> str:
    """The message of a run.

    Args:
        container: Its entry in the pod's spec.
        code: Its exit code.
        written: What is in the file.
        log: Gives what it has printed; asked when it failed without writing, if the container's policy says so.
    """
    if written:
        return _end_of(written, _MOST)
    if code and container.get("terminationMessagePolicy") == "FallbackToLogsOnError":
        return _end_of("".join(log().splitlines(keepends=True)[-_LINES_OF_LOG:]), MOST_OF_LOG)
    return ""


def _end_of(text: str, most: int) -> str:
    return text.encode("utf-8", "surrogateescape")[-most:].decode("utf-8", "replace")
