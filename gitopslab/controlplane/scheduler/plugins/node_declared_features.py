"""NodeDeclaredFeatures: a pod that needs a feature of the kubelet runs where a node declares to have it.

Nodes of the lab declare none, because the lab's kubelets have none of these features.
"""

from __future__ import annotations

from gitopslab.controlplane.scheduler.cluster_events import ClusterEvent
from gitopslab.controlplane.scheduler.framework import SKIP, SUCCESS, Code, CycleState, Status
from gitopslab.controlplane.scheduler.nodeinfo import NodeInfo
from gitopslab.controlplane.scheduler.podinfo import PodInfo
from gitopslab.machinery.objects import Object

NAME = "NodeDeclaredFeatures"
REASON = "node(s) didn't match Pod's required features"
RESTART_ALL = "RestartAllContainersOnContainerExits"
USERS_ON_HOST_NETWORK = "UserNamespacesHostNetworkSupport"


def required(spec: Object) -> set[str]:
    """The features that a pod cannot do without (``nodedeclaredfeatures.InferForPodScheduling``)."""
    found = set()
    containers = [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]
    rules = (rule for container in containers for rule in container.get("restartPolicyRules") or ())
    if any(rule.get("action") == "RestartAllContainers" for rule in rules):
        found.add(RESTART_ALL)
    if spec.get("hostNetwork") and spec.get("hostUsers") is False:
        found.add(USERS_ON_HOST_NETWORK)
    return found


def declared(node: Object | None) -> set[str]:
    """The features that a node says it has."""
    return set(((node or {}).get("status") or {}).get("declaredFeatures") or ())


class NodeDeclaredFeatures:
    """Filters by ``status.declaredFeatures`` of the node."""

    name = NAME

    def pre_filter(self, state: CycleState, pod: PodInfo) -> tuple[Status, set[str] | None]:
        """Skip pods that need none."""
        features = required(pod.spec)
        if not features:
            return SKIP, None
        state.data[NAME] = frozenset(features)
        return SUCCESS, None

    def filter(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> Status:
        """Refuse nodes that lack a feature."""
        lacking = state.data[NAME] - declared(node.node)
        if not lacking:
            return SUCCESS
        return Status(Code.UNRESOLVABLE, (REASON,), NAME, f"the node does not declare {', '.join(sorted(lacking))}")

    def awaits(self, pod: PodInfo, event: ClusterEvent) -> bool:
        """A node came, or declares other features than before."""
        return event.adds("nodes") or (event.updates("nodes") and declared(event.before) != declared(event.after))
