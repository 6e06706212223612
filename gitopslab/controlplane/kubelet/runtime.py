"""The seam to what really runs containers, and the runtime that only plays them.

``play`` decides what should run and when it restarts; a ``Runtime`` answers what an image is, how a program ends, what
a probe sees and what was printed. Today the only one is ``SimulatedRuntime``; one that runs local processes can stand
beside it. Leaves to others: the status of pods, back-off, events.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from gitopslab.controlplane.kubelet.images import Image, parse, table
from gitopslab.controlplane.kubelet.probes import Check, check_of
from gitopslab.controlplane.kubelet.programs import Exit, Program, access_line, program_of
from gitopslab.machinery.objects import Object, uid_of

_STOP_SECONDS = 0.2


Settings = tuple[Mapping[str, str], Mapping[str, str]]
"""Variables by name, and files by path."""


@dataclass(frozen=True, slots=True)
class Task:
    """One run of one container.

    Attributes:
        pod: Its pod.
        container: Its entry in the pod's spec.
        attempt: The restart count, 0 at first.
        started: When it started, in epoch seconds.
        settings: Gives its environment, and what its volumes bring as path to contents; asked once, when it starts.
        address: The pod's address.
    """

    pod: Object
    container: Object
    attempt: int
    started: float
    settings: Callable[[], Settings]
    address: str = ""

    @property
    def key(self) -> tuple[str, str, int]:
        """What tells runs apart."""
        return uid_of(self.pod), self.container["name"], self.attempt

    @property
    def id(self) -> str:
        """``containerID`` of its status."""
        return "containerd://" + hashlib.sha256("/".join(map(str, self.key)).encode()).hexdigest()


class Runtime(Protocol):
    """Runs containers. Every method can be asked again after a restart of this process, with the same answer."""

    def image(self, reference: str) -> Image | None:
        """The image that a reference names; None when it is malformed."""
        ...

    def pull_seconds(self, image: Image, present: bool) -> float:
        """How long pulling takes; ``present`` says that the node has the image and only asks for a newer one."""
        ...

    def exit(self, task: Task) -> Exit | None:
        """How the run ends, as far as that is known; None while nothing is known."""
        ...

    def check(self, task: Task, probe: Object, seconds: float) -> Check:
        """What a probe sees some seconds after the start."""
        ...

    def stop(self, task: Task) -> tuple[float, int]:
        """How long the run takes to stop when told so, and its exit code then."""
        ...

    def output(self, task: Task) -> Iterator[tuple[float, str | None]]:
        """The lines of the run with their times, oldest first; None is a moment without a line. May never end."""
        ...

    def forget(self, uid: str) -> None:
        """The pod with this uid is gone."""
        ...


class SimulatedRuntime:
    """Plays containers from data; nothing runs.

    Simplified: every program stops at once when told so, whereas a real one may ignore SIGTERM until the grace period
    is over and it is killed (exit code 137).
    """

    def __init__(self) -> None:
        self._programs: dict[str, dict[tuple[str, str, int], Program]] = {}

    def image(self, reference: str) -> Image | None:
        """The image that a reference names; None when it is malformed."""
        return parse(reference)

    def pull_seconds(self, image: Image, present: bool) -> float:
        """How long pulling takes, by ``images.yaml``."""
        return float(table()["pull"]["checked" if present else "first"])

    def exit(self, task: Task) -> Exit | None:
        """How the run ends; None when it runs for ever."""
        return self._program(task).exit

    def check(self, task: Task, probe: Object, seconds: float) -> Check:
        """What a probe sees some seconds after the start."""
        return check_of(probe, task.container, self._program(task), seconds, task.address)

    def stop(self, task: Task) -> tuple[float, int]:
        """A moment; servers end well, anything else dies of the signal."""
        image = parse(task.container.get("image", ""))
        return _STOP_SECONDS, 0 if image and image.server else 143

    def output(self, task: Task) -> Iterator[tuple[float, str | None]]:
        """What the program prints; a web server's log also shows the HTTP probes it answers."""
        program = self._program(task)
        yield from program.output(task.started)
        image = parse(task.container.get("image", ""))
        if image and image.server.get("access") and not program.words:
            yield from self._accesses(task)

    def forget(self, uid: str) -> None:
        """Drop what is kept of a pod."""
        self._programs.pop(uid, None)

    def _program(self, task: Task) -> Program:
        kept = self._programs.setdefault(uid_of(task.pod), {})
        if task.key not in kept:
            uid, name, attempt = task.key
            kept.pop((uid, name, attempt - 2), None)  # of each container the present run and the one before
            kept[task.key] = program_of(task.pod, task.container, *task.settings())
        return kept[task.key]

    def _accesses(self, task: Task) -> Iterator[tuple[float, str | None]]:
        probes = [task.container[name] for name in ("livenessProbe", "readinessProbe") if name in task.container]
        probes = [probe for probe in probes if "httpGet" in probe and self.check(task, probe, 0).answered]
        gateway = task.address.rpartition(".")[0] + ".1"
        due = [(task.started + max(probe.get("initialDelaySeconds", 0), 0.2), i) for i, probe in enumerate(probes)]
        while due:
            moment, i = min(due)
            path, status = probes[i]["httpGet"].get("path", "/"), 200 if self.check(task, probes[i], 0).passed else 404
            yield moment, access_line(gateway, "GET", path, status, "kube-probe/1.36", moment)
            due[due.index((moment, i))] = (moment + max(1, probes[i].get("periodSeconds", 10)), i)
