"""The Exec and Ports protocols: what is needed to reach into a container.

The kubelets of the embedded cluster implement them; the API server's ``exec``, ``attach``, ``portforward`` and
``proxy`` speak them over the wire. Neither knows the other. How bytes are framed for a client is left to the reader;
what runs, and the words for what does not, are left to the kubelet.

Everything that waits is a coroutine of the one event loop. Back-pressure is the rule on both sides: ``write`` waits
while the other end does not take what it was given, and nothing is produced faster than ``read`` is called, so nobody
has to keep more than a piece.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple, Protocol


class Descriptor(IntEnum):
    """Where a piece of output comes from, numbered as file descriptors are."""

    STDOUT = 1
    STDERR = 2


class Output(NamedTuple):
    """A piece of what a process wrote; a process on a terminal writes all of it to stdout."""

    source: Descriptor
    data: bytes


@dataclass(frozen=True, slots=True)
class Place:
    """A container of a pod."""

    namespace: str
    pod: str
    container: str


class RefusedError(Exception):
    """The kubelet does not open a stream; the text is its own, and ``code`` the HTTP status it answers with."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


class StartError(Exception):
    """The container runtime could not do it, as when there is no such executable; the text is the runtime's own."""


class Process(Protocol):
    """A process in a container, and our end of its stdin, stdout and stderr."""

    async def read(self) -> Output | None:
        """The next piece of output, as soon as there is one; None when nothing will come any more."""
        ...

    async def write(self, data: bytes) -> None:
        """Give it input; waits while it does not take it. Input that nobody reads any more is dropped."""
        ...

    def end_input(self) -> None:
        """No input will come any more."""
        ...

    def resize(self, columns: int, rows: int) -> None:
        """Tell its terminal its size; means nothing without a terminal."""
        ...

    async def wait(self) -> int:
        """Its exit code, when it has ended."""
        ...

    async def close(self) -> None:
        """Let go of it: a process that was started here is killed, one that was attached to goes on."""
        ...


class Exec(Protocol):
    """Processes in containers."""

    async def start(self, place: Place, command: Sequence[str], *, stdin: bool, tty: bool) -> Process:
        """Run a command beside a container's own program.

        Args:
            place: Which container.
            command: The executable and its arguments.
            stdin: Whether input will come; without, its stdin is empty.
            tty: Whether it runs on a terminal.

        Raises:
            RefusedError: There is no such running container.
            StartError: The command cannot be run.
        """
        ...

    async def attach(self, place: Place, *, stdin: bool) -> Process:
        """Join a container's own program: its output from now on, and its stdin when it has one.

        Raises:
            RefusedError: There is no such running container.
        """
        ...


class Connection(Protocol):
    """A byte stream to what listens on a port."""

    async def read(self) -> bytes:
        """The next piece; empty when the other end has said all."""
        ...

    async def write(self, data: bytes) -> None:
        """Send a piece; waits while the other end does not take it."""
        ...

    def end_input(self) -> None:
        """We have said all."""
        ...

    async def close(self) -> None:
        """Hang up."""
        ...


class Ports(Protocol):
    """What listens in pods."""

    def check(self, namespace: str, pod: str) -> None:
        """Whether ports of a pod can be reached at all.

        Raises:
            RefusedError: The pod does not run.
        """
        ...

    async def connect(self, namespace: str, pod: str, port: int) -> Connection:
        """Connect to a port on a pod's loopback address.

        Raises:
            RefusedError: The pod does not run.
            StartError: Nothing listens there; the text says so as the container runtime does.
        """
        ...
