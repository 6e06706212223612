"""Which fields a request puts back whatever it brings, so that nobody comes to own them.

Called by ``ownership``. What is named here is what ``strategy`` puts back. Upstream: ``GetResetFields`` of the strategy
of each kind, and ``stripmeta.go``.
"""

from __future__ import annotations

from gitopslab.machinery.certificates import REQUESTS
from gitopslab.machinery.kinds import Resource

SYSTEM = (
    "name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName", "generation", "managedFields",
    "resourceVersion",
)  # fmt: skip
"""The metadata that is the server's own."""
NEVER_OWNED = frozenset(("apiVersion", "kind", *(f"metadata.{name}" for name in SYSTEM)))
"""What no request gives to anybody."""

_BY_STATUS = {
    "deployments.apps": ("metadata.labels",),
    "pods": ("metadata.deletionTimestamp", "metadata.ownerReferences"),
    **{
        key: ("metadata",)
        for key in (
            "apiservices.apiregistration.k8s.io", "flowschemas.flowcontrol.apiserver.k8s.io",
            "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io", "resourceclaims.resource.k8s.io",
            "servicecidrs.networking.k8s.io", "validatingadmissionpolicies.admissionregistration.k8s.io",
            "volumeattachments.storage.k8s.io",
        )
    },
}  # fmt: skip
_OF_REQUESTS = {"": ("spec", "status"), "status": ("spec", "status.conditions"),
                "approval": ("spec", "status.certificate")}  # fmt: skip


def ignored_fields(resource: Resource, subresource: str) -> frozenset[str]:
    """The fields that a request cannot give to anybody: names at the top, or dotted ones right below.

    Args:
        resource: The type of the object.
        subresource: Through which path it is written.
    """
    return NEVER_OWNED.union(_reset(resource, subresource))


def _reset(resource: Resource, subresource: str) -> tuple[str, ...]:
    if resource.key == REQUESTS:
        return _OF_REQUESTS.get(subresource, ())
    if subresource == "status":
        return ("spec", "metadata") if resource.custom else ("spec", *_BY_STATUS.get(resource.key, ()))
    return ("status",) if resource.has_status else ()
