"""PodTopologySpread: keep the pods of a group evenly spread over zones, nodes, or any other topology.

Hard constraints (``DoNotSchedule``) filter, soft ones (``ScheduleAnyway``) score. Pods of a service or a controller
that have none get the scheduler's own soft defaults: spread over nodes and over zones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import floor, log
from typing import Any

from gitopslab.controlplane.scheduler.cluster_events import ClusterEvent, node_labels, node_taints
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
from gitopslab.controlplane.scheduler.podinfo import PodInfo
from gitopslab.controlplane.scheduler.snapshot import counter_of
from gitopslab.machinery.objects import Object, controller_of, is_terminating, labels_of, namespace_of
from gitopslab.machinery.selectors import Requirement, Selector, from_label_selector, from_map, selector_of

NAME = "PodTopologySpread"
REASON = "node(s) didn't match pod topology spread constraints"
REASON_LABEL = f"{REASON} (missing required label)"
HOSTNAME = "kubernetes.io/hostname"
DEFAULTS: tuple[Object, ...] = (
    {"topologyKey": HOSTNAME, "whenUnsatisfiable": "ScheduleAnyway", "maxSkew": 3},
    {"topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "ScheduleAnyway", "maxSkew": 5},
)
_KINDS = {
    ("", "ReplicationController"): "replicationcontrollers",
    ("apps", "ReplicaSet"): "replicasets.apps",
    ("apps", "StatefulSet"): "statefulsets.apps",
}


@dataclass(frozen=True, slots=True)
class Constraint:
    """A ``v1.TopologySpreadConstraint`` with its selector compiled."""

    key: str
    max_skew: int
    selector: Selector | None
    min_domains: int = 1
    honours_affinity: bool = True
    honours_taints: bool = False

    def selects(self, pod: PodInfo) -> bool:
        """Whether a pod belongs to the group."""
        return self.selector is not None and self.selector.matches(pod.labels)

    def counts(self, pod: PodInfo, node: NodeInfo) -> bool:
        """Whether a node's pods count, by the constraint's node inclusion policies."""
        if self.honours_affinity and not pod.required_nodes.matches(node.labels, node.name):
            return False
        return not self.honours_taints or node.untolerated(pod) is None


def constraints_of(pod: PodInfo, items: Iterable[Object], action: str) -> list[Constraint]:
    """The constraints with one ``whenUnsatisfiable`` action."""
    return [_constraint(pod, item) for item in items if item.get("whenUnsatisfiable") == action]


def _constraint(pod: PodInfo, item: Object) -> Constraint:
    selector = from_label_selector(item.get("labelSelector"))
    keys = [key for key in item.get("matchLabelKeys") or () if key in pod.labels]
    if selector is not None and keys:
        own = tuple(Requirement(key, "in", (pod.labels[key],)) for key in keys)
        selector = Selector(own + selector.requirements)
    return Constraint(
        item["topologyKey"],
        int(item["maxSkew"]),
        selector,
        int(item.get("minDomains") or 1),
        item.get("nodeAffinityPolicy", "Honor") == "Honor",
        item.get("nodeTaintsPolicy", "Ignore") == "Honor",
    )


def default_selector(pod: PodInfo, lister: Lister) -> Selector:
    """The group a pod belongs to when it does not say: its services and its controller (``helper.DefaultSelector``)."""
    merged: dict[str, str] = {}
    for service in lister.list("services", pod.namespace):
        selector = (service.get("spec") or {}).get("selector")
        if selector and from_map(selector).matches(pod.labels):
            merged.update(selector)
    requirements = from_map(merged).requirements
    owner = controller_of(pod.pod) or {}
    kind = (owner.get("apiVersion", "").rpartition("/")[0], owner.get("kind", ""))
    controller = lister.get(_KINDS[kind], owner["name"], pod.namespace) if kind in _KINDS else None
    if controller is not None:
        selected = from_label_selector(selector_of(controller))
        requirements += selected.requirements if selected else ()
    return Selector(requirements)


def soft_constraints(pod: PodInfo, lister: Lister) -> list[Constraint]:
    """The pod's own soft constraints, or the default ones if it has no constraints at all."""
    own = pod.spec.get("topologySpreadConstraints")
    if own:
        return constraints_of(pod, own, "ScheduleAnyway")
    group = default_selector(pod, lister)
    if not group.requirements:
        return []
    return [Constraint(item["topologyKey"], item["maxSkew"], group) for item in DEFAULTS]


def has_all(labels: Mapping[str, str], constraints: Iterable[Constraint]) -> bool:
    """Whether a node has the topology label of every constraint."""
    return all(constraint.key in labels for constraint in constraints)


def skew(matching: int, own: bool, least: int) -> int:
    """How far a topology would be ahead of the emptiest one with the pod in it."""
    return matching + own - least


@dataclass(slots=True)
class Spread:
    """What the filter needs: the hard constraints, and for each the matching pods by topology value.

    Attributes:
        own: For each constraint whether the new pod itself belongs to the group.
        smallest: The counts of the emptiest topologies, as far as they were asked for since the last change.
    """

    constraints: list[Constraint]
    matching: list[dict[str, int]]
    own: list[bool]
    smallest: dict[int, int] = field(default_factory=dict)

    def copy(self) -> Spread:
        """Counts of their own for a what-if."""
        return Spread(self.constraints, [dict(counts) for counts in self.matching], self.own)

    def least(self, index: int) -> int:
        """The count of the emptiest topology; 0 while there are fewer topologies than ``minDomains``."""
        if index not in self.smallest:
            counts = self.matching[index]
            too_few = len(counts) < self.constraints[index].min_domains
            self.smallest[index] = 0 if too_few else min(counts.values(), default=2**31 - 1)
        return self.smallest[index]


@dataclass(slots=True)
class SoftSpread:
    """What scoring needs: the soft constraints, their counts and weights, and the nodes that cannot take part."""

    constraints: list[Constraint]
    ignored: set[str] = field(default_factory=set)
    matching: list[dict[str, int]] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    counters: list[Any] = field(default_factory=list)


class PodTopologySpread:
    """Filters by hard constraints and scores by soft ones."""

    name = NAME

    def pre_filter(self, state: CycleState, pod: PodInfo) -> tuple[Status, set[str] | None]:
        """Count the group's pods in each topology; skip pods without hard constraints."""
        constraints = constraints_of(pod, pod.spec.get("topologySpreadConstraints") or (), "DoNotSchedule")
        if not constraints:
            return SKIP, None
        spread = Spread(constraints, [{} for _ in constraints], [each.selects(pod) for each in constraints])
        counters = [counter_of(constraint.selector, pod.namespace) for constraint in constraints]
        for node in state.snapshot.nodes:
            if has_all(node.labels, constraints):
                for constraint, counts, count in zip(constraints, spread.matching, counters, strict=True):
                    if constraint.counts(pod, node):
                        value = node.labels[constraint.key]
                        counts[value] = counts.get(value, 0) + count(node)
        state.data[NAME] = spread
        return SUCCESS, None

    def pod_changed(self, state: CycleState, pod: PodInfo, other: PodInfo, node: NodeInfo, change: int) -> None:
        """Let one pod come or go."""
        spread: Spread = state.data[NAME]
        if other.namespace != pod.namespace or not has_all(node.labels, spread.constraints):
            return
        spread.smallest.clear()
        for constraint, counts in zip(spread.constraints, spread.matching, strict=True):
            if constraint.selects(other) and constraint.counts(pod, node):
                value = node.labels[constraint.key]
                counts[value] = counts.get(value, 0) + change

    def filter(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> Status:
        """Refuse nodes without the label, and nodes whose topology would get too far ahead."""
        spread: Spread = state.data[NAME]
        for index, constraint in enumerate(spread.constraints):
            value = node.labels.get(constraint.key)
            if value is None:
                return Status(Code.UNRESOLVABLE, (REASON_LABEL,), NAME, f"the node has no label {constraint.key}")
            matching, least = spread.matching[index].get(value, 0), spread.least(index)
            if skew(matching, spread.own[index], least) > constraint.max_skew:
                detail = f"{constraint.key}={value} has {matching}, the emptiest {least}, maxSkew {constraint.max_skew}"
                return Status(Code.UNSCHEDULABLE, (REASON,), NAME, detail)
        return SUCCESS

    def pre_score(self, state: CycleState, pod: PodInfo, nodes: Sequence[NodeInfo]) -> Status:
        """Count for the soft constraints; skip when there are none."""
        constraints = soft_constraints(pod, state.lister)
        if not constraints:
            return SKIP
        # The defaults must also work where nodes have no zone label.
        needs_all = bool(pod.spec.get("topologySpreadConstraints"))
        spread = _candidates(SoftSpread(constraints), nodes, needs_all)
        spread.counters = [counter_of(constraint.selector, pod.namespace) for constraint in constraints]
        for node in state.snapshot.nodes:
            if not needs_all or has_all(node.labels, constraints):
                _count_soft(spread, pod, node)
        state.data[f"{NAME}.score"] = spread
        return SUCCESS

    def score(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> int:
        """How many pods of the group are in the node's topologies; fewer is better."""
        spread: SoftSpread = state.data[f"{NAME}.score"]
        if node.name in spread.ignored:
            return 0
        total = 0.0
        for index, constraint in enumerate(spread.constraints):
            value = node.labels.get(constraint.key)
            if value is not None:
                here = constraint.key == HOSTNAME
                count = spread.counters[index](node) if here else spread.matching[index][value]
                total += count * spread.weights[index] + (constraint.max_skew - 1)
        return floor(total + 0.5)

    def normalize(self, state: CycleState, scores: dict[str, int]) -> None:
        """The emptiest topology gets 100; nodes that cannot take part get 0."""
        ignored = state.data[f"{NAME}.score"].ignored
        taking_part = [score for node, score in scores.items() if node not in ignored]
        lowest, highest = min(taking_part, default=0), max(taking_part, default=0)
        for node, score in scores.items():
            if node in ignored:
                scores[node] = 0
            else:
                scores[node] = MAX_NODE_SCORE * (highest + lowest - score) // highest if highest else MAX_NODE_SCORE

    def awaits(self, pod: PodInfo, event: ClusterEvent) -> bool:
        """A pod of the group came, went or changed, or the topologies did."""
        constraints = constraints_of(pod, pod.spec.get("topologySpreadConstraints") or (), "DoNotSchedule")
        if event.resource == "nodes":
            if event.updates("nodes") and node_labels(event.before) == node_labels(event.after):
                return node_taints(event.before) != node_taints(event.after)
            return any(has_all(node_labels(node), constraints) for node in (event.before, event.after) if node)
        if event.resource != "pods" or namespace_of(event.object) != pod.namespace:
            return False
        counted = [_counted(constraints, state) for state in (event.before, event.after)]
        return counted[0] != counted[1]


def _counted(constraints: Sequence[Constraint], pod: Object | None) -> list[bool]:
    """Which constraints count a pod; a terminating or absent one counts nowhere."""
    here = pod is not None and not is_terminating(pod)
    labels = labels_of(pod) if pod is not None else {}
    return [here and c.selector is not None and c.selector.matches(labels) for c in constraints]


def _candidates(spread: SoftSpread, nodes: Sequence[NodeInfo], needs_all: bool) -> SoftSpread:
    """Find the topologies of the feasible nodes and weigh each constraint by how many it has."""
    spread.matching = [{} for _ in spread.constraints]
    for node in nodes:
        if needs_all and not has_all(node.labels, spread.constraints):
            spread.ignored.add(node.name)
            continue
        for constraint, counts in zip(spread.constraints, spread.matching, strict=True):
            if constraint.key != HOSTNAME:
                counts.setdefault(node.labels.get(constraint.key, ""), 0)
    for constraint, counts in zip(spread.constraints, spread.matching, strict=True):
        size = len(nodes) - len(spread.ignored) if constraint.key == HOSTNAME else len(counts)
        spread.weights.append(log(size + 2))
    return spread


def _count_soft(spread: SoftSpread, pod: PodInfo, node: NodeInfo) -> None:
    for constraint, counts, count in zip(spread.constraints, spread.matching, spread.counters, strict=True):
        value = node.labels.get(constraint.key, "")
        if value in counts and constraint.counts(pod, node):
            counts[value] += count(node)
