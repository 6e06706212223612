"""The door into containers: finds the one that is meant, and words what a kubelet says when there is none.

The API server knows it as an ``Exec`` and a ``Ports`` (``runtime.streams``). What happens inside is the runtime's
business. A reconciler of its own, ``Doorkeeper``, sends everybody out when a container ends. Upstream:
``pkg/kubelet/kubelet_pods.go`` (``GetExec``, ``GetAttach``, ``GetPortForward``), ``pkg/kubelet/server``; containerd's
streaming server for what goes wrong later.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from weakref import WeakKeyDictionary

from gitopslab.controlplane.kubelet.network import internal_ip
from gitopslab.controlplane.kubelet.nodes import Nodes
from gitopslab.controlplane.kubelet.runs import Runs
from gitopslab.controlplane.kubelet.runtime import Runtime, Task
from gitopslab.controlplane.kubelet.status import FINAL
from gitopslab.controlplane.runtime.api import WatchEvent
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.controlplane.runtime.streams import Connection, Place, Process, RefusedError, StartError
from gitopslab.machinery.objects import Object, name_of, namespace_of, uid_of

_KUBELET_PORT = 10250


class Visit(NamedTuple):
    """Which run somebody is inside of, and the loop that serves him."""

    task: Task
    loop: asyncio.AbstractEventLoop


class Sessions:
    """Lets visitors into containers, and knows who is inside.

    Args:
        manager: Its nodes are read.
        runtime: Runs what visitors ask for.
        runs: Finds containers.
        nodes: Which kubelets run.
    """

    def __init__(self, manager: Manager, runtime: Runtime, runs: Runs, nodes: Nodes) -> None:
        self._nodes = manager.informer("nodes")
        self._runtime = runtime
        self._runs = runs
        self._kubelets = nodes
        self._inside: dict[Request, WeakKeyDictionary[Process | Connection, Visit]] = {}
        self._leaving: set[asyncio.Task[None]] = set()

    async def start(self, place: Place, command: Sequence[str], *, stdin: bool, tty: bool) -> Process:
        """Run a command in a container."""
        pod = self._pod(place.namespace, place.pod)
        task = self._task(pod, place.container)
        if task is None:
            raise RefusedError(500, f'container not found ("{place.container}")')
        process = await self._runtime.start(task, command, stdin=stdin, tty=tty)
        self._enter(task, process)
        return process

    async def attach(self, place: Place, *, stdin: bool) -> Process:
        """Join a container's own program."""
        pod = self._pod(place.namespace, place.pod)
        task = self._task(pod, place.container)
        if task is None:
            full_name = f"{place.pod}_{place.namespace}"
            raise RefusedError(500, f"container {place.container} not found in pod {full_name}")
        process = await self._runtime.attach(task, stdin=stdin)
        self._enter(task, process)
        return process

    def check(self, namespace: str, pod: str) -> None:
        """Whether a pod has a sandbox whose ports can be reached."""
        found = self._pod(namespace, pod)
        if found.get("status", {}).get("phase") in FINAL or not found.get("status", {}).get("podIP"):
            described = f'"{pod}_{namespace}({uid_of(found)})"'
            raise RefusedError(500, f"failed to find sandboxID for pod {described}")

    async def connect(self, namespace: str, pod: str, port: int) -> Connection:
        """Connect to whichever container of a pod listens on a port."""
        self.check(namespace, pod)
        found = self._pod(namespace, pod)
        for container in [*found["spec"].get("initContainers", ()), *found["spec"]["containers"]]:
            task = self._task(found, container["name"])
            connection = await self._runtime.connect(task, port) if task else None
            if task is not None and connection is not None:
                self._enter(task, connection)
                return connection
        raise StartError(_refused(found, port))

    def has_visitors(self, event: WatchEvent) -> Iterable[Request]:
        """The pod of an event, if somebody is inside."""
        request = Request(namespace_of(event.object), name_of(event.object))
        return (request,) if request in self._inside else ()

    def send_out(self, request: Request) -> None:
        """Send those out whose container has ended."""
        pod = self._runs.pod(*request)
        inside = self._inside[request]
        for visitor, (task, loop) in list(inside.items()):
            run = self._runs.find(pod, task.container["name"]) if pod and uid_of(pod) == uid_of(task.pod) else None
            if run is None or not run.goes_on or run.task.attempt != task.attempt:
                del inside[visitor]
                if not loop.is_closed():  # it is closed when the server has stopped before its clock
                    leaving = loop.create_task(visitor.close())
                    self._leaving.add(leaving)
                    leaving.add_done_callback(self._leaving.discard)
        if not inside:
            del self._inside[request]

    def _pod(self, namespace: str, name: str) -> Object:
        """The pod, if its kubelet answers."""
        pod = self._runs.pod(namespace, name)
        node = self._nodes.get(pod["spec"].get("nodeName", "")) if pod else None
        if pod is None or node is None or not self._kubelets.are_ours(node):
            raise RefusedError(404, "pod does not exist")
        if not self._kubelets.is_running(name_of(node)):
            address = f"{internal_ip(node)}:{_KUBELET_PORT}"
            raise RefusedError(500, f"error dialing backend: dial tcp {address}: connect: connection refused")
        return pod

    def _task(self, pod: Object, container: str) -> Task | None:
        run = self._runs.find(pod, container)
        return run.task if run is not None and run.goes_on else None

    def _enter(self, task: Task, visitor: Process | Connection) -> None:
        request = Request(namespace_of(task.pod), name_of(task.pod))
        visit = Visit(task, asyncio.get_running_loop())
        self._inside.setdefault(request, WeakKeyDictionary())[visitor] = visit


def _refused(pod: Object, port: int) -> str:
    """What containerd says when nothing listens; names that real ones get at random are made from the pod's uid."""
    sandbox = hashlib.sha256(uid_of(pod).encode()).hexdigest()
    network = f"/var/run/netns/cni-{sandbox[:8]}-{sandbox[8:12]}-{sandbox[12:16]}-{sandbox[16:20]}-{sandbox[20:32]}"
    tried = f"IPv4: dial tcp4 127.0.0.1:{port}: connect: connection refused"
    tried += f" IPv6 dial tcp6 [::1]:{port}: connect: connection refused "
    where = f'failed to connect to localhost:{port} inside namespace "{sandbox}", {tried}'
    failed = f'failed to execute portforward in network namespace "{network}": {where}'
    return f"error forwarding port {port} to pod {sandbox}, uid : {failed}"


class Doorkeeper:
    """Sends visitors out of containers that have ended.

    Args:
        sessions: Who is inside.
    """

    name = "kubelet-sessions"

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self.sources: tuple[Source, ...] = (Source("pods", sessions.has_visitors),)

    def reconcile(self, request: Request) -> Result:
        """Look after one pod that changed."""
        self._sessions.send_out(request)
        return DONE
