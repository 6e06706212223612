"""The scheduling framework: the extension points a plugin can have, and the words they answer with.

``profile`` runs plugins in this order for one pod; each plugin in ``plugins/`` implements some of the points. What it
means to fit or to be good is left to the plugins, and when to try a pod again to ``queue``.

Data flow of one scheduling cycle:

1. ``pre_filter`` once: compute what the filters need, reject the pod outright, or narrow the nodes down.
2. ``filter`` once a node: may the pod run there?
3. ``post_filter`` only if no node is left: can something be done about it (preemption)?
4. ``pre_score`` once, ``score`` once a node, ``normalize`` once: how good is each node, 0 to 100, times a weight.
5. ``changes`` and ``settled`` for the chosen node: claim what the pod needs besides it, such as volumes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from gitopslab.machinery.objects import Object

if TYPE_CHECKING:
    from gitopslab.controlplane.scheduler.cluster_events import ClusterEvent
    from gitopslab.controlplane.scheduler.nodeinfo import NodeInfo
    from gitopslab.controlplane.scheduler.podinfo import PodInfo
    from gitopslab.controlplane.scheduler.snapshot import Snapshot

MAX_NODE_SCORE = 100


class Code(Enum):
    """What a plugin answers.

    ``UNSCHEDULABLE`` means removing pods could help, so preemption may try;
    ``UNRESOLVABLE`` (upstream: UnschedulableAndUnresolvable) means it could not. ``SKIP`` leaves the plugin out of the
    points that follow. ``WAIT`` asks for the same question again after the next change.
    """

    SUCCESS = "Success"
    ERROR = "Error"
    UNSCHEDULABLE = "Unschedulable"
    UNRESOLVABLE = "UnschedulableAndUnresolvable"
    WAIT = "Wait"
    SKIP = "Skip"


@dataclass(frozen=True, slots=True)
class Status:
    """The answer of a plugin.

    Attributes:
        code: What it means for the pod.
        reasons: What users see in events and conditions, in Kubernetes' own words.
        plugin: Who answered.
        detail: The same with names and numbers, for explanations.
    """

    code: Code = Code.SUCCESS
    reasons: tuple[str, ...] = ()
    plugin: str = ""
    detail: str = ""

    @property
    def is_rejected(self) -> bool:
        """Whether the pod is refused, helpably or not."""
        return self.code in (Code.UNSCHEDULABLE, Code.UNRESOLVABLE)

    @property
    def message(self) -> str:
        """The reasons as one text."""
        return ", ".join(self.reasons)


SUCCESS = Status()
SKIP = Status(Code.SKIP)


class Lister(Protocol):
    """Reads the other objects a rule may need (namespaces, services, claims …); shared and read-only."""

    def get(self, resource: str, name: str, namespace: str = "") -> Object | None:
        """One object, or None; ``resource`` is a plural with its group."""
        ...

    def list(self, resource: str, namespace: str = "") -> Iterable[Object]:
        """All objects of a resource, of one namespace or (empty) of all."""
        ...


@dataclass(slots=True)
class CycleState:
    """What one scheduling cycle knows: the cluster as it was, and what plugins leave for their later points.

    Attributes:
        snapshot: Nodes and the pods on them.
        lister: Everything else in the cluster.
        data: One entry a plugin, written in ``pre_filter`` or ``pre_score``; must have ``copy`` if preemption edits it.
        filters: The filters of this cycle by plugin, in order: those whose ``pre_filter`` did not say ``SKIP``.
        counting: The ``pod_changed`` of the same plugins.
    """

    snapshot: Snapshot
    lister: Lister
    data: dict[str, Any] = field(default_factory=dict)
    filters: Mapping[str, Filter] = field(default_factory=dict)
    counting: tuple[PodChanged, ...] = ()

    def copy(self) -> CycleState:
        """A state that a what-if may edit without touching this one."""
        data = {name: value.copy() if hasattr(value, "copy") else value for name, value in self.data.items()}
        return CycleState(self.snapshot, self.lister, data, self.filters, self.counting)


Filter = Callable[[CycleState, "PodInfo", "NodeInfo"], Status]
"""A plugin's ``filter``."""

PodChanged = Callable[[CycleState, "PodInfo", "PodInfo", "NodeInfo", int], None]
"""A plugin's ``pod_changed``."""


@dataclass(frozen=True, slots=True)
class Nomination:
    """What a ``post_filter`` found.

    Attributes:
        status: ``SUCCESS`` when evicting the victims makes room; otherwise why nothing can be done.
        node: Where the pod may go once the victims are gone; empty clears an earlier nomination, None leaves it.
        victims: The pods to evict, most important first.
    """

    status: Status
    node: str | None = None
    victims: tuple[PodInfo, ...] = ()


class Plugin(Protocol):
    """What every plugin has: a name, and an opinion on when to look again at a pod it rejected."""

    name: str

    def awaits(self, pod: PodInfo, event: ClusterEvent) -> bool:
        """Whether a change in the cluster may make a pod schedulable that this plugin rejected (a queueing hint)."""
        ...


@runtime_checkable
class PreEnqueuePlugin(Plugin, Protocol):
    """Asked before a pod may enter the queue."""

    def pre_enqueue(self, pod: PodInfo) -> Status:
        """``SUCCESS`` lets the pod in; anything else keeps it waiting without an attempt."""
        ...


@runtime_checkable
class PreFilterPlugin(Plugin, Protocol):
    """Asked once a cycle, before the nodes."""

    def pre_filter(self, state: CycleState, pod: PodInfo) -> tuple[Status, set[str] | None]:
        """Prepare, ``SKIP``, or reject the pod on all nodes; a set names the only nodes worth looking at."""
        ...


@runtime_checkable
class PreFilterExtensions(Plugin, Protocol):
    """For plugins whose prepared data counts pods: preemption takes pods away and puts them back."""

    def pod_changed(self, state: CycleState, pod: PodInfo, other: PodInfo, node: NodeInfo, change: int) -> None:
        """Correct the prepared data: ``other`` came to (+1) or left (-1) ``node``."""
        ...


@runtime_checkable
class FilterPlugin(Plugin, Protocol):
    """Asked once a node, until the first plugin that refuses it."""

    def filter(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> Status:
        """``SUCCESS`` (that very object) if the pod may run on the node, else why not."""
        ...


@runtime_checkable
class PostFilterPlugin(Plugin, Protocol):
    """Asked when no node is feasible. Pure: it says what to do, the caller does it."""

    def post_filter(self, state: CycleState, pod: PodInfo, statuses: Mapping[str, Status]) -> Nomination:
        """What could make room; ``statuses`` holds each node's refusal."""
        ...


@runtime_checkable
class PreScorePlugin(Plugin, Protocol):
    """Asked once a cycle, when at least two nodes are feasible."""

    def pre_score(self, state: CycleState, pod: PodInfo, nodes: Sequence[NodeInfo]) -> Status:
        """Prepare, or ``SKIP`` scoring."""
        ...


@runtime_checkable
class ScorePlugin(Plugin, Protocol):
    """Asked once for each feasible node."""

    def score(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> int:
        """How good the node is; in any range if the plugin normalizes, else 0 to 100."""
        ...


@runtime_checkable
class NormalizingPlugin(Plugin, Protocol):
    """A score plugin whose scores mean something only next to each other."""

    def normalize(self, state: CycleState, scores: dict[str, int]) -> None:
        """Bring the scores by node into 0 to 100, in place."""
        ...


@runtime_checkable
class BindingPlugin(Plugin, Protocol):
    """Has something to write before the pod is bound (upstream: Reserve and PreBind)."""

    def changes(self, state: CycleState, pod: PodInfo, node: str) -> tuple[Object, ...]:
        """The objects to update before binding; empty when nothing is needed."""
        ...

    def settled(self, lister: Lister, pod: PodInfo, node: str) -> Status:
        """``SUCCESS`` once the pod may be bound, ``WAIT`` while others still work on it, or a rejection."""
        ...


def normalized(scores: dict[str, int], *, reverse: bool = False) -> None:
    """``DefaultNormalizeScore``: scale so that the highest becomes 100, and turn round if fewer is better; in place."""
    highest = max(scores.values(), default=0)
    for node, score in scores.items():
        scaled = MAX_NODE_SCORE * score // highest if highest else 0
        scores[node] = MAX_NODE_SCORE - scaled if reverse else scaled
