"""The ``AdmissionRequest``: what policies' expressions and webhooks are told of a write.

Upstream: ``CreateAdmissionRequest`` beside the CEL plugin, and ``webhook/request``.
"""

from __future__ import annotations

from gitopslab.controlplane.server.admission.attributes import Attributes
from gitopslab.machinery.objects import Object

_GIVEN_LATER = ("uid", "creationTimestamp", "generation")


def request_of(attributes: Attributes) -> Object:
    """The request, without the objects."""
    resource = attributes.resource
    version = {"group": resource.group, "version": resource.version}
    sub = resource.subresource(attributes.subresource)
    kind, path = {**version, "kind": resource.kind}, {**version, "resource": resource.plural}
    if sub is not None and sub.kind:  # the type that goes over the wire there
        kind = {"group": sub.group, "version": sub.version or resource.version, "kind": sub.kind}
    user = {"username": attributes.user, "uid": attributes.uid, "groups": list(attributes.groups)}
    return {
        "kind": kind,
        "resource": path,
        "subResource": attributes.subresource,
        "requestKind": kind,
        "requestResource": path,
        "requestSubResource": attributes.subresource,
        "name": "" if _is_to_be_named(attributes) else attributes.name,
        "namespace": attributes.namespace,
        "operation": attributes.operation,
        "userInfo": {**user, "extra": {key: list(values) for key, values in attributes.extra}},
        "dryRun": attributes.dry_run,
        "options": attributes.options,
    }


def unborn(attributes: Attributes) -> Object | None:
    """The object as whoever may still change it sees it: a new one gets its identity only after that."""
    obj = attributes.object
    if obj is None or attributes.operation != "CREATE":
        return obj
    metadata = {key: value for key, value in obj["metadata"].items() if key not in _GIVEN_LATER}
    if _is_to_be_named(attributes):
        del metadata["name"]
    return {**obj, "metadata": metadata}


def _is_to_be_named(attributes: Attributes) -> bool:
    """Whether the name is generated later, and until then the object is called by how that will begin."""
    obj = attributes.object
    return obj is not None and attributes.operation == "CREATE" and attributes.name != obj["metadata"].get("name")
