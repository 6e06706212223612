"""How a process of the lab begins and ends: its files, its socket, its word to its parent, its signals.

Called by the composition roots in the order of this file.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence

from gitopslab.errors import LabError, SetupError

LOOPBACK = "127.0.0.1"
_FILES = 4096


def started(run: Callable[[], None], ready_fd: Callable[[], int | None]) -> int:
    """Run a process of the lab until it is told to stop; gives its exit code.

    Args:
        run: Does it; a ``LabError`` is told to the parent, and goes into the log.
        ready_fd: Where the parent waits for one line; none once it was said, since the number may be another file's.
    """
    _allow_many_files()
    os.umask(0o077)  # whatever SQLite and others write beside our own files is the owner's alone, too
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        run()
    except LabError as error:
        tell(ready_fd(), {"error": error.message, "hint": error.hint})
        print(error, file=sys.stderr)  # noqa: T201  the log file is this process's stderr
        return 1
    return 0


def _allow_many_files() -> None:
    """Every connection is a file, and a Mac allows a process 256 unless it asks for more."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def listening(port: int) -> socket.socket:
    """A socket that listens on loopback, and nowhere else.

    Args:
        port: 0 takes a free one.

    Raises:
        SetupError: The port cannot be used.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # inherited: small answers are not held back
    if sys.platform != "win32":  # there the option would let two processes share the port
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
    except OSError as error:
        raise SetupError(
            f"port {port} on {LOOPBACK} cannot be used: {error.strerror}",
            "stop what listens there, or choose another port with --port",
        ) from error
    listener.listen(512)
    return listener


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Give uvloop where it installs, which is everywhere but Windows."""
    try:
        import uvloop
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


class Signals:
    """SIGTERM and Ctrl-C: heard from the beginning of a process to its end, also while no event loop runs.

    Attributes:
        told: Whether one came.
    """

    def __init__(self) -> None:
        self.told = False
        self._stop: Callable[[], object] = lambda: None
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._heard)

    def cancel(self, tasks: Sequence[asyncio.Task[None]]) -> None:
        """Have these tasks of the running loop cancelled when one comes, or at once when one came before."""
        loop = asyncio.get_running_loop()

        def stop() -> None:
            for task in tasks:
                task.cancel()

        self._stop = lambda: loop.call_soon_threadsafe(stop)
        if self.told:
            stop()

    def _heard(self, *_: object) -> None:
        self.told = True
        with contextlib.suppress(RuntimeError):  # the loop has been closed, and the next one asks for itself
            self._stop()


def tell(descriptor: int | None, message: dict[str, object]) -> None:
    """Say one line of JSON to the parent, and close the line."""
    if descriptor is None:
        return
    with contextlib.suppress(OSError):  # a parent that no longer listens is no reason to stop
        os.write(descriptor, (json.dumps(message) + "\n").encode())
        os.close(descriptor)
