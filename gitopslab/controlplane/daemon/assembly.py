"""Puts a control plane together: store, verbs, controllers, scheduler and kubelets around one clock.

The daemon builds one on a file's store and drives it with ``loop``; tests build one in memory on a jumpable clock and
call ``settle`` and ``advance``. Nothing here opens a socket.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random

from gitopslab.controlplane.controllers import controllers
from gitopslab.controlplane.controllers.customresourcedefinition import CustomResourceDefinitionController
from gitopslab.controlplane.controllers.ingress import IngressController
from gitopslab.controlplane.controllers.loadbalancer import LoadBalancerController
from gitopslab.controlplane.controllers.provisioner import LocalPathProvisioner
from gitopslab.controlplane.daemon.apiavailability import ApiAvailabilityController
from gitopslab.controlplane.daemon.apiservices import ApiServiceController
from gitopslab.controlplane.daemon.bootstrap import bootstrap
from gitopslab.controlplane.daemon.flowcontrol import FlowDefaultsController, FlowSchemaController
from gitopslab.controlplane.daemon.gitops import GitOps
from gitopslab.controlplane.daemon.kubernetesservice import KubernetesServiceController
from gitopslab.controlplane.daemon.systemnamespaces import SystemNamespacesController
from gitopslab.controlplane.daemon.topology import Topology
from gitopslab.controlplane.kubelet import Runtime, kubelets
from gitopslab.controlplane.kubelet.pace import LAB, PLAIN
from gitopslab.controlplane.runtime.api import Api
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.reconcile import Reconciler
from gitopslab.controlplane.scheduler import scheduler
from gitopslab.controlplane.server.admission.policies import typechecking
from gitopslab.controlplane.server.local import LocalApi
from gitopslab.controlplane.server.options import Caller
from gitopslab.controlplane.server.store import Store
from gitopslab.controlplane.server.verbs import Verbs
from gitopslab.gitops.work import Work
from gitopslab.machinery.certificates import Authority
from gitopslab.machinery.clock import Clock
from gitopslab.machinery.jwt import SigningKey
from gitopslab.machinery.names import CHANCE

ADMIN = Caller("kubernetes-admin", ("system:masters", "system:authenticated"), "gitopslab")

_API_SERVER = Caller("system:apiserver", ("system:masters", "system:authenticated"), "kube-apiserver")
_FAIRNESS = "api-priority-and-fairness-config"
_IDENTITIES = {
    "kubernetes-admin": ADMIN,
    "kube-apiserver": _API_SERVER,
    **{name: replace(_API_SERVER, manager=f"{name}-v1") for name in (f"{_FAIRNESS}-producer", f"{_FAIRNESS}-consumer")},
    "customresourcedefinition-controller": _API_SERVER,
    "default-scheduler": Caller("system:kube-scheduler", ("system:authenticated",), "kube-scheduler"),
    "kubelet": Caller("system:node:lab", ("system:nodes", "system:authenticated"), "kubelet"),
}

_ELSEWHERE = {
    CustomResourceDefinitionController.name: "kube-apiserver",
    IngressController.name: IngressController.name,
    LoadBalancerController.name: LoadBalancerController.name,
    LocalPathProvisioner.name: "local-path-provisioner",
}
"""Of our controllers, those that are not in the controller manager of a real cluster."""


class ControlPlane:
    """A whole embedded cluster without its network.

    Args:
        clock: The time of everything in it.
        store: Where its objects are; default in memory, and nobody keeps them.
        topology: Its nodes; default those it has, and for a new cluster as in the lab's design.
        bare: Leave out everything but nodes and what the API server itself makes.
        root_ca: The certificate authority that pods are told to trust, PEM.
        authority: The same with its key, which signs clients' certificates; default none, and none is signed.
        key: Signs the tokens of service accounts; default one that nobody keeps.
        chance: Where everything random comes from; a seeded one makes a run that can be repeated.
        runtime: Runs containers; default plays them.
        work: Fetches and builds for Flux and Argo CD; default at once, in this thread.
        artifacts: Where Flux keeps what it fetched; default a folder that goes with the process.
        kubeconfig: With which Flux has helm reach the cluster; None when it is not served.

    Attributes:
        gitops: Flux, once its kinds are there.
        components: Which program of a real cluster each reconciler belongs to, by its name.
    """

    def __init__(
        self,
        clock: Clock,
        store: Store | None = None,
        *,
        topology: Topology | None = None,
        bare: bool = False,
        root_ca: str = "",
        authority: Authority | None = None,
        key: SigningKey | None = None,
        chance: Random = CHANCE,
        runtime: Runtime | None = None,
        work: Work | None = None,
        artifacts: Path | None = None,
        kubeconfig: Path | None = None,
    ) -> None:
        self.clock = clock
        self.store = store or Store()
        key = key or SigningKey.new()
        self.verbs = Verbs(self.store, clock, key=key, chance=chance)
        self.api: Api = LocalApi(self.verbs, ADMIN)
        self.manager = Manager(self.api, clock)
        bootstrap(self.api_for, topology, clock, bare=bare)
        self.kubelets = kubelets(self.api_for, self.manager, clock, runtime, pace=PLAIN if bare else LAB)
        if not bare:
            self.verbs.serve_metrics(self.kubelets.metrics)
        control = controllers(
            self.api_for,
            self.manager,
            clock,
            catalog=self.verbs.catalog,
            root_ca=root_ca,
            authority=authority,
            key=key,
            check_types=lambda spec: typechecking.warnings_of(spec, self.verbs.catalog),
            quick=not bare,  # nobody is to wait for an exercise to begin anew
        )
        self.gitops = GitOps(self.verbs, self.manager, work=work, artifacts=artifacts, kubeconfig=kubeconfig)
        programs: dict[str, list[Reconciler]] = {
            "kube-controller-manager": control,
            "kube-scheduler": scheduler(self.api_for, self.manager, clock),
            "kubelet": self.kubelets.reconcilers,
            "kube-apiserver": [
                KubernetesServiceController(self.api_for("kube-apiserver"), self.manager),
                SystemNamespacesController(self.api_for("kube-apiserver"), self.manager),
                ApiServiceController(self.api_for("kube-apiserver"), self.manager),
                ApiAvailabilityController(self.api_for("kube-apiserver"), self.manager, clock),
                FlowDefaultsController(self.api_for(f"{_FAIRNESS}-producer"), self.manager),
                FlowSchemaController(self.api_for(f"{_FAIRNESS}-consumer"), self.manager, clock),
            ],
            **{starter.name: [starter] for starter in self.gitops.starters},
        }
        self.components: dict[str, str] = {}
        for program, reconcilers in programs.items():
            for reconciler in reconcilers:
                self.components[reconciler.name] = _ELSEWHERE.get(reconciler.name, program)
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
        """Close the database, and end what runs for the controllers."""
        self.gitops.close()
        self.store.close()
