"""A process in a simulated container: the tiny shell played in real time.

``room`` starts one for ``kubectl exec`` and for a program that somebody attaches to. The shell yields what it prints
and when, and what it wants to read; here that waits for the clock, and for whoever types. Implements
``runtime.streams.Process``.

Nothing is played ahead of its reader: a few pieces of output wait to be read and then the process waits, and input that
it does not read makes its writer wait.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from gitopslab.controlplane.kubelet.inside.terminal import LineDiscipline
from gitopslab.controlplane.kubelet.session import INTERRUPTED, Interrupted, Play, Printed, Wanted
from gitopslab.controlplane.kubelet.shell import Shell
from gitopslab.controlplane.runtime.streams import Descriptor, Output
from gitopslab.machinery.clock import Clock

_PIECES = 64  # of output that wait to be read
_MOST_INPUT = 256 * 1024  # bytes that wait to be taken
_GLANCE = 0.5  # seconds between looks at the clock, which somebody may move
KILLED = 137
"""The exit code of a process that was killed."""


class Input:
    """What a process can read.

    Args:
        tty: Whether it is typed at a terminal.
    """

    def __init__(self, tty: bool) -> None:
        self._terminal = LineDiscipline() if tty else None
        self._lines: deque[str | None] = deque()
        self._bytes = bytearray()
        self._over = False
        self._changed = asyncio.Event()
        self._interrupt = asyncio.Event()

    async def put(self, data: bytes) -> str:
        """Take what somebody wrote, as soon as there is room; gives the echo."""
        while len(self._bytes) >= _MOST_INPUT and not self._over:
            await self._change()
        if self._over:
            return ""
        echo = ""
        if self._terminal is None:
            self._bytes += data
        else:
            typed = self._terminal.type(data)
            if typed.interrupts:
                self._lines.clear()
                self._interrupt.set()
            self._lines.extend(typed.lines[: max(0, _PIECES - len(self._lines))])
            echo = typed.echo
        self._changed.set()
        return echo

    def end(self) -> None:
        """Nothing will come any more, and nothing that waits for room is taken."""
        self._over = True
        self._changed.set()

    async def take(self, wanted: Wanted) -> str | None:
        """What a command wants to read, as soon as it is there; None at the end.

        Raises:
            Interrupted: Ctrl-C was pressed.
        """
        await self.pause(0)
        while not self._has(wanted):
            await self._change()
            await self.pause(0)
        if self._terminal is not None:
            return self._lines.popleft() if self._lines else None
        if not self._bytes:
            return None
        end = self._bytes.find(b"\n") + 1 if wanted is Wanted.LINE else 0
        piece = bytes(self._bytes[: end or len(self._bytes)])
        del self._bytes[: len(piece)]
        self._changed.set()
        return piece.decode("utf-8", "surrogateescape")

    async def pause(self, seconds: float) -> None:
        """Let some time pass.

        Raises:
            Interrupted: Ctrl-C was pressed.
        """
        if seconds > 0 and not self._interrupt.is_set():
            try:
                async with asyncio.timeout(seconds):
                    await self._interrupt.wait()
            except TimeoutError:
                return
        if self._interrupt.is_set():
            self._interrupt.clear()
            raise Interrupted

    def _has(self, wanted: Wanted) -> bool:
        if self._terminal is not None:
            return bool(self._lines) or self._over
        return self._over or (b"\n" in self._bytes if wanted is Wanted.LINE else bool(self._bytes))

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()


class SimulatedProcess:
    """One process.

    Args:
        shell: Plays it.
        words: The command.
        clock: The time.
        stdin: Whether input will come.
        tty: Whether it runs on a terminal.
        ended: Told when it has ended.
    """

    def __init__(
        self,
        shell: Shell,
        words: list[str],
        clock: Clock,
        *,
        stdin: bool,
        tty: bool,
        ended: Callable[[], None] = lambda: None,
    ) -> None:
        self._shell = shell
        self._ended = ended
        self._clock = clock
        self._tty = tty
        self._input = Input(tty and stdin)
        self._output: asyncio.Queue[Output | None] = asyncio.Queue(_PIECES)
        self._code: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._running = asyncio.create_task(self._run(shell.play(words)))
        if not stdin:
            self.end_input()

    async def read(self) -> Output | None:
        """The next piece of output; None when nothing will come any more."""
        if self._code.done() and self._output.empty():
            return None
        return await self._output.get()

    async def write(self, data: bytes) -> None:
        """Give it input."""
        if echo := await self._input.put(data):
            await self._show(Descriptor.STDOUT, echo.encode())

    def end_input(self) -> None:
        """No input will come any more."""
        self._input.end()

    def resize(self, columns: int, rows: int) -> None:
        """Nothing here draws, so nothing minds."""

    async def wait(self) -> int:
        """Its exit code."""
        return await asyncio.shield(self._code)

    async def close(self) -> None:
        """Kill it."""
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)

    async def _run(self, play: Play) -> None:
        code = KILLED
        try:
            await self._play(play)
            await self._output.put(None)
            code = self._shell.code
        except BaseException:
            while not self._output.empty():  # nobody needs its last words
                self._output.get_nowait()
            self._output.put_nowait(None)
            raise
        finally:
            self._input.end()
            self._code.set_result(code)
            self._ended()

    async def _play(self, play: Play) -> None:
        answer: str | None = None
        interrupted = False
        while True:
            try:
                item = play.throw(Interrupted()) if interrupted else play.send(answer)
            except StopIteration:
                break
            answer, interrupted = None, False
            try:
                if isinstance(item, Wanted):
                    answer = await self._input.take(item)
                    self._shell.at = max(self._shell.at, self._elapsed())
                else:
                    await self._until(item.at)
                    await self._print(item)
            except Interrupted:
                self._shell.at, interrupted = self._elapsed(), True
        try:
            await self._until(self._shell.at)
        except Interrupted:
            self._shell.code = INTERRUPTED

    async def _print(self, item: Printed) -> None:
        if item.text is None:
            await asyncio.sleep(0)  # the turn of others
            return
        text = item.text + item.end
        if self._tty:
            text = text.replace("\n", "\r\n")
        source = Descriptor.STDERR if item.error and not self._tty else Descriptor.STDOUT
        await self._show(source, text.encode("utf-8", "surrogateescape"))

    async def _show(self, source: Descriptor, data: bytes) -> None:
        if data and not self._code.done():
            await self._output.put(Output(source, data))

    def _elapsed(self) -> float:
        return self._clock.now() - self._shell.began

    async def _until(self, at: float) -> None:
        while (left := at - self._elapsed()) > 0:
            await self._input.pause(min(left, _GLANCE))
