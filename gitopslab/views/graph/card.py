"""What a card of the graph says about one object: its state, a count, a few words.

Called by ``graph.graph`` for every object; reads one object. Pods are left to ``views.pods``, why a pod waits to
``views.reasons``, where the card is drawn to ``graph.layout``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gitopslab.machinery.objects import (
    Object,
    annotations_of,
    condition_of,
    is_condition_true,
    is_terminating,
    labels_of,
)
from gitopslab.views import pods as podview
from gitopslab.views.reasons import sentence_of

REVISION = "deployment.kubernetes.io/revision"
BROKEN = frozenset({"failed", "pending", "notready"})
"""States that stay in sight when a graph is folded."""


@dataclass(frozen=True, slots=True)
class Words:
    """What is said.

    Attributes:
        state: A key of ``palette.STATES``; empty for what has no state, such as a ConfigMap.
        word: The state in a word or two.
        count: How many of how many, as ``2/3``; empty where nothing is counted.
        reason: A sentence when something is the matter.
    """

    state: str = ""
    word: str = ""
    count: str = ""
    reason: str = ""


def words_of(kind: str, obj: Object) -> Words:
    """The words of a card."""
    if is_terminating(obj) and kind != "Pod":
        waits = ", ".join(obj["metadata"].get("finalizers") or [])
        return Words("terminating", "terminating", reason=f"Waits for its finalizers: {waits}." if waits else "")
    say = _WORDS.get(kind)
    return say(obj) if say else Words()


def revision_of(obj: Object) -> int:
    """Which revision of its Deployment a ReplicaSet is; 0 when it does not say."""
    text = annotations_of(obj).get(REVISION, "")
    return int(text) if text.isdigit() else 0


def _pod(obj: Object) -> Words:
    ready, containers = podview.readiness_of(obj)
    status = podview.status_of(obj)
    return Words(podview.state_of(obj), status, f"{ready}/{containers}", sentence_of(obj))


def _replicas(obj: Object) -> Words:
    wanted, status = obj.get("spec", {}).get("replicas", 1), obj.get("status", {})
    return _counted(obj, int(status.get("readyReplicas") or 0), int(wanted))


def _deployment(obj: Object) -> Words:
    words, status = _replicas(obj), obj.get("status", {})
    progress = condition_of(obj, "Progressing") or {}
    if progress.get("status") == "False":
        return Words("failed", progress.get("reason") or "stuck", words.count, progress.get("message") or "")
    if obj.get("spec", {}).get("paused"):
        return Words(words.state, "rollout paused", words.count, "A person paused its rollout; kubectl rollout resume.")
    updated, wanted = int(status.get("updatedReplicas") or 0), int(obj.get("spec", {}).get("replicas", 1))
    if updated < wanted:
        return Words(words.state, f"{updated} of {wanted} updated", words.count, words.reason)
    return words


def _daemon_set(obj: Object) -> Words:
    status = obj.get("status", {})
    return _counted(obj, int(status.get("numberReady") or 0), int(status.get("desiredNumberScheduled") or 0))


def _counted(obj: Object, ready: int, wanted: int) -> Words:
    failure = condition_of(obj, "ReplicaFailure") or {}
    if failure.get("status") == "True":
        return Words("failed", failure.get("reason") or "fails", f"{ready}/{wanted}", failure.get("message") or "")
    if ready >= wanted:
        return Words("ready" if wanted else "", "ready" if wanted else "scaled to 0", f"{ready}/{wanted}")
    return Words("notready", f"{wanted - ready} not ready", f"{ready}/{wanted}")


def _job(obj: Object) -> Words:
    spec, status = obj.get("spec", {}), obj.get("status", {})
    count = f"{int(status.get('succeeded') or 0)}/{int(spec.get('completions') or 1)}"
    if is_condition_true(obj, "Complete"):
        return Words("succeeded", "complete", count)
    failed = condition_of(obj, "Failed") or {}
    if failed.get("status") == "True":
        return Words("failed", failed.get("reason") or "failed", count, failed.get("message") or "")
    return Words("pending", "suspended", count) if spec.get("suspend") else Words("running", "running", count)


def _cron_job(obj: Object) -> Words:
    spec = obj.get("spec", {})
    schedule = spec.get("schedule") or ""
    return Words("pending", f"suspended · {schedule}") if spec.get("suspend") else Words("ready", schedule)


def _service(obj: Object) -> Words:
    spec = obj.get("spec", {})
    ports = ", ".join(str(port.get("port")) for port in spec.get("ports") or [])
    return Words("", f"{spec.get('type') or 'ClusterIP'} {ports}".strip())


def _ingress(obj: Object) -> Words:
    hosts = [rule.get("host") or "*" for rule in obj.get("spec", {}).get("rules") or []]
    return Words("", ", ".join(dict.fromkeys(hosts)))


def _claim(obj: Object) -> Words:
    phase = obj.get("status", {}).get("phase") or "Pending"
    asks = ((obj.get("spec", {}).get("resources") or {}).get("requests") or {}).get("storage") or ""
    return Words({"Bound": "ready", "Lost": "failed"}.get(phase, "pending"), f"{phase} {asks}".strip())


def _volume(obj: Object) -> Words:
    phase = obj.get("status", {}).get("phase") or "Available"
    size = (obj.get("spec", {}).get("capacity") or {}).get("storage") or ""
    states = {"Bound": "ready", "Failed": "failed", "Released": "terminating"}
    return Words(states.get(phase, ""), f"{phase} {size}".strip())


def _keys(obj: Object) -> Words:
    keys = [*(obj.get("data") or {}), *(obj.get("binaryData") or {})]
    return Words("", ", ".join(keys) or "empty")


def _node(obj: Object) -> Words:
    zone = labels_of(obj).get("topology.kubernetes.io/zone", "")
    if not is_condition_true(obj, "Ready"):
        return Words("failed", "NotReady", reason=(condition_of(obj, "Ready") or {}).get("message") or "")
    return Words("ready", "cordoned" if obj.get("spec", {}).get("unschedulable") else zone)


def _namespace(obj: Object) -> Words:
    return Words("ready", obj.get("status", {}).get("phase") or "Active")


_WORDS: dict[str, Callable[[Object], Words]] = {
    "Pod": _pod, "ReplicaSet": _replicas, "StatefulSet": _replicas, "Deployment": _deployment, "DaemonSet": _daemon_set,
    "Job": _job, "CronJob": _cron_job, "Service": _service, "Ingress": _ingress, "PersistentVolumeClaim": _claim,
    "PersistentVolume": _volume, "ConfigMap": _keys, "Secret": _keys, "Node": _node, "Namespace": _namespace,
    "StorageClass": lambda obj: Words("", obj.get("provisioner") or ""),
}  # fmt: skip
