"""The changes of a MutatingAdmissionPolicy: a configuration that is merged as server-side apply would, or a JSON patch.

Nobody owns what a policy changes. Upstream: ``policy/mutating/patch``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gitopslab.controlplane.server.admission.policies.scope import Scope
from gitopslab.controlplane.server.configuration import faults_of
from gitopslab.controlplane.server.custom.decoding import read as read_custom
from gitopslab.controlplane.server.custom.version import CustomResource
from gitopslab.controlplane.server.defaults import set_defaults
from gitopslab.controlplane.server.structured import merged, slot_of
from gitopslab.errors import ApiError
from gitopslab.machinery import schema
from gitopslab.machinery.json_patch import json_patch
from gitopslab.machinery.kinds import Resource
from gitopslab.machinery.merge import MergeError
from gitopslab.machinery.objects import Object
from gitopslab.machinery.schema import Slot, root_of
from gitopslab.machinery.typed import Reader, TypedError


def apply(mutation: Object, resource: Resource, obj: Object, scope: Scope) -> None:
    """Make one change, in place.

    Raises:
        ValueError: It cannot be made; the message is upstream's.
        ApiError: It makes no object of its kind.
    """
    if mutation["patchType"] == "JSONPatch":
        after = _patched(mutation["jsonPatch"]["expression"], obj, scope)
    else:
        after = _merged(mutation["applyConfiguration"]["expression"], resource, obj, scope)
    if after is not obj:
        replace(resource, obj, after)


def replace(resource: Resource, obj: Object, after: Any) -> None:
    """Have an object be, in place, what somebody outside made of it, as its type holds that and with defaults.

    Raises:
        ApiError: 500, the class that the real server has for it: it does not fit the type.
    """
    try:
        read = _read(resource, after)
    except TypedError as error:
        causes = [{"message": str(error)}]
        message = f"Internal error occurred: {error}"
        raise ApiError(500, "InternalError", message, details={"causes": causes}) from error
    set_defaults(resource, read)
    obj.clear()
    obj.update(read)


def _read(resource: Resource, value: Any) -> Object:
    if isinstance(resource, CustomResource):
        return read_custom(resource, value)[0]
    return Reader().read(schema.struct_for(resource), value)


def _patched(expression: str, obj: Object, scope: Scope) -> Any:
    from gitopslab.controlplane.server.custom.cel import initializers

    made = scope.patch(expression)
    values = [operation.get("value") for operation in made]
    named = [(value, name) for value in values if (name := initializers.made_as(value))]
    if faults := "\n".join(fault for value, name in named for fault in initializers.misnamed(value, name)):
        raise ValueError(f"type mismatch: {faults}")
    operations = [{name: item for name, item in initializers.plain(one).items() if item != ""} for one in made]
    try:
        return json_patch(obj, operations)
    except MergeError as error:
        if str(error).endswith("test failed"):
            return obj  # then nothing is to be changed
        raise ValueError(f"JSON Patch: {error}") from error


def _merged(expression: str, resource: Resource, obj: Object, scope: Scope) -> Object:
    from gitopslab.controlplane.server.custom.cel import initializers

    made = scope.patch(expression)
    if faults := "\n".join(initializers.misnamed(made)):
        raise ValueError(f"type mismatch: {faults}")
    patch = {"apiVersion": resource.api_version, "kind": resource.kind, **initializers.plain(made)}
    kind = resource.version_spec.struct if isinstance(resource, CustomResource) else schema.struct_for(resource)
    root = root_of(kind)
    if unfit := [f"{path}: {fault}" for path, fault in faults_of(root, patch)]:
        text = unfit[0] if len(unfit) == 1 else "\n  ".join(["errors:", *unfit])
        raise ValueError(f"error applying patch: failed to convert patch object to typed object: {text}")
    if atomic := list(_atomic(root, patch, "")):
        what = f"may not mutate atomic arrays, maps or structs: {', '.join(atomic)}"
        raise ValueError(f"error applying patch: invalid ApplyConfiguration: {what}")
    result: Object = merged(root, obj, patch)
    return result


def _atomic(kind: Slot, value: Any, path: str) -> Iterator[str]:
    """The places of a patch whose values would replace what is there as a whole."""
    if isinstance(value, dict) and kind.shape in ("struct", "map"):
        if kind.relation == "leaf":
            yield path
        if kind.relation == "struct":
            for name, item in value.items():
                yield from _atomic(slot_of(kind, name), item, f"{path}.{name}")
    elif isinstance(value, list) and kind.shape == "list":
        if kind.relation == "leaf":
            yield path
        for index, item in enumerate(value):
            yield from _atomic(kind.element, item, f"{path}[{index}]")
