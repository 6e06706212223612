"""InterPodAffinity: pods that want to be near other pods, or away from them.

Terms count in both directions: what the new pod wants of the pods that are there, and what they want of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from gitopslab.controlplane.scheduler.cluster_events import ClusterEvent, node_labels
from gitopslab.controlplane.scheduler.framework import (
    MAX_NODE_SCORE,
    SKIP,
    SUCCESS,
    Code,
    CycleState,
    Lister,
    Status,
)
from gitopslab.controlplane.scheduler.nodeinfo import NodeInfo
from gitopslab.controlplane.scheduler.pod_terms import AffinityTerm, NamespaceLabels
from gitopslab.controlplane.scheduler.podinfo import PodInfo
from gitopslab.controlplane.scheduler.snapshot import counter
from gitopslab.machinery.objects import labels_of

NAME = "InterPodAffinity"
REASON_AFFINITY = "node(s) didn't match pod affinity rules"
REASON_ANTI_AFFINITY = "node(s) didn't match pod anti-affinity rules"
REASON_EXISTING = "node(s) didn't satisfy existing pods anti-affinity rules"
HARD_AFFINITY_WEIGHT = 1  # ``InterPodAffinityArgs.HardPodAffinityWeight``

Topology = tuple[str, str]
"""A topology key and one of its values."""


@dataclass(slots=True)
class Counts:
    """How many pods speak for or against each topology.

    Attributes:
        wanted: Pods that all required affinity terms of the new pod mean.
        unwanted: Pods that a required anti-affinity term of the new pod means.
        objecting: Pods whose own required anti-affinity means the new pod.
    """

    wanted: dict[Topology, int] = field(default_factory=dict)
    unwanted: dict[Topology, int] = field(default_factory=dict)
    objecting: dict[Topology, int] = field(default_factory=dict)

    def copy(self) -> Counts:
        """Counts of their own for a what-if."""
        return Counts(dict(self.wanted), dict(self.unwanted), dict(self.objecting))


def namespace_labels(lister: Lister) -> NamespaceLabels:
    """Reads the labels of namespaces."""

    def labels(name: str) -> Mapping[str, str]:
        namespace = lister.get("namespaces", name)
        return labels_of(namespace) if namespace else {"kubernetes.io/metadata.name": name}

    return labels


def means(terms: Sequence[AffinityTerm], pod: PodInfo, namespaces: NamespaceLabels) -> bool:
    """Whether every one of some terms (and there is one) means a pod."""
    return bool(terms) and all(term.matches(pod.namespace, pod.labels, namespaces) for term in terms)


def _add(counts: dict[Topology, int], key: str, labels: Mapping[str, str], change: int) -> None:
    value = labels.get(key)
    if value is None or not change:
        return
    total = counts.get((key, value), 0) + change
    if total:
        counts[key, value] = total
    else:
        del counts[key, value]


def _count_one(
    counts: Counts, pod: PodInfo, other: PodInfo, node: NodeInfo, change: int, near: NamespaceLabels
) -> None:
    """Let one pod on a node speak."""
    if means(pod.affinity.required, other, near):
        for term in pod.affinity.required:
            _add(counts.wanted, term.topology_key, node.labels, change)
    for term in pod.anti_affinity.required:
        if term.matches(other.namespace, other.labels, near):
            _add(counts.unwanted, term.topology_key, node.labels, change)
    for term in other.anti_affinity.required:
        if term.matches(pod.namespace, pod.labels, near):
            _add(counts.objecting, term.topology_key, node.labels, change)


def _count_all(state: CycleState, pod: PodInfo) -> Counts:
    """Let every pod in the cluster speak; pods that look alike are judged once."""
    counts, near = Counts(), namespace_labels(state.lister)
    wants, shuns = pod.affinity.required, pod.anti_affinity.required
    wanted = counter(lambda seen, labels: all(term.matches(seen.namespace, labels, near) for term in wants))
    unwanted = [
        (term, counter(lambda seen, labels, term=term: term.matches(seen.namespace, labels, near)))  # type: ignore[misc]
        for term in shuns
    ]
    for node in state.snapshot.nodes:
        if wants and (number := wanted(node)):
            for term in wants:
                _add(counts.wanted, term.topology_key, node.labels, number)
        for term, count in unwanted:
            _add(counts.unwanted, term.topology_key, node.labels, count(node))
        for other in node.with_pod_terms.values():
            for term in other.anti_affinity.required:
                if term.matches(pod.namespace, pod.labels, near):
                    _add(counts.objecting, term.topology_key, node.labels, 1)
    return counts


def _objects(counts: dict[Topology, int], keys: Iterable[str], node: NodeInfo) -> str | None:
    for key in keys:
        value = node.labels.get(key)
        if value is not None and counts.get((key, value), 0) > 0:
            return f"{key}={value}"
    return None


class InterPodAffinity:
    """Filters by required terms and scores by preferred ones."""

    name = NAME

    def pre_filter(self, state: CycleState, pod: PodInfo) -> tuple[Status, set[str] | None]:
        """Count; skip when nobody has a required term to say."""
        counts = _count_all(state, pod)
        if not counts.objecting and not pod.affinity.required and not pod.anti_affinity.required:
            return SKIP, None
        state.data[NAME] = counts
        return SUCCESS, None

    def pod_changed(self, state: CycleState, pod: PodInfo, other: PodInfo, node: NodeInfo, change: int) -> None:
        """Let one pod come or go."""
        _count_one(state.data[NAME], pod, other, node, change, namespace_labels(state.lister))

    def filter(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> Status:
        """Refuse nodes without the wanted neighbours, with unwanted ones, or whose pods object."""
        counts: Counts = state.data[NAME]
        if pod.affinity.required and not self._has_company(state, counts, pod, node):
            keys = ", ".join(sorted({term.topology_key for term in pod.affinity.required}))
            return Status(Code.UNRESOLVABLE, (REASON_AFFINITY,), NAME, f"no pod it needs is near, by {keys}")
        where = _objects(counts.unwanted, (term.topology_key for term in pod.anti_affinity.required), node)
        if where:
            return Status(Code.UNSCHEDULABLE, (REASON_ANTI_AFFINITY,), NAME, f"a pod it avoids is in {where}")
        where = _objects(counts.objecting, node.labels, node)
        if where:
            return Status(Code.UNSCHEDULABLE, (REASON_EXISTING,), NAME, f"a pod in {where} avoids this one")
        return SUCCESS

    def _has_company(self, state: CycleState, counts: Counts, pod: PodInfo, node: NodeInfo) -> bool:
        near = True
        for term in pod.affinity.required:
            value = node.labels.get(term.topology_key)
            if value is None:
                return False
            near = near and counts.wanted.get((term.topology_key, value), 0) > 0
        # The first of a group of pods that want each other may go anywhere, else none ever could start.
        return near or (not counts.wanted and means(pod.affinity.required, pod, namespace_labels(state.lister)))

    def pre_score(self, state: CycleState, pod: PodInfo, nodes: Sequence[NodeInfo]) -> Status:
        """Weigh the topologies; skip when no preference concerns the pod."""
        weights = topology_weights(state, pod)
        if not weights:
            return SKIP
        state.data[f"{NAME}.score"] = weights
        return SUCCESS

    def score(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> int:
        """The weights of the topologies the node is in."""
        weights: dict[Topology, int] = state.data[f"{NAME}.score"]
        return sum(weight for (key, value), weight in weights.items() if node.labels.get(key) == value)

    def normalize(self, state: CycleState, scores: dict[str, int]) -> None:
        """The best node gets 100, the worst 0."""
        lowest, highest = min(scores.values()), max(scores.values())
        for node, score in scores.items():
            spread = highest - lowest
            scores[node] = int(MAX_NODE_SCORE * ((score - lowest) / spread)) if spread else 0

    def awaits(self, pod: PodInfo, event: ClusterEvent) -> bool:
        """A pod came, went or changed its labels, or a node came or moved to another topology."""
        if event.resource == "nodes":
            return event.after is not None and node_labels(event.before) != node_labels(event.after)
        if event.updates("pods"):
            return labels_of(event.before or {}) != labels_of(event.object)
        return event.resource == "pods"


def topology_weights(state: CycleState, pod: PodInfo) -> dict[Topology, int]:
    """What preferences say for (positive) and against (negative) each topology.

    Existing pods' required affinity counts a little too, as if it were a preference of weight 1. A topology whose
    weights cancel out stays in, with 0: that somebody spoke is what keeps the plugin from being skipped.
    """
    weights: dict[Topology, int] = {}
    near = namespace_labels(state.lister)
    own = [(weight, term) for weight, term in pod.affinity.preferred]
    own += [(-weight, term) for weight, term in pod.anti_affinity.preferred]
    counters = [
        (weight, term, counter(lambda seen, labels, term=term: term.matches(seen.namespace, labels, near)))  # type: ignore[misc]
        for weight, term in own
    ]
    for node in state.snapshot.nodes:
        for weight, term, count in counters:
            number = count(node)
            if number:
                _weigh(weights, term, node, weight * number)
        for other in node.with_pod_terms.values():
            for weight, term in _opinions(other):
                if term.matches(pod.namespace, pod.labels, near):
                    _weigh(weights, term, node, weight)
    return weights


def _opinions(other: PodInfo) -> Iterable[tuple[int, AffinityTerm]]:
    yield from ((HARD_AFFINITY_WEIGHT, term) for term in other.affinity.required)
    yield from other.affinity.preferred
    yield from ((-weight, term) for weight, term in other.anti_affinity.preferred)


def _weigh(weights: dict[Topology, int], term: AffinityTerm, node: NodeInfo, weight: int) -> None:
    value = node.labels.get(term.topology_key)
    if value is not None:
        weights[term.topology_key, value] = weights.get((term.topology_key, value), 0) + weight
