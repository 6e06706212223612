"""Resizing in place: containers that run get the amounts that their pod's spec says by now, once the node has them.

``play`` has it step at every turn and shows its conditions. Upstream: ``pkg/kubelet/allocation`` and
``computePodResizeAction``.

Simplified: what other pods have asked for counts as theirs before they have it, the amounts of the pod as a whole are
not looked at, and a program that really runs keeps the limit of memory that it began with.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import orjson

from gitopslab.controlplane.kubelet.life import NEVER, Happening, Life, Scene
from gitopslab.controlplane.kubelet.status import is_running
from gitopslab.machinery.clock import timestamp
from gitopslab.machinery.objects import Object, find_condition

_TAKES = 1.0  # seconds from the grant until the container runtime has done it
_AGAIN = 3.0  # seconds until it is looked again whether there is room
_PENDING, _IN_PROGRESS = "PodResizePending", "PodResizeInProgress"


class Resizing:
    """One turn of one pod.

    Args:
        pod: The pod.
        life: What is remembered of it.
        scene: Its node.
        pairs: Its containers that can be resized, with their entries in the status; the entries are changed.
        say: Takes what is to be said.
    """

    def __init__(
        self,
        pod: Object,
        life: Life,
        scene: Scene,
        pairs: Sequence[tuple[Object, Object]],
        say: Callable[[Happening], None],
    ) -> None:
        self._pod = pod
        self._life = life
        self._scene = scene
        self._pairs = pairs
        self._say = say
        self._generation: int = pod["metadata"].get("generation", 1)
        self.changed = False

    def step(self) -> float:
        """Do what is due; when there is something to do again."""
        if not (wanted := self._wanted()):
            self._settle()
            return NEVER
        life = self._life
        if (life.granted is None or life.granted[0] != self._generation) and not self._has_room():
            return self._scene.now + _AGAIN
        assert life.granted is not None, "there was room"
        if self._scene.now < life.granted[1]:
            return life.granted[1]
        for container, entry in wanted:
            self._give(container, entry)
        if not self._wanted():
            self._settle()
        return NEVER

    def conditions(self, fresh: list[Object]) -> list[Object]:
        """The pod's conditions, with the one of a resize that is under way before them."""
        others = [one for one in fresh if one.get("type") not in (_PENDING, _IN_PROGRESS)]
        if self._life.deferred is not None:
            return [self._condition(_PENDING, self._life.deferred[1].message), *others]
        return [self._condition(_IN_PROGRESS), *others] if self._life.granted is not None else others

    def _wanted(self) -> list[tuple[Object, Object]]:
        return [
            (container, entry)
            for container, entry in self._pairs
            if is_running(entry) and _amounts(container.get("resources")) != _amounts(entry.get("resources"))
        ]

    def _has_room(self) -> bool:
        life, lacking = self._life, self._scene.shortage()
        if lacking is None:
            self._grant()
        elif life.deferred is None or life.deferred[0] != self._generation:
            life.deferred, life.granted, self.changed = (self._generation, lacking), None, True
            self._tell("Warning", "ResizeDeferred", lacking.reason, lacking.message)
        return lacking is None

    def _grant(self) -> None:
        self._life.granted, self._life.deferred = (self._generation, self._scene.now + _TAKES), None
        self.changed = True
        for container, entry in self._wanted():
            entry["allocatedResources"] = (container.get("resources") or {}).get("requests") or {}
        self._tell("Normal", "ResizeStarted", "started")

    def _give(self, container: Object, entry: Object) -> None:
        if _needs_restart(container, entry):
            self._life.unit(container["name"]).killed = "resize"
            return
        entry["resources"] = container.get("resources") or {}
        self.changed = True

    def _settle(self) -> None:
        """All have what they should have; also when what was asked for has been taken back."""
        life = self._life
        self.changed = self.changed or life.granted is not None or life.deferred is not None
        if life.granted is not None:
            self._tell("Normal", "ResizeCompleted", "completed")
        life.granted = life.deferred = None

    def _tell(self, kind: str, reason: str, how: str, error: str = "") -> None:
        text = f"Pod resize {how}: {_summary(self._pod, self._generation, error)}"
        self._say(Happening("Warning" if kind == "Warning" else "Normal", reason, text))

    def _condition(self, kind: str, message: str = "") -> Object:
        known = find_condition(self._pod.get("status", {}).get("conditions") or (), kind) or {}
        now = timestamp(self._scene.now)
        return {
            "type": kind,
            "status": "True",
            "observedGeneration": self._generation,
            "lastProbeTime": now,
            "lastTransitionTime": known.get("lastTransitionTime") or now,
            **({"reason": "Deferred", "message": message} if message else {}),
        }


def _needs_restart(container: Object, entry: Object) -> bool:
    """Whether its ``resizePolicy`` has a container start again for what changes."""
    policies = {one["resourceName"]: one.get("restartPolicy") for one in container.get("resizePolicy") or ()}
    differences = _amounts(container.get("resources")).items() ^ _amounts(entry.get("resources")).items()
    return any(policies.get(name) == "RestartContainer" for (_, name), _ in differences)


def _amounts(resources: Object | None) -> dict[tuple[str, str], str]:
    kinds = ("limits", "requests")
    return {(kind, name): text for kind in kinds for name, text in ((resources or {}).get(kind) or {}).items()}


def _summary(pod: Object, generation: int, error: str) -> str:
    """What a pod asks for, as the kubelet's events tell it."""
    spec = pod["spec"]
    kinds = {kind: [_allocation(one) for one in spec.get(kind) or ()] for kind in ("initContainers", "containers")}
    told = {kind: found for kind, found in kinds.items() if found}
    return orjson.dumps({**told, "generation": generation, **({"error": error} if error else {})}).decode()


def _allocation(container: Object) -> Object:
    resources = container.get("resources") or {}
    shown = {kind: dict(sorted(resources[kind].items())) for kind in ("limits", "requests") if resources.get(kind)}
    return {"name": container["name"], "resources": shown}
