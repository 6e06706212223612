"""One scheduling cycle: one pod, one decision.

Pure: it reads a snapshot and answers with a ``Decision``; ``reconciler`` binds and evicts, ``explain`` only shows.
Upstream: ``schedule_one.go``.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gitopslab.controlplane.scheduler.decision import NO_NODES, Decision, Verdict, unavailable, unavailable_at_once
from gitopslab.controlplane.scheduler.framework import SUCCESS, Code, CycleState, Lister, Nomination, Status
from gitopslab.controlplane.scheduler.nodeinfo import NodeInfo
from gitopslab.controlplane.scheduler.podinfo import PodInfo
from gitopslab.controlplane.scheduler.profile import Profile
from gitopslab.controlplane.scheduler.snapshot import Snapshot

_FEW_NODES = 100  # up to here every node is looked at (``minFeasibleNodesToFind``)
_LEAST_PERCENTAGE = 5


def enough(nodes: int) -> int:
    """How many feasible nodes are enough to choose from (``numFeasibleNodesToFind``)."""
    if nodes < _FEW_NODES:
        return nodes
    return max(_FEW_NODES, nodes * max(50 - nodes // 125, _LEAST_PERCENTAGE) // 100)


@dataclass(slots=True)
class Cycle:
    """Tries pods one after another.

    Attributes:
        profile: The plugins.
        snapshot: The nodes and their pods.
        lister: Everything else.
        random: Breaks ties between equally good nodes, as upstream does; seed it to get the same choice again.
        start: Where looking begins in a large cluster, so that all nodes get their chance.
    """

    profile: Profile
    snapshot: Snapshot
    lister: Lister
    random: random.Random
    start: int = 0

    def schedule(self, pod: PodInfo) -> Decision:
        """Choose a node for a pod, or say why there is none and what would help."""
        nodes = self.snapshot.nodes
        if not nodes:
            return Decision(pod, message=NO_NODES, nomination=Nomination(Status(Code.UNRESOLVABLE), ""))
        state = CycleState(self.snapshot, self.lister)
        status, names, narrowing = self.profile.pre_filter(state, pod)
        if names is not None and not names:
            status = _nowhere(narrowing)
        if status is not SUCCESS:
            return self._rejected(state, pod, status)
        statuses = self._nominated(state, pod) or self._filter(state, pod, _named(nodes, names))
        if SUCCESS in statuses.values():
            return self._chosen(state, pod, statuses)
        return self._unschedulable(state, pod, statuses, narrowing)

    def _nominated(self, state: CycleState, pod: PodInfo) -> dict[str, Status]:
        """The node that preemption cleared for the pod, if it fits now: no other need be looked at."""
        node = self.snapshot.node(pod.nominated_node) if pod.nominated_node else None
        if node is None or self.profile.fits(state, pod, node) is not SUCCESS:
            return {}
        return {node.name: SUCCESS}

    def _filter(self, state: CycleState, pod: PodInfo, nodes: Sequence[NodeInfo]) -> dict[str, Status]:
        statuses: dict[str, Status] = {}
        wanted, found = enough(len(nodes)), 0
        for offset in range(len(nodes)):
            node = nodes[(self.start + offset) % len(nodes)]
            status = statuses[node.name] = self.profile.fits(state, pod, node)
            found += status is SUCCESS
            if found >= wanted:
                break
        if wanted < len(nodes):
            self.start = (self.start + len(statuses)) % len(nodes)
        return statuses

    def _chosen(self, state: CycleState, pod: PodInfo, statuses: Mapping[str, Status]) -> Decision:
        nodes = [node for node in self.snapshot.nodes if statuses.get(node.name) is SUCCESS]
        scores: dict[str, dict[str, int]] = {}
        chosen = nodes[0].name
        if len(nodes) > 1:
            scores = self.profile.score(state, pod, nodes)
            totals = {name: sum(parts.values()) for name, parts in scores.items()}
            highest = max(totals.values())
            chosen = self.random.choice([name for name, total in totals.items() if total == highest])
        verdicts = tuple(Verdict(name, status, scores.get(name, {})) for name, status in statuses.items())
        changes = self.profile.changes(state, pod, chosen)
        return Decision(pod, chosen, verdicts, filters=tuple(state.filters), changes=changes)

    def _rejected(self, state: CycleState, pod: PodInfo, status: Status) -> Decision:
        """A plugin refused the pod before any node was asked."""
        statuses = {node.name: status for node in self.snapshot.nodes}
        nomination = self.profile.post_filter(state, pod, statuses)
        message = unavailable_at_once(len(statuses), status) + _told(nomination)
        verdicts = tuple(Verdict(name, status) for name in statuses)
        return Decision(pod, None, verdicts, message, frozenset({status.plugin} - {""}), nomination)

    def _unschedulable(
        self, state: CycleState, pod: PodInfo, statuses: dict[str, Status], narrowing: frozenset[str]
    ) -> Decision:
        """Every node refused."""
        left_out = _left_out(narrowing)
        statuses = {node.name: statuses.get(node.name, left_out) for node in self.snapshot.nodes}
        nomination = self.profile.post_filter(state, pod, statuses)
        message = unavailable(len(statuses), statuses.values()) + _told(nomination)
        verdicts = tuple(Verdict(name, status) for name, status in statuses.items())
        rejected_by = frozenset(status.plugin for status in statuses.values() if status.plugin) | narrowing
        return Decision(pod, None, verdicts, message, rejected_by, nomination, tuple(state.filters))


def _named(nodes: Sequence[NodeInfo], names: set[str] | None) -> Sequence[NodeInfo]:
    return nodes if names is None else [node for node in nodes if node.name in names]


def _told(nomination: Nomination) -> str:
    message = nomination.status.message
    return f" {message}" if message else ""


def _left_out(narrowing: frozenset[str]) -> Status:
    """The refusal of nodes that a ``pre_filter`` ruled out."""
    names = sorted(narrowing)
    reason = f"node(s) didn't satisfy plugin(s) [{' '.join(names)}]"
    return Status(Code.UNRESOLVABLE, (reason,), names[0] if names else "", "the pod names other nodes")


def _nowhere(narrowing: frozenset[str]) -> Status:
    """The rejection when several ``pre_filter`` have no node in common."""
    names = sorted(narrowing)
    told = f"plugin {names[0]}" if len(names) == 1 else f"plugin(s) [{' '.join(names)}] simultaneously"
    return Status(Code.UNRESOLVABLE, (f"node(s) didn't satisfy {told}",), names[0])
