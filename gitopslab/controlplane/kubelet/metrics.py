"""What the simulated nodes and their containers use (``runtime.metrics.Metrics``).

The API server's ``metrics.k8s.io`` asks for each pod and node it shows; figures come from ``usage`` and ``load``.
A kubelet that was stopped answers nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gitopslab.controlplane.kubelet.load import Load
from gitopslab.controlplane.kubelet.nodes import Nodes
from gitopslab.controlplane.kubelet.runtime import Runtime
from gitopslab.controlplane.kubelet.usage import node_share, usage_of
from gitopslab.controlplane.runtime.informer import by_node
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.metrics import Usage
from gitopslab.machinery.objects import Object, labels_of, name_of

_CONTROL = "node-role.kubernetes.io/control-plane"
_KINDS = (("containers", "containerStatuses"), ("initContainers", "initContainerStatuses"))


class SimulatedMetrics:
    """The usage on all simulated nodes.

    Args:
        manager: Its pods, nodes and Services are read.
        nodes: Which nodes are ours and alive.
        runtime: Measures what really runs.
    """

    def __init__(self, manager: Manager, nodes: Nodes, runtime: Runtime) -> None:
        self._runtime = runtime
        self._pods = manager.informer("pods")
        self._nodes = manager.informer("nodes")
        self._alive = nodes
        self._load = Load(manager)

    def containers(self, pod: Object, at: float) -> Mapping[str, Usage]:
        """What the running containers of a pod use."""
        node = self._nodes.get(pod["spec"].get("nodeName", ""))
        if node is None or not self._answers(node):
            return {}
        load = self._load.on(pod, at)
        found = {}
        for container in _running(pod):
            measured = self._runtime.usage(pod, container["name"])
            found[container["name"]] = measured or usage_of(pod, container, load, at)
            load = 0  # the first container serves, the others stand beside it
        return found

    def node(self, node: Object, at: float) -> Usage | None:
        """What a node uses with everything on it."""
        if not self._answers(node):
            return None
        total = node_share("control" if _CONTROL in labels_of(node) else "worker")
        for pod in self._pods.indexed(by_node, name_of(node)):
            for usage in self.containers(pod, at).values():
                total += usage
        return total

    def _answers(self, node: Object) -> bool:
        return self._alive.are_ours(node) and self._alive.is_running(name_of(node))


def _running(pod: Object) -> Iterator[Object]:
    """The entries in the spec of all containers that run."""
    status = pod.get("status", {})
    for field, shown in _KINDS:
        running = {one["name"] for one in status.get(shown) or () if one.get("state", {}).get("running")}
        yield from (one for one in pod["spec"].get(field) or () if one["name"] in running)
