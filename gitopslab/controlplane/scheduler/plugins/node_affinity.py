"""NodeAffinity: ``nodeSelector`` and node affinity; the required part filters, the preferred part scores."""

from __future__ import annotations

from collections.abc import Sequence

from gitopslab.controlplane.scheduler.cluster_events import ClusterEvent, node_labels
from gitopslab.controlplane.scheduler.framework import SKIP, SUCCESS, Code, CycleState, Status, normalized
from gitopslab.controlplane.scheduler.nodeinfo import NodeInfo
from gitopslab.controlplane.scheduler.podinfo import PodInfo
from gitopslab.machinery.node_selector import NodeSelectorTerm, shortcoming, unmet
from gitopslab.machinery.objects import name_of

NAME = "NodeAffinity"
REASON = "node(s) didn't match Pod's node affinity/selector"
REASON_CONFLICT = "pod affinity terms conflict"


def named_nodes(terms: Sequence[NodeSelectorTerm] | None) -> set[str] | None:
    """The only nodes that terms with ``matchFields`` allow; None when some term allows any node."""
    if not terms:
        return None
    names: set[str] = set()
    for term in terms:
        if term.names is None:
            return None
        names |= term.names
    return names


def preference(terms: Sequence[tuple[int, NodeSelectorTerm]], node: NodeInfo) -> int:
    """The sum of the weights of the preferred terms that a node meets."""
    return sum(weight for weight, term in terms if term.matches(node.labels, node.name))


class NodeAffinity:
    """Filters and scores by the labels and names of nodes."""

    name = NAME

    def pre_filter(self, state: CycleState, pod: PodInfo) -> tuple[Status, set[str] | None]:
        """Skip pods without demands; narrow the nodes down when the pod names them, as a DaemonSet's pods do."""
        required = pod.required_nodes
        if required.is_empty:
            return SKIP, None
        names = named_nodes(required.terms)
        if names is not None and not names:
            return Status(Code.UNRESOLVABLE, (REASON_CONFLICT,), NAME), None
        return SUCCESS, names

    def filter(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> Status:
        """Refuse nodes that the selector or the required affinity does not select."""
        if pod.required_nodes.matches(node.labels, node.name):
            return SUCCESS
        required = pod.required_nodes
        detail = shortcoming(required.selector, node.labels) or unmet(required.terms or (), node.labels, node.name)
        return Status(Code.UNRESOLVABLE, (REASON,), NAME, detail)

    def pre_score(self, state: CycleState, pod: PodInfo, nodes: Sequence[NodeInfo]) -> Status:
        """Skip pods without preferences."""
        return SUCCESS if pod.preferred_nodes else SKIP

    def score(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> int:
        """The weights of the preferences the node meets."""
        return preference(pod.preferred_nodes, node)

    def normalize(self, state: CycleState, scores: dict[str, int]) -> None:
        """The most preferred node gets 100."""
        normalized(scores)

    def awaits(self, pod: PodInfo, event: ClusterEvent) -> bool:
        """A node came that matches, or has come to match by its labels."""
        if event.resource != "nodes" or event.after is None:
            return False
        name, required = name_of(event.after), pod.required_nodes
        matched = event.before is not None and required.matches(node_labels(event.before), name)
        return not matched and required.matches(node_labels(event.after), name)
