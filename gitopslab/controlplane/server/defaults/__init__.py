"""Defaults: what the API server fills in where a manifest is silent.

``verbs`` calls ``set_defaults`` on every object a client sends, before admission looks at it; the values are those of
Kubernetes 1.36 (``pkg/apis/*/v1/defaults.go``). A module a group; each function changes the object it is given.

Also set here are the few fields that Go always writes out, even when empty (``resources: {}``, ``status: {}``), because
clients see them. Defaults that depend on other objects (the default StorageClass, LimitRanges) are ``admission``'s, and
fields that only the server may set are ``strategy``'s.
"""

from __future__ import annotations

from collections.abc import Callable

from gitopslab.controlplane.server.custom import defaulting, lifecycle
from gitopslab.controlplane.server.custom.version import DEFINITIONS, CustomResource
from gitopslab.controlplane.server.defaults import admission, apps, batch, core, networking, others, pod, storage
from gitopslab.machinery.kinds import Resource
from gitopslab.machinery.objects import Object

_BY_KEY: dict[str, Callable[[Object], None]] = {
    DEFINITIONS: lifecycle.set_defaults,
    "pods": pod.set_pod,
    "services": core.set_service,
    "secrets": core.set_secret,
    "namespaces": core.set_namespace,
    "nodes": core.set_node,
    "endpoints": networking.set_endpoints,
    "limitranges": core.set_limit_range,
    "resourcequotas": core.set_resource_quota,
    "events": core.set_event,
    "persistentvolumes": storage.set_volume,
    "persistentvolumeclaims": storage.set_claim,
    "storageclasses.storage.k8s.io": storage.set_class,
    "csidrivers.storage.k8s.io": storage.set_driver,
    "csinodes.storage.k8s.io": storage.set_node,
    "podtemplates": pod.set_pod_template,
    "validatingadmissionpolicies.admissionregistration.k8s.io": admission.set_policy,
    "validatingadmissionpolicybindings.admissionregistration.k8s.io": admission.set_binding,
    "mutatingadmissionpolicies.admissionregistration.k8s.io": admission.set_policy,
    "mutatingadmissionpolicybindings.admissionregistration.k8s.io": admission.set_binding,
    "mutatingwebhookconfigurations.admissionregistration.k8s.io": admission.set_mutating_webhooks,
    "validatingwebhookconfigurations.admissionregistration.k8s.io": admission.set_validating_webhooks,
    "apiservices.apiregistration.k8s.io": others.set_api_service,
    "flowschemas.flowcontrol.apiserver.k8s.io": others.set_flow_schema,
    "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io": others.set_priority_level,
    "deployments.apps": apps.set_deployment,
    "replicasets.apps": apps.set_replica_set,
    "replicationcontrollers": apps.set_replication_controller,
    "statefulsets.apps": apps.set_stateful_set,
    "daemonsets.apps": apps.set_daemon_set,
    "jobs.batch": batch.set_job,
    "cronjobs.batch": batch.set_cron_job,
    "ingresses.networking.k8s.io": networking.set_ingress,
    "ingressclasses.networking.k8s.io": networking.set_ingress_class,
    "networkpolicies.networking.k8s.io": networking.set_network_policy,
    "endpointslices.discovery.k8s.io": networking.set_endpoint_slice,
    "horizontalpodautoscalers.autoscaling": others.set_autoscaler,
    "poddisruptionbudgets.policy": others.set_disruption_budget,
    "roles.rbac.authorization.k8s.io": others.set_role,
    "clusterroles.rbac.authorization.k8s.io": others.set_role,
    "rolebindings.rbac.authorization.k8s.io": others.set_role_binding,
    "clusterrolebindings.rbac.authorization.k8s.io": others.set_role_binding,
    "resourceclaims.resource.k8s.io": others.set_claim_of_devices,
    "resourceclaimtemplates.resource.k8s.io": others.set_claim_template,
    "priorityclasses.scheduling.k8s.io": others.set_priority_class,
}

_BY_VERSION: dict[str, Callable[[Object], None]] = {
    "horizontalpodautoscalers.v1.autoscaling": others.set_old_autoscaler,
}
"""Of the versions that another one is kept in the form of."""


def set_defaults(resource: Resource, obj: Object) -> None:
    """Fill in, in place, what Kubernetes 1.36 would; setting defaults twice changes nothing more."""
    if isinstance(resource, CustomResource):
        defaulting.set_defaults(obj, resource.version_spec.root)
        return
    apply = _BY_VERSION.get(resource.qualified) if resource.stored_as else _BY_KEY.get(resource.key)
    if apply is not None:
        apply(obj)
