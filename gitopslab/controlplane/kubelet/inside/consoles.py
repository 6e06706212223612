"""Joining a container's own program: at its terminal, or only listening.

``room`` makes these for ``kubectl attach`` and ``kubectl run -i``. A program that reads its stdin runs behind a
``Console``, which any number of clients can join and leave; any other is a ``Listener``'s, who hears the lines it
writes from now on. Both kinds of client are a ``runtime.streams.Process``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from gitopslab.controlplane.kubelet.inside.processes import KILLED, SimulatedProcess
from gitopslab.controlplane.kubelet.lines import Lines, Transcript
from gitopslab.controlplane.runtime.streams import Descriptor, Output
from gitopslab.machinery.clock import Clock

_PIECES = 64  # of output that wait to be read
_GLANCE = 0.25  # seconds between looks at what was written
_LONGEST_LINE = 16_384  # of the log, as containerd cuts them


class Console:
    """A program that reads its stdin, and those who have joined it.

    Args:
        process: The program, just started.
        once: Whether its stdin ends with the first who leaves (``stdinOnce``).
        clock: Dates its log.
        transcript: Its log.
        ended: Told its exit code.
    """

    def __init__(
        self,
        process: SimulatedProcess,
        clock: Clock,
        transcript: Transcript,
        *,
        once: bool,
        ended: Callable[[int], None],
    ) -> None:
        self.process = process
        self.once = once
        self._clock = clock
        self._transcript = transcript
        self._ended = ended
        self._joined: list[Attachment] = []
        self._unfinished = ""
        self._running = asyncio.create_task(self._run())

    def join(self, *, stdin: bool) -> Attachment:
        """Let one more client in."""
        attachment = Attachment(self, stdin=stdin)
        self._joined.append(attachment)
        return attachment

    def leave(self, attachment: Attachment) -> None:
        """A client has gone."""
        if attachment in self._joined:
            self._joined.remove(attachment)

    async def close(self) -> None:
        """The container has ended otherwise."""
        self._running.cancel()
        await self.process.close()

    async def _run(self) -> None:
        while (output := await self.process.read()) is not None:
            self._note(output.data.decode("utf-8", "replace"))
            for attachment in list(self._joined):
                await attachment.hear(output)
        self._note("\n" if self._unfinished else "")
        code = await self.process.wait()
        for attachment in list(self._joined):
            await attachment.finish(code)
        self._ended(code)

    def _note(self, text: str) -> None:
        *lines, self._unfinished = (self._unfinished + text).replace("\r\n", "\n").split("\n")
        self._unfinished = self._unfinished[:_LONGEST_LINE]
        for line in lines:
            self._transcript.add(self._clock.now(), line[:_LONGEST_LINE])


class Client:
    """What both kinds of client have in common: a queue that ends once."""

    def __init__(self) -> None:
        self._output: asyncio.Queue[Output | None] = asyncio.Queue(_PIECES)
        self._code: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def read(self) -> Output | None:
        """The next piece of output; None when nothing will come any more."""
        if self._code.done() and self._output.empty():
            return None
        return await self._output.get()

    async def hear(self, output: Output | None) -> None:
        """Take a piece of output; waits while too many wait to be read."""
        if not self._code.done():
            await self._output.put(output)

    async def finish(self, code: int) -> None:
        """The program has ended."""
        await self.hear(None)
        self._end(code)

    async def close(self) -> None:
        """Leave."""
        while not self._output.empty():  # whoever waits for room can go on
            self._output.get_nowait()
        if not self._code.done():
            self._output.put_nowait(None)
        self._end(KILLED)

    def _end(self, code: int) -> None:
        if not self._code.done():
            self._code.set_result(code)

    def resize(self, columns: int, rows: int) -> None:
        """Nothing here draws, so nothing minds."""

    async def wait(self) -> int:
        """The program's exit code, if it has ended for this client."""
        return await asyncio.shield(self._code)


class Attachment(Client):
    """A client at a console.

    Args:
        console: Where.
        stdin: Whether it types.
    """

    def __init__(self, console: Console, *, stdin: bool) -> None:
        super().__init__()
        self._console = console
        self._stdin = stdin

    async def write(self, data: bytes) -> None:
        """Type."""
        if self._stdin:
            await self._console.process.write(data)

    def end_input(self) -> None:
        """Type no more."""
        if self._stdin and self._console.once:
            self._console.process.end_input()

    async def close(self) -> None:
        """Leave; the program goes on, unless its stdin was for one only."""
        self.end_input()
        self._console.leave(self)
        await super().close()


class Listener(Client):
    """A client that hears what a program writes from now on.

    Args:
        lines: Of its log.
        clock: The time.
        tty: Whether it writes to a terminal.
    """

    def __init__(self, lines: Lines, clock: Clock, *, tty: bool) -> None:
        super().__init__()
        self._lines = lines
        self._clock = clock
        self._line_end = b"\r\n" if tty else b"\n"
        self._running = asyncio.create_task(self._run())

    async def write(self, data: bytes) -> None:
        """The program reads nothing."""

    def end_input(self) -> None:
        """The program reads nothing."""

    async def close(self) -> None:
        """Leave."""
        await super().close()
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)

    async def _run(self) -> None:
        self._lines.advance(self._clock.now())
        heard = len(self._lines)
        while not self._code.done():
            self._lines.advance(self._clock.now())
            for _, text in self._lines[heard:]:
                await self.hear(Output(Descriptor.STDOUT, text.encode() + self._line_end))
            heard = len(self._lines)
            await asyncio.sleep(_GLANCE)
