"""The bars of a timeline: the life of a pod, a version, a workload, a node, cut where its state changed.

Called by ``timeline`` for one object each. Kubernetes keeps only the last change of each condition, so a bar tells the
newest turn for sure and what came before it as far as that follows.
"""

from __future__ import annotations

from dataclasses import dataclass

from gitopslab.machinery.clock import seconds_of
from gitopslab.machinery.objects import (
    Object,
    annotations_of,
    condition_of,
    created_of,
    is_condition_true,
    is_terminating,
    name_of,
    namespace_of,
    uid_of,
)
from gitopslab.views.message import Message
from gitopslab.views.pods import owner_of, state_of, status_of
from gitopslab.views.reasons import sentence_of

_REVISION = "deployment.kubernetes.io/revision"


@dataclass(frozen=True, slots=True)
class Gone:
    """A pod that is not there any more, as whoever watched remembers it.

    Attributes:
        owner: What made it directly, as ``ReplicaSet/web-7c5ddbdf54``; empty when nobody did.
        start: When it was made; ``end`` when it was deleted.
    """

    uid: str
    namespace: str
    name: str
    owner: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Segment(Message):
    """A part of a life in one state, a key of ``palette.STATES``, from a moment on."""

    start: float
    state: str


@dataclass(frozen=True, slots=True)
class Bar(Message):
    """One life.

    Attributes:
        start: When it began.
        end: When it ended; None while it goes on.
        segments: Its states, oldest first.
        name: Whose life.
        state: The present state; the last one when it has ended.
        words: What there is to say about it.
        command: The kubectl command that shows it; empty when nothing is left to show.
    """

    uid: str
    start: float
    end: float | None
    segments: tuple[Segment, ...]
    name: str
    state: str
    words: str
    command: str


def pod_bar(pod: Object) -> Bar:
    """Waiting, then running, then ready: as its conditions say when."""
    start, state = created_of(pod), state_of(pod)
    ended = _ended_at(pod)
    segments = [Segment(start, "pending")]
    turned = _turned(pod, "Ready")
    if state in ("ready", "running"):
        segments.append(Segment(max(start, turned), state))
    elif state in ("succeeded", "failed") and (began := _began_at(pod)):
        segments += [Segment(began, "running"), Segment(max(began, ended or turned), state)]
    elif state != "pending":
        segments.append(Segment(max(start, _deleted_at(pod) or turned), state))
    word = status_of(pod)
    return Bar(
        uid_of(pod), start, ended if state == "succeeded" else None, tuple(segments), name_of(pod), state,
        sentence_of(pod) or f"{word} on {pod['spec'].get('nodeName', 'no node')}",
        f"kubectl describe pod {name_of(pod)} -n {namespace_of(pod)}",
    )  # fmt: skip


def gone_bar(gone: Gone) -> Bar:
    """What is left of a pod: from when to when."""
    return Bar(
        gone.uid, gone.start, gone.end, (Segment(gone.start, "terminating"),), gone.name, "terminating", "Deleted.", ""
    )


def remembered(pod: Object, end: float) -> Gone:
    """What to keep of a pod that has just gone."""
    owner = next((one for one in pod["metadata"].get("ownerReferences") or () if one.get("controller")), None)
    made_by = f"{owner['kind']}/{owner['name']}" if owner else owner_of(pod)
    return Gone(uid_of(pod), namespace_of(pod), name_of(pod), made_by, created_of(pod), end)


def version_bar(replicaset: Object) -> Bar:
    """One version of a Deployment, from its first pods to when it was scaled to none."""
    spec, status = replicaset.get("spec", {}), replicaset.get("status", {})
    wanted, ready = int(spec.get("replicas") or 0), int(status.get("readyReplicas") or 0)
    start, revision = created_of(replicaset), annotations_of(replicaset).get(_REVISION, "")
    state = "ready" if wanted and ready >= wanted else "pending" if wanted else "terminating"
    containers = (spec.get("template") or {}).get("spec", {}).get("containers") or ()
    images = ", ".join(each.get("image") or "" for each in containers)
    end = None if wanted or status.get("replicas") else max(start, _last_write(replicaset))
    return Bar(
        uid_of(replicaset), start, end, (Segment(start, state),),
        f"revision {revision}" if revision else name_of(replicaset), state,
        f"ReplicaSet {name_of(replicaset)}: {images}; {ready} of {wanted} ready",
        f"kubectl describe replicaset {name_of(replicaset)} -n {namespace_of(replicaset)}",
    )  # fmt: skip


def workload_bar(obj: Object) -> Bar:
    """A workload as one life: well or not, and when it was done."""
    status, spec, start = obj.get("status", {}), obj.get("spec", {}), created_of(obj)
    end: float | None = None
    if obj["kind"] == "Job":
        failed = is_condition_true(obj, "Failed")
        over = failed or is_condition_true(obj, "Complete")
        end = _turned(obj, "Failed" if failed else "Complete") if over else None
        state = "failed" if failed else "succeeded" if over else "running"
        words = f"{status.get('succeeded', 0)} of {spec.get('completions', 1)} completions"
    else:
        wanted = int(status.get("desiredNumberScheduled", spec.get("replicas", 1)) or 0)
        ready = int(status.get("readyReplicas", status.get("numberReady", 0)) or 0)
        state, words = "ready" if ready >= wanted else "pending", f"{ready} of {wanted} ready"
    kind = obj["kind"].lower()
    return Bar(
        uid_of(obj), start, end, (Segment(start, state),), name_of(obj), state,
        f"{obj['kind']} {name_of(obj)}: {words}",
        f"kubectl describe {kind} {name_of(obj)} -n {namespace_of(obj)}",
    )  # fmt: skip


def node_bar(node: Object) -> Bar:
    """A node: Ready or not, since its condition last turned."""
    ready, start = is_condition_true(node, "Ready"), created_of(node)
    before, now = ("failed", "ready") if ready else ("ready", "failed")
    turned = max(start, _turned(node, "Ready"))
    segments = (Segment(turned, now),) if turned <= start + 1 else (Segment(start, before), Segment(turned, now))
    message = (condition_of(node, "Ready") or {}).get("message") or ""
    return Bar(
        uid_of(node), start, None, segments, name_of(node), now, message, f"kubectl describe node {name_of(node)}"
    )


def _turned(obj: Object, condition: str) -> float:
    text = (condition_of(obj, condition) or {}).get("lastTransitionTime")
    return seconds_of(text) if text else created_of(obj)


def _deleted_at(pod: Object) -> float:
    """When deletion was asked for: the deadline less the grace."""
    if not is_terminating(pod):
        return 0.0
    grace = float(pod["metadata"].get("deletionGracePeriodSeconds") or 0)
    return seconds_of(pod["metadata"]["deletionTimestamp"]) - grace


def _ended_at(pod: Object) -> float | None:
    times = [
        ended["finishedAt"]
        for entry in pod.get("status", {}).get("containerStatuses") or ()
        if (ended := entry.get("state", {}).get("terminated")) and ended.get("finishedAt")
    ]
    return max(map(seconds_of, times), default=None)


def _began_at(pod: Object) -> float:
    text = pod.get("status", {}).get("startTime")
    return seconds_of(text) if text else 0.0


def _last_write(obj: Object) -> float:
    times = [entry["time"] for entry in obj["metadata"].get("managedFields") or () if entry.get("time")]
    return max(map(seconds_of, times), default=0.0)
