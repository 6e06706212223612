"""The path of an apply: who does what, from the moment somebody writes an object until its containers run.

``path`` reads it off the objects as they are now: field managers, owner references, conditions and events, so it works
on any cluster and again after a reload. Everything goes through the API server, so a step is always "sees this, writes
that" of one station. Where the chain ends before its goal, ``end`` marks the station and says why.
The steps are found by ``path_writer``, ``path_controllers`` and ``path_pods``; words and drawing of the whole are in
``path_text`` and ``path_svg``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from gitopslab.machinery.objects import Object, key_of, labels_of, name_of
from gitopslab.views.components import PARTS, without
from gitopslab.views.path_controllers import ACTORS, CONTROLLED, follow
from gitopslab.views.path_trail import Ending, Step, Trail
from gitopslab.views.path_writer import begin
from gitopslab.views.running import Running, running

KINDS = ("nodes", "pods", "events")
"""What every path follows; ``kinds_for`` adds those of its own objects."""

_CHAINS: dict[str, tuple[str, ...]] = {
    "Deployment": ("deployments", "replicasets"),
    "ReplicaSet": ("replicasets",),
    "StatefulSet": ("statefulsets",),
    "DaemonSet": ("daemonsets",),
    "Job": ("jobs",),
    "CronJob": ("cronjobs", "jobs"),
    "Pod": (),
    "Service": ("services", "endpointslices"),
}
_CONTROL = "node-role.kubernetes.io/control-plane"
_BRIEFLY = {
    "kube-apiserver": "checks every request; all others speak only with it",
    "etcd": "keeps every object",
    "kube-scheduler": "picks nodes",
    "kubelet": "starts containers",
}
_RUNS_PODS = frozenset(_CHAINS) - {"Service"}
_YOU, _API, _STORE, _SCHEDULER, _KUBELET = "you", "kube-apiserver", "etcd", "kube-scheduler", "kubelet"


@dataclass(frozen=True, slots=True)
class Station:
    """One part of the cluster on the way.

    Attributes:
        key: What it is called in steps; also what stops and starts it.
        title: As people call it.
        role: What it does, in a sentence.
        within: A few words below the title: what it does, or the program it is a part of.
        state: ``idle``, ``done``, ``waiting``, ``failed`` or ``stopped``.
        running: Whether it runs; None when nobody can tell.
        switchable: Whether it can be stopped and started here.
        without: What follows when it does not run.
    """

    key: str
    title: str
    role: str
    within: str
    state: str
    running: bool | None
    switchable: bool
    without: str


@dataclass(frozen=True, slots=True)
class Path:
    """The whole picture.

    Attributes:
        subject: What was applied, as ``Deployment web``.
        exists: Whether there is such an object.
        nodes: Those whose kubelets are meant: where its pods are, or else all that may get them.
        stations: In the order of the chain: who writes first, then who acts on it.
        bus: The API server and the store, which everything passes.
        steps: What happened, in order.
        end: Where the chain is now, and why it goes no further.
    """

    subject: str
    exists: bool
    nodes: tuple[str, ...]
    stations: tuple[Station, ...]
    bus: tuple[Station, ...]
    steps: tuple[Step, ...]
    end: Ending

    def as_dict(self) -> dict[str, Any]:
        """The fields as JSON data."""
        return asdict(self)


def kinds_for(kind: str, plural: str) -> tuple[str, ...]:
    """Which kinds a path of such an object follows."""
    return tuple(dict.fromkeys((*KINDS, *_CHAINS.get(kind, (plural,)))))


def path(
    objects: Mapping[str, Sequence[Object]], kind: str, name: str, namespace: str, *, now: float, plural: str = ""
) -> Path:
    """The path of one object.

    Args:
        objects: Everything of the kinds that ``kinds_for`` names, and ``lab``, the cluster's own word if it has one.
        kind: As in ``Deployment``.
        name: Of the object.
        namespace: Of the object; empty for cluster-scoped ones.
        now: The cluster's time, in epoch seconds.
        plural: What the object is filed under, for kinds without a chain of their own.
    """
    filed = next(iter(_CHAINS.get(kind, ())), "pods" if kind == "Pod" else plural)
    found = next((one for one in objects.get(filed, ()) if key_of(one) == (namespace, name)), None)
    runs = running(objects.get("nodes", ()), objects.get("pods", ()), objects.get("lab", ()))
    trail = Trail(objects, runs, now)
    end = Ending(_YOU, "waiting", f"There is no {kind} {name} yet. Apply it.")
    if found is not None:
        begin(trail, found)
        end = follow(trail, found)
    end, steps = _closed(runs) or end, tuple(trail.steps)
    nodes = _nodes(trail, objects.get("nodes", ()))
    stations = [_you(steps), *(_controller(actor, runs) for actor in ACTORS.get(kind, ()))]
    if kind in _RUNS_PODS:
        silent = bool(nodes) and not any(map(runs.of_kubelet, nodes))
        stations += [_part(_SCHEDULER, runs), replace(_part(_KUBELET, runs), running=not silent)]
    bus = (_part(_API, runs), _part(_STORE, runs))
    return Path(
        f"{kind} {name}",
        found is not None,
        nodes,
        tuple(_marked(each, steps, end) for each in stations),
        tuple(_marked(each, steps, end) for each in bus),
        steps,
        end,
    )


def _nodes(trail: Trail, nodes: Sequence[Object]) -> tuple[str, ...]:
    if trail.places:
        return tuple(sorted(trail.places))
    return tuple(sorted(name_of(node) for node in nodes if _CONTROL not in labels_of(node)))


def _closed(runs: Running) -> Ending | None:
    """Without API server and store the chain ends there, whatever is to be done."""
    if runs.of(_API) is False:
        return Ending(_API, "stopped", "The API server is stopped: nobody can see or change anything.")
    if runs.of(_STORE) is False:
        return Ending(_STORE, "stopped", "etcd is stopped: the API server can neither read nor keep anything.")
    return None


def _you(steps: Sequence[Step]) -> Station:
    who = steps[0].title.split(" applies ")[0] if steps and " applies " in steps[0].title else "You"
    role = "Writes what should be: with kubectl, from a notebook, out of Git."
    return Station(_YOU, who, role, "", "idle", True, False, "")


def _part(key: str, runs: Running) -> Station:
    part = PARTS[key]
    within = _BRIEFLY.get(key, "")
    return Station(key, part.title, part.role, within, "idle", runs.of(key), runs.can_switch, part.without)


def _controller(name: str, runs: Running) -> Station:
    role = "Compares what should be with what is, and writes the difference."
    title = f"{CONTROLLED[name]} controller"
    switchable = name in runs.controllers
    return Station(name, title, role, "controller manager", "idle", runs.of(name), switchable, without(name))


def _marked(station: Station, steps: Sequence[Step], end: Ending) -> Station:
    state = "done" if any(station.key == step.actor for step in steps) else "idle"
    if station.key in (_API, _STORE) and steps:
        state = "done"
    if station.key == end.station and end.state != "done":
        state = end.state
    if station.running is False:
        state = "stopped"
    return replace(station, state=state)
