"""Warnings: what is accepted, and yet most likely not what its author meant.

``verbs`` calls ``warnings_of`` after validation; what it says becomes ``Warning`` headers, which kubectl prints. Rules
that refuse are ``validation``'s; that a whole kind is deprecated is known to ``machinery.kinds``.

Upstream: ``WarningsOnCreate`` and ``WarningsOnUpdate`` of the strategies in ``pkg/registry``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from gitopslab.controlplane.server.custom.version import DEFINITIONS
from gitopslab.controlplane.server.warnings import batch, definitions, networking, others, pods, storage, workloads
from gitopslab.machinery.kinds import Resource
from gitopslab.machinery.objects import Object

Warnings = Callable[[Object, Object | None], Iterable[str]]

_BY_KEY: dict[str, Warnings] = {
    "pods": pods.of_pod,
    "podtemplates": workloads.of_pod_template,
    "deployments.apps": workloads.of_named,
    "replicasets.apps": workloads.of_named,
    "replicationcontrollers": workloads.of_named,
    "daemonsets.apps": workloads.of_daemon_set,
    "statefulsets.apps": workloads.of_stateful_set,
    "jobs.batch": batch.of_job,
    "cronjobs.batch": batch.of_cron_job,
    "services": networking.of_service,
    "endpoints": networking.of_endpoints,
    "endpointslices.discovery.k8s.io": networking.of_endpoint_slice,
    "ingresses.networking.k8s.io": networking.of_ingress,
    "networkpolicies.networking.k8s.io": networking.of_network_policy,
    "persistentvolumes": storage.of_volume,
    "persistentvolumeclaims": storage.of_claim,
    "storageclasses.storage.k8s.io": storage.of_class,
    "csidrivers.storage.k8s.io": storage.of_driver,
    "nodes": others.of_node,
    "secrets": others.of_secret,
    "serviceaccounts": others.of_service_account,
    "runtimeclasses.node.k8s.io": others.of_runtime_class,
    DEFINITIONS: definitions.of_definition,
}


def warnings_of(resource: Resource, obj: Object, before: Object | None, subresource: str) -> list[str]:
    """What the author of a valid object should know; of the subresources only a scale changes what is wished for.

    Args:
        resource: The type of both objects.
        obj: The wished state, complete with defaults and its new generation.
        before: The stored state; None for a new object.
        subresource: What is written; empty for the object itself.
    """
    found = _BY_KEY.get(resource.key)
    return list(found(obj, before)) if found is not None and subresource in ("", "scale") else []
