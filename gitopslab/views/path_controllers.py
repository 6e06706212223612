"""The controllers' steps of an apply: from an object to what it makes, down to pods.

Called by ``path``. At each controller the same two questions: what has it written, and if nothing, why not. Pods are
handed to ``path_pods``.
"""

from __future__ import annotations

from gitopslab.machinery.objects import (
    Object,
    annotations_of,
    condition_of,
    controller_of,
    is_condition_true,
    labels_of,
    name_of,
    namespace_of,
)
from gitopslab.views.path_pods import schedule
from gitopslab.views.path_trail import Ending, Trail, changed_at, command, made_at, turned_at
from gitopslab.views.words import counted

_REVISION = "deployment.kubernetes.io/revision"

ACTORS: dict[str, tuple[str, ...]] = {
    "Deployment": ("deployment-controller", "replicaset-controller"),
    "ReplicaSet": ("replicaset-controller",),
    "StatefulSet": ("statefulset-controller",),
    "DaemonSet": ("daemonset-controller",),
    "Job": ("job-controller",),
    "CronJob": ("cronjob-controller", "job-controller"),
    "Service": ("endpoint-slice-controller",),
}
"""The controllers on the way of each kind."""

CONTROLLED = {
    "deployment-controller": "Deployment",
    "replicaset-controller": "ReplicaSet",
    "statefulset-controller": "StatefulSet",
    "daemonset-controller": "DaemonSet",
    "job-controller": "Job",
    "cronjob-controller": "CronJob",
    "endpoint-slice-controller": "EndpointSlice",
}
"""The kind each of them answers for."""


def follow(trail: Trail, obj: Object) -> Ending:
    """What follows from an object that is stored."""
    match obj["kind"]:
        case "Deployment":
            return _deployment(trail, obj)
        case "ReplicaSet" | "StatefulSet" | "DaemonSet" | "Job":
            return _workload(trail, obj)
        case "CronJob":
            return _cronjob(trail, obj)
        case "Service":
            return _service(trail, obj)
        case "Pod":
            return schedule(trail, [obj])
    return Ending("etcd", "done", f"Nothing acts on a {obj['kind']} by itself: it is there for others to read.")


def _deployment(trail: Trail, obj: Object) -> Ending:
    actor = "deployment-controller"
    sets = sorted(trail.children(obj, "replicasets"), key=_revision)
    if not sets:
        return trail.stalled(actor, "Nobody has made a ReplicaSet", made_at(obj))
    newest = sets[-1]
    trail.add(
        actor,
        sees=f"Deployment {name_of(obj)}",
        writes=f"ReplicaSet {name_of(newest)}",
        title=f"The Deployment controller makes ReplicaSet {name_of(newest)}",
        sentence="One ReplicaSet a version of the pod template: in an update the old one shrinks as the new one grows.",
        details=trail.said(obj, "ScalingReplicaSet"),
        seconds=made_at(newest),
        command=command("get", newest),
    )
    if (obj.get("status", {}).get("observedGeneration") or 0) < (obj["metadata"].get("generation") or 1):
        return trail.stalled(actor, "Nobody has acted on the newest change", changed_at(obj))
    if obj["spec"].get("paused"):
        return Ending(actor, "waiting", "The Deployment is paused: changes wait for kubectl rollout resume.")
    return _reported(trail, obj, actor, _workload(trail, newest))


def _workload(trail: Trail, obj: Object) -> Ending:
    kind, actor, wanted = obj["kind"], f"{obj['kind'].lower()}-controller", _wanted(obj)
    if wanted == 0:
        return Ending(actor, "done", f"{kind} {name_of(obj)} asks for no pods, so there is nothing more to do.")
    if obj["spec"].get("suspend"):
        return Ending(actor, "waiting", f"{kind} {name_of(obj)} is suspended.")
    pods = trail.children(obj, "pods")
    if not pods:
        return _no_pods(trail, obj, actor)
    trail.add(
        actor,
        sees=f"{kind} {name_of(obj)}",
        writes=counted(len(pods), "Pod"),
        title=f"The {kind} controller makes {counted(len(pods), 'pod')}",
        sentence="Each is a copy of the template with a name of its own. None has a node yet.",
        details=[name_of(pod) for pod in pods],
        seconds=min(map(made_at, pods)),
        command=command("get", pods[0]),
    )
    end = schedule(trail, pods)
    if end.state == "done" and wanted is not None and len(pods) < wanted:
        end = _refused(trail, obj, actor) or trail.stalled(
            actor, f"{len(pods)} of {counted(wanted, 'pod')} are made, nobody has made the others", changed_at(obj)
        )
    return end if kind == "ReplicaSet" and controller_of(obj) else _reported(trail, obj, actor, end)


def _no_pods(trail: Trail, obj: Object, actor: str) -> Ending:
    if obj["kind"] == "Job" and any(is_condition_true(obj, one) for one in ("Complete", "Failed")):
        return Ending(actor, "done", "The Job has ended, and its pods are gone.")
    return _refused(trail, obj, actor) or trail.stalled(actor, "Nobody has made the pods", changed_at(obj))


def _refused(trail: Trail, obj: Object, actor: str) -> Ending | None:
    """The controller tried, and the API server would not have it: a quota, mostly."""
    failure = condition_of(obj, "ReplicaFailure")
    if failure is None or failure.get("status") != "True":
        return None
    message = failure.get("message") or "it does not say why"
    trail.add(
        actor,
        sees=f"{obj['kind']} {name_of(obj)}",
        writes="nothing",
        title="The controller may not make pods",
        sentence="It asked, and the API server refused.",
        details=[message],
        seconds=turned_at(failure),
        command=command("describe", obj),
        state="failed",
    )
    return Ending(actor, "failed", f"The API server refuses the pods: {message}")


def _cronjob(trail: Trail, obj: Object) -> Ending:
    actor, schedule_text = "cronjob-controller", obj["spec"].get("schedule", "")
    jobs = sorted(trail.children(obj, "jobs"), key=made_at)
    if obj["spec"].get("suspend"):
        return Ending(actor, "waiting", "The CronJob is suspended.")
    if not jobs:
        if trail.runs.of(actor) is False:
            return trail.stalled(actor, "Nobody looks at the schedule", made_at(obj))
        return Ending(actor, "waiting", f"It waits for its time: {schedule_text}.")
    trail.add(
        actor,
        sees=f"CronJob {name_of(obj)}",
        writes=f"Job {name_of(jobs[-1])}",
        title=f"The CronJob controller makes Job {name_of(jobs[-1])}",
        sentence=f"Its time has come: {schedule_text}.",
        details=[name_of(job) for job in jobs],
        seconds=made_at(jobs[-1]),
        command=command("get", jobs[-1]),
    )
    return _workload(trail, jobs[-1])


def _service(trail: Trail, obj: Object) -> Ending:
    actor, selector = "endpoint-slice-controller", obj["spec"].get("selector")
    if not selector:
        return Ending(actor, "done", "It has no selector, so nobody looks for pods.")
    slices = [one for one in trail.objects.get("endpointslices", ()) if _is_of(one, obj)]
    if not slices:
        return trail.stalled(actor, "Nobody has made an EndpointSlice", made_at(obj))
    endpoints = [end for one in slices for end in one.get("endpoints") or ()]
    ready = [end for end in endpoints if (end.get("conditions") or {}).get("ready")]
    trail.add(
        actor,
        sees=f"Service {name_of(obj)} and pods",
        writes=f"EndpointSlice {name_of(slices[0])}",
        title=f"The EndpointSlice controller lists {counted(len(ready), 'ready pod')}",
        sentence="The kube-proxy of every node reads the list and sends traffic for the Service's address there.",
        details=[f"{end['addresses'][0]} {(end.get('targetRef') or {}).get('name', '')}".strip() for end in ready],
        seconds=max(map(changed_at, slices)),
        command=command("get", slices[0]),
    )
    if not endpoints:
        chosen = ", ".join(f"{key}={value}" for key, value in selector.items())
        return Ending(actor, "failed", f"No pod has the labels {chosen}, so the Service leads nowhere.")
    if not ready:
        return Ending(actor, "failed", f"{counted(len(endpoints), 'pod')} found, none is ready: no traffic is sent.")
    return Ending(actor, "done", f"Traffic for {obj['spec'].get('clusterIP')} reaches {counted(len(ready), 'pod')}.")


def _reported(trail: Trail, obj: Object, actor: str, end: Ending) -> Ending:
    """All is well below: the controller at the top sees it and says so in the status."""
    if end.state != "done":
        return end
    kind, status = obj["kind"], obj.get("status", {})
    words = "the Job is complete" if is_condition_true(obj, "Complete") else f"{status.get('active', 0)} active"
    if kind != "Job":
        words = f"{status.get('readyReplicas', status.get('numberReady', 0))} of {_wanted(obj)} ready"
    trail.add(
        actor,
        sees="its pods",
        writes=f"status of {kind} {name_of(obj)}",
        title=f"The {kind} controller writes: {words}",
        sentence="What is stands beside what should be, in the same object; kubectl get shows both.",
        seconds=max(map(turned_at, status.get("conditions") or ()), default=0.0),
        command=command("get", obj),
    )
    return Ending(actor, "done", end.sentence)


def _is_of(slice_: Object, service: Object) -> bool:
    named = labels_of(slice_).get("kubernetes.io/service-name")
    return named == name_of(service) and namespace_of(slice_) == namespace_of(service)


def _revision(obj: Object) -> tuple[int, float]:
    text = annotations_of(obj).get(_REVISION, "")
    return int(text) if text.isdigit() else 0, made_at(obj)


def _wanted(obj: Object) -> int | None:
    """How many pods it should have; None when that is not fixed."""
    if obj["kind"] == "DaemonSet":
        found = obj.get("status", {}).get("desiredNumberScheduled")
        return None if found is None else int(found)
    return None if obj["kind"] == "Job" else int(obj["spec"].get("replicas", 1))
