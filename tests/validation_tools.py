"""What the server says of a manifest, without a server: defaults, strategy and validation in their order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gitopslab.controlplane.server import strategy
from gitopslab.controlplane.server.defaults import set_defaults
from gitopslab.controlplane.server.validation import validate
from gitopslab.machinery.kinds import Catalog, Resource
from gitopslab.machinery.objects import Object, copy_of

CATALOG = Catalog()
NOW = 1767225600.0
NAME = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
    "with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)


def ids_of(rows: Sequence[tuple[Any, ...]]) -> list[str]:
    """A plain id for each row of a table that ends with the expected problems: the first field that is wrong."""
    return [f"{index}-{(row[-1] or ['accepted'])[0].partition(': ')[0]}" for index, row in enumerate(rows)]


def resource_of(obj: Object) -> Resource:
    found = CATALOG.of(obj)
    assert found is not None
    return found


def ready(obj: Object) -> Object:
    """The object as it comes to validation."""
    resource = resource_of(obj)
    metadata = obj.setdefault("metadata", {})
    metadata.setdefault("name", "x")
    if resource.namespaced:
        metadata.setdefault("namespace", "default")
    metadata.update(uid="u-1", creationTimestamp="2026-01-01T00:00:00Z")
    set_defaults(resource, obj)
    strategy.prepare_create(resource, obj)
    return obj


def problems(obj: Object) -> list[str]:
    """What is wrong with a new object, each as ``field: message``."""
    made = ready(copy_of(obj))
    return [f"{field}: {message}" for field, _, message in validate(resource_of(made), made, None, "")]


def change_problems(before: Object, changes: dict[str, Any], subresource: str = "") -> list[str]:
    """What is wrong with a change; ``changes`` maps dotted paths to values, None removes."""
    old = ready(copy_of(before))
    new = copy_of(old)
    for path, value in changes.items():
        *parents, last = path.split(".")
        target = new
        for parent in parents:
            target = target[int(parent)] if isinstance(target, list) else target.setdefault(parent, {})
        if value is None:
            target.pop(last, None)
        elif isinstance(target, list):
            target[int(last)] = value
        else:
            target[last] = value
    resource = resource_of(old)
    set_defaults(resource, new)
    strategy.prepare_update(resource, new, old, subresource, NOW)
    return [f"{field}: {message}" for field, _, message in validate(resource, new, old, subresource)]
