"""One run of one container as a process: prepared, started, listened to, stopped, and its end.

``runtime`` keeps one for every attempt. The run goes on by itself, as tasks of the event loop, and wakes the kubelet's
agent when something has happened; the agent asks what. Leaves to others: whether it is started again (``play``).

Simplified: the log is kept in memory: the newest ten thousand lines of a run, gone when the cluster is restarted.
stdout and stderr are one stream.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass

from gitopslab.controlplane.kubelet.lines import Transcript
from gitopslab.controlplane.kubelet.process import measuring
from gitopslab.controlplane.kubelet.process.command import (
    Command,
    NoExecutableError,
    Place,
    command_of,
    is_python,
    stands_for_host,
    words_of,
)
from gitopslab.controlplane.kubelet.process.hooks import after_start, before_stop, stop_signal
from gitopslab.controlplane.kubelet.process.namespaces import processes_are_hidden, rooms_are_given
from gitopslab.controlplane.kubelet.process.output import listen
from gitopslab.controlplane.kubelet.process.rooms import hidden_room, room_of, shown_room, user_of
from gitopslab.controlplane.kubelet.process.streams import RealProcess, TcpConnection
from gitopslab.controlplane.kubelet.process.surroundings import Builder, Given, Surroundings
from gitopslab.controlplane.kubelet.process.visitors import play
from gitopslab.controlplane.kubelet.process.volumes import MountError
from gitopslab.controlplane.kubelet.process.wardens import Child, Launch, Wardens
from gitopslab.controlplane.kubelet.programs import Exit
from gitopslab.controlplane.kubelet.runtime import Task
from gitopslab.controlplane.kubelet.status import is_sidecar
from gitopslab.controlplane.runtime.images import PulledImage
from gitopslab.controlplane.runtime.loopback import Loopback
from gitopslab.controlplane.runtime.streams import Process, StartError
from gitopslab.machinery.clock import Clock
from gitopslab.machinery.objects import Object, name_of
from gitopslab.machinery.quantity import whole

log = logging.getLogger(__name__)

_START_ERROR = 128
_KEPT_LINES = 10_000
_DYING = 2.0
_FRESH = 2.0
_GLANCE = 0.2  # seconds between looks at a container's memory
_FAILED = "failed to create containerd task: failed to create shim task: OCI runtime create failed: "


@dataclass(frozen=True, slots=True)
class Shop:
    """What all runs share.

    Attributes:
        wardens: Start programs.
        builder: Prepares surroundings.
        loopback: Where pods are.
        clock: The time of log lines.
        wake: Has the agent look at a pod.
    """

    wardens: Wardens
    builder: Builder
    loopback: Loopback
    clock: Clock
    wake: Callable[[Object], None]


class Run:
    """A run.

    Args:
        task: Which.
        image: What is run.
        shop: What all runs share.
        before: The container's run before; it has to have ended first.
    """

    def __init__(self, task: Task, image: PulledImage, shop: Shop, before: Run | None) -> None:
        self.task = task
        self.image = image
        self.transcript = Transcript(_KEPT_LINES)
        self.exit: Exit | None = None
        self.child: Child | None = None
        self.around: Surroundings | None = None
        self.command: Command | None = None
        self.meter = measuring.Meter()
        self._shop = shop
        self._before = before
        self._over = asyncio.Event()
        self._stopping: asyncio.Task[None] | None = None
        self._kill = asyncio.Event()
        self._is_oom = False
        self._hook_failed = False
        self._running = asyncio.get_running_loop().create_task(self._run())
        self._running.add_done_callback(self._look_after)

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self.exit is not None

    def refuse(self, code: int, reason: str, message: str) -> None:
        """It does not start at all; its log says why, too."""
        self._running.cancel()
        self._say(message)
        self._end(Exit(0.0, code, reason, message))

    def stop(self, grace: float) -> None:
        """Stop it, and kill it after ``grace`` seconds; one that is being stopped can only be killed at once."""
        if self._stopping is None:
            self._stopping = asyncio.get_running_loop().create_task(self._stop(grace))
        if grace <= 0:
            self._kill.set()

    async def wait(self) -> None:
        """Until it has ended."""
        await self._over.wait()

    async def connect(self, port: int) -> TcpConnection | None:
        """Connect to a port of its pod; None when nothing listens there."""
        if self.child is None or self.command is None or self.is_over:
            return None
        try:
            if self.command.place is Place.ROOM:
                made = await self._shop.wardens.connect(self.child, port)
                return None if made is None else TcpConnection(*await asyncio.open_connection(sock=made))
            real = self._shop.loopback.port_of(self.task.address, port)
            if real is None:
                return None
            at = self._shop.loopback.place(self.task.address)
            return TcpConnection(*await asyncio.open_connection(at, real))
        except OSError:
            return None

    async def execute(self, words: list[str], *, stdin: bool, tty: bool) -> Process:
        """Run a command beside its program, in the same surroundings.

        Raises:
            StartError: It cannot be run.
        """
        if self.around is None or self.child is None:
            raise StartError("container not running")
        has_rooms = rooms_are_given()
        if stands_for_host(self.image) and not has_rooms and not is_python(words, self.around.root):
            return play(self.task, words, self.around, self._shop.clock, stdin=stdin, tty=tty)
        try:
            command = command_of(self.image, words, self.around.root, has_rooms=has_rooms)
            launch = self._launch(command, self.around, tty=tty, join=self.child.pid)
            return await RealProcess.start(self._shop.wardens, launch, stdin=stdin)
        except (NoExecutableError, OSError) as error:
            why = str(error) if isinstance(error, NoExecutableError) else f'exec: "{words[0]}": {error.strerror}'
            raise StartError(
                f"OCI runtime exec failed: exec failed: unable to start container process: {why}: unknown"
            ) from None

    # Its life.

    async def _run(self) -> None:
        if self._before is not None:
            await self._before.wait()
            self._before = None
        self._shop.loopback.place(self.task.address)
        given = Given.to(self.task)
        words = words_of(self.image, self.task.container, given.variables)
        try:
            command, around = await asyncio.to_thread(self._prepare, words, given)
            output, theirs = os.pipe()
            nothing = os.open(os.devnull, os.O_RDONLY)
            launch = self._launch(command, around)
            child = await self._shop.wardens.start(launch, (nothing, theirs, os.dup(theirs)))
        except (NoExecutableError, MountError) as error:
            self._end(Exit(0.0, _START_ERROR, "StartError", self._failed(str(error))))
            return
        except OSError as error:
            why = f'exec: "{words[0]}": {(error.strerror or str(error)).lower()}'
            self._end(Exit(0.0, _START_ERROR, "StartError", self._failed(why)))
            return
        self.command, self.around, self.child = command, around, child
        listening = asyncio.create_task(listen(output, self._say))
        beside = [asyncio.create_task(one) for one in (self._watch(child), self._refresh(), self._begin_well())]
        code = await asyncio.shield(child.ended)
        for one in beside:
            one.cancel()
        await self._shop.wardens.sweep(f"GITOPSLAB_CONTAINER={around.mark}")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(listening, _DYING)
        reason = "OOMKilled" if self._is_oom else "Error" if code else "Completed"
        self._end(Exit(0.0, code, reason, hook_failed=self._hook_failed))

    def _look_after(self, running: asyncio.Task[None]) -> None:
        """A run that came to grief through a fault of ours has ended, too, and says so."""
        if not running.cancelled() and (error := running.exception()) is not None:
            log.error("container %s of pod %s", self.task.container["name"], name_of(self.task.pod), exc_info=error)
            self._end(Exit(0.0, _START_ERROR, "StartError", self._failed(str(error))))

    def _prepare(self, words: list[str], given: Given) -> tuple[Command, Surroundings]:
        if not words:
            raise NoExecutableError("no command specified")
        around = self._shop.builder.prepare(self.task, self.image, given, is_python=stands_for_host(self.image))
        return command_of(self.image, words, around.root, has_rooms=rooms_are_given()), around

    def _failed(self, why: str) -> str:
        return f"{_FAILED}runc create failed: unable to start container process: error during container init: {why}"

    def _launch(self, command: Command, around: Surroundings, *, tty: bool = False, join: int = 0) -> Launch:
        room, env, folder = None, dict(around.variables), around.folder
        if command.place is Place.MAPPED:
            folder = str(around.root / around.folder.lstrip("/"))
            if processes_are_hidden():
                room = {"join": join, "uid": 0, "gid": 0} if join else hidden_room()
        elif command.place is Place.SHOWN:
            room, env = shown_room(self.task, around, self._shop.loopback)
            if join and room["pids"]:
                room["beside"] = join
        elif join:
            room = {**user_of(self.task, self.image), "join": join}
        else:
            room = room_of(self.task, self.image, around)
        limit = (self.task.container.get("resources") or {}).get("limits", {}).get("memory")
        data = None if limit is None else measuring.most(whole(limit))
        return Launch(
            command.argv, {**env, **({"TERM": "xterm"} if tty else {})}, folder, data=data, tty=tty, room=room
        )

    def _say(self, line: str) -> None:
        self.transcript.add(self._shop.clock.now(), line)

    def _end(self, end: Exit) -> None:
        if self.exit is None:
            self.exit = end
            if _is_alone(self.task.pod):
                self._shop.loopback.silence(self.task.address)
            self._over.set()
            self._shop.wake(self.task.pod)

    async def _watch(self, child: Child) -> None:
        """Kill it when it has more memory than its limit, as the kernel does with a control group."""
        limit = (self.task.container.get("resources") or {}).get("limits", {}).get("memory")
        if limit is None:
            return
        most = whole(limit)
        while True:
            if measuring.memory(child.pid) > most:
                self._is_oom = True
                self._shop.wardens.signal(child, signal.SIGKILL)
                return
            await asyncio.sleep(_GLANCE)

    async def _refresh(self) -> None:
        """Keep mounted ConfigMaps and Secrets up to date.

        Simplified: within two seconds; a kubelet takes up to a minute and a half.
        """
        before = Given.to(self.task).files
        while before:
            await asyncio.sleep(_FRESH)
            files = Given.to(self.task).files
            if files != before:
                await asyncio.to_thread(self._shop.builder.refresh, self.task, files)
                before = files

    async def _begin_well(self) -> None:
        """Run the ``postStart`` hook, and stop the container when it fails."""
        if not await after_start(self):
            self._hook_failed = True
            self.stop(float(self.task.pod["spec"].get("terminationGracePeriodSeconds", 30)))

    async def _stop(self, grace: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, grace)):
                await self._stop_kindly()
        if self.child is None:
            self._running.cancel()
            self._end(Exit(0.0, 128 + signal.SIGKILL, "Error"))
        elif not self.is_over:
            self._shop.wardens.signal(self.child, signal.SIGKILL)

    async def _stop_kindly(self) -> None:
        killed = asyncio.create_task(self._kill.wait())
        kind = asyncio.create_task(self._ask_to_stop())
        try:
            await asyncio.wait({killed, kind}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (killed, kind):
                task.cancel()

    async def _ask_to_stop(self) -> None:
        await before_stop(self)
        if self.child is not None:
            self._shop.wardens.signal(self.child, stop_signal(self.image))
        await self.wait()


def _is_alone(pod: Object) -> bool:
    """Whether a pod has one container, and no sidecar that goes on when that one has ended."""
    sidecars = [one for one in pod["spec"].get("initContainers") or () if is_sidecar(one)]
    return len(pod["spec"]["containers"]) + len(sidecars) == 1
