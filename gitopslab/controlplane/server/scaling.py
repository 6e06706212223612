"""The scale subresource: how many replicas a workload wants and has, to be read and set without knowing its kind.

Called by ``verbs``; the parent is changed through ``verbs`` too, so a scale passes the same admission and validation as
any write. Who may set what is decided on the Scale: whoever owns ``spec.replicas`` there owns the parent's field under
``subresource: scale``. Upstream: ``registry/apps/deployment/storage`` and ``managedfields/scalehandler.go``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gitopslab.controlplane.runtime.api import PatchType
from gitopslab.controlplane.server import apply, ownership, patches
from gitopslab.controlplane.server.custom import scale as custom_scale
from gitopslab.controlplane.server.custom.version import CustomResource
from gitopslab.controlplane.server.fieldset import FieldSet, difference, intersection
from gitopslab.controlplane.server.managers import Manager, in_order
from gitopslab.controlplane.server.options import Caller, WriteOptions
from gitopslab.controlplane.server.records import Record
from gitopslab.errors import bad_request, invalid, unclassified
from gitopslab.machinery import selectors
from gitopslab.machinery.kinds import Resource
from gitopslab.machinery.objects import Object, copy_of, name_of

if TYPE_CHECKING:
    from gitopslab.controlplane.server.verbs import Verbs

SCALE = Resource("autoscaling", "v1", "Scale", "scales", stored=False)
_PRECONDITION_FIELDS = ("resourceVersion", "uid")
_REPLICAS: FieldSet = {"f:spec": {"f:replicas": {}}}


def scale_of(resource: Resource, parent: Object, *, is_read: bool = False) -> Object:
    """The ``autoscaling/v1`` Scale that a workload shows (``registry/apps/deployment/storage.scaleFromDeployment``).

    Args:
        resource: The type of the workload.
        parent: The workload.
        is_read: Whether somebody reads it; a custom resource without replicas can be scaled, but not read.
    """
    metadata = parent["metadata"]
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    if isinstance(resource, CustomResource):
        numbers = custom_scale.numbers_of(resource, parent, is_read=is_read)
    else:
        numbers = _numbers(parent)
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {field: metadata[field] for field in kept if field in metadata},
        **numbers,
    }


def _numbers(parent: Object) -> Object:
    spec, status = parent.get("spec", {}), parent.get("status", {})
    replicas = spec.get("replicas", 0)
    return {
        "spec": {"replicas": replicas} if replicas else {},
        "status": {
            "replicas": status.get("replicas", 0),
            **({"selector": text} if (text := selectors.label_selector_text(selectors.selector_of(parent))) else {}),
        },
    }


def update_scale(
    verbs: Verbs, who: Caller, resource: Resource, namespace: str, name: str, scale: Object, options: WriteOptions
) -> Record:
    """Set ``spec.replicas`` of the parent to what a Scale says.

    Raises:
        InvalidError: A negative count.
        ConflictError: The Scale was read from an older state.
    """
    parent = verbs.get(who, resource, namespace, name).object
    writer = options.field_manager or who.manager
    scale = {**scale, "metadata": dict(scale.get("metadata") or {})}
    now = verbs.clock.now()
    ownership.tracked(SCALE, _owned_scale(resource, parent), scale, manager=writer, subresource="scale", now=now)
    return _write(verbs, who, resource, parent, scale, options)


def patch_scale(
    verbs: Verbs,
    who: Caller,
    resource: Resource,
    namespace: str,
    name: str,
    patch: Any,
    type: PatchType,
    options: WriteOptions,
) -> Record:
    """Patch the Scale of a workload, or apply one.

    Raises:
        ConflictError: An apply would take ``spec.replicas`` from another manager.
    """
    parent = verbs.get(who, resource, namespace, name).object
    if type == "apply":
        return _apply(verbs, who, resource, parent, patch, options)
    wanted, warnings = patches.result(SCALE, scale_of(resource, parent), patch, type, options.field_validation)
    options.warnings.extend(warnings)
    if (found := _metadata_of(wanted).get("name")) != name:
        raise bad_request(f"the name of the object ({found or ''}) does not match the name on the URL ({name})")
    if "resourceVersion" not in _metadata_of(patch):
        wanted.get("metadata", {}).pop("resourceVersion", None)
    return update_scale(verbs, who, resource, namespace, name, wanted, options)


def _apply(
    verbs: Verbs, who: Caller, resource: Resource, parent: Object, config: Object, options: WriteOptions
) -> Record:
    wanted = apply.applied(
        SCALE,
        _owned_scale(resource, parent),
        config,
        manager=options.field_manager or who.manager,
        force=options.force,
        subresource="scale",
        now=verbs.clock.now(),
    )
    if resource.custom:  # the real server does not get any further
        fault = "request to convert CR to an invalid group/version: autoscaling/v1"
        what = f"/{name_of(parent)}; autoscaling/v1, Kind=Scale"
        raise unclassified(f"failed to convert new object ({what}) to proper version: {fault}")
    if "resourceVersion" not in _metadata_of(config):
        wanted["metadata"].pop("resourceVersion", None)
    return _write(verbs, who, resource, parent, wanted, options)


def _write(
    verbs: Verbs, who: Caller, resource: Resource, parent: Object, scale: Object, options: WriteOptions
) -> Record:
    replicas = (scale.get("spec") or {}).get("replicas", 0)
    if not isinstance(replicas, int) or replicas < 0:
        raise invalid("Scale", "autoscaling", name_of(parent), [_not_negative(replicas)])
    wanted: Object = copy_of(parent)
    if isinstance(resource, CustomResource):
        custom_scale.set_replicas(resource, wanted, replicas)
    else:
        wanted["spec"]["replicas"] = replicas
    metadata = wanted["metadata"]
    for field in _PRECONDITION_FIELDS:
        if scale["metadata"].get(field):
            metadata[field] = scale["metadata"][field]
    owners = _handed_back(resource, metadata.pop("managedFields", []), scale["metadata"].get("managedFields") or [])
    if owners:
        metadata["managedFields"] = owners
    path = str(metadata.get("namespace", "")), name_of(wanted)
    record, _ = verbs.update(who, resource, *path, wanted, options, subresource="scale", track=False)
    return Record.of(scale_of(resource, record.object))


def _not_negative(value: Any) -> tuple[str, str, str]:
    return ("spec.replicas", "FieldValueInvalid", f"Invalid value: {value}: must be greater than or equal to 0")


def _metadata_of(patch: Any) -> dict[str, Any]:
    found = patch.get("metadata", {}) if isinstance(patch, dict) else {}
    return found if isinstance(found, dict) else {}


# -- who owns the count ----------------------------------------------------------------------------------------------


def _owned_scale(resource: Resource, parent: Object) -> Object:
    """The Scale with those as managers who own the count in the parent."""
    scale, place = scale_of(resource, parent), _place(resource)
    owners = [owner for owner in _told_apart(parent["metadata"].get("managedFields") or []) if _has(owner, place)]
    entries = [replace(owner, api_version=SCALE.api_version, fields=_REPLICAS).entry for owner in owners]
    return {**scale, "metadata": {**scale["metadata"], **({"managedFields": entries} if entries else {})}}


def _handed_back(resource: Resource, parents: list[Object], scales: list[Object]) -> list[Object]:
    """The parent's managers after a write of its Scale.

    Only appliers are known again, because an updater is told apart by the version it wrote, too: so his part becomes an
    entry without a time, as on the real server.
    """
    place, theirs = _place(resource), {owner.identity: owner for owner in _told_apart(scales)}
    kept = []
    for owner in _told_apart(parents):
        if not _has(owner, place) or theirs.pop(owner.identity, None) is not None:
            kept.append(owner)
        elif rest := difference(owner.fields, place):
            kept.append(replace(owner, fields=rest))
    kept += [
        replace(owner, api_version=resource.api_version, time="", fields=place)
        for owner in theirs.values()
        if _has(owner, _REPLICAS)
    ]
    return [owner.entry for owner in in_order(kept)]


def _told_apart(entries: list[Object]) -> list[Manager]:
    """The managers of entries; of two with the same identity the last counts."""
    return list({owner.identity: owner for owner in map(Manager.of, entries)}.values())


def _has(owner: Manager, place: FieldSet) -> bool:
    return bool(intersection(owner.fields, place))


def _place(resource: Resource) -> FieldSet:
    """The parent's field with the count, as managers own it."""
    steps = custom_scale.steps_of(resource) if isinstance(resource, CustomResource) else ["spec", "replicas"]
    place: FieldSet = {}
    for step in reversed(steps):
        place = {f"f:{step}": place}
    return place
