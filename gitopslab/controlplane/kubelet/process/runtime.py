"""The runtime that runs containers as processes where it can, and has all others played.

The kubelet's rooms reach it through the ``Runtime`` protocol. What an image is decides: one of the lab's registry whose
program this machine executes runs (``command``), every other container is the simulated runtime's. Whether a container
is one of ours is read off its pod and what was pulled, so it is known after a restart, too: then its process is gone,
and it counts as lost like those of a node that had no power.

Simplified: at most forty containers run as processes at once; a real node has its ``maxPods`` and its memory.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gitopslab.controlplane.kubelet.images import Image, parse
from gitopslab.controlplane.kubelet.inside.consoles import Listener
from gitopslab.controlplane.kubelet.inside.shelf import Shelf
from gitopslab.controlplane.kubelet.lines import Lines, Transcript
from gitopslab.controlplane.kubelet.probes import Check
from gitopslab.controlplane.kubelet.process.command import Verdict, verdict_on
from gitopslab.controlplane.kubelet.process.namespaces import rooms_are_given
from gitopslab.controlplane.kubelet.process.played import as_simulated
from gitopslab.controlplane.kubelet.process.pulls import HeldImage, Pulls
from gitopslab.controlplane.kubelet.process.volumes import folder_of
from gitopslab.controlplane.kubelet.programs import Exit
from gitopslab.controlplane.kubelet.runtime import Servers, Task
from gitopslab.controlplane.kubelet.simulated import SimulatedRuntime
from gitopslab.controlplane.kubelet.termination import message_of, written_in
from gitopslab.controlplane.runtime.images import Images, PulledImage
from gitopslab.controlplane.runtime.loopback import Loopback
from gitopslab.controlplane.runtime.metrics import Usage
from gitopslab.controlplane.runtime.streams import Connection, Process
from gitopslab.machinery.clock import Clock
from gitopslab.machinery.objects import Object, uid_of

if TYPE_CHECKING:
    from gitopslab.controlplane.kubelet.process.runs import Run, Shop

MOST = 40
"""How many containers run as processes at once."""

_KILLED = 137
_LOST = Exit(0.0, 255, "Unknown")
_OURS = frozenset({Verdict.RUNS, Verdict.FOREIGN})
_UNABLE = "gitopslab: this system cannot run the image's program, so the container is only played (docs/pods.md)"
_FULL = f"the lab runs at most {MOST} containers as processes at once; delete some, or scale something down"


class ProcessRuntime:
    """Runs containers.

    Args:
        clock: The time.
        images: The lab's registry.
        loopback: Addresses for pods.
        folder: Where files of pods and volumes are kept.
    """

    def __init__(self, clock: Clock, images: Images, loopback: Loopback, folder: Path) -> None:
        self._clock = clock
        self._images = images
        folder.mkdir(parents=True, exist_ok=True)
        self._shelf = Shelf(folder / "played.db", clock.now())
        self._simulated = SimulatedRuntime(clock, self._shelf)
        self._loopback = loopback
        self._folder = folder
        self._wakes: list[Callable[[Object], None]] = []
        self._pulls = Pulls(images, clock, self._wake)
        self._runs: dict[str, dict[tuple[str, str, int], Run]] = {}  # pod uid -> runs
        self._tries: dict[tuple[tuple[str, str, int], str], asyncio.Task[Check]] = {}
        self._leaving: set[asyncio.Task[None]] = set()

        for stale in (folder / "pods", loopback.announced):
            shutil.rmtree(stale, ignore_errors=True)  # nothing of them runs any more

    @cached_property
    def _shop(self) -> Shop:
        """What runs share, made with the first of them: a cluster in which none runs pays nothing."""
        from gitopslab.controlplane.kubelet.process.runs import Shop
        from gitopslab.controlplane.kubelet.process.surroundings import Builder
        from gitopslab.controlplane.kubelet.process.wardens import Wardens

        mark = f"gitopslab {self._folder}"
        builder = Builder(self._folder, self._loopback, mark)
        return Shop(Wardens(mark), builder, self._loopback, self._clock, self._wake)

    @property
    def running(self) -> int:
        """How many containers run as processes."""
        return sum(not run.is_over for runs in self._runs.values() for run in runs.values())

    # Images.

    def image(self, reference: str) -> Image | None:
        """The image that a reference names; None when it is malformed."""
        found = parse(reference)
        return (self._pulls.held(found) or found) if found is not None else None

    def pull_seconds(self, pod: Object, image: Image) -> float | None:
        """Infinite while a real pull goes on; None for an image that is only played."""
        return self._pulls.seconds(image, pod) if isinstance(image, HeldImage) else None

    # A run.

    def begin(self, task: Task) -> None:
        """Start the container's process."""
        image, verdict = self._judged(task)
        if verdict is Verdict.UNABLE:
            self._simulated.said(self._played(task)).add(self._clock.now(), _UNABLE)
        if image is None or verdict not in _OURS:
            self._simulated.begin(self._played(task))
            return
        from gitopslab.controlplane.kubelet.process.runs import Run

        runs = self._runs.setdefault(uid_of(task.pod), {})
        _, name, attempt = task.key
        before = max((one for one in runs if one[1] == name), default=None)
        for old in [one for one in runs if one[1] == name and one[2] < attempt - 1]:
            del runs[old]  # of each container the present run and the one before
        run = runs[task.key] = Run(task, image, self._shop, runs.get(before) if before else None)
        if verdict is Verdict.FOREIGN:
            run.refuse(255, "Error", f"exec format error: the image is for {image.os}/{image.architecture}")
        elif self.running > MOST:
            run.refuse(128, "StartError", _FULL)

    def exit(self, task: Task) -> Exit | None:
        """How the process ended; one that nobody knows of went with the cluster's own."""
        run = self._run(task)
        if run is not None:
            return run.exit
        return _LOST if self._judged(task)[1] in _OURS else self._simulated.exit(self._played(task))

    def message(self, task: Task, code: int) -> str:
        """What its program wrote for it, else the end of its log if that is asked for."""
        run = self._run(task)
        if run is None:
            return self._simulated.message(self._played(task), code)
        written = written_in(run.around.termination_log) if run.around is not None else ""
        return message_of(task.container, code, written, run.transcript.text)

    def again(self, task: Task) -> float:
        """When a played program goes on; a real one tells when it has ended."""
        ours = self._run(task) is not None or self._judged(task)[1] in _OURS
        return float("inf") if ours else self._simulated.again(self._played(task))

    def check(self, task: Task, name: str, seconds: float) -> Check | None:
        """What a probe saw, when its try is over; begins one when none is under way."""
        run = self._run(task)
        if run is None:
            return self._simulated.check(self._played(task), name, seconds)
        from gitopslab.controlplane.kubelet.process.probing import look

        key = (task.key, name)
        trying = self._tries.get(key)
        if trying is None:
            trying = self._tries[key] = asyncio.get_running_loop().create_task(look(run, task.container[name], seconds))
            trying.add_done_callback(lambda _: self._wake(task.pod))
        if not trying.done():
            return None
        del self._tries[key]
        return replace(trying.result(), at=self._clock.now() - task.started)

    def stop(self, task: Task, grace: float) -> tuple[float, int]:
        """Tell the process to stop; infinite until it has ended."""
        run = self._run(task)
        if run is None:
            is_ours = self._judged(task)[1] in _OURS
            return (0.0, _KILLED) if is_ours else self._simulated.stop(self._played(task), grace)
        run.stop(grace)
        return (0.0, run.exit.code) if run.exit is not None else (float("inf"), _KILLED)

    def usage(self, pod: Object, container: str) -> Usage | None:
        """What the processes of a container use."""
        runs = self._runs.get(uid_of(pod), {})
        running = (run for key, run in runs.items() if key[1] == container and not run.is_over)
        run = next(running, None)
        return run.meter.read(run.child.pid) if run is not None and run.child is not None else None

    # What it wrote, and visitors.

    def output(self, task: Task) -> Iterator[tuple[float, str | None]]:
        """Nothing that is known beforehand, but of a simulated program."""
        return iter(()) if self._run(task) is not None else self._simulated.output(self._played(task))

    def said(self, task: Task) -> Transcript:
        """What it wrote."""
        run = self._run(task)
        return run.transcript if run is not None else self._simulated.said(self._played(task))

    async def start(self, task: Task, command: Sequence[str], *, stdin: bool, tty: bool) -> Process:
        """Run a command in the surroundings of a container.

        Raises:
            StartError: It cannot be run.
        """
        run = self._run(task)
        if run is not None:
            return await run.execute(list(command), stdin=stdin, tty=tty)
        return await self._simulated.start(self._played(task), command, stdin=stdin, tty=tty)

    async def attach(self, task: Task, *, stdin: bool) -> Process:
        """Listen to what a container writes.

        Simplified: nobody can type into a real one; its stdin is empty.
        """
        run = self._run(task)
        if run is None:
            return await self._simulated.attach(self._played(task), stdin=stdin)
        return Listener(Lines(iter(()), run.transcript), self._clock, tty=bool(task.container.get("tty")))

    async def connect(self, task: Task, port: int) -> Connection | None:
        """Connect to a port of the container's pod; None when nothing listens there."""
        run = self._run(task)
        if run is not None:
            return await run.connect(port)
        return await self._simulated.connect(self._played(task), port)

    def reach(self, servers: Servers) -> None:
        """Have visitors of played containers reach played servers; whoever really runs asks by itself."""
        self._simulated.reach(
            lambda *asked: [(self._played(task), port) for task, port in servers(*asked) if self._run(task) is None]
        )

    def on_visit(self, wake: Callable[[Object], None]) -> None:
        """Have ``wake`` called with a pod when something happened by itself."""
        self._wakes.append(wake)
        self._simulated.on_visit(wake)

    def waiting(self) -> Iterable[Object]:
        """Those of played programs; a real one asks by itself."""
        return self._simulated.waiting()

    def cut(self, uid: str) -> None:
        """Kill what runs of a pod, as a power cut does."""
        self._simulated.cut(uid)
        for run in self._runs.get(uid, {}).values():
            run.stop(0.0)

    def forget(self, uid: str) -> None:
        """A pod, claim or volume is gone: what still runs of it is killed, and its files are removed."""
        self._simulated.forget(uid)
        if (runs := self._runs.pop(uid, None)) is not None:
            for key in [key for key in self._tries if key[0][0] == uid]:
                self._tries.pop(key).cancel()
            self._leave(self._clear(uid, list(runs.values())))
        elif (volume := folder_of(self._folder, f"volume {uid}")).exists():
            self._leave(asyncio.to_thread(shutil.rmtree, volume, ignore_errors=True))

    async def close(self) -> None:
        """End everything that runs."""
        for task in (*self._tries.values(), *self._leaving):
            task.cancel()
        await self._pulls.close()
        if "_shop" in self.__dict__:
            await self._shop.wardens.close()
        self._shelf.close()

    def _leave(self, clearing: Coroutine[Any, Any, None]) -> None:
        leaving = asyncio.get_running_loop().create_task(clearing)
        self._leaving.add(leaving)
        leaving.add_done_callback(self._leaving.discard)

    async def _clear(self, uid: str, runs: list[Run]) -> None:
        for run in runs:
            if not run.is_over:
                run.stop(0.0)
            await run.wait()
        await asyncio.to_thread(self._shop.builder.remove, uid)
        self._loopback.forget(runs[0].task.address)

    def _run(self, task: Task) -> Run | None:
        return self._runs.get(uid_of(task.pod), {}).get(task.key)

    def _judged(self, task: Task) -> tuple[PulledImage | None, Verdict]:
        """A container's image, if it is one of the registry's, and what is done with it."""
        found = self._held(task)
        return found, Verdict.PLAYED if found is None else verdict_on(found, has_rooms=rooms_are_given())

    def _held(self, task: Task) -> PulledImage | None:
        image = parse(task.container.get("image", ""))
        return None if image is None or not self._images.serves(image.name) else self._images.pulled(image.name)

    def _played(self, task: Task) -> Task:
        """The run as the simulated runtime knows it."""
        found = self._held(task)
        return task if found is None else as_simulated(task, found)

    def _wake(self, pod: Object) -> None:
        for wake in self._wakes:
            wake(pod)
