"""One pod at one moment: what its kubelet does now, and when it looks again.

The agent calls ``play`` with the pod, what it remembers of it and the node; back comes the new status, what to say and
when to come again. In order: take the pod or refuse it, mount its volumes, make its sandbox, run init containers one
after the other, then the containers beside each other; when deletion was asked for, stop them. Upstream:
``computePodActions`` and ``SyncPod``. Leaves to others: one container's stages (``containers``), phase and conditions
(``status``), writing (``agent``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain

from gitopslab.controlplane.kubelet.admission import Refusal
from gitopslab.controlplane.kubelet.config import mount_problems
from gitopslab.controlplane.kubelet.containers import ContainerTurn
from gitopslab.controlplane.kubelet.life import NEVER, Happening, Life, Scene
from gitopslab.controlplane.kubelet.resizing import Resizing
from gitopslab.controlplane.kubelet.status import (
    FINAL,
    conditions_of,
    exit_code,
    has_run,
    is_running,
    is_sidecar,
    phase_of,
    waiting_entry,
)
from gitopslab.machinery.clock import seconds_of, timestamp
from gitopslab.machinery.objects import Object, copy_of, is_terminating

_MOUNT_AGAIN = 0.5  # doubling, as the volume manager does
_MOUNT_AGAIN_MOST = 122.0
_RESTORE_SECONDS = 60.0
"""How long a Ready condition that somebody else wrote stands.

Simplified: a real kubelet looks every ten seconds what has become of its statuses; here whoever sets a condition by
hand has time to see what comes of it.
"""


@dataclass(slots=True)
class Turn:
    """What came of a pod's turn.

    Attributes:
        status: The new status; None when it is as it was.
        events: What to say.
        due: When to come again, in epoch seconds; infinite when only a change can bring work.
        gone: The pod has stopped and may be removed.
    """

    status: Object | None = None
    events: list[Happening] = field(default_factory=list)
    due: float = NEVER
    gone: bool = False


def play(pod: Object, life: Life, scene: Scene) -> Turn:
    """Bring a pod forward to ``scene.now``. Reads ``pod``, changes ``life``, writes nothing."""
    player = _Player(pod, life, scene)
    status = pod.get("status", {})
    if is_terminating(pod):
        player.stop()
    elif status.get("phase") not in FINAL:
        player.run()
    return player.turn


class _Player:
    def __init__(self, pod: Object, life: Life, scene: Scene) -> None:
        self.turn = Turn()
        self._pod = pod
        self._life = life
        self._scene = scene
        status = pod.get("status", {})
        spec = pod["spec"]
        first = "PodInitializing" if spec.get("initContainers") else "ContainerCreating"
        self._inits = _entries(spec.get("initContainers") or (), status.get("initContainerStatuses"), first)
        self._mains = _entries(spec["containers"], status.get("containerStatuses"), first)
        added = spec.get("ephemeralContainers") or ()
        self._ephemerals = _entries(added, status.get("ephemeralContainerStatuses"), "ContainerCreating")
        self._changed = False
        self._resizing = Resizing(pod, life, scene, list(self._started_by_spec()), self.turn.events.append)
        self._life.address = self._life.address or status.get("podIP", "")

    # A pod that should run.

    def run(self) -> None:
        """Do what is due for a pod that is neither finished nor being removed."""
        if not self._pod.get("status", {}).get("startTime"):
            self._changed = True
            if not self._life.taken and (refusal := self._scene.refusal()) is not None:
                self._refuse(refusal)
                return
        self._life.taken = True
        if self._life.lost:
            self._show_lost()
        if self._past_deadline():
            return
        if self._has_volumes() and self._has_sandbox():
            self._come_at(self._resizing.step())
            self._run_containers()
        self._changed = self._changed or self._resizing.changed
        if self._changed or self._stale():
            self._write(phase_of(self._pod, self._inits, self._mains, again=self._starts_again()))

    def _refuse(self, refusal: Refusal) -> None:
        self._say("Warning", refusal.reason, refusal.message)
        before = self._pod.get("status", {})
        self.turn.status = {
            **{key: before[key] for key in ("qosClass",) if key in before},
            "phase": "Failed",
            "observedGeneration": self._pod["metadata"].get("generation", 1),
            "startTime": timestamp(self._scene.now),
            "reason": refusal.reason,
            "message": f"Pod was rejected: {refusal.message}",
        }

    def _past_deadline(self) -> bool:
        limit, start = self._pod["spec"].get("activeDeadlineSeconds"), self._pod.get("status", {}).get("startTime")
        if limit is None or start is None:
            return False
        deadline = seconds_of(start) + limit
        if self._scene.now < deadline:
            self.turn.due = deadline
            return False
        text = "Pod was active on the node longer than the specified deadline"
        self._say("Normal", "DeadlineExceeded", text)
        self._stop_containers()
        self._write("Failed", reason="DeadlineExceeded", message=text)
        return True

    def _show_lost(self) -> None:
        """The node is back: what ran on it is gone, nobody knows how it ended.

        Simplified: the pod keeps its address; a real one gets another with its new sandbox.
        """
        self._life.lost = False
        running = [(container, entry) for container, entry in self._pairs() if is_running(entry)]
        for container, entry in running:
            one = self._turn_of(container, entry)
            self._scene.runtime.stop(one.task(), 0.0)
            one.end(255, "Unknown")
            self._changed = True
        if running:
            self._say("Normal", "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.")

    def _has_volumes(self) -> bool:
        if self._life.mounted or self._life.sandbox is not None or self._any_run():
            return True
        again, failures = self._life.mounting or (0.0, 0)
        if self._scene.now < again:
            self._come_at(again)
            return False
        problems = mount_problems(self._pod, self._scene.lookup)
        for volume, problem in problems:
            self._say("Warning", "FailedMount", f'MountVolume.SetUp failed for volume "{volume}" : {problem}')
        if problems:
            again = self._scene.now + min(_MOUNT_AGAIN * 2.0 ** min(failures, 16), _MOUNT_AGAIN_MOST)
            self._life.mounting = (again, failures + 1)
            self._come_at(again)
            return False
        self._life.mounted, self._life.mounting = True, None
        return True

    def _has_sandbox(self) -> bool:
        if self._any_run() or self._life.address:
            return True
        if self._life.sandbox is None:
            self._life.sandbox = self._scene.now + self._scene.pace.sandbox + self._life.late
        if self._scene.now < self._life.sandbox:
            self._come_at(self._life.sandbox)
            return False
        self._life.address = self._scene.address()
        return True

    def _any_run(self) -> bool:
        return any(has_run(entry) for entry in (*self._inits, *self._mains))

    def _run_containers(self) -> None:
        for container, entry in chain(self._whose_turn(), self._guests()):
            self._come_at(self._step(container, entry))
        if self._mains_are_over():
            self._stop_sidecars()

    def _step(self, container: Object, entry: Object) -> float:
        one = self._turn_of(container, entry)
        due = one.step()
        self._changed = self._changed or one.changed
        return due

    def _whose_turn(self) -> Iterator[tuple[Object, Object]]:
        """Init containers in order, each when those before it are done; then all others."""
        begun = any(has_run(entry) for entry in self._mains)
        for container, entry in zip(self._pod["spec"].get("initContainers") or (), self._inits, strict=True):
            if is_sidecar(container):
                yield container, entry
                if not entry.get("started") and not begun:
                    return
            elif not begun and exit_code(entry) != 0:
                yield container, entry
                if exit_code(entry) != 0:
                    return
        yield from zip(self._pod["spec"]["containers"], self._mains, strict=True)

    def _guests(self) -> Iterator[tuple[Object, Object]]:
        """Ephemeral containers: they run beside the others, once, and count for nothing."""
        return zip(self._pod["spec"].get("ephemeralContainers") or (), self._ephemerals, strict=True)

    def _mains_are_over(self) -> bool:
        return all(exit_code(entry) is not None for entry in self._mains) and not self._starts_again()

    def _starts_again(self) -> bool:
        pairs = zip(self._pod["spec"]["containers"], self._mains, strict=True)
        return any(
            exit_code(entry) is not None and self._turn_of(container, entry).restarts() for container, entry in pairs
        )

    def _stop_sidecars(self) -> None:
        pairs = zip(self._pod["spec"].get("initContainers") or (), self._inits, strict=True)
        for container, entry in reversed(list(pairs)):
            if is_sidecar(container) and is_running(entry):
                self._announce_stop(container, entry)
                self._stop_one(container, entry)

    # A pod that is being removed.

    def stop(self) -> None:
        """Tell the containers to stop, wait until they have, show it and let the pod go."""
        if self._pod.get("status", {}).get("phase") in FINAL:
            self.turn.gone = True
            return
        running = [(container, entry) for container, entry in self._pairs() if is_running(entry)]
        if self._life.stopping is None:
            for container, entry in running:
                self._announce_stop(container, entry)
        stopped = self._scene.now + self._stop_seconds(running)
        self._life.stopping = stopped if self._life.stopping is None else min(self._life.stopping, stopped)
        if self._scene.now < self._life.stopping:
            self._come_at(self._life.stopping)
            return
        self._stop_containers()
        phase = phase_of(self._pod, self._inits, self._mains, over=True)
        self._write(phase if phase in FINAL else "Failed")
        self.turn.gone = True

    def _stop_seconds(self, running: list[tuple[Object, Object]]) -> float:
        grace = self._pod["metadata"].get("deletionGracePeriodSeconds")
        most = self._grace if grace is None else float(grace)
        stop = self._scene.runtime.stop
        needed = max((stop(self._turn_of(*one).task(), most)[0] for one in running), default=0.0)
        return needed if grace is None else min(needed, most)

    @property
    def _grace(self) -> float:
        return float(self._pod["spec"].get("terminationGracePeriodSeconds", 30))

    def _announce_stop(self, container: Object, entry: Object) -> None:
        field = self._turn_of(container, entry).field
        self.turn.events.append(Happening("Normal", "Killing", f"Stopping container {container['name']}", field))

    def _stop_containers(self) -> None:
        for container, entry in self._pairs():
            if is_running(entry):
                self._stop_one(container, entry)

    def _stop_one(self, container: Object, entry: Object) -> None:
        one = self._turn_of(container, entry)
        _, code = self._scene.runtime.stop(one.task(), self._grace)
        one.end(code, "Error" if code else "Completed")
        self._changed = True

    # The status.

    def _stale(self) -> bool:
        """Whether the status lags behind for a reason outside of the containers: a new generation, a readiness gate."""
        status, spec = self._pod.get("status", {}), self._pod["spec"]
        if status.get("observedGeneration") != self._pod["metadata"].get("generation", 1):
            return True
        ready = next((one for one in status.get("conditions") or () if one.get("type") == "Ready"), None)
        if ready is None:
            return True
        if not spec.get("readinessGates") and ready.get("status") == "True":
            self._life.restoring = None
            return False
        fresh = conditions_of(
            self._pod, status.get("phase", ""), self._inits, self._mains, sandbox=True, now=self._scene.now
        )
        differs = next(one for one in fresh if one["type"] == "Ready")["status"] != ready.get("status")
        return (bool(spec.get("readinessGates")) and differs) or self._is_overdue(differs)

    def _is_overdue(self, differs: bool) -> bool:
        """Whether a condition that somebody else wrote has stood long enough for the kubelet to notice."""
        if not differs:
            self._life.restoring = None
            return False
        if self._life.restoring is None:
            self._life.restoring = self._scene.now + _RESTORE_SECONDS
        self._come_at(self._life.restoring)
        return self._scene.now >= self._life.restoring

    def _write(self, phase: str, *, reason: str = "", message: str = "") -> None:
        before = self._pod.get("status", {})
        status = {key: before[key] for key in before if key not in ("reason", "message")}
        sandbox = bool(self._life.address) and phase not in FINAL
        fresh = conditions_of(self._pod, phase, self._inits, self._mains, sandbox=sandbox, now=self._scene.now)
        status.update(
            phase=phase,
            observedGeneration=self._pod["metadata"].get("generation", 1),
            startTime=before.get("startTime") or timestamp(self._scene.now),
            hostIP=self._scene.host,
            hostIPs=[{"ip": self._scene.host}],
            containerStatuses=self._mains,
            conditions=self._resizing.conditions(fresh),
        )
        if self._inits:
            status["initContainerStatuses"] = self._inits
        if self._ephemerals:
            status["ephemeralContainerStatuses"] = self._ephemerals
        if self._life.address:
            status.update(podIP=self._life.address, podIPs=[{"ip": self._life.address}])
        if reason:
            status.update(reason=reason, message=message)
        if status != before:
            self.turn.status = status

    def _pairs(self) -> Iterator[tuple[Object, Object]]:
        yield from self._started_by_spec()
        yield from self._guests()

    def _started_by_spec(self) -> Iterator[tuple[Object, Object]]:
        yield from zip(self._pod["spec"].get("initContainers") or (), self._inits, strict=True)
        yield from zip(self._pod["spec"]["containers"], self._mains, strict=True)

    def _turn_of(self, container: Object, entry: Object) -> ContainerTurn:
        return ContainerTurn(
            self._pod, container, entry, life=self._life, scene=self._scene, say=self.turn.events.append
        )

    def _say(self, kind: str, reason: str, message: str) -> None:
        self.turn.events.append(Happening("Warning" if kind == "Warning" else "Normal", reason, message))

    def _come_at(self, due: float) -> None:
        self.turn.due = min(self.turn.due, due)


def _entries(containers: list[Object] | tuple[()], known: list[Object] | None, first: str) -> list[Object]:
    """A copy of the status entries, in the order of the spec, with one for each container that has none yet."""
    by_name = {entry["name"]: entry for entry in known or ()}
    return [
        copy_of(by_name[container["name"]]) if container["name"] in by_name else waiting_entry(container, first)
        for container in containers
    ]
