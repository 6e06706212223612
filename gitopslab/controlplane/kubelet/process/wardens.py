"""The cluster's end of the line to its warden: starts programs, signals them, and hears when they end.

One warden is started with the first program and ended by closing the line; when it ends by itself, every program of it
counts as killed, and the next one gets a new warden. Everything here is an event of the one event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

_PROGRAM = Path(__file__).with_name("warden.py")
_KILLED = 128 + 9
_LONGEST = 1 << 16


@dataclass(frozen=True, slots=True)
class Launch:
    """A program about to be started.

    Attributes:
        argv: Its command line.
        env: Its whole environment.
        cwd: Its working directory.
        data: The most bytes of memory it may ask for; None for no bound.
        tty: Whether its descriptors are a terminal.
        room: Its own namespaces (``warden``); None to share those of the machine.
    """

    argv: Sequence[str]
    env: Mapping[str, str]
    cwd: str = "/"
    data: int | None = None
    tty: bool = False
    room: Mapping[str, Any] | None = None


@dataclass(slots=True)
class Child:
    """A program that was started.

    Attributes:
        number: What the warden calls it.
        pid: Its process.
        ended: Its exit code, when it has ended; 128 and the signal when one killed it.
    """

    number: int
    pid: int
    ended: asyncio.Future[int] = field(repr=False)


class Wardens:
    """Starts programs.

    Args:
        mark: What tells the programs of this cluster from those of all others; no secret.
    """

    def __init__(self, mark: str) -> None:
        self._mark = mark
        self._numbers = count(1)
        self._line: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._children: dict[int, Child] = {}
        self._received = b""
        self._descriptors: list[int] = []

    @property
    def warden(self) -> int | None:
        """The process id of the warden; None when there is none."""
        return self._process.pid if self._process is not None else None

    async def start(self, launch: Launch, descriptors: Sequence[int]) -> Child:
        """Start a program; its three descriptors are closed here.

        Raises:
            OSError: It cannot be run; ``errno`` says why.
        """
        number = next(self._numbers)
        request = {
            "do": "start", "id": number, "fds": 3, "argv": list(launch.argv), "env": dict(launch.env),
            "cwd": launch.cwd, "data": launch.data, "tty": launch.tty, "room": launch.room,
        }  # fmt: skip
        try:
            answer = await self._ask(number, request, descriptors)
        finally:
            for descriptor in set(descriptors):
                os.close(descriptor)
        if "error" in answer:
            raise OSError(answer["error"], os.strerror(answer["error"]))
        child: Child = answer["child"]
        return child

    def signal(self, child: Child, number: int) -> None:
        """Send a signal to a program's process group."""
        if not child.ended.done():
            self._send({"do": "signal", "id": child.number, "signal": number})

    async def sweep(self, mark: str) -> None:
        """Kill whatever has a mark in its environment."""
        if self._line is not None:
            number = next(self._numbers)
            await self._ask(number, {"do": "sweep", "id": number, "mark": mark})

    async def connect(self, child: Child, port: int) -> socket.socket | None:
        """A connection to a port inside of a program's own network; None when nothing listens there."""
        number = next(self._numbers)
        answer = await self._ask(number, {"do": "connect", "id": number, "into": child.number, "port": port})
        return socket.socket(fileno=answer["descriptor"]) if answer.get("connected") else None

    async def close(self) -> None:
        """End the warden, and with it every program."""
        process = self._process
        self._hang_up()
        if process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                await asyncio.to_thread(process.wait, 5.0)

    async def _ask(self, number: int, request: dict[str, Any], descriptors: Sequence[int] = ()) -> dict[str, Any]:
        self._open()
        waiting: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[number] = waiting
        self._send(request, descriptors)
        answer: dict[str, Any] = await waiting
        return answer

    def _open(self) -> None:
        if self._line is not None:
            return
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with theirs:
            command = [sys.executable, "-I", "-S", str(_PROGRAM), str(theirs.fileno())]
            self._process = subprocess.Popen(
                command, pass_fds=(theirs.fileno(),), stdin=subprocess.DEVNULL, start_new_session=True, cwd="/",
                env={"GITOPSLAB_WARDEN": self._mark, "LANG": "C.UTF-8"},
            )  # fmt: skip
        self._line = ours
        asyncio.get_running_loop().add_reader(ours, self._hear)

    def _send(self, request: dict[str, Any], descriptors: Sequence[int] = ()) -> None:
        if self._line is None:
            return
        line = json.dumps(request).encode() + b"\n"
        self._line.setblocking(True)  # a request is small, and the warden does nothing but read them
        try:
            socket.send_fds(self._line, [line], list(descriptors)) if descriptors else self._line.sendall(line)
        except OSError:
            self._hang_up()
        else:
            self._line.setblocking(False)

    def _hear(self) -> None:
        assert self._line is not None, "only an open line is read"
        try:
            data, descriptors, _, _ = socket.recv_fds(self._line, _LONGEST, 16)
        except BlockingIOError:
            return
        except OSError:
            data, descriptors = b"", []
        self._descriptors += descriptors
        self._received += data
        *lines, self._received = self._received.split(b"\n")
        for line in lines:
            self._take(json.loads(line))
        if not data:
            self._hang_up()

    def _take(self, answer: dict[str, Any]) -> None:
        number = answer["id"]
        if answer.get("connected"):
            answer["descriptor"] = self._descriptors.pop(0)
        if "pid" in answer:
            answer["child"] = self._children[number] = Child(
                number, answer["pid"], asyncio.get_running_loop().create_future()
            )
        elif "code" in answer:
            self._children.pop(number).ended.set_result(answer["code"])
            return
        if (waiting := self._waiting.pop(number, None)) is not None and not waiting.done():
            waiting.set_result(answer)

    def _hang_up(self) -> None:
        """The line is over, and with it every program."""
        if self._line is None:
            return
        asyncio.get_running_loop().remove_reader(self._line)
        self._line.close()
        self._line, self._received = None, b""
        children, self._children = self._children, {}
        for child in children.values():
            child.ended.set_result(_KILLED)
        waiting, self._waiting = self._waiting, {}
        for one in waiting.values():
            if not one.done():
                one.set_result({"error": errno.EPIPE})
