"""A cluster of API server and kubelets only: tests bind pods to nodes themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from builders import ADMIN, merged

from gitopslab.controlplane.daemon.topology import NodeShape, Topology
from gitopslab.controlplane.kubelet import kubelets
from gitopslab.controlplane.kubelet.inside.shelf import Shelf
from gitopslab.controlplane.kubelet.simulated import SimulatedRuntime
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.server.local import LocalApi
from gitopslab.controlplane.server.store import Store
from gitopslab.controlplane.server.verbs import Verbs
from gitopslab.errors import NotFoundError
from gitopslab.machinery.clock import JumpableClock
from gitopslab.machinery.objects import Object


class Nodes:
    """Two simulated nodes, ``one`` and ``two``, with the pods a test puts on them; what they write is in a file."""

    def __init__(self, clock: JumpableClock, store: Store | None = None, file: Path | None = None) -> None:
        self.clock = clock
        self.file = file
        self.shelf = Shelf(file, clock.now())
        self.store = store or Store(":memory:")
        self.api = LocalApi(Verbs(self.store, clock), ADMIN)
        if store is None:
            self._furnish()
        self.manager = Manager(self.api, clock)
        runtime = SimulatedRuntime(clock, self.shelf)
        self.kubelets = kubelets(lambda component: self.api, self.manager, clock, runtime)
        for reconciler in self.kubelets.reconcilers:
            self.manager.add(reconciler)
        self.manager.settle()

    def restarted(self) -> Nodes:
        """The same cluster in a new process."""
        return Nodes(self.clock, self.store, self.file)

    def run(self, name: str = "web", *, node: str = "one", **overrides: Any) -> None:
        """Create a pod with one container ``c`` on a node and let the kubelet see it."""
        spec = {"nodeName": node, "containers": [{"name": "c", "image": "nginx:1.27"}]}
        base = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "default"}, "spec": spec}
        self.api.create(merged(base, overrides))
        self.manager.settle()

    def run_container(self, name: str = "web", *, spec: dict[str, Any] | None = None, **container: Any) -> None:
        """Like ``run``, with the fields of the one container given."""
        only = {"name": "c", "image": "nginx:1.27", **container}
        self.run(name, spec={"containers": [only], **(spec or {})})

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.manager.advance(seconds)

    def pod(self, name: str = "web") -> Object:
        """A pod as the API shows it."""
        return self.api.get("pods", name, "default")

    def exists(self, name: str = "web") -> bool:
        """Whether a pod is still there."""
        try:
            self.pod(name)
        except NotFoundError:
            return False
        return True

    def container(self, name: str = "web", container: str = "c") -> Object:
        """The status entry of a container."""
        status = self.pod(name)["status"]
        entries = [*status.get("containerStatuses", ()), *status.get("initContainerStatuses", ())]
        return next(entry for entry in entries if entry["name"] == container)

    def waiting(self, name: str = "web", container: str = "c") -> str:
        """Why a container waits."""
        return str(self.container(name, container)["state"].get("waiting", {}).get("reason", ""))

    def events(self, name: str = "web") -> list[tuple[str, str, str]]:
        """Type, reason and message of the events about a pod, in the order they were first said."""
        found = [one for one in self.api.list("events") if one["involvedObject"]["name"] == name]
        found.sort(key=lambda one: int(one["metadata"]["resourceVersion"]))
        return [(one["type"], one["reason"], one["message"]) for one in found]

    def lines(self, name: str = "web", container: str = "c", *, previous: bool = False) -> list[str] | None:
        """The log of a container."""
        found = self.kubelets.logs.read("default", name, container, previous)
        return None if found is None else [text for _, text in found]

    def _furnish(self) -> None:
        for namespace in ("default", "kube-node-lease"):
            self.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
        account = {"name": "default", "namespace": "default"}
        self.api.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": account})
        for node in Topology((NodeShape("one"), NodeShape("two"))).nodes():
            self.api.create(node)
