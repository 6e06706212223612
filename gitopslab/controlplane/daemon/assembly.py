"""Puts a control plane together: store, verbs, controllers, scheduler and kubelets around one clock.

The daemon builds one on a file and drives it with ``loop``; tests build one in memory on a jumpable clock and call
``settle`` and ``advance``. Nothing here opens a socket.
"""

from __future__ import annotations

from pathlib import Path

from gitopslab.controlplane.controllers import controllers
from gitopslab.controlplane.daemon.bootstrap import bootstrap
from gitopslab.controlplane.daemon.kubernetesservice import KubernetesServiceController
from gitopslab.controlplane.daemon.topology import Topology
from gitopslab.controlplane.kubelet import kubelets
from gitopslab.controlplane.runtime.api import Api
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.scheduler import scheduler
from gitopslab.controlplane.server.local import LocalApi
from gitopslab.controlplane.server.options import Caller
from gitopslab.controlplane.server.store import Store
from gitopslab.controlplane.server.verbs import Verbs
from gitopslab.machinery.clock import Clock
from gitopslab.machinery.jwt import SigningKey

ADMIN = Caller("kubernetes-admin", ("system:masters", "system:authenticated"), "gitopslab")

_IDENTITIES = {
    "customresourcedefinition-controller": Caller(
        "system:apiserver", ("system:masters", "system:authenticated"), "kube-apiserver"
    ),
    "default-scheduler": Caller("system:kube-scheduler", ("system:authenticated",), "kube-scheduler"),
    "kubelet": Caller("system:node:lab", ("system:nodes", "system:authenticated"), "kubelet"),
}


class ControlPlane:
    """A whole embedded cluster without its network.

    Args:
        clock: The time of everything in it.
        path: The database file; default in memory.
        topology: Its nodes; default those it has, and for a new cluster as in the lab's design.
        bare: Leave out everything but nodes and what the API server itself makes.
        root_ca: The certificate authority that pods are told to trust, PEM.
        key: Signs the tokens of service accounts; default one that nobody keeps.
    """

    def __init__(
        self,
        clock: Clock,
        path: Path | str = ":memory:",
        *,
        topology: Topology | None = None,
        bare: bool = False,
        root_ca: str = "",
        key: SigningKey | None = None,
    ) -> None:
        self.clock = clock
        self.store = Store(path)
        key = key or SigningKey.new()
        self.verbs = Verbs(self.store, clock, key=key)
        self.api: Api = LocalApi(self.verbs, ADMIN)
        self.manager = Manager(self.api, clock)
        bootstrap(self.api, topology, clock, bare=bare)
        self.kubelets = kubelets(self.api_for, self.manager, clock)
        if not bare:
            self.verbs.serve_metrics(self.kubelets.metrics)
        reconcilers = [
            *controllers(self.api_for, self.manager, clock, catalog=self.verbs.catalog, root_ca=root_ca, key=key),
            *scheduler(self.api_for, self.manager, clock),
            *self.kubelets.reconcilers,
            KubernetesServiceController(self.api, self.manager),
        ]
        for reconciler in reconcilers:
            self.manager.add(reconciler)

    def api_for(self, component: str) -> Api:
        """The Api with the identity of one component, as in ``deployment-controller``."""
        controller = Caller(
            f"system:serviceaccount:kube-system:{component}",
            ("system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"),
            "kube-controller-manager",
        )
        return LocalApi(self.verbs, _IDENTITIES.get(component, controller))

    def settle(self) -> None:
        """Let every component act until nothing is due now."""
        self.manager.settle()

    def advance(self, seconds: float) -> None:
        """Let time pass on a jumpable clock."""
        self.manager.advance(seconds)

    def close(self) -> None:
        """Close the database."""
        self.store.close()
