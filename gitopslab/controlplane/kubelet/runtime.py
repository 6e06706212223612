"""The seam to what really runs containers.

``play`` decides what should run and when it restarts; a ``Runtime`` answers what an image is, how a program ends, what
a probe sees and what was printed, and lets visitors in for ``inside.sessions``. ``simulated`` plays containers on the
clock; ``process`` runs those whose image it can as local processes. A program that really runs takes its own time: what
waits for it is due at no known moment, and the pod is looked at again when the runtime wakes the agent. Leaves to
others: the status of pods, back-off, events.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from gitopslab.controlplane.kubelet.config import Lookup
from gitopslab.controlplane.kubelet.images import Image
from gitopslab.controlplane.kubelet.lines import Transcript
from gitopslab.controlplane.kubelet.mounts import Mounted
from gitopslab.controlplane.kubelet.probes import Check
from gitopslab.controlplane.kubelet.programs import Exit
from gitopslab.controlplane.runtime.metrics import Usage
from gitopslab.controlplane.runtime.streams import Connection, Process
from gitopslab.machinery.objects import Object, uid_of

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
        volumes: Gives mount path to what is there of the volumes that can be written.
        tokens: Gives path to token of its service account, for programs that may use one.
        lookup: Finds Services, for programs that ask for names.
    """

    pod: Object
    container: Object
    attempt: int
    started: float
    settings: Callable[[], Settings]
    address: str = ""
    volumes: Callable[[], Mapping[str, Mounted]] = dict
    tokens: Callable[[], Mapping[str, str]] = dict
    lookup: Lookup = lambda resource, namespace, name: None

    @property
    def key(self) -> tuple[str, str, int]:
        """What tells runs apart."""
        return uid_of(self.pod), self.container["name"], self.attempt

    @property
    def id(self) -> str:
        """``containerID`` of its status."""
        return "containerd://" + hashlib.sha256("/".join(map(str, self.key)).encode()).hexdigest()


Servers = Callable[[Object, str, int], Iterable[tuple[Task, int]]]
"""A pod that asks, a host and a port to the runs that may answer, with the port of each."""


class Runtime(Protocol):
    """Runs containers. Every method can be asked again after a restart of this process, with the same answer."""

    def image(self, reference: str) -> Image | None:
        """The image that a reference names; None when it is malformed."""
        ...

    def pull_seconds(self, pod: Object, image: Image) -> float | None:
        """How long pulling takes for a pod; None when nothing is pulled, so that the kubelet's pace says it.

        Infinite while a real pull goes on: the first question begins it, and ``image`` tells whether it failed.
        """
        ...

    def begin(self, task: Task) -> None:
        """The run begins now."""
        ...

    def exit(self, task: Task) -> Exit | None:
        """How the run ends, as far as that is known; None while nothing is known."""
        ...

    def message(self, task: Task, code: int) -> str:
        """The termination message of a run that ends now with this exit code."""
        ...

    def again(self, task: Task) -> float:
        """When to ask again how the run ends, in epoch seconds; infinite when that is known or will be told."""
        ...

    def check(self, task: Task, name: str, seconds: float) -> Check | None:
        """What a probe (``livenessProbe``) sees some seconds after the start; None while a real try is under way."""
        ...

    def stop(self, task: Task, grace: float) -> tuple[float, int]:
        """Tell the run to stop, and kill it when ``grace`` seconds are over; more often asked, nothing is done twice.

        Returns:
            How long it still takes, and its exit code then. Infinite while a real program has not ended.
        """
        ...

    def usage(self, pod: Object, container: str) -> Usage | None:
        """What a container uses, where that is measured; None where it has to be made up."""
        ...

    def output(self, task: Task) -> Iterator[tuple[float, str | None]]:
        """The lines of the run with their times, oldest first; None is a moment without a line. May never end."""
        ...

    def said(self, task: Task) -> Transcript:
        """The lines that visitors caused the run to write, beside those of ``output``."""
        ...

    async def start(self, task: Task, command: Sequence[str], *, stdin: bool, tty: bool) -> Process:
        """Run a command beside a running container's program.

        Raises:
            StartError: It cannot be run; the text is the container runtime's.
        """
        ...

    async def attach(self, task: Task, *, stdin: bool) -> Process:
        """Join a running container's program."""
        ...

    async def connect(self, task: Task, port: int) -> Connection | None:
        """Connect to a port of a running container; None when nothing listens there."""
        ...

    def reach(self, servers: Servers) -> None:
        """Have the requests of visitors reach the servers of the cluster."""
        ...

    def on_visit(self, wake: Callable[[Object], None]) -> None:
        """Have ``wake`` called with a pod when something happened by itself: a program ended, a visitor was inside."""
        ...

    def waiting(self) -> Iterable[Object]:
        """The pods in which a program may end when there are other names in the cluster."""
        ...

    def cut(self, uid: str) -> None:
        """The node of this pod has no power any more."""
        ...

    def forget(self, uid: str) -> None:
        """The pod, claim or persistent volume with this uid is gone."""
        ...
