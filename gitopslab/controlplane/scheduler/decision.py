"""The record of one scheduling decision: what was asked, what each node answered, what came of it.

``cycle`` makes one for every pod it tries; ``reconciler`` acts on it, ``explain`` and the views show it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from gitopslab.controlplane.scheduler.framework import SUCCESS, Code, Nomination, Status
from gitopslab.controlplane.scheduler.podinfo import PodInfo
from gitopslab.machinery.objects import Object

NO_NODES = "no nodes available to schedule pods"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one node answered.

    Attributes:
        node: Its name.
        status: ``SUCCESS``, or the first filter that refused, with reasons and numbers.
        scores: Each plugin's score, normalised and weighted; empty unless there was a choice.
    """

    node: str
    status: Status = SUCCESS
    scores: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_feasible(self) -> bool:
        """Whether the pod may run there."""
        return self.status.code is Code.SUCCESS

    @property
    def total(self) -> int:
        """The sum of the scores."""
        return sum(self.scores.values())


@dataclass(frozen=True, slots=True)
class Decision:
    """What came of trying to place one pod.

    Attributes:
        pod: The pod.
        node: The chosen node, None when there is none.
        verdicts: One a node that was looked at, in the order of the nodes.
        message: Why it is unschedulable, as the event and the condition say it; empty when a node was chosen.
        rejected_by: The plugins that refused the pod or a node; what they wait for decides when to try again.
        nomination: What preemption found, if it was tried.
        filters: The plugins that had a say on each node, in the order they were asked.
        changes: Objects to update before the pod can be bound, such as volumes that get their claim.
    """

    pod: PodInfo
    node: str | None = None
    verdicts: tuple[Verdict, ...] = ()
    message: str = ""
    rejected_by: frozenset[str] = frozenset()
    nomination: Nomination | None = None
    filters: tuple[str, ...] = ()
    changes: tuple[Object, ...] = ()

    @property
    def feasible(self) -> tuple[str, ...]:
        """The nodes the pod may run on."""
        return tuple(verdict.node for verdict in self.verdicts if verdict.is_feasible)

    @property
    def victims(self) -> tuple[PodInfo, ...]:
        """The pods to evict so that a later try succeeds."""
        return self.nomination.victims if self.nomination else ()


def unavailable(nodes: int, statuses: Iterable[Status]) -> str:
    """``0/4 nodes are available: 1 node(s) had untolerated taint(s), 3 Insufficient cpu.`` (``FitError``).

    The reasons are sorted as text with their counts in front, as upstream does.
    """
    counts = Counter(reason for status in statuses for reason in status.reasons)
    told = sorted(f"{count} {reason}" for reason, count in counts.items())
    return f"0/{nodes} nodes are available:{' ' + ', '.join(told) + '.' if told else ''}"


def unavailable_at_once(nodes: int, status: Status) -> str:
    """The same when a plugin rejected the pod before any node was looked at."""
    return f"0/{nodes} nodes are available: {status.message}."
