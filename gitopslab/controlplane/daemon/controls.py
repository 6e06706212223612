"""The hand on a running cluster: its clock, and which of its components run.

The ``/lab`` paths reach it through the ``Controls`` protocol; ``loop`` asks the clock when to act. Nothing here touches
an object of the cluster but through a component that does so on a real one: what is "stopped" is only not called any
more, and shows what a real one would show.

Everything here is forgotten when the process ends: a restarted cluster runs, all of it, and its clock goes on from the
newest thing it wrote, because time that went back would break every lease.

Simplified: the control plane is one process, so a stopped API server still refuses requests (503) where a real one
would not be there to do so, and kubelets rest with it, where real ones go on restarting containers.
"""

from __future__ import annotations

import asyncio
import difflib
import time
from collections.abc import Callable, Iterator, Sequence
from random import Random

from gitopslab.controlplane.daemon.assembly import ControlPlane
from gitopslab.controlplane.daemon.loop import settle
from gitopslab.controlplane.daemon.staticpods import PROGRAMS
from gitopslab.controlplane.daemon.topology import CONTROL_PLANE
from gitopslab.controlplane.runtime.controls import FASTEST, LONGEST, SLOWEST, Action, Entry
from gitopslab.controlplane.server.store import Store
from gitopslab.errors import ApiError, NotFoundError, bad_request
from gitopslab.machinery.clock import LabClock
from gitopslab.machinery.objects import Object, labels_of, name_of

API_SERVER, STORE = "kube-apiserver", "etcd"
KUBELET = "kubelet"

_SHORT = {"apiserver": API_SERVER, "api-server": API_SERVER, "store": STORE, "controllers": "kube-controller-manager"}
_SILENT = frozenset({"leases.coordination.k8s.io"})  # a heartbeat is no action worth a step
_MOST_STEPS = 20_000
_NEEDS_NO_STORE = ("/version", "/openapi", "/livez", "/readyz", "/healthz")


BEGINNING = 1767225600.0
"""When the time of a new seeded cluster begins: 1 January 2026."""


def running(store: Store) -> LabClock:
    """The clock of a cluster: the machine's time, or later when its clock was moved forward before."""
    return LabClock(max(time.time(), store.newest))


def seeded(store: Store, seed: int) -> tuple[LabClock, Random]:
    """Clock and chance of a run that can be repeated: the same calls in the same order give the same log.

    The clock is held, since nobody calls at the same moment twice; names go on where a cluster was stopped.
    """
    return LabClock(store.newest or BEGINNING, speed=0), Random(f"{seed}/{store.revision}")


class LabControls:
    """The controls of one control plane.

    Args:
        plane: It.
        clock: Its clock.

    Attributes:
        asked_back: The revision that somebody asked to return to, or None.
    """

    def __init__(self, plane: ControlPlane, clock: LabClock) -> None:
        self.asked_back: int | None = None
        self._plane = plane
        self._clock = clock
        self._since = time.time()
        self._leave: Callable[[], object] | None = None
        self._stopped: set[str] = set()
        self._dark: set[str] = set()  # nodes without power
        self._version = int(self._since * 1000)  # higher than any of a life before this one
        self._news = asyncio.Event()
        plane.verbs.components.is_running = self._runs
        for program in PROGRAMS:  # of a process that ended while one of them was stopped
            plane.kubelets.mend_component(program)

    # ---- how things are ----

    def state(self) -> Object:
        """How clock, components and nodes are."""
        speed = self._clock.speed
        return {
            "version": self._version,
            "since": self._since,
            "clock": {"now": self._clock.now(), "speed": speed, "held": speed == 0},
            "components": [self._shown(name) for name in self._components()],
            "nodes": [self._shown_node(node) for node in self._node_names()],
        }

    async def changed(self, seen: int) -> None:
        """Return as soon as the version is another than ``seen``."""
        while self._version == seen:
            await self._news.wait()

    def log(self, after: int, limit: int) -> Sequence[Entry]:
        """What was written after a revision."""
        rows = self._plane.store.log(max(after, self._plane.store.compacted), limit)
        return [Entry(at, when, type, resource, *key) for at, when, type, resource, key in rows]

    def revision_at(self, time: float) -> int:
        """The newest revision at a moment."""
        return max(self._plane.store.revision_at(time), self._plane.store.compacted)

    def on_return(self, leave: Callable[[], object]) -> None:
        """Have something called when this life shall end, for the next one to begin at an earlier revision."""
        self._leave = leave

    def return_to(self, revision: int) -> None:
        """Have the cluster hold what it held at an earlier revision."""
        store = self._plane.store
        if not store.compacted <= revision <= store.revision:
            raise bad_request(
                f"the cluster's history goes from revision {store.compacted} to {store.revision}, "
                f"and revision {revision} is asked for"
            )
        if self._leave is None:
            raise bad_request("this cluster cannot return to an earlier revision")
        self.asked_back = revision
        asyncio.get_running_loop().call_soon(self._leave)  # once the answer to whoever asked is on its way

    def refusal(self, path: str) -> ApiError | None:
        """Why Kubernetes' paths are closed."""
        if not self._runs(API_SERVER):
            text = "the API server is stopped; every other component waits for it too"
            return ApiError(503, "ServiceUnavailable", text, hint=f'lab.embedded.start("{API_SERVER}")')
        if not self._runs(STORE) and not path.startswith(_NEEDS_NO_STORE):
            # the API server's own words when a majority of etcd does not answer
            return ApiError(500, "InternalError", "etcdserver: request timed out")
        return None

    # ---- time ----

    def run(self, speed: float) -> None:
        """Let time pass at a speed; 0 holds it."""
        if speed and not SLOWEST <= speed <= FASTEST:
            raise bad_request(f"the clock cannot run at {speed:g} times the pace of time; {SLOWEST:g} to {FASTEST:g}")
        self._clock.run(speed)
        self._tell()

    async def advance(self, seconds: float) -> None:
        """Let time pass at once, stopping at every moment at which something is due."""
        if not 0 < seconds <= LONGEST:
            raise bad_request(f"the clock cannot be moved by {seconds:g} s; it goes forward, at most {LONGEST:g} s")
        manager, clock = self._plane.manager, self._clock
        end = clock.now() + seconds
        await settle(manager)
        while (due := manager.next_due()) is not None and due <= end:
            clock.jump(max(0.0, due - clock.now()))
            await settle(manager)
        clock.jump(max(0.0, end - clock.now()))
        await settle(manager)
        self._tell()

    def step(self, within: float) -> Action:
        """Have one component do one thing that is written."""
        if not 0 <= within <= LONGEST:
            raise bad_request(f"a step cannot wait {within:g} s")
        manager, began, before = self._plane.manager, self._clock.now(), self._plane.store.revision
        for _ in range(_MOST_STEPS):
            if manager.step():
                if entries := [entry for entry in self.log(before, 500) if entry.resource not in _SILENT]:
                    return self._action(entries, began)
                before = self._plane.store.revision
                continue
            due = manager.next_due()
            if due is None or due > began + within:
                break
            self._clock.jump(max(0.0, due - self._clock.now()))
        self._tell()
        return Action("", "", (), self._clock.now() - began)

    def _action(self, entries: list[Entry], began: float) -> Action:
        assert self._plane.manager.last is not None, "something was written just now"
        name, request = self._plane.manager.last
        self._tell()
        about = "/".join(part for part in request if part)
        return Action(name, about, entries, self._clock.now() - began)

    # ---- faults ----

    def switch(self, component: str, running: bool) -> None:
        """Stop or start a component."""
        name = self._named(component)
        if running == (name not in self._stopped):
            return
        self._stopped ^= {name}
        self._settle_who_runs()
        if name in PROGRAMS:
            show = self._plane.kubelets.mend_component if running else self._plane.kubelets.break_component
            show(name)
        self._tell()

    def switch_node(self, node: str, *, kubelet: bool | None = None, power: bool | None = None) -> None:
        """Stop or start a kubelet, or a whole node."""
        if node not in self._node_names():
            raise _unknown("node", node, self._node_names())
        kubelets = self._plane.kubelets
        if power is False:
            self._dark.add(node)
            kubelets.cut_node(node)
        elif power is True and node in self._dark:
            self._dark.discard(node)
            kubelets.reboot_node(node)
        if kubelet is False:
            kubelets.stop_node(node)
        elif kubelet is True and node not in self._dark:
            kubelets.start_node(node)
        self._settle_who_runs()
        self._tell()

    def _settle_who_runs(self) -> None:
        """Have the manager call those reconcilers whose component runs, and whom the API answers."""
        manager, reachable = self._plane.manager, self._runs(API_SERVER) and self._runs(STORE)
        for name in manager.names:
            program = self._plane.components.get(name, name)
            if reachable and name not in self._stopped and self._runs(program):
                manager.start(name)
            else:
                manager.stop(name)
        if not self._runs(API_SERVER):
            self._plane.verbs.feed.end_all()

    def _runs(self, component: str) -> bool:
        if component in self._stopped:
            return False
        return component not in PROGRAMS or not self._without_power()

    def _without_power(self) -> bool:
        """Whether every node of the control plane is dark; asked at every request, and nearly always none is."""
        if not self._dark:
            return False
        homes = [node for node in self._plane.manager.informer("nodes") if _is_control(node)]
        return bool(homes) and all(name_of(node) in self._dark for node in homes)

    # ---- names ----

    def _components(self) -> list[str]:
        programs = dict.fromkeys([*PROGRAMS, *self._plane.components.values()])
        return [name for name in programs if name != KUBELET]

    def _parts(self, program: str) -> list[str]:
        if program == KUBELET:
            return []
        return [name for name, owner in self._plane.components.items() if owner == program and name != program]

    def _named(self, name: str) -> str:
        """The component or part of one that is meant: ``scheduler``, ``deployment``, ``kube-apiserver``."""
        known = [name for program in self._components() for name in (program, *self._parts(program))]
        for candidate in (name, _SHORT.get(name, ""), f"kube-{name}", f"{name}-controller"):
            if candidate in known:
                return candidate
        raise _unknown("component", name, known)

    def _node_names(self) -> list[str]:
        return [name_of(node) for node in self._plane.manager.informer("nodes")]

    def _shown(self, name: str) -> Object:
        parts = [{"name": part, "running": part not in self._stopped} for part in self._parts(name)]
        return {"name": name, "running": self._runs(name), "parts": parts if len(parts) > 1 else []}

    def _shown_node(self, name: str) -> Object:
        return {"name": name, "kubelet": self._plane.kubelets.is_running(name), "power": name not in self._dark}

    def _tell(self) -> None:
        self._version += 1
        self._news.set()
        self._news = asyncio.Event()
        self._plane.manager.wake()


def _is_control(node: Object) -> bool:
    return f"node-role.kubernetes.io/{CONTROL_PLANE}" in labels_of(node)


def _unknown(what: str, name: str, known: Sequence[str]) -> NotFoundError:
    close = difflib.get_close_matches(name, list(_short_forms(known)), n=1)
    hint = f"did you mean {close[0]}?" if close else f"choose from: {', '.join(known)}"
    return NotFoundError(404, "NotFound", f"there is no {what} {name!r} here: {hint}")


def _short_forms(known: Sequence[str]) -> Iterator[str]:
    for name in known:
        yield from (name, name.removeprefix("kube-"), name.removesuffix("-controller"))
