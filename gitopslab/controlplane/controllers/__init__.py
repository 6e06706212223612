"""The control loops of ``kube-controller-manager``: one kind a file, each a reconciler on its own.

Each file can be read alone, top to bottom, in the order of its story: contract, rule (pure functions), fetch, write.
They speak to the cluster through the ``Api`` and informers only, so they never know where the objects are kept.
Scheduling pods and running them belong to other rooms.
"""

from __future__ import annotations

from collections.abc import Callable

from gitopslab.controlplane.controllers.aggregation import ClusterRoleAggregationController
from gitopslab.controlplane.controllers.certificates import CertificateCleaner, CertificateSigner
from gitopslab.controlplane.controllers.cronjob import CronJobController
from gitopslab.controlplane.controllers.customresourcedefinition import CustomResourceDefinitionController
from gitopslab.controlplane.controllers.daemonset import DaemonSetController
from gitopslab.controlplane.controllers.deployment import DeploymentController
from gitopslab.controlplane.controllers.disruption import DisruptionController
from gitopslab.controlplane.controllers.endpoints import EndpointController
from gitopslab.controlplane.controllers.endpointslice import EndpointSliceController
from gitopslab.controlplane.controllers.endpointslicemirroring import EndpointSliceMirroringController
from gitopslab.controlplane.controllers.ephemeral import EphemeralVolumeController
from gitopslab.controlplane.controllers.expand import ExpandController
from gitopslab.controlplane.controllers.garbage import GarbageCollector
from gitopslab.controlplane.controllers.horizontalpodautoscaler import HorizontalController
from gitopslab.controlplane.controllers.ingress import IngressController
from gitopslab.controlplane.controllers.job import JobController
from gitopslab.controlplane.controllers.loadbalancer import LoadBalancerController
from gitopslab.controlplane.controllers.namespace import NamespaceController
from gitopslab.controlplane.controllers.nodeipam import NodeIpamController
from gitopslab.controlplane.controllers.nodelifecycle import NodeLifecycleController
from gitopslab.controlplane.controllers.nodettl import NodeTtlController
from gitopslab.controlplane.controllers.podgc import PodGarbageCollector
from gitopslab.controlplane.controllers.provisioner import LocalPathProvisioner
from gitopslab.controlplane.controllers.replicaset import ReplicaSetController
from gitopslab.controlplane.controllers.replicationcontroller import ReplicationManager
from gitopslab.controlplane.controllers.resourcequota import ResourceQuotaController
from gitopslab.controlplane.controllers.serviceaccount import RootCaPublisher, ServiceAccountController
from gitopslab.controlplane.controllers.servicecidr import ServiceCidrController
from gitopslab.controlplane.controllers.statefulset import StatefulSetController
from gitopslab.controlplane.controllers.storageprotection import ClaimProtection, ClassProtection, VolumeProtection
from gitopslab.controlplane.controllers.tainteviction import TaintEvictionController
from gitopslab.controlplane.controllers.tokens import TokenController
from gitopslab.controlplane.controllers.ttl import TtlAfterFinishedController
from gitopslab.controlplane.controllers.validatingadmissionpolicystatus import (
    CheckTypes,
    ValidatingAdmissionPolicyStatusController,
)
from gitopslab.controlplane.controllers.volume import VolumeBinder
from gitopslab.controlplane.runtime.api import Api
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.reconcile import Reconciler
from gitopslab.machinery.certificates import Authority
from gitopslab.machinery.clock import Clock
from gitopslab.machinery.jwt import SigningKey
from gitopslab.machinery.kinds import Catalog

_KINDS = (
    CustomResourceDefinitionController,
    TaintEvictionController,  # before DaemonSets, which delete the same pods and do not say why
    DeploymentController,
    ReplicaSetController,
    ReplicationManager,
    DaemonSetController,
    StatefulSetController,
    JobController,
    CronJobController,
    TtlAfterFinishedController,
    EndpointSliceController,
    EndpointController,
    EndpointSliceMirroringController,
    LoadBalancerController,
    IngressController,
    EphemeralVolumeController,
    ExpandController,
    LocalPathProvisioner,
    ClaimProtection,
    VolumeProtection,
    ClassProtection,
    NodeLifecycleController,
    NodeIpamController,
    NodeTtlController,
    PodGarbageCollector,
    ServiceAccountController,
    ClusterRoleAggregationController,
    CertificateCleaner,
    ServiceCidrController,
)

_OF_ALL_KINDS = (
    GarbageCollector,
    DisruptionController,
    ResourceQuotaController,
    HorizontalController,
)


def controllers(
    api_for: Callable[[str], Api],
    manager: Manager,
    clock: Clock,
    *,
    catalog: Catalog | None = None,
    root_ca: str = "",
    authority: Authority | None = None,
    key: SigningKey | None = None,
    quick: bool = False,
    check_types: CheckTypes = lambda spec: (),
) -> list[Reconciler]:
    """Every controller of the cluster, ready to be added to a manager.

    Args:
        api_for: Gives the Api with a component's identity.
        manager: Gives informers; the controllers are not added to it here.
        clock: The time.
        catalog: The resource types that are garbage collected and emptied out of namespaces; default the built-in ones.
        root_ca: The API server's certificate authority in PEM, published in every namespace.
        authority: The same with its key, which signs clients' certificates; default none, and none is signed.
        key: Signs tokens that are kept in Secrets; default one that nobody else has.
        quick: Whether namespaces go, and claims get what they wait for, sooner than on a real cluster.
        check_types: What is wrong with the types of a policy; default nothing.
    """
    catalog = catalog or Catalog()
    found: list[Reconciler] = [kind(api_for(kind.name), manager, clock) for kind in _KINDS]
    namespaces = api_for(NamespaceController.name)
    found.append(NamespaceController(namespaces, manager, clock, catalog, quick=quick))
    found.append(VolumeBinder(api_for(VolumeBinder.name), manager, clock, quick=quick))
    for whole in _OF_ALL_KINDS:
        found.append(whole(api_for(whole.name), manager, clock, catalog))
    statuses = api_for(ValidatingAdmissionPolicyStatusController.name)
    found.append(ValidatingAdmissionPolicyStatusController(statuses, manager, clock, check_types))
    found.append(RootCaPublisher(api_for(RootCaPublisher.name), manager, clock, root_ca))
    signer = api_for(CertificateSigner.name)
    found.append(CertificateSigner(signer, manager, clock, authority))
    found.append(TokenController(api_for(TokenController.name), manager, key or SigningKey.new(), root_ca))
    return found
