"""Why a pod is not running, in one plain sentence.

Called by ``board``; reads one pod. It rewords what the cluster itself says (the PodScheduled condition, a container's
waiting reason, the pod's own message) and keeps Kubernetes' words where it knows no plainer ones.
What happened before, the events, is left to ``board``.
"""

from __future__ import annotations

import re

from gitopslab.machinery.objects import Object, condition_of, is_terminating
from gitopslab.views.pods import failed_container, state_of, status_of, waiting_container

_HEAD = re.compile(r"^\d+/(\d+) nodes are available: (.*)$", re.S)
_CLAUSE = re.compile(r"^(\d+) (.*)$", re.S)
_LONGEST = 220
_DISRUPTIONS = {
    "PreemptionByScheduler": "preempted",
    "EvictionByEvictionAPI": "evicted",
    "DeletionByTaintManager": "tainted",
    "DeletionByPodGC": "collected",
    "TerminationByKubelet": "evicted",
}
LEAVING = {
    "preempted": "Preempted: a more important pod needs its place",
    "evicted": "Evicted, as when its node is drained",
    "tainted": "Its node has a NoExecute taint that it does not tolerate",
    "collected": "Its node is gone",
}

PLAIN: tuple[tuple[str, str, str], ...] = (
    (r"Insufficient cpu", "has too little free CPU", "have too little free CPU"),
    (r"Insufficient memory", "has too little free memory", "have too little free memory"),
    (r"Insufficient (\S+)", r"has too little \1", r"have too little \1"),
    (r"Too many pods", "is full (its pod limit)", "are full (their pod limit)"),
    (r"node\(s\) had untolerated taint \{(\S+?)(?:: (\S*))?\}", r"has a taint it does not tolerate (\1)",
     r"have a taint it does not tolerate (\1)"),
    (r"node\(s\) had untolerated taint\(s\)", "has a taint it does not tolerate", "have a taint it does not tolerate"),
    (r"node\(s\) didn't match Pod's node affinity/selector", "does not match its node selector or affinity",
     "do not match its node selector or affinity"),
    (r"node\(s\) were unschedulable", "is cordoned", "are cordoned"),
    (r"node\(s\) didn't have free ports for the requested pod ports", "has its host port taken",
     "have its host port taken"),
    (r"node\(s\) didn't match pod affinity rules", "has no pod it must be near", "have no pod it must be near"),
    (r"node\(s\) didn't match pod anti-affinity rules", "already runs a pod it must avoid",
     "already run a pod it must avoid"),
    (r"node\(s\) didn't satisfy existing pods anti-affinity rules", "runs a pod that avoids it",
     "run a pod that avoids it"),
    (r"node\(s\) didn't match pod topology spread constraints.*", "would break its spread rule",
     "would break its spread rule"),
    (r"node\(s\) had volume node affinity conflict", "cannot reach its volume", "cannot reach its volume"),
)  # fmt: skip
"""Why nodes refuse a pod: a pattern of the scheduler's words, and plain ones for one node and for many."""


def sentence_of(pod: Object) -> str:
    """Why the pod is not ready yet, or what went wrong; empty for one that runs and is ready."""
    state = state_of(pod)
    if state in ("ready", "running", "succeeded"):
        return ""
    if state == "terminating":
        why = LEAVING.get(leaving_of(pod), "Told to stop")
        return f"{why}; it disappears when its containers have ended."
    if not pod.get("spec", {}).get("nodeName"):
        return _unplaced(pod)
    return _cut(_stuck(pod) or _preparing(pod, state))


def leaving_of(pod: Object) -> str:
    """Why a pod that was told to stop has to go, in a word: ``preempted``, ``evicted``, ``tainted`` or ``collected``.

    Empty when a person or a controller simply deleted it, or when it stays.
    """
    if not is_terminating(pod):
        return ""
    return _DISRUPTIONS.get((condition_of(pod, "DisruptionTarget") or {}).get("reason") or "", "")


def plain_verdict(message: str) -> str:
    """The scheduler's ``0/4 nodes are available: …`` in plain words; other messages as they are."""
    head = _HEAD.match(message)
    if head is None:
        return _cut(message)
    body = re.split(r"\. (?:preemption|no new claims)", head.group(2))[0].rstrip(".")
    clauses = [_plain_clause(clause) for clause in re.split(r", (?=\d+ )", body)]
    return _cut(f"No node fits: {', '.join(clauses)}.")


def _plain_clause(clause: str) -> str:
    match = _CLAUSE.match(clause)
    if match is None:
        return clause
    count, words = match.groups()
    for pattern, one, many in PLAIN:
        found = re.fullmatch(pattern, words, re.S)
        if found:
            return f"{count} {found.expand(one if count == '1' else many)}"
    return clause


def _unplaced(pod: Object) -> str:
    nominated = pod.get("status", {}).get("nominatedNodeName")
    if nominated:
        return f"Room is being made for it on {nominated}: a less important pod leaves first."
    scheduled = condition_of(pod, "PodScheduled")
    if scheduled is None:
        return "Waiting for the scheduler."
    if scheduled.get("reason") == "SchedulingGated":
        gates = ", ".join(gate["name"] for gate in pod["spec"].get("schedulingGates") or [])
        return f"Held back by a scheduling gate ({gates})." if gates else "Held back by a scheduling gate."
    message = scheduled.get("message") or ""
    return plain_verdict(message) if message else "Waiting for the scheduler."


def _stuck(pod: Object) -> str:
    name, reason, message = waiting_container(pod)
    if reason in ("ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName"):
        return f"The image {_image(pod, name)} of container {name} cannot be pulled."
    if reason == "CrashLoopBackOff":
        ended = failed_container(pod)[1]
        why = f" ({_how_it_ended(ended)})" if ended else ""
        return f"Container {name} keeps ending{why}; it is started again after a pause."
    if reason:
        return f"Container {name} cannot start: {message or reason}."
    name, ended = failed_container(pod)
    if pod.get("status", {}).get("phase") == "Failed" or status_of(pod) in ("Error", "OOMKilled", "StartError"):
        told: str = pod.get("status", {}).get("message") or ""
        return told or (f"Container {name} ended with {_how_it_ended(ended)}." if ended else "It failed.")
    return ""


def _preparing(pod: Object, state: str) -> str:
    if state == "notready":
        ready = condition_of(pod, "Ready") or {}
        why = ready.get("message") or "its readiness probe has not passed"
        return f"Runs, but is not ready to receive traffic: {why}."
    if status_of(pod).startswith("Init:"):
        return "Its init containers are still running."
    return f"Its node, {pod['spec']['nodeName']}, is pulling the image and creating the containers."


def _how_it_ended(ended: Object) -> str:
    code = ended.get("exitCode")
    return "out of memory" if ended.get("reason") == "OOMKilled" else f"exit code {code}"


def _image(pod: Object, container: str) -> str:
    spec = pod.get("spec", {})
    every = [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]
    return next((each.get("image") or "" for each in every if each["name"] == container), "")


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1].rstrip() + "…"
