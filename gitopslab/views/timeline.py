"""The timeline: who lived when, and what happened to whom. Lanes of workloads with their pods, of nodes, of the rest.

``timeline`` makes it from objects of any cluster: creation times, conditions and events. What is gone leaves nothing in
the API, so whoever watches hands it in as ``gone``. Lanes have a fixed order (kind, name; pods by age), so nothing
jumps. Bars are in ``timeline_bars``, words and drawing in ``timeline_text`` and ``timeline_svg``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from gitopslab.machinery.clock import seconds_of
from gitopslab.machinery.objects import (
    Object,
    controller_of,
    created_of,
    is_condition_true,
    name_of,
    namespace_of,
)
from gitopslab.views.board import SYSTEM_NAMESPACES, natural
from gitopslab.views.message import Message
from gitopslab.views.news import in_order, when_of
from gitopslab.views.timeline_bars import Bar, Gone, gone_bar, node_bar, pod_bar, version_bar, workload_bar

KINDS = (
    "nodes", "pods", "events", "deployments", "replicasets", "statefulsets", "daemonsets", "jobs", "cronjobs",
)  # fmt: skip
"""What a timeline follows."""

SPANS = (300.0, 900.0, 3_600.0, 21_600.0)
"""How far back it may show, in seconds."""

_WORKLOADS = ("deployments", "statefulsets", "daemonsets", "cronjobs", "jobs")
_ORDER = ("Node", "Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job", "ReplicaSet", "Pod")
_MOST_PODS = 8  # a lane shows so many, the newest, and counts the others
_FITS = (20.0, 30.0, 60.0, 120.0, 180.0, 300.0, 600.0, 900.0, 1_800.0, 3_600.0, *SPANS[3:])
_SEVERITY = ("normal", "write", "warning")
_BY_CLUSTER = frozenset({"kube-controller-manager", "kube-scheduler", "kubelet", "kube-apiserver"})


@dataclass(frozen=True, slots=True)
class Mark(Message):
    """One thing that happened.

    Attributes:
        seconds: When; for an event that came again, the last time.
        state: ``normal``, ``warning``, or ``write`` when somebody changed the object.
        title: The event's reason, or who wrote.
        text: What it says.
        count: How often.
        about: The object, as ``pod/web``.
        command: The kubectl command that shows it.
        order: The resourceVersion it was written at; tells apart what happened within a second.
    """

    seconds: float
    state: str
    title: str
    text: str
    count: int
    about: str
    command: str
    order: int


@dataclass(frozen=True, slots=True)
class Moment(Message):
    """What happened in one lane within one second, which is as fine as most events know it.

    Attributes:
        uid: Its own.
        seconds: When.
        state: That of its worst mark.
        marks: In their order.
    """

    uid: str
    seconds: float
    state: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Lane(Message):
    """One row.

    Attributes:
        key: The same for as long as it is about the same.
        kind: As in ``Deployment``.
        title: The name a person calls it.
        level: 0, or 1 for a pod below its workload.
        note: What is not drawn, in words.
        bars: Lives, oldest first.
        moments: What happened, oldest first.
    """

    key: str
    kind: str
    title: str
    level: int
    note: str
    bars: tuple[Bar, ...]
    moments: tuple[Moment, ...]

    @property
    def marks(self) -> tuple[Mark, ...]:
        """All that happened, oldest first."""
        return tuple(mark for moment in self.moments for mark in moment.marks)


@dataclass(frozen=True, slots=True)
class Timeline(Message):
    """The whole picture.

    Attributes:
        lanes: From top to bottom.
        span: How many seconds back it had better show.
        warnings: How many warnings there are.
        events: How many things happened.
    """

    lanes: tuple[Lane, ...]
    span: float
    warnings: int
    events: int


def timeline(
    objects: Mapping[str, Sequence[Object]],
    *,
    now: float,
    namespace: str = "",
    only: str = "",
    gone: Iterable[Gone] = (),
) -> Timeline:
    """The timeline of a cluster.

    Args:
        objects: Everything of ``KINDS``.
        now: The cluster's time, in epoch seconds.
        namespace: Only this one; empty for all but the cluster's own.
        only: One workload or pod, as ``Deployment/web``.
        gone: Pods that were there and are not any more.
    """

    def is_wanted(space: str) -> bool:
        return space == namespace if namespace else space not in SYSTEM_NAMESPACES

    ours = {plural: [obj for obj in found if is_wanted(namespace_of(obj))] for plural, found in objects.items()}
    lanes = _node_lanes(objects)
    family = _Family(ours, [one for one in gone if is_wanted(one.namespace)])
    for top in family.tops:
        if only in ("", f"{top.kind}/{top.name}"):
            lanes += family.lanes(top)
    marks = [mark for lane in lanes for mark in lane.marks]
    warnings = sum(mark.state == "warning" for mark in marks)
    return Timeline(tuple(lanes), _span(lanes, now), warnings, len(marks))


def _span(lanes: Iterable[Lane], now: float) -> float:
    """The shortest span that holds all that began or happened within the last hour."""
    moments = [bar.start for lane in lanes for bar in lane.bars]
    moments += [mark.seconds for lane in lanes for mark in lane.marks]
    recent = [now - moment for moment in moments if now - moment <= SPANS[2]]
    return next((span for span in _FITS if span >= 1.04 * max(recent, default=0.0)), _FITS[-1])


def _node_lanes(objects: Mapping[str, Sequence[Object]]) -> list[Lane]:
    """Nodes only when there is something to tell: one that is not Ready, or that was warned about."""
    lanes = []
    for node in sorted(objects.get("nodes", ()), key=lambda node: natural(name_of(node))):
        marks = [mark_of(event) for event in objects.get("events", ()) if _about(event)[:2] == ("Node", name_of(node))]
        told = any(mark.state == "warning" or mark.title == "NodeNotReady" for mark in marks)
        if told or not is_condition_true(node, "Ready"):
            lanes.append(_lane(_Key("Node", name_of(node), ""), [node_bar(node)], marks))
    return lanes


class _Key(NamedTuple):
    kind: str
    name: str
    namespace: str


class _Family:
    """Who belongs below whom.

    Args:
        objects: What is shown.
        gone: Pods that are not there any more.

    Attributes:
        tops: What has lanes: workloads, pods that nobody made, other objects with events; in the order of the lanes.
    """

    def __init__(self, objects: Mapping[str, Sequence[Object]], gone: Sequence[Gone]) -> None:
        self._objects = objects
        self._parents = _parents(objects, gone)
        self._bars = [(_Key("Pod", name_of(pod), namespace_of(pod)), pod_bar(pod)) for pod in objects.get("pods", ())]
        known = {bar.uid for _, bar in self._bars}
        self._bars += [(_Key("Pod", one.name, one.namespace), gone_bar(one)) for one in gone if one.uid not in known]
        self._marks: dict[_Key, list[Mark]] = defaultdict(list)
        pods = {key for key, _ in self._bars}
        for event in objects.get("events", ()):
            about = _Key(*_about(event))
            if about.kind != "Node":
                self._marks[about if about in pods else self._top(about)].append(mark_of(event))
        self._made = {_key(obj): obj for plural in _WORKLOADS for obj in objects.get(plural, ())}
        self.tops = sorted({self._top(key) for key in (*self._made, *pods, *self._marks)}, key=_place)

    def lanes(self, top: _Key) -> list[Lane]:
        """The lane of a top, and those of its pods below it."""
        bars = sorted((row for row in self._bars if self._top(row[0]) == top), key=lambda row: (row[1].start, row[0]))
        if top.kind == "Pod":
            return [_lane(top, [bar for _, bar in bars], self._marks[top])]
        hidden = len(bars) - _MOST_PODS
        note = f"and {hidden} more pods" if hidden > 0 else ""
        lanes = [_lane(top, self._versions(top), [*self._marks[top], *self._writes(top)], note=note)]
        for key, bar in bars[-_MOST_PODS:]:
            lanes.append(_lane(key, [bar], self._marks[key], title=key.name.removeprefix(f"{top.name}-"), level=1))
        return lanes

    def _top(self, key: _Key) -> _Key:
        while key in self._parents:
            key = self._parents[key]
        return key

    def _versions(self, top: _Key) -> list[Bar]:
        """A Deployment's ReplicaSets, a CronJob's Jobs, any other workload as one life."""
        if top not in self._made:
            return []
        children = {"Deployment": "replicasets", "CronJob": "jobs"}.get(top.kind)
        if children is None:
            return [workload_bar(self._made[top])]
        found = [obj for obj in self._objects.get(children, ()) if self._parents.get(_key(obj)) == top]
        make = version_bar if children == "replicasets" else workload_bar
        return [make(obj) for obj in sorted(found, key=created_of)]

    def _writes(self, top: _Key) -> list[Mark]:
        """When a person, or a tool that is no part of the cluster, last wrote it."""
        obj = self._made.get(top, {})
        entries = obj.get("metadata", {}).get("managedFields") or ()
        ours = (entry for entry in entries if not entry.get("subresource") and entry["manager"] not in _BY_CLUSTER)
        return [_write(obj, entry) for entry in ours if entry.get("time")]


def _parents(objects: Mapping[str, Sequence[Object]], gone: Iterable[Gone]) -> dict[_Key, _Key]:
    """Whose part each object is, as far as that has a lane: not a node's, whose pods stand for themselves."""
    found = {}
    for obj in (*objects.get("replicasets", ()), *objects.get("jobs", ()), *objects.get("pods", ())):
        owner = controller_of(obj)
        if owner is not None and owner["kind"] != "Node":
            found[_key(obj)] = _Key(owner["kind"], owner["name"], namespace_of(obj))
    for one in gone:
        kind, _, name = one.owner.partition("/")
        if name:
            found.setdefault(_Key("Pod", one.name, one.namespace), _Key(kind, name, one.namespace))
    return found


def mark_of(event: Object) -> Mark:
    """An event as a moment."""
    kind, name, namespace = _about(event)
    where = f" -n {namespace}" if namespace else ""
    return Mark(
        seconds=when_of(event),
        state="warning" if event.get("type") == "Warning" else "normal",
        title=event.get("reason") or "",
        text=event.get("message") or "",
        count=int(event.get("count") or (event.get("series") or {}).get("count") or 1),
        about=f"{kind.lower()}/{name}",
        command=f"kubectl describe {kind.lower()} {name}{where}",
        order=in_order(event)[1],
    )


def _write(obj: Object, entry: Object) -> Mark:
    kind, name, namespace = obj["kind"].lower(), name_of(obj), namespace_of(obj)
    who = "you" if entry["manager"] == "gitopslab" else entry["manager"]
    return Mark(
        seconds=seconds_of(entry["time"]),
        state="write",
        title=f"{'applied' if entry.get('operation') == 'Apply' else 'written'} by {who}",
        text="The last time this manager set fields of the object.",
        count=1,
        about=f"{kind}/{name}",
        command=f"kubectl get {kind} {name} -n {namespace} -o yaml --show-managed-fields",
        order=0,
    )


def _lane(
    key: _Key, bars: Iterable[Bar], marks: Iterable[Mark], *, title: str = "", level: int = 0, note: str = ""
) -> Lane:
    name = f"{key.namespace}/{key.kind}/{key.name}"
    return Lane(name, key.kind, title or key.name, level, note, tuple(bars), tuple(_moments(name, marks)))


def _moments(lane: str, marks: Iterable[Mark]) -> Iterator[Moment]:
    ordered = sorted(marks, key=lambda mark: (int(mark.seconds), mark.order, mark.title))
    for second, group in groupby(ordered, key=lambda mark: int(mark.seconds)):
        together = tuple(group)
        worst = max((mark.state for mark in together), key=_SEVERITY.index)
        yield Moment(f"{lane}@{second}", float(second), worst, together)


def _about(event: Object) -> tuple[str, str, str]:
    about = event.get("involvedObject") or {}
    return about.get("kind") or "", about.get("name") or "", about.get("namespace") or ""


def _key(obj: Object) -> _Key:
    return _Key(obj["kind"], name_of(obj), namespace_of(obj))


def _place(key: _Key) -> tuple[object, ...]:
    rank = _ORDER.index(key.kind) if key.kind in _ORDER else len(_ORDER)
    return key.namespace, rank, key.kind, natural(key.name)
