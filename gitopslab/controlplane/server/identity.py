"""Who an object is: its name, namespace, uid and version, and what a client may not change about them.

Pure functions called by ``writing`` on every write; ``verbs`` checks paths with them. Upstream:
``apiserver/pkg/registry/rest`` (``BeforeCreate``, ``BeforeUpdate``) and the handlers' checks of path against body.
"""

from __future__ import annotations

import json
import re
from random import Random

import orjson

from gitopslab.controlplane.server.custom.version import DEFINITIONS
from gitopslab.controlplane.server.options import DeleteOptions
from gitopslab.errors import bad_request, conflict, invalid, unclassified
from gitopslab.machinery import names
from gitopslab.machinery.clock import timestamp
from gitopslab.machinery.kinds import Resource
from gitopslab.machinery.objects import Object, name_of, uid_of

MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"
"""Why a write from an older state is refused."""

_SERVER_SET = ("resourceVersion", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "managedFields")
_PLACES = {
    "endpoints": "services/endpoints",
    "ingresses.networking.k8s.io": "ingress",
    "nodes": "minions",
    "replicationcontrollers": "controllers",
    "services": "services/specs",
}
"""Where the real server keeps the kinds whose place is not their name; some errors show it."""
_METADATA = (
    "name", "generateName", "namespace", "selfLink", "uid", "resourceVersion", "generation", "creationTimestamp",
    "deletionTimestamp", "deletionGracePeriodSeconds", "labels", "annotations", "ownerReferences", "finalizers",
    "managedFields",
)  # fmt: skip
_ADMISSION = "admissionregistration.k8s.io"
_VERSIONED = frozenset(
    {
        "apiservices.apiregistration.k8s.io", "csidrivers.storage.k8s.io", "csinodes.storage.k8s.io",
        "csistoragecapacities.storage.k8s.io", "leases.coordination.k8s.io", "poddisruptionbudgets.policy",
        "runtimeclasses.node.k8s.io", "volumeattachments.storage.k8s.io", DEFINITIONS,
        f"validatingwebhookconfigurations.{_ADMISSION}", f"mutatingwebhookconfigurations.{_ADMISSION}",
        f"validatingadmissionpolicies.{_ADMISSION}", f"validatingadmissionpolicybindings.{_ADMISSION}",
        f"mutatingadmissionpolicies.{_ADMISSION}", f"mutatingadmissionpolicybindings.{_ADMISSION}",
    }
)  # fmt: skip
"""Kinds of which an update must say which state it was made from (``AllowUnconditionalUpdate`` is false)."""


def assign(obj: Object, namespace: str, now: float, chance: Random) -> None:
    """Give a new object its namespace, name, uid and creation time.

    Args:
        obj: The object.
        namespace: That of the path.
        now: The time.
        chance: Where a generated name and the uid come from.

    Raises:
        ApiError: The body names another namespace than the path.
    """
    metadata = obj.setdefault("metadata", {})
    place(metadata, namespace)
    if not metadata.get("name") and metadata.get("generateName"):
        metadata["name"] = names.generated(metadata["generateName"], chance)
    for field in _SERVER_SET:
        metadata.pop(field, None)
    if not metadata.get("generation"):  # one that is named stays, where the server keeps no count of its own
        metadata.pop("generation", None)
    metadata["uid"] = names.new_uid(chance)
    metadata["creationTimestamp"] = timestamp(now)


def check_unstored(version: object) -> None:
    """Refuse to store what says that it is stored already, in whatever version (``ErrResourceVersionSetOnCreate``).

    Raises:
        ApiError: It does.
    """
    if isinstance(version, str) and re.fullmatch("0*[1-9][0-9]{0,19}", version):
        raise unclassified("resourceVersion should not be set on objects to be created")


def without_repeated_owners(obj: Object, when: str = "") -> list[str]:
    """Drop, in place, owners that an object names twice alike; what its author should know of it.

    Args:
        obj: The object.
        when: When they were found, if not in what was sent.
    """
    metadata = obj.get("metadata") or {}
    single: dict[bytes, Object] = {}
    repeated = []
    for owner in metadata.get("ownerReferences") or ():
        if single.setdefault(orjson.dumps(owner, option=orjson.OPT_SORT_KEYS), owner) is not owner:
            repeated.append(owner.get("uid") or "")
    if not repeated:
        return []
    metadata["ownerReferences"] = [*single.values()]
    found = f".metadata.ownerReferences contains duplicate entries{when}"
    advice = "API server dedups owner references in 1.20+, and may reject such requests as early as 1.24"
    return [f"{found}; {advice}; please fix your requests; duplicate UID(s) observed: {', '.join(repeated)}"]


def check_path(namespace: str, name: str, obj: Object) -> None:
    """An object must be the one at its path; a namespace that it does not name is filled in.

    Raises:
        ApiError: 400 when path and body differ.
    """
    metadata = obj.setdefault("metadata", {})
    place(metadata, namespace)
    found = metadata.get("name")
    if not found:
        raise bad_request(f"the name of the object ({name} based on URL) was undeterminable: name must be provided")
    if found != name:
        raise bad_request(f"the name of the object ({found}) does not match the name on the URL ({name})")


def check_uid(
    resource: Resource, namespace: str, name: str, obj: Object, current: Object | None, *, dry_run: bool
) -> None:
    """What is to take an object's place must be about that very object, if it names its uid.

    Args:
        resource: The type of the object.
        namespace: Of its path.
        name: Of its path.
        obj: What is to take its place.
        current: The object; None when there is none yet, and this is to make it.
        dry_run: Whether nothing is stored; the error names a place that is closer then.

    Raises:
        ConflictError: It names another one.
    """
    wanted, found = uid_of(obj), uid_of(current or {})
    if not wanted or wanted == found:
        return
    place = _PLACES.get(resource.key, resource.plural)
    if resource.custom or resource.key == DEFINITIONS:
        place = f"{resource.group}/{resource.plural}"
    key = "".join(f"/{part}" for part in ("" if dry_run else "registry", place, namespace, name) if part)
    why = f"Precondition failed: UID in precondition: {wanted}, UID in object meta: {found}"
    fault = f"invalid object, Code: 4, Key: {key}, ResourceVersion: 0, AdditionalErrorMsg: {why}"
    raise conflict(resource.key, name, f"StorageError: {fault}")


def check_version(resource: Resource, obj: Object, current: Object) -> None:
    """An update must be made from the newest state, if it names one; of some kinds it has to.

    Raises:
        ApiError: The version is no number.
        ConflictError: It is that of another state.
        InvalidError: It is missing.
    """
    version = obj["metadata"].get("resourceVersion")
    if version and not (version.isascii() and version.isdigit()):
        raise unclassified(f"strconv.ParseUint: parsing {json.dumps(version)}: invalid syntax")
    if version and version != "0":
        if version != current["metadata"]["resourceVersion"]:
            raise conflict(resource.key, name_of(current), MODIFIED)
    elif resource.custom or resource.key in _VERSIONED:
        message = "Invalid value: 0: must be specified for an update"
        cause = ("metadata.resourceVersion", "FieldValueInvalid", message)
        raise invalid(resource.plural, resource.group, name_of(current), [cause])


def check_new(resource: Resource, namespace: str, name: str, obj: Object) -> None:
    """An object that an apply is to create must be the one at its path, and must not claim to be there already.

    Raises:
        ApiError: 400 when path and body differ.
        ConflictError: The body names a uid.
    """
    uid = uid_of(obj)
    if uid:
        why = f"uid mismatch: the provided object specified uid {uid}, and no existing object was found"
        raise conflict(resource.key, name, why)
    check_path(namespace, name, obj)


def check_preconditions(resource: Resource, current: Object, options: DeleteOptions) -> None:
    """A deletion may name the uid and version it means.

    Raises:
        ConflictError: The current object is another one.
    """
    for what, wanted, found, guess in (
        ("UID", options.uid, uid_of(current), "deleted and then recreated"),
        ("ResourceVersion", options.resource_version, current["metadata"]["resourceVersion"], "modified"),
    ):
        if wanted is not None and wanted != found:
            kind = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
            why = f"the {what} in the precondition ({wanted}) does not match the {what} in record ({found})"
            raise conflict(kind, name_of(current), f"{why}. The object might have been {guess}")


def keep_system_fields(obj: Object, before: Object) -> None:
    """Put back what no client may change, whatever it sends; what is a fault instead, as another uid is one, stays."""
    metadata, old = obj["metadata"], before["metadata"]
    if not metadata.get("uid"):
        _keep(metadata, old, "uid")
    if not metadata.get("deletionGracePeriodSeconds"):
        _keep(metadata, old, "deletionGracePeriodSeconds")
    if old.get("deletionTimestamp"):
        _keep(metadata, old, "deletionTimestamp")
    for field in ("generation", "creationTimestamp"):
        _keep(metadata, old, field)
    metadata.pop("selfLink", None)


def _keep(metadata: Object, old: Object, field: str) -> None:
    if field in old:
        metadata[field] = old[field]
    else:
        metadata.pop(field, None)


def ordered(resource: Resource, obj: Object) -> Object:
    """The object as Go writes it: ``kind`` and ``apiVersion`` first, then its metadata in the order of their struct."""
    rest = {key: value for key, value in obj.items() if key not in ("kind", "apiVersion", "metadata")}
    given = {"resourceVersion": "", **obj["metadata"]}  # the version is told by the store, and has its place
    metadata = {field: given[field] for field in _METADATA if field in given}
    return {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": metadata, **rest}


def place(metadata: Object, namespace: str) -> None:
    """Put an object into the namespace of its path; what has none loses the one it names, as on a real server."""
    if not namespace:
        metadata.pop("namespace", None)
    elif (metadata.get("namespace") or namespace) != namespace:
        raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
    else:
        metadata["namespace"] = namespace
