"""The scale subresource of custom resources: where a definition says that replicas are.

``subresources`` calls it where a built-in workload would have ``spec.replicas``; ``objects`` checks what is there.
Upstream: ``registry/customresource/etcd.go`` and ``validator.go``.
"""

from __future__ import annotations

from typing import Any

from gitopslab.controlplane.server.custom.version import CustomResource
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.errors import bad_request, unclassified
from gitopslab.machinery.golang import go_type
from gitopslab.machinery.merge import go_text
from gitopslab.machinery.objects import Object

_LARGEST = (1 << 31) - 1


def numbers_of(resource: CustomResource, obj: Object, *, is_read: bool) -> Object:
    """``spec`` and ``status`` of the Scale of an object.

    Args:
        resource: Its type.
        obj: The object.
        is_read: Whether somebody wants to know them; who writes may find nothing there yet.

    Raises:
        ApiError: 400 when the object has no replicas to tell.
    """
    paths = _paths(resource)
    try:
        wanted, seen = _at(obj, paths["specReplicasPath"]), _at(obj, paths["statusReplicasPath"])
        selector = _at(obj, paths["labelSelectorPath"]) if paths.get("labelSelectorPath") else None
    except ValueError as error:
        raise unclassified(f"Internal error occurred: {error}", "InternalError") from error
    if wanted is None and is_read:
        message = f'Internal error occurred: the spec replicas field "{paths["specReplicasPath"]}" does not exist'
        raise unclassified(message, "InternalError")
    status = {"replicas": seen or 0}
    return {
        "spec": {"replicas": wanted} if wanted else {},
        "status": {**status, **({"selector": selector} if selector else {})},
    }


def steps_of(resource: CustomResource) -> list[str]:
    """The way to the count, name by name."""
    return _steps(_paths(resource)["specReplicasPath"])


def set_replicas(resource: CustomResource, obj: Object, replicas: int) -> None:
    """Write the count where the definition says, in place.

    Raises:
        ApiError: 400 when there is something else on the way.
    """
    *above, last = steps_of(resource)
    for step in above:
        obj = obj.setdefault(step, {})
        if not isinstance(obj, dict):
            raise bad_request(f"value cannot be set because .{step} is not a map[string]interface{{}}")
    obj[last] = replicas


def check(causes: Causes, resource: CustomResource, obj: Object, *, status_only: bool) -> None:
    """Report replicas that are no count."""
    paths = resource.version_spec.scale
    if paths is None:
        return
    wanted = ("statusReplicasPath",) if status_only else ("specReplicasPath", "statusReplicasPath")
    for path in (paths[name] for name in wanted):
        try:
            value = _at(obj, path)
        except ValueError as error:
            causes.invalid(path, 0, str(error))
            continue
        if value is None:
            continue
        if not isinstance(value, int) or isinstance(value, bool):
            causes.invalid(path, 0, _wrong_type(path, value, "int64"))
        elif value < 0:
            causes.invalid(path, value, "should be a non-negative integer")
        elif value > _LARGEST:
            causes.invalid(path, value, f"should be less than or equal to {_LARGEST}")


def _paths(resource: CustomResource) -> Object:
    paths = resource.version_spec.scale
    assert paths is not None, "only resources with a scale subresource are scaled"
    return paths


def _steps(path: str) -> list[str]:
    return path.removeprefix(".").split(".")


def _at(obj: Object, path: str) -> Any:
    """What is at a path; None when nothing is.

    Raises:
        ValueError: Something on the way has no fields.
    """
    value: Any = obj
    steps = _steps(path)
    for index, step in enumerate(steps):
        if value is None:
            return None
        if not isinstance(value, dict):
            raise ValueError(_wrong_type("." + ".".join(steps[: index + 1]), value, "map[string]interface{}"))
        value = value.get(step)
    return value


def _wrong_type(path: str, value: Any, wanted: str) -> str:
    return f"{path} accessor error: {go_text(value)} is of the type {go_type(value)}, expected {wanted}"
