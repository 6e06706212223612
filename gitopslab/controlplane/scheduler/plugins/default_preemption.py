"""DefaultPreemption: when no node is free, find the node where evicting the least important pods makes room.

Pure: it names node and victims; ``outcome`` evicts them. A budget (PodDisruptionBudget) is kept if any choice allows
it, but is broken rather than leave the more important pod waiting, as in Kubernetes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from gitopslab.controlplane.scheduler.cluster_events import ClusterEvent
from gitopslab.controlplane.scheduler.decision import unavailable
from gitopslab.controlplane.scheduler.framework import Code, CycleState, Filter, Nomination, PodChanged, Status
from gitopslab.controlplane.scheduler.nodeinfo import NodeInfo
from gitopslab.controlplane.scheduler.podinfo import PodInfo
from gitopslab.machinery.objects import Object, condition_of, name_of, namespace_of
from gitopslab.machinery.selectors import from_label_selector

NAME = "DefaultPreemption"
NOT_HELPFUL = "Preemption is not helpful for scheduling"
NO_VICTIMS = "No preemption victims found for incoming pod"
NEVER = "not eligible due to preemptionPolicy=Never."
TERMINATING = "not eligible due to a terminating pod on the nominated node."
BY_SCHEDULER = "PreemptionByScheduler"
_NOT_HELPFUL = Status(Code.UNRESOLVABLE, (NOT_HELPFUL,), NAME)
_LOWEST_PRIORITY = 2**31  # added to priorities so that a sum grows with every victim, also below zero


@dataclass(frozen=True, slots=True)
class Candidate:
    """A node on which evicting the victims makes room.

    Attributes:
        violations: How many victims are taken against a PodDisruptionBudget.
        victims: Most important first.
    """

    node: str
    violations: int
    victims: tuple[PodInfo, ...]


def start_time(pod: PodInfo) -> str:
    """When a pod started; the end of time if it has not."""
    return (pod.pod.get("status") or {}).get("startTime") or "9999"


def importance(pod: PodInfo) -> tuple[int, str]:
    """Sorts the most important pod first: by priority, then by age (``util.MoreImportantPod``)."""
    return -pod.priority, start_time(pod)


def best(candidates: Sequence[Candidate]) -> Candidate:
    """The candidate that hurts least (``pickOneNodeForPreemption``).

    Fewest broken budgets, lowest top priority, lowest sum of priorities, fewest victims, youngest important victim,
    and then the first.
    """

    def cost(candidate: Candidate) -> tuple[int, int, int, int]:
        victims = candidate.victims
        total = sum(victim.priority + _LOWEST_PRIORITY for victim in victims)
        return candidate.violations, victims[0].priority, total, len(victims)

    least = min(cost(candidate) for candidate in candidates)
    cheapest = [candidate for candidate in candidates if cost(candidate) == least]
    return max(cheapest, key=lambda candidate: _earliest_start(candidate.victims))


def _earliest_start(victims: Sequence[PodInfo]) -> str:
    return min(start_time(victim) for victim in victims if victim.priority == victims[0].priority)


def split_by_budget(pods: Iterable[PodInfo], budgets: Iterable[Object]) -> tuple[list[PodInfo], list[PodInfo]]:
    """The pods whose eviction breaks a budget, and the others; the order stays."""
    left = [(budget, int((budget.get("status") or {}).get("disruptionsAllowed") or 0)) for budget in budgets]
    violating: list[PodInfo] = []
    harmless: list[PodInfo] = []
    for pod in pods:
        broken = False
        for index, (budget, allowed) in enumerate(left):
            if _guards(budget, pod):
                left[index] = (budget, allowed - 1)
                broken = broken or allowed < 1
        (violating if broken else harmless).append(pod)
    return violating, harmless


def _guards(budget: Object, pod: PodInfo) -> bool:
    selector = from_label_selector((budget.get("spec") or {}).get("selector"))
    if namespace_of(budget) != pod.namespace or not pod.labels or selector is None or not selector.requirements:
        return False
    disrupted = (budget.get("status") or {}).get("disruptedPods") or {}
    return selector.matches(pod.labels) and pod.name not in disrupted


def is_preempted(pod: PodInfo) -> bool:
    """Whether a pod is on its way out because a scheduler evicted it."""
    condition = condition_of(pod.pod, "DisruptionTarget") or {}
    return pod.is_terminating and condition.get("status") == "True" and condition.get("reason") == BY_SCHEDULER


@dataclass(slots=True)
class Search:
    """The what-if on one node: a copy of the node and of the cycle's counts that pods leave and come back to."""

    state: CycleState
    pod: PodInfo
    node: NodeInfo
    fits: Filter
    change: PodChanged
    victims: list[PodInfo] = field(default_factory=list)

    def remove(self, other: PodInfo) -> None:
        """Take a pod away."""
        self.node.remove(other.key)
        self.change(self.state, self.pod, other, self.node, -1)

    def reprieve(self, other: PodInfo) -> bool:
        """Put a pod back if there is room for both; else it is a victim."""
        self.node.add(other)
        self.change(self.state, self.pod, other, self.node, 1)
        if self.fits(self.state, self.pod, self.node).code is Code.SUCCESS:
            return True
        self.remove(other)
        self.victims.append(other)
        return False

    def run(self, budgets: Sequence[Object]) -> Candidate | Status:
        """The fewest, least important victims on this node, or why there are none."""
        lower = [other for other in self.node.pods.values() if other.priority < self.pod.priority]
        if not lower:
            return Status(Code.UNRESOLVABLE, (NO_VICTIMS,), NAME)
        for other in lower:
            self.remove(other)
        status = self.fits(self.state, self.pod, self.node)
        if status.code is not Code.SUCCESS:
            return status
        violating, harmless = split_by_budget(sorted(lower, key=importance), budgets)
        violations = sum(not self.reprieve(other) for other in violating)
        for other in harmless:
            self.reprieve(other)
        if not self.victims:  # it fits after all; upstream takes that for an error, since a filter had refused
            return Status(Code.ERROR, (f'expected at least one victim pod on node "{self.node.name}"',), NAME)
        return Candidate(self.node.name, violations, tuple(sorted(self.victims, key=importance)))


class DefaultPreemption:
    """Looks for victims after every node has refused the pod.

    Args:
        fits: Runs the filters of the profile this plugin is part of.
        change: Tells the other plugins of that profile about a pod that comes or goes.
    """

    name = NAME

    def __init__(self, fits: Filter, change: PodChanged) -> None:
        self._fits = fits
        self._change = change

    def post_filter(self, state: CycleState, pod: PodInfo, statuses: Mapping[str, Status]) -> Nomination:
        """The best node with its victims, or why preemption cannot help."""
        refused = self._refusal(state, pod, statuses)
        if refused:
            return Nomination(Status(Code.UNSCHEDULABLE, (f"preemption: {refused}",), NAME))
        candidates, failures = self._search(state, pod, statuses)
        if candidates:
            chosen = best(candidates)
            return Nomination(Status(), chosen.node, chosen.victims)
        failures = {node.name: failures.get(node.name, _NOT_HELPFUL) for node in state.snapshot.nodes}
        message = unavailable(len(failures), failures.values())
        return Nomination(Status(Code.UNSCHEDULABLE, (f"preemption: {message}",), NAME), "")

    def awaits(self, pod: PodInfo, event: ClusterEvent) -> bool:
        """Never: the plugins that refused the pod know what they wait for."""
        return False

    def _refusal(self, state: CycleState, pod: PodInfo, statuses: Mapping[str, Status]) -> str:
        """Why the pod may not preempt at all; empty if it may."""
        if pod.spec.get("preemptionPolicy") == "Never":
            return NEVER
        node = state.snapshot.node(pod.nominated_node) if pod.nominated_node else None
        if node is None or statuses.get(node.name, Status()).code is Code.UNRESOLVABLE:
            return ""
        leaving = any(other.priority < pod.priority and is_preempted(other) for other in node.pods.values())
        return TERMINATING if leaving else ""

    def _search(
        self, state: CycleState, pod: PodInfo, statuses: Mapping[str, Status]
    ) -> tuple[list[Candidate], dict[str, Status]]:
        """Try every node where removing pods could help.

        Simplified: the real one stops at a tenth of the nodes (at least a hundred), beginning at a random one.
        """
        candidates: list[Candidate] = []
        failures: dict[str, Status] = {}
        budgets = [budget for budget in state.lister.list("poddisruptionbudgets.policy")]
        for node in state.snapshot.nodes:
            if statuses.get(node.name, Status()).code is Code.UNSCHEDULABLE:
                found = Search(state.copy(), pod, node.copy(), self._fits, self._change).run(budgets)
                if isinstance(found, Candidate):
                    candidates.append(found)
                else:
                    failures[node.name] = found
        return candidates, failures


def disruption_condition(preemptor: PodInfo, at: str) -> Object:
    """The condition a victim gets before it is deleted."""
    scheduler = preemptor.spec.get("schedulerName") or "default-scheduler"
    return {
        "type": "DisruptionTarget",
        "status": "True",
        "reason": BY_SCHEDULER,
        "message": f"{scheduler}: preempting to accommodate a higher priority pod",
        "lastTransitionTime": at,
    }


def preempted_message(preemptor: PodInfo, node: str) -> str:
    """The text of a victim's ``Preempted`` event."""
    return f"Preempted by pod {preemptor.uid or name_of(preemptor.pod)} on node {node}"
