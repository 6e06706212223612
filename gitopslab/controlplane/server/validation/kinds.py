"""Which rules belong to which kind.

``validate`` asks here; the rules themselves are in the modules named below.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from gitopslab.controlplane.server.validation import (
    admissionpolicies,
    apiservices,
    attachments,
    autoscaling,
    certificates,
    claims,
    cluster,
    config,
    definitions,
    devices,
    drivers,
    endpoints,
    events,
    flowcontrol,
    formats,
    jobs,
    mutatingpolicies,
    networking,
    persistentvolumes,
    pods,
    policies,
    rbac,
    resourceslices,
    services,
    slices,
    statefulsets,
    storage,
    webhooks,
    workloads,
)
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.machinery.kinds import Resource
from gitopslab.machinery.objects import Object

Create = Callable[[Causes, Object], None]
Change = Callable[[Causes, Object, Object, str], None]
Step = Literal["whole", "change", "new", "rules"]
"""What judges a changed object: its metadata, what changed of them, the rules of new objects, those of changes."""

PARTS = ("status", "approval", "ephemeralcontainers", "resize", "finalize")
RULES: tuple[Step, ...] = ("rules",)
CHANGE: tuple[Step, ...] = ("change", "rules")
WHOLE: tuple[Step, ...] = ("whole", "rules")
BOTH: tuple[Step, ...] = ("change", "whole", "rules")
TURNED: tuple[Step, ...] = ("whole", "change", "rules")
AROUND: tuple[Step, ...] = ("whole", "rules", "change")
AS_NEW: tuple[Step, ...] = ("whole", "new", "change", "rules")
NEW_LAST: tuple[Step, ...] = ("change", "rules", "whole", "new")
TWICE: tuple[Step, ...] = ("whole", "new", "whole", "new", "rules")


def _nothing(causes: Causes, obj: Object) -> None:
    """A kind whose spec has no rules."""


def _any_change(causes: Causes, obj: Object, before: Object, subresource: str) -> None:
    """A kind whose changes have no rules."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of a kind.

    Attributes:
        name: The format of its names.
        create: Those of new objects.
        change: Those of changes.
        any_finalizer: Whether finalizers need not be those of Kubernetes.
        steps: What judges a changed object, in this order; each step tells the faults it finds.
        parts: The same when a part of the object is written.
    """

    name: formats.Check = formats.problems_of_subdomain
    create: Create = _nothing
    change: Change = _any_change
    any_finalizer: bool = False
    steps: tuple[Step, ...] = CHANGE
    parts: tuple[Step, ...] = CHANGE


_RULES: dict[str, Rules] = {
    "customresourcedefinitions.apiextensions.k8s.io": Rules(
        create=definitions.check_definition, change=definitions.check_definition_change, any_finalizer=True
    ),
    "validatingadmissionpolicies.admissionregistration.k8s.io": Rules(
        create=admissionpolicies.check_policy,
        change=admissionpolicies.check_policy_change,
        steps=WHOLE,
        parts=WHOLE,
        any_finalizer=True,
    ),
    "validatingadmissionpolicybindings.admissionregistration.k8s.io": Rules(
        create=admissionpolicies.check_binding,
        change=admissionpolicies.check_binding_change,
        steps=WHOLE,
        any_finalizer=True,
    ),
    "mutatingadmissionpolicies.admissionregistration.k8s.io": Rules(
        create=mutatingpolicies.check_policy,
        change=mutatingpolicies.check_policy_change,
        steps=WHOLE,
        any_finalizer=True,
    ),
    "mutatingadmissionpolicybindings.admissionregistration.k8s.io": Rules(
        create=mutatingpolicies.check_binding,
        change=mutatingpolicies.check_binding_change,
        steps=WHOLE,
        any_finalizer=True,
    ),
    **{
        f"{plural}.admissionregistration.k8s.io": Rules(
            create=webhooks.check_configuration,
            change=webhooks.check_configuration_change,
            any_finalizer=True,
            steps=WHOLE,
        )
        for plural in ("mutatingwebhookconfigurations", "validatingwebhookconfigurations")
    },
    "apiservices.apiregistration.k8s.io": Rules(
        formats.problems_of_path_segment,
        apiservices.check_service,
        apiservices.check_service_change,
        steps=BOTH,
        any_finalizer=True,
    ),
    "configmaps": Rules(create=config.check_config_map, change=config.check_config_map_change, steps=NEW_LAST),
    "secrets": Rules(create=config.check_secret, change=config.check_secret_change, steps=NEW_LAST),
    "namespaces": Rules(
        formats.problems_of_label, cluster.check_namespace, cluster.check_namespace_change, steps=AS_NEW
    ),
    "certificatesigningrequests.certificates.k8s.io": Rules(
        formats.anything,
        certificates.check_request,
        certificates.check_request_change,
        steps=AROUND,
        parts=AROUND,
    ),
    "nodes": Rules(create=cluster.check_node, change=cluster.check_node_change, steps=AS_NEW),
    "events": Rules(formats.anything, events.check_legacy, events.check_legacy_change, steps=RULES, any_finalizer=True),
    "events.events.k8s.io": Rules(create=events.check_event, change=events.check_event_change),
    "leases.coordination.k8s.io": Rules(
        create=cluster.check_lease, change=cluster.check_lease_change, any_finalizer=True
    ),
    "pods": Rules(create=pods.check_pod, change=pods.check_pod_change, steps=BOTH),
    "endpoints": Rules(create=endpoints.check_endpoints, change=endpoints.check_endpoints_change, steps=BOTH),
    "services": Rules(formats.problems_of_label, services.check_service, services.check_service_change),
    "persistentvolumes": Rules(
        create=persistentvolumes.check_volume, change=persistentvolumes.check_volume_change, steps=TWICE
    ),
    "persistentvolumeclaims": Rules(create=claims.check_claim, change=claims.check_claim_change, steps=BOTH),
    "storageclasses.storage.k8s.io": Rules(create=storage.check_class, change=storage.check_class_change, steps=AS_NEW),
    "volumeattributesclasses.storage.k8s.io": Rules(
        create=storage.check_attributes_class, change=storage.check_attributes_class_change, steps=NEW_LAST
    ),
    "volumeattachments.storage.k8s.io": Rules(
        create=attachments.check_attachment,
        change=attachments.check_attachment_change,
        steps=WHOLE,
        parts=WHOLE,
    ),
    "csidrivers.storage.k8s.io": Rules(create=drivers.check_driver, change=drivers.check_driver_change),
    "csistoragecapacities.storage.k8s.io": Rules(
        create=drivers.check_capacity, change=drivers.check_capacity_change, steps=AS_NEW
    ),
    "podtemplates": Rules(create=workloads.check_pod_template, change=workloads.check_pod_template_change),
    "deployments.apps": Rules(create=workloads.check_deployment, change=workloads.check_deployment_change),
    "replicasets.apps": Rules(create=workloads.check_replica_set, change=workloads.check_replica_set_change),
    "replicationcontrollers": Rules(
        create=workloads.check_replication_controller, change=workloads.check_replication_controller_change
    ),
    "statefulsets.apps": Rules(
        formats.problems_of_label, statefulsets.check_stateful_set, statefulsets.check_stateful_set_change
    ),
    "daemonsets.apps": Rules(create=workloads.check_daemon_set, change=workloads.check_daemon_set_change),
    "controllerrevisions.apps": Rules(
        create=workloads.check_revision, change=workloads.check_revision_change, steps=BOTH
    ),
    "jobs.batch": Rules(create=jobs.check_job, change=jobs.check_job_change, steps=AS_NEW),
    "cronjobs.batch": Rules(create=jobs.check_cron_job, change=jobs.check_cron_job_change, parts=RULES),
    "ingresses.networking.k8s.io": Rules(
        create=networking.check_ingress, change=networking.check_ingress_change, steps=BOTH
    ),
    "ingressclasses.networking.k8s.io": Rules(
        create=networking.check_ingress_class, change=networking.check_ingress_class_change, steps=NEW_LAST
    ),
    "networkpolicies.networking.k8s.io": Rules(
        create=networking.check_network_policy, change=networking.check_network_policy_change
    ),
    "ipaddresses.networking.k8s.io": Rules(
        formats.problems_of_canonical_ip, networking.check_address, networking.check_address_change, steps=AS_NEW
    ),
    "servicecidrs.networking.k8s.io": Rules(create=networking.check_ranges, change=networking.check_ranges_change),
    "endpointslices.discovery.k8s.io": Rules(
        create=slices.check_endpoint_slice, change=slices.check_endpoint_slice_change, steps=WHOLE
    ),
    "limitranges": Rules(create=policies.check_limit_range, change=policies.check_limit_range_change, steps=WHOLE),
    "resourcequotas": Rules(create=policies.check_quota, change=policies.check_quota_change),
    "poddisruptionbudgets.policy": Rules(
        create=policies.check_budget,
        change=policies.check_budget_change,
        steps=RULES,
        parts=RULES,
        any_finalizer=True,
    ),
    "horizontalpodautoscalers.autoscaling": Rules(
        create=autoscaling.check_autoscaler, change=autoscaling.check_autoscaler_change
    ),
    "flowschemas.flowcontrol.apiserver.k8s.io": Rules(
        create=flowcontrol.check_schema, change=flowcontrol.check_schema_change, steps=WHOLE
    ),
    "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io": Rules(
        create=flowcontrol.check_level, change=flowcontrol.check_level_change, steps=WHOLE
    ),
    "runtimeclasses.node.k8s.io": Rules(
        create=policies.check_runtime_class,
        change=policies.check_runtime_class_change,
        steps=AS_NEW,
        any_finalizer=True,
    ),
    "deviceclasses.resource.k8s.io": Rules(create=devices.check_class, change=devices.check_class_change, steps=TURNED),
    "resourceclaims.resource.k8s.io": Rules(
        create=devices.check_claim, change=devices.check_claim_change, steps=TURNED
    ),
    "resourceclaimtemplates.resource.k8s.io": Rules(
        create=devices.check_template, change=devices.check_template_change, steps=AS_NEW
    ),
    "resourceslices.resource.k8s.io": Rules(
        create=resourceslices.check_slice, change=resourceslices.check_slice_change
    ),
    "priorityclasses.scheduling.k8s.io": Rules(
        create=policies.check_priority_class, change=policies.check_priority_class_change
    ),
    **{
        f"{plural}.rbac.authorization.k8s.io": Rules(formats.problems_of_path_segment, rbac.check_role, steps=AS_NEW)
        for plural in ("roles", "clusterroles")
    },
    **{
        f"{plural}.rbac.authorization.k8s.io": Rules(
            formats.problems_of_path_segment, rbac.check_binding, rbac.check_binding_change, steps=AS_NEW
        )
        for plural in ("rolebindings", "clusterrolebindings")
    },
    "serviceaccounts": Rules(steps=BOTH),
    "csinodes.storage.k8s.io": Rules(create=drivers.check_node, change=drivers.check_node_change, steps=WHOLE),
}
_PLAIN = Rules()


def rules_of(resource: Resource) -> Rules:
    """The rules of a kind; custom resources have only those of metadata, their schema is checked elsewhere."""
    return _RULES.get(resource.key, _PLAIN)
