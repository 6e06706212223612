"""The rules of DaemonSets: which nodes need a pod, which pods are too many, and which to replace in a rolling update.

Pure functions over a DaemonSet, the nodes and its pods; ``daemonset`` fetches those and carries the answers out.

Upstream: ``pkg/controller/daemon`` and its ``update.go`` and ``util``.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from gitopslab.controlplane.controllers.history import POD_LABEL
from gitopslab.controlplane.controllers.percentage import scaled
from gitopslab.controlplane.controllers.podcontrol import pod_from_template
from gitopslab.controlplane.controllers.podstate import is_available, is_ready, is_terminal, node_of, phase_of
from gitopslab.machinery.node_selector import required_nodes
from gitopslab.machinery.objects import Object, annotations_of, is_terminating, labels_of, name_of
from gitopslab.machinery.taints import untolerated

_GENERATION = "deprecated.daemonset.template.generation"
_GENERATION_LABEL = "pod-template-generation"
_TOLERATED = (
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
)

PodsByNode = dict[str, list[Object]]


@dataclass(slots=True)
class Changes:
    """What to do next.

    Attributes:
        create: Nodes that get a pod.
        delete: Pods that go.
        failed: Those among them that had failed.
        succeeded: Those among them that had ended by themselves.
    """

    create: list[str] = field(default_factory=list)
    delete: list[Object] = field(default_factory=list)
    failed: list[Object] = field(default_factory=list)
    succeeded: list[Object] = field(default_factory=list)


def daemon_pod(daemon_set: Object, node: str, revision_hash: str) -> Object:
    """The pod for one node: bound to it by affinity, and not driven away by what befalls nodes."""
    pod = pod_from_template(daemon_set["spec"]["template"], daemon_set)
    labels = {**pod["metadata"].get("labels", {}), POD_LABEL: revision_hash}
    generation = annotations_of(daemon_set).get(_GENERATION)
    pod["metadata"]["labels"] = {**labels, **({_GENERATION_LABEL: generation} if generation else {})}
    spec = pod["spec"]
    affinity = spec.get("affinity") or {}
    here = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [here]}}
    spec["affinity"] = {**affinity, "nodeAffinity": {**(affinity.get("nodeAffinity") or {}), **required}}
    spec["tolerations"] = _tolerations(spec)
    return pod


def _tolerations(spec: Object) -> list[Object]:
    given: list[Object] = spec.get("tolerations") or []
    wanted = (*_TOLERATED, *((("node.kubernetes.io/network-unavailable", "NoSchedule"),) if _on_host(spec) else ()))
    added = [{"key": key, "operator": "Exists", "effect": effect} for key, effect in wanted]
    return [*given, *(toleration for toleration in added if toleration not in given)]


def _on_host(spec: Object) -> bool:
    return bool(spec.get("hostNetwork"))


def suits(daemon_set: Object, node: Object) -> tuple[bool, bool]:
    """Whether a node should get a pod, and whether a pod that is there may stay."""
    spec = daemon_set["spec"]["template"].get("spec") or {}
    if spec.get("nodeName") not in (None, "", name_of(node)):
        return False, False
    if not required_nodes(spec).matches(labels_of(node), name_of(node)):
        return False, False
    taints, tolerations = node.get("spec", {}).get("taints") or [], _tolerations(spec)
    if untolerated(taints, tolerations) is None:
        return True, True
    return False, untolerated(taints, tolerations, ("NoExecute",)) is None


def target_of(pod: Object) -> str:
    """The node a daemon pod is on or meant for; empty when it was made by somebody else."""
    if node_of(pod):
        return node_of(pod)
    affinity = (pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    for term in required.get("nodeSelectorTerms") or ():
        for wanted in term.get("matchFields") or ():
            if wanted.get("key") == "metadata.name" and len(wanted.get("values") or ()) == 1:
                return str(wanted["values"][0])
    return ""


def by_target(pods: list[Object]) -> PodsByNode:
    """Pods by the node they are meant for; those that ended and are being deleted no longer count."""
    found: PodsByNode = {}
    for pod in pods:
        if not (is_terminal(pod) and is_terminating(pod)):
            found.setdefault(target_of(pod), []).append(pod)
    return found


def fence(daemon_set: Object, wanted: int) -> tuple[int, int]:
    """``maxSurge`` and ``maxUnavailable`` as numbers of nodes."""
    rolling = (daemon_set["spec"].get("updateStrategy") or {}).get("rollingUpdate") or {}
    surge = scaled(rolling.get("maxSurge", 0), wanted, up=True)
    return surge, scaled(rolling.get("maxUnavailable", 1), wanted, up=True)


def managed(daemon_set: Object, nodes: list[Object], pods: PodsByNode, revision_hash: str, now: float) -> Changes:
    """Pods for nodes that lack one, and the pods that are in the wrong place, ended, or too many."""
    changes = Changes()
    for node in nodes:
        should_run, may_stay = suits(daemon_set, node)
        here = pods.get(name_of(node), [])
        if should_run and not here:
            changes.create.append(name_of(node))
        elif may_stay:
            running = _cleared(here, changes)
            changes.delete.extend(_surplus(daemon_set, running, revision_hash, now))
            if should_run and not running and fence(daemon_set, len(nodes))[0]:
                changes.create.append(name_of(node))
        else:
            changes.delete.extend(pod for pod in here if not is_terminating(pod))
    known = {name_of(node) for node in nodes}
    lost = (pod for target, found in pods.items() if target not in known for pod in found)
    changes.delete.extend(pod for pod in lost if not node_of(pod) and not is_terminating(pod))
    return changes


def _cleared(pods: list[Object], changes: Changes) -> list[Object]:
    """The running ones of a node's pods; ended ones are marked for deletion, so that new ones can take their place."""
    running = []
    for pod in pods:
        if is_terminating(pod):
            continue
        if is_terminal(pod):
            changes.delete.append(pod)
            (changes.failed if phase_of(pod) == "Failed" else changes.succeeded).append(pod)
        else:
            running.append(pod)
    return running


def _surplus(daemon_set: Object, pods: list[Object], revision_hash: str, now: float) -> list[Object]:
    """The pods a node has too many of. With surge an old and a new pod overlap until the new one is available."""
    ordered = sorted(pods, key=_age)
    if not fence(daemon_set, 1)[0] or len(pods) <= 1:
        return ordered[1:]
    fresh = [pod for pod in ordered if labels_of(pod).get(POD_LABEL) == revision_hash]
    stale = [pod for pod in ordered if labels_of(pod).get(POD_LABEL) != revision_hash]
    surplus = [*fresh[1:], *stale[1:]]
    if fresh and stale:
        min_ready = daemon_set["spec"].get("minReadySeconds") or 0
        if not is_ready(stale[0]) or is_available(fresh[0], min_ready, now):
            surplus.append(stale[0])
    return surplus


def replaced(daemon_set: Object, nodes: list[Object], pods: PodsByNode, revision_hash: str, now: float) -> Changes:
    """The next step of a rolling update: old pods to delete, or with surge nodes to add new ones to."""
    wanted = [name_of(node) for node in nodes if suits(daemon_set, node)[0]]
    surge, unavailable = fence(daemon_set, len(wanted))
    places = {**{node: [] for node in wanted}, **pods}
    min_ready = daemon_set["spec"].get("minReadySeconds") or 0
    pairs = {node: _pair(daemon_set, found, revision_hash) for node, found in places.items()}
    if surge:
        return _surged(pairs, set(wanted), surge, min_ready, now)
    return _swapped(pairs, unavailable or 1, min_ready, now)


Pair = tuple[Object | None, Object | None] | None
"""A node's updated and outdated pod; None while it has two of a kind, which ``managed`` clears up first."""


def _pair(daemon_set: Object, pods: list[Object], revision_hash: str) -> Pair:
    living = [pod for pod in pods if not is_terminating(pod)]
    fresh = [pod for pod in living if _is_updated(daemon_set, pod, revision_hash)]
    stale = [pod for pod in living if not _is_updated(daemon_set, pod, revision_hash)]
    if len(fresh) > 1 or len(stale) > 1:
        return None
    return next(iter(fresh), None), next(iter(stale), None)


def _swapped(pairs: dict[str, Pair], most: int, min_ready: int, now: float) -> Changes:
    changes, lacking = Changes(), 0
    candidates: list[Object] = []
    for pair in pairs.values():
        fresh, stale = pair or (None, None)
        if stale is not None and fresh is None:
            if is_available(stale, min_ready, now):
                candidates.append(stale)
            else:
                changes.delete.append(stale)
                lacking += 1
        elif fresh is None or stale is not None or not is_available(fresh, min_ready, now):
            lacking += 1
    changes.delete.extend(candidates[: max(0, most - lacking)])
    return changes


def _surged(pairs: dict[str, Pair], wanted: set[str], most: int, min_ready: int, now: float) -> Changes:
    """A new pod beside the old one, and the old one's end once the new one is available.

    Old pods on nodes that should not have one any more go only when all nodes that should have one do.
    """
    changes, surging, available = Changes(), 0, 0
    candidates: list[str] = []
    misplaced: list[Object] = []
    for node, pair in pairs.items():
        fresh, stale = pair or (None, None)
        surging += pair is None
        first = stale or fresh
        serves = first is not None and is_available(first, min_ready, now)
        available += serves
        if stale is None:
            continue
        if fresh is not None:
            if is_available(fresh, min_ready, now):
                changes.delete.append(stale)
            else:
                surging += 1
        elif node in wanted:
            (candidates if serves else changes.create).append(node)
        else:
            (misplaced if serves else changes.delete).append(stale)
    changes.delete.extend(misplaced[: max(0, available - len(wanted))])
    changes.create.extend(candidates[: max(0, most - surging)])
    return changes


def status_of(daemon_set: Object, nodes: list[Object], pods: PodsByNode, revision_hash: str, now: float) -> Object:
    """The counts a DaemonSet shows; of several pods on a node the oldest counts."""
    known = daemon_set.get("status", {})
    min_ready = daemon_set["spec"].get("minReadySeconds") or 0
    fitting = {name_of(node) for node in nodes if suits(daemon_set, node)[0]}
    placed = {name_of(node): min(found, key=_age) for node in nodes if (found := pods.get(name_of(node)))}
    right = [pod for node, pod in placed.items() if node in fitting]
    available = sum(is_available(pod, min_ready, now) for pod in right)
    status: Object = {
        "currentNumberScheduled": len(right),
        "numberMisscheduled": len(placed) - len(right),
        "desiredNumberScheduled": len(fitting),
        "numberReady": sum(is_ready(pod) for pod in right),
    }
    counts = {
        "observedGeneration": daemon_set["metadata"].get("generation", 0),
        "updatedNumberScheduled": sum(_is_updated(daemon_set, pod, revision_hash) for pod in right),
        "numberAvailable": available,
        "numberUnavailable": len(fitting) - available,
    }
    kept = {name: known[name] for name in ("collisionCount", "conditions") if name in known}
    return {**status, **{name: count for name, count in counts.items() if count}, **kept}


def _is_updated(daemon_set: Object, pod: Object, revision_hash: str) -> bool:
    """Whether a pod follows the present template: by its revision, or by the generation that was used of old.

    The latter makes a DaemonSet that replaces another one keep pods of the same generation, whatever their template.
    """
    labels, generation = labels_of(pod), annotations_of(daemon_set).get(_GENERATION)
    return labels.get(POD_LABEL) == revision_hash or (bool(generation) and labels.get(_GENERATION_LABEL) == generation)


def _age(pod: Object) -> tuple[bool, str, str]:
    return not node_of(pod), pod["metadata"].get("creationTimestamp") or "", name_of(pod)
