"""Bytes in and out of real processes, on the event loop: connections to ports, and sessions of ``kubectl exec``.

Implements ``runtime.streams`` for ``runtime``. Nothing is read that nobody takes.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal
import struct
import sys
from collections.abc import Callable

from gitopslab.controlplane.kubelet.process.wardens import Child, Launch, Wardens
from gitopslab.controlplane.runtime.streams import Descriptor, Output

if sys.platform != "win32":
    import fcntl
    import pty
    import termios

_PIECE = 65_536


class TcpConnection:
    """A connection to a port of a process.

    Args:
        reader: What it says.
        writer: What it hears.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def read(self) -> bytes:
        """The next piece; empty at the end, also when the other end has broken off."""
        try:
            return await self._reader.read(_PIECE)
        except OSError:
            return b""

    async def write(self, data: bytes) -> None:
        """Send a piece."""
        with contextlib.suppress(OSError):
            self._writer.write(data)
            await self._writer.drain()

    def end_input(self) -> None:
        """We have said all."""
        with contextlib.suppress(OSError, RuntimeError):
            self._writer.write_eof()

    async def close(self) -> None:
        """Hang up."""
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()


class RealProcess:
    """A command that runs beside a container's program.

    Args:
        wardens: Started it.
        child: It.
        ends: Our ends of its stdin (-1 for none), stdout and stderr; on a terminal all are the same.
    """

    def __init__(self, wardens: Wardens, child: Child, ends: tuple[int, int, int]) -> None:
        self._wardens = wardens
        self._child = child
        self._stdin, stdout, stderr = ends
        self._open = {stdout: Descriptor.STDOUT} | ({stderr: Descriptor.STDERR} if stderr != stdout else {})
        self._terminal = stdout if stderr == stdout else None

    @classmethod
    async def start(cls, wardens: Wardens, launch: Launch, *, stdin: bool) -> RealProcess:
        """Start a command.

        Raises:
            OSError: It cannot be run.
        """
        ours, theirs = _terminal() if launch.tty else _pipes(stdin=stdin)
        try:
            child = await wardens.start(launch, theirs)
        except BaseException:
            _close(ours)
            raise
        for end in {*ours} - {-1}:
            os.set_blocking(end, False)
        return cls(wardens, child, ours)

    async def read(self) -> Output | None:
        """The next piece of output."""
        while self._open:
            for end in await _readable(list(self._open)):
                source = self._open[end]
                try:
                    piece = os.read(end, _PIECE)
                except BlockingIOError:
                    continue
                except OSError as error:
                    if error.errno != errno.EIO:  # how a terminal says that nobody is there any more
                        raise
                    piece = b""
                if piece:
                    return Output(source, piece)
                del self._open[end]
                if end != self._stdin:
                    os.close(end)
        return None

    async def write(self, data: bytes) -> None:
        """Give it input."""
        while data and self._stdin >= 0 and not self._child.ended.done():
            try:
                data = data[os.write(self._stdin, data) :]
            except BlockingIOError:
                await _writable(self._stdin)
            except OSError:
                return

    def end_input(self) -> None:
        """No input will come any more."""
        if self._stdin >= 0 and self._terminal is None:
            os.close(self._stdin)
            self._stdin = -1

    def resize(self, columns: int, rows: int) -> None:
        """Tell its terminal its size."""
        if self._terminal in self._open:
            size = struct.pack("HHHH", rows, columns, 0, 0)
            fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, size)

    async def wait(self) -> int:
        """Its exit code."""
        return await asyncio.shield(self._child.ended)

    async def close(self) -> None:
        """Kill it."""
        self._wardens.signal(self._child, signal.SIGKILL)
        _close((self._stdin, *self._open))
        self._open, self._stdin = {}, -1


def _pipes(*, stdin: bool) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    out, err = os.pipe(), os.pipe()
    given = os.pipe() if stdin else (os.open(os.devnull, os.O_RDONLY), -1)
    return (given[1], out[0], err[0]), (given[0], out[1], err[1])


def _terminal() -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    ours, theirs = pty.openpty()
    return (ours, ours, ours), (theirs, theirs, theirs)


def _close(ends: tuple[int, ...]) -> None:
    for end in {*ends} - {-1}:
        os.close(end)


async def _readable(ends: list[int]) -> list[int]:
    """Those that can be read, as soon as there is one."""
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    found: list[int] = []

    def note(end: int) -> Callable[[], None]:
        def ring() -> None:
            found.append(end)
            loop.remove_reader(end)
            if not ready.done():
                ready.set_result(None)

        return ring

    for end in ends:
        loop.add_reader(end, note(end))
    try:
        await ready
    finally:
        for end in ends:
            loop.remove_reader(end)
    return found


async def _writable(end: int) -> None:
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    loop.add_writer(end, lambda: None if ready.done() else ready.set_result(None))
    try:
        await ready
    finally:
        loop.remove_writer(end)
