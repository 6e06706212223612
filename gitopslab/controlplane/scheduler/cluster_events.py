"""What changed in the cluster, as far as it can make a waiting pod schedulable.

``reconciler`` makes one for each change that could matter; plugins answer in ``awaits`` whether it matters to a pod
they rejected. Changes that never help (a heartbeat, a pod's phase) are not events at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gitopslab.controlplane.scheduler.resources import Resources, amounts, pod_requests
from gitopslab.machinery.objects import Object, is_terminating, labels_of


@dataclass(frozen=True, slots=True)
class ClusterEvent:
    """One change.

    Attributes:
        resource: Plural with group; ``pods`` means pods that are on a node.
        before: The object before, None when it is new.
        after: The object now, None when it is gone.
    """

    resource: str
    before: Object | None
    after: Object | None

    def adds(self, resource: str) -> bool:
        """Whether an object of this resource came."""
        return self.resource == resource and self.before is None

    def deletes(self, resource: str) -> bool:
        """Whether an object of this resource went."""
        return self.resource == resource and self.after is None

    def updates(self, resource: str) -> bool:
        """Whether an object of this resource changed."""
        return self.resource == resource and self.before is not None and self.after is not None

    @property
    def object(self) -> Object:
        """The object now, or its last state."""
        return self.after if self.after is not None else self.before or {}


def node_labels(node: Object | None) -> dict[str, str]:
    """A node's labels; none for no node."""
    return labels_of(node) if node else {}


def node_taints(node: Object | None) -> list[Object]:
    """A node's taints; none for no node."""
    return (node.get("spec") or {}).get("taints") or [] if node else []


def node_allocatable(node: Object | None) -> Resources:
    """What a node has; nothing for no node."""
    return amounts((node.get("status") or {}).get("allocatable")) if node else {}


def node_event(before: Object | None, after: Object | None) -> ClusterEvent | None:
    """The event of a node's change, None when nothing that scheduling reads has changed."""
    if before is not None and after is not None and _node_traits(before) == _node_traits(after):
        return None
    return ClusterEvent("nodes", before, after)


def pod_event(before: Object | None, after: Object | None) -> ClusterEvent | None:
    """The event of a change of a pod on a node, None when nothing that scheduling reads has changed."""
    if before is not None and after is not None and _pod_traits(before) == _pod_traits(after):
        return None
    return ClusterEvent("pods", before, after)


def _node_traits(node: Object) -> tuple[Any, ...]:
    spec, status = node.get("spec") or {}, node.get("status") or {}
    told = status.get("allocatable"), status.get("declaredFeatures")
    return labels_of(node), spec.get("taints"), spec.get("unschedulable"), *told


def _pod_traits(pod: Object) -> tuple[Any, ...]:
    metadata = pod.get("metadata") or {}
    return labels_of(pod), is_terminating(pod), metadata.get("generation"), metadata.get("uid")


def shrinks(event: ClusterEvent) -> bool:
    """Whether a pod on a node went, or now asks for less."""
    if event.deletes("pods"):
        return True
    if not event.updates("pods") or event.before is None or event.after is None:
        return False
    before, after = pod_requests(event.before), pod_requests(event.after)
    return any(after.get(name, 0) < amount for name, amount in before.items())
