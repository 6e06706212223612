"""Strategy: what belongs to the server in an object, put back before anybody validates it.

``verbs`` calls ``prepare_create`` and ``prepare_update`` after defaults and mutating admission and before validation,
as ``registry/rest.BeforeCreate`` and ``BeforeUpdate`` do upstream: status is written only through ``/status``, spec
only outside it, and ``metadata.generation`` counts the changes of what the user wants.

The kinds with rules of their own are in ``pods``, ``workloads``, ``claims`` and ``certificates``. Names, uids, times
and managed fields are ``verbs``' and ``ownership``'s business; addresses and ports of Services are given out by
``admission``.
"""

from __future__ import annotations

from collections.abc import Iterable

from gitopslab.controlplane.server.custom import defaulting, lifecycle
from gitopslab.controlplane.server.custom.version import DEFINITIONS, CustomResource
from gitopslab.controlplane.server.equality import same
from gitopslab.controlplane.server.strategy import apparmor, certificates, claims, disabled, pods, workloads
from gitopslab.machinery.certificates import REQUESTS
from gitopslab.machinery.clock import timestamp
from gitopslab.machinery.kinds import Resource
from gitopslab.machinery.merge import same as identical
from gitopslab.machinery.objects import Object

_INITIAL_STATUS: dict[str, Object] = {
    "services": {"loadBalancer": {}},
    "ingresses.networking.k8s.io": {"loadBalancer": {}},
    "namespaces": {"phase": "Active"},
    "persistentvolumeclaims": {"phase": "Pending"},
    "replicasets.apps": {"replicas": 0},
    "replicationcontrollers": {"replicas": 0},
    "statefulsets.apps": {"replicas": 0, "availableReplicas": 0},
    "daemonsets.apps": {
        "currentNumberScheduled": 0, "numberMisscheduled": 0, "desiredNumberScheduled": 0, "numberReady": 0,
    },
    "poddisruptionbudgets.policy": {
        "currentHealthy": 0, "desiredHealthy": 0, "disruptionsAllowed": 0, "expectedPods": 0,
    },
    "volumeattachments.storage.k8s.io": {"attached": False},
    "horizontalpodautoscalers.autoscaling": {"currentMetrics": None, "desiredReplicas": 0},
}  # fmt: skip

_GROUP = "admissionregistration.k8s.io"
_WEBHOOKS = (f"mutatingwebhookconfigurations.{_GROUP}", f"validatingwebhookconfigurations.{_GROUP}")

_COUNTED_LATER = ("csidrivers.storage.k8s.io",)
"""Kinds whose generation begins with their first change."""

_NAMED = ("labels", "annotations", "finalizers", "ownerReferences", "deletionTimestamp")
_KEPT_BY_STATUS: dict[str, tuple[str, ...]] = {
    "deployments.apps": ("labels",),
    "pods": ("deletionTimestamp", "ownerReferences"),
    "apiservices.apiregistration.k8s.io": _NAMED,
    "resourceclaims.resource.k8s.io": _NAMED,
    "servicecidrs.networking.k8s.io": _NAMED,
    f"validatingadmissionpolicies.{_GROUP}": _NAMED,
    "volumeattachments.storage.k8s.io": _NAMED,
    "flowschemas.flowcontrol.apiserver.k8s.io": ("uid", *_NAMED),
    "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io": ("uid", *_NAMED),
}
"""What of its metadata a kind's status leaves alone (``ResetObjectMetaForStatus``)."""

_ROLES = ("roles.rbac.authorization.k8s.io", "clusterroles.rbac.authorization.k8s.io")

_PARTS = ("status", "binding", "ephemeralcontainers", "resize", "finalize")
"""Subresources that write a part of the object; ``scale`` writes the main part and is treated as it."""


def prepare_create(resource: Resource, obj: Object) -> list[str]:
    """Reset, in place, what a client may not set on a new object.

    Expects ``metadata.uid`` and ``metadata.creationTimestamp`` to be set already.

    Returns:
        What to warn the client of, even if the object is refused later.
    """
    if resource.tracks_generation and resource.key not in _COUNTED_LATER:
        obj["metadata"]["generation"] = 1
    disabled.drop(resource, obj)
    if resource.key == "pods":
        pods.prepare_create(obj)
    elif isinstance(resource, CustomResource):
        if resource.has_status:
            obj.pop("status", None)
            defaulting.set_defaults(obj, resource.version_spec.root)  # a status may have defaults, seen by every read
    elif resource.key == DEFINITIONS:
        lifecycle.prepare_create(obj)
    elif resource.key == "persistentvolumes":
        obj["status"] = {"phase": "Pending", "lastPhaseTransitionTime": obj["metadata"].get("creationTimestamp")}
    elif resource.has_status and resource.key != "nodes":
        # A kubelet registers its node with a status, so nodes keep theirs.
        obj["status"] = _copy(_INITIAL_STATUS.get(resource.key, {}))
    if resource.key == "persistentvolumeclaims":
        claims.set_sources(obj, None)
    if resource.key in _ROLES:
        _forget_no_rules(obj)
    if resource.key == "serviceaccounts":
        _forget_all_but_names(obj)
    if resource.key == "apiservices.apiregistration.k8s.io" and "service" not in obj.get("spec", {}):
        obj["status"] = {"conditions": [_served_here(obj)]}
    if resource.key == "namespaces":
        _hold_until_emptied(obj)
    elif resource.key == "jobs.batch":
        workloads.generate_selector(obj)
    elif resource.key == "daemonsets.apps":
        workloads.set_template_generation(obj, None)
    return list(apparmor.fill_in(obj)) if resource.key == "pods" else []


def complete(resource: Resource, obj: Object) -> None:
    """Set, in place, the defaults that a new object has only once it was judged."""
    if resource.key == "jobs.batch":
        workloads.label_as_read(obj)


def prepare_update(resource: Resource, obj: Object, before: Object, subresource: str, now: float) -> None:
    """Put back, in place, what this way of writing may not change, and count the change.

    Args:
        resource: The type of both objects.
        obj: The wished state, with defaults; changed in place. Parts of ``before`` may end up in it, shared.
        before: The stored state; not changed.
        subresource: The part that is written: ``status``, ``scale``, …; empty for the object itself.
        now: The current time, for transition times that the server sets.
    """
    if subresource not in ("status", "binding"):
        disabled.drop(resource, obj)
    if resource.key == REQUESTS:
        certificates.prepare_update(obj, before, subresource, now)
    elif subresource == "status":
        _keep_all_but_status(resource, obj, before)
        if resource.key == "persistentvolumes":
            _stamp_phase(obj, before, now)
        if resource.key == "pods":
            pods.prepare_status(obj, before)
    elif resource.key == "pods":
        pods.prepare_update(obj, before, subresource)
        if subresource in ("ephemeralcontainers", "resize"):
            _keep(obj, before, _NAMED)
    elif resource.key == DEFINITIONS:
        lifecycle.prepare_update(obj, before)
    elif resource.has_status and subresource not in _PARTS:
        _put_back(obj, before, "status")
    if resource.key == "persistentvolumeclaims" and subresource not in _PARTS:
        claims.set_sources(obj, before)
    if resource.key == "services" and subresource not in _PARTS and obj["spec"].get("type") != "LoadBalancer":
        obj["status"] = {**obj.get("status", {}), "loadBalancer": {}}
    if resource.key == "namespaces" and subresource != "finalize":
        obj["spec"] = before.get("spec", {})
    if resource.key == "namespaces" and subresource == "finalize":
        _put_back(obj, before, "status")
    if resource.key in _ROLES:
        _forget_no_rules(obj)
    if resource.key == "serviceaccounts":
        _forget_all_but_names(obj)
    if resource.key == "daemonsets.apps":
        workloads.set_template_generation(obj, before)
    if resource.tracks_generation and subresource not in ("status", "binding") and _wants_more(resource, obj, before):
        obj["metadata"]["generation"] = before["metadata"].get("generation", 0) + 1


def _keep_all_but_status(resource: Resource, obj: Object, before: Object) -> None:
    """Through ``/status`` the spec stays. Metadata may change, for most kinds: so it is upstream."""
    if resource.custom:
        status = obj.get("status")
        version = obj["metadata"].get("resourceVersion")
        managed = obj["metadata"].get("managedFields")
        obj.clear()
        obj.update(_copy(before))
        for field, value in (("resourceVersion", version), ("managedFields", managed)):
            if value is not None:
                obj["metadata"][field] = value
        obj.pop("status", None)
        if status is not None:
            obj["status"] = status
        return
    _put_back(obj, before, "spec")
    _keep(obj, before, _KEPT_BY_STATUS.get(resource.key, ()))


def _wants_more(resource: Resource, obj: Object, before: Object) -> bool:
    """Whether the user's wish changed, which is what generation counts."""
    if resource.key == "priorityclasses.scheduling.k8s.io":
        return False
    if resource.key == "deployments.apps" and not same(
        obj["metadata"].get("annotations"), before["metadata"].get("annotations")
    ):
        return True
    if resource.key == "endpointslices.discovery.k8s.io":
        return _changed_outside_metadata(obj, before, ()) or not same(
            obj["metadata"].get("labels"), before["metadata"].get("labels")
        )
    if resource.key in _WEBHOOKS:
        return not same(obj.get("webhooks"), before.get("webhooks"))
    if resource.key == "podtemplates":
        return not same(obj.get("template"), before.get("template"))
    if resource.custom:
        fields = (obj.keys() | before.keys()) - {"metadata", "apiVersion", "kind"}
        return any(not identical(obj.get(field), before.get(field)) for field in fields)
    if resource.key == DEFINITIONS:  # a property without a schema is not the same as no property
        return not identical(obj.get("spec"), before.get("spec"))
    return not same(obj.get("spec"), before.get("spec"))


def _changed_outside_metadata(obj: Object, before: Object, ignored: tuple[str, ...]) -> bool:
    fields = (obj.keys() | before.keys()) - {"metadata", "apiVersion", "kind", *ignored}
    return any(not same(obj.get(field), before.get(field)) for field in fields)


def _forget_all_but_names(account: Object) -> None:
    """The secrets of an account are in its own namespace, so that a name is all there is to say."""
    if account.get("secrets"):
        account["secrets"] = [{"name": secret["name"]} if "name" in secret else {} for secret in account["secrets"]]


def _served_here(service: Object) -> Object:
    """The condition of an APIService without a server of its own."""
    return {
        "type": "Available",
        "status": "True",
        "lastTransitionTime": service["metadata"].get("creationTimestamp"),
        "reason": "Local",
        "message": "Local APIServices are always available",
    }


def _hold_until_emptied(namespace: Object) -> None:
    """The finalizer that keeps a namespace until its contents are deleted."""
    finalizers = namespace.setdefault("spec", {}).setdefault("finalizers", [])
    if "kubernetes" not in finalizers:
        finalizers.append("kubernetes")


def _forget_no_rules(role: Object) -> None:
    """An empty list of rules is owned by who wrote it, and stored as none."""
    role["rules"] = role.get("rules") or None


def _stamp_phase(volume: Object, before: Object, now: float) -> None:
    status, old = volume.setdefault("status", {}), before.get("status", {})
    stamped = status.get("lastPhaseTransitionTime")
    if status.get("phase") != old.get("phase") and stamped in (None, old.get("lastPhaseTransitionTime")):
        status["lastPhaseTransitionTime"] = timestamp(now)


def _keep(obj: Object, before: Object, fields: Iterable[str]) -> None:
    for field in fields:
        _put_back(obj["metadata"], before["metadata"], field)


def _put_back(obj: Object, before: Object, field: str) -> None:
    if field in before:
        obj[field] = before[field]
    else:
        obj.pop(field, None)


def _copy(value: Object) -> Object:
    return {key: dict(item) if isinstance(item, dict) else item for key, item in value.items()}
