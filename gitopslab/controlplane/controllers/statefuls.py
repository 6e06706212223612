"""The rules of StatefulSets: names and claims by ordinal, and which pod to make or delete next.

Pure functions over a StatefulSet and its pods; ``statefulset`` fetches those and carries the answers out.

Upstream: ``pkg/controller/statefulset/{stateful_set_control,stateful_set_utils}.go``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from gitopslab.controlplane.controllers.history import POD_LABEL
from gitopslab.controlplane.controllers.podcontrol import pod_from_template
from gitopslab.controlplane.controllers.podstate import is_available, is_ready, phase_of
from gitopslab.controlplane.controllers.replicaset import replicas_of
from gitopslab.machinery.objects import (
    Object,
    copy_of,
    is_terminating,
    labels_of,
    name_of,
    namespace_of,
    uid_of,
)

NAME_LABEL = "statefulset.kubernetes.io/pod-name"
INDEX_LABEL = "apps.kubernetes.io/pod-index"
_NAME = re.compile(r"^(.*)-([0-9]+)$")


def ordinal_of(pod: Object) -> int:
    """The number at the end of a pod's name; -1 when there is none."""
    match = _NAME.match(name_of(pod))
    return int(match.group(2)) if match else -1


def is_member(stateful_set: Object, pod: Object) -> bool:
    """Whether a pod's name says that it belongs to this StatefulSet."""
    match = _NAME.match(name_of(pod))
    return match is not None and match.group(1) == name_of(stateful_set)


def start_of(stateful_set: Object) -> int:
    """The first ordinal."""
    return int((stateful_set["spec"].get("ordinals") or {}).get("start") or 0)


def is_monotonic(stateful_set: Object) -> bool:
    """Whether pods come and go one at a time (``OrderedReady``)."""
    return bool(stateful_set["spec"].get("podManagementPolicy", "OrderedReady") != "Parallel")


def is_running(pod: Object) -> bool:
    """Whether a pod is Running and Ready."""
    return phase_of(pod) == "Running" and is_ready(pod)


def is_serving(pod: Object, min_ready: int, now: float) -> bool:
    """Whether a pod is available and not going away."""
    return is_available(pod, min_ready, now) and not is_terminating(pod)


def claim_name(template: Object, stateful_set: Object, ordinal: int) -> str:
    """The name of a pod's claim: ``data-db-0``."""
    return f"{name_of(template)}-{name_of(stateful_set)}-{ordinal}"


def claims_of(stateful_set: Object, ordinal: int) -> list[Object]:
    """The claims that a pod needs, as they would be created."""
    selected = (stateful_set["spec"].get("selector") or {}).get("matchLabels") or {}
    found = []
    for template in stateful_set["spec"].get("volumeClaimTemplates") or ():
        metadata = copy_of(template["metadata"])
        metadata.update(name=claim_name(template, stateful_set, ordinal), namespace=namespace_of(stateful_set))
        metadata["labels"] = {**(metadata.get("labels") or {}), **selected}
        spec = copy_of(template["spec"])
        found.append({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec})
    return found


def stateful_pod(stateful_set: Object, template: Object, ordinal: int, revision: str) -> Object:
    """The pod with this ordinal, of the template that this revision remembers."""
    pod = pod_from_template(template, stateful_set)
    name = f"{name_of(stateful_set)}-{ordinal}"
    pod["metadata"]["name"] = name
    pod["metadata"].setdefault("labels", {})[POD_LABEL] = revision
    identify(pod, stateful_set)
    pod["spec"]["hostname"] = name
    if stateful_set["spec"].get("serviceName"):
        pod["spec"]["subdomain"] = stateful_set["spec"]["serviceName"]
    return pod


def identify(pod: Object, stateful_set: Object) -> None:
    """Give a pod, in place, the labels of its identity and the volumes of its claims."""
    ordinal = ordinal_of(pod)
    pod["metadata"].setdefault("labels", {}).update({NAME_LABEL: name_of(pod), INDEX_LABEL: str(ordinal)})
    templates = stateful_set["spec"].get("volumeClaimTemplates") or ()
    volumes = [
        {"name": name_of(template), "persistentVolumeClaim": {"claimName": claim_name(template, stateful_set, ordinal)}}
        for template in templates
    ]
    own = {volume["name"] for volume in volumes}
    kept = [volume for volume in pod["spec"].get("volumes") or () if volume["name"] not in own]
    if volumes or kept:
        pod["spec"]["volumes"] = [*volumes, *kept]


def has_identity(pod: Object, stateful_set: Object) -> bool:
    """Whether the label that names a pod is still on it; its volumes cannot change."""
    return labels_of(pod).get(NAME_LABEL) == name_of(pod) and is_member(stateful_set, pod)


@dataclass(slots=True)
class Step:
    """What to do next.

    Attributes:
        create: Ordinals that get a pod.
        delete: Pods that go.
        complete: Pods that wait for claims: what is missing is to be made, and their owners put right.
        identify: Pods whose identity and claims' owners are to be put right.
        condemned: Pods beyond the wanted number, whose claims' owners are to be put right.
    """

    create: list[int] = field(default_factory=list)
    delete: list[Object] = field(default_factory=list)
    complete: list[Object] = field(default_factory=list)
    identify: list[Object] = field(default_factory=list)
    condemned: list[Object] = field(default_factory=list)


def next_step(stateful_set: Object, pods: list[Object], update_revision: str, now: float) -> Step:
    """The next step: first fill from the lowest ordinal, then trim from the highest, then update.

    With ``OrderedReady`` it is at most one pod, and none while an earlier one is not available.
    """
    step = Step()
    monotonic, min_ready = is_monotonic(stateful_set), stateful_set["spec"].get("minReadySeconds") or 0
    first = start_of(stateful_set)
    wanted = range(first, first + replicas_of(stateful_set))
    present = {ordinal_of(pod): pod for pod in pods}
    condemned = sorted((pod for pod in pods if ordinal_of(pod) not in wanted), key=ordinal_of, reverse=True)
    for ordinal in wanted:
        is_blocked = _fill(step, ordinal, present.get(ordinal), min_ready, now)
        if is_blocked and monotonic:
            return step
        if ordinal in present and present[ordinal] not in step.delete:
            step.identify.append(present[ordinal])
    step.condemned = condemned
    if step.create or step.delete:
        return step
    kept = [present[ordinal] for ordinal in wanted if ordinal in present]
    unhealthy = next((pod for pod in [*kept, *reversed(condemned)] if not is_serving(pod, min_ready, now)), None)
    for pod in condemned:
        if not is_terminating(pod):
            blocked = not is_available(pod, min_ready, now) and monotonic and pod is not unhealthy
            step.delete.extend([] if blocked else [pod])
        if monotonic:
            return step
    if not step.delete and len(kept) == len(wanted):
        _update(step, stateful_set, kept, update_revision, now)
    return step


def _fill(step: Step, ordinal: int, pod: Object | None, min_ready: int, now: float) -> bool:
    """Note what one ordinal needs; whether those after it have to wait for it."""
    if pod is None:
        step.create.append(ordinal)
        return True
    if phase_of(pod) in ("Failed", "Succeeded"):
        if not is_terminating(pod):
            step.delete.append(pod)
        return True
    step.complete.extend([pod] if phase_of(pod) == "Pending" else [])
    return is_terminating(pod) or not (phase_of(pod) == "Running" and is_available(pod, min_ready, now))


def _update(step: Step, stateful_set: Object, pods: list[Object], update_revision: str, now: float) -> None:
    """The next pod of a rolling update: the highest outdated one, once all above it are available."""
    strategy = stateful_set["spec"].get("updateStrategy") or {}
    if strategy.get("type", "RollingUpdate") != "RollingUpdate":
        return
    first = start_of(stateful_set) + int((strategy.get("rollingUpdate") or {}).get("partition") or 0)
    min_ready = stateful_set["spec"].get("minReadySeconds") or 0
    for pod in sorted(pods, key=ordinal_of, reverse=True):
        if ordinal_of(pod) < first:
            return
        if labels_of(pod).get(POD_LABEL) != update_revision and not is_terminating(pod):
            step.delete.append(pod)
            return
        if not is_serving(pod, min_ready, now):
            return


def is_current(stateful_set: Object, ordinal: int) -> bool:
    """Whether a new pod with this ordinal still follows the current revision, not the one being rolled out."""
    strategy = stateful_set["spec"].get("updateStrategy") or {}
    if strategy.get("type", "RollingUpdate") != "RollingUpdate":
        return False
    rolling = strategy.get("rollingUpdate")
    if rolling is None:
        return ordinal < start_of(stateful_set) + int(stateful_set.get("status", {}).get("currentReplicas") or 0)
    return ordinal < start_of(stateful_set) + int(rolling.get("partition") or 0)


def status_of(
    stateful_set: Object,
    pods: list[Object],
    going: list[Object],
    revisions: tuple[str, str],
    collisions: int,
    now: float,
) -> Object:
    """The counts a StatefulSet shows, and how far its rollout is.

    Args:
        stateful_set: The StatefulSet.
        pods: Its pods as they were before this step.
        going: Those that this step has deleted: they follow no revision any more, or ``is_current`` would bring them
            back as they were.
        revisions: The names of the current revision and of the one being rolled out.
        collisions: How many names of revisions were taken.
        now: The time.
    """
    current, update = revisions
    min_ready = stateful_set["spec"].get("minReadySeconds") or 0
    running = [pod for pod in pods if is_running(pod)]
    gone = {uid_of(pod) for pod in going}
    kept = (pod for pod in pods if not is_terminating(pod) and uid_of(pod) not in gone)
    staying = [labels_of(pod).get(POD_LABEL) for pod in kept]
    replicas, ready, updated = len(pods), len(running), staying.count(update)
    old = staying.count(current)
    strategy = (stateful_set["spec"].get("updateStrategy") or {}).get("type", "RollingUpdate")
    if strategy == "RollingUpdate" and updated == replicas == ready == replicas_of(stateful_set):
        current, old = update, updated
    counts = {"readyReplicas": ready, "currentReplicas": old, "updatedReplicas": updated}
    status: Object = {
        "observedGeneration": stateful_set["metadata"].get("generation", 0),
        "replicas": replicas,
        **{name: count for name, count in counts.items() if count},
        "currentRevision": current,
        "updateRevision": update,
        "collisionCount": collisions,
        "availableReplicas": sum(is_available(pod, min_ready, now) for pod in running),
    }
    conditions = stateful_set.get("status", {}).get("conditions")
    return {**status, "conditions": conditions} if conditions else status
