"""A CustomResourceDefinition's own defaults, strategy and deletion.

``defaults``, ``strategy`` and ``deletion`` call it for that one kind. Upstream: ``apis/apiextensions/v1/defaults.go``
and ``registry/customresourcedefinition``.
"""

from __future__ import annotations

from gitopslab.controlplane.server.custom.normalizing import normalize
from gitopslab.machinery.clock import timestamp
from gitopslab.machinery.objects import Object, copy_of, find_condition

FINALIZER = "customresourcecleanup.apiextensions.k8s.io"
_PENDING = "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon"
_WEBHOOK_PORT = 443


def set_defaults(definition: Object) -> None:
    """The names that follow from the kind, that nothing is converted, and the version that objects are stored in.

    Raises:
        ApiError: 400 when a schema cannot be read.
    """
    spec = definition.setdefault("spec", {})
    for version in spec.get("versions") or ():
        schema = (version.get("schema") or {}).get("openAPIV3Schema")
        if schema is not None:
            normalize(schema)
    names = spec.setdefault("names", {})
    if not names.get("singular"):
        names["singular"] = str(names.get("kind", "")).lower()
    if not names.get("listKind") and names.get("kind"):
        names["listKind"] = f"{names['kind']}List"
    conversion = spec.setdefault("conversion", {"strategy": "None"})
    service = ((conversion.get("webhook") or {}).get("clientConfig") or {}).get("service")
    if isinstance(service, dict):
        service.setdefault("port", _WEBHOOK_PORT)
    status = definition.setdefault("status", {})
    if not status.get("storedVersions"):
        _note_storage_version(definition)


def prepare_create(definition: Object) -> None:
    """A new definition has accepted no names yet."""
    definition["status"] = {
        "conditions": None,
        "acceptedNames": {"plural": "", "kind": ""},
        "storedVersions": [],
    }
    _note_storage_version(definition)


def prepare_update(definition: Object, before: Object) -> None:
    """Keep the status, but remember in it every version objects were stored in."""
    definition["status"] = copy_of(before.get("status") or {})
    _note_storage_version(definition)


def _note_storage_version(definition: Object) -> None:
    storage = next((one["name"] for one in definition["spec"].get("versions") or () if one.get("storage")), None)
    stored = definition["status"].get("storedVersions") or []
    if storage is not None and storage not in stored:
        definition["status"]["storedVersions"] = [*stored, storage]


def mark(definition: Object, now: float) -> None:
    """Begin a deletion: the definition stays until its objects are gone."""
    metadata = definition["metadata"]
    metadata["deletionTimestamp"] = timestamp(now)
    finalizers = metadata.setdefault("finalizers", [])
    if FINALIZER not in finalizers:
        finalizers.append(FINALIZER)
    status = definition.setdefault("status", {})
    status["conditions"] = list(status.get("conditions") or [])
    condition = {
        "type": "Terminating",
        "status": "True",
        "lastTransitionTime": timestamp(now),
        "reason": "InstanceDeletionPending",
        "message": _PENDING,
    }
    old = find_condition(status["conditions"], "Terminating")
    if old is None:
        status["conditions"].append(condition)
    else:
        status["conditions"][status["conditions"].index(old)] = condition
