"""Configurations sent for server-side apply: may this be applied at all?

``ownership`` calls ``check_config`` first. A configuration must fit its type before anybody asks who owns what; the
checks and their texts are those of ``structured-merge-diff/typed`` as the API server passes them on. Whether values
make sense is left to validation.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gitopslab.controlplane.server.fieldset import spelled
from gitopslab.controlplane.server.structured import step_of
from gitopslab.errors import bad_request, unclassified
from gitopslab.machinery.golang import go_type
from gitopslab.machinery.kinds import Resource
from gitopslab.machinery.merge import go_text
from gitopslab.machinery.objects import Object, group_of, name_of, namespace_of
from gitopslab.machinery.schema import ANY, Slot, Struct, root_of


def gvk(api_version: str, kind: str) -> str:
    """A kind as Go prints it: ``apps/v1, Kind=Deployment``."""
    return f"{group_of(api_version)}/{api_version.rpartition('/')[2]}, Kind={kind}"


def check_config(resource: Resource, kind: Struct, config: Object) -> None:
    """Refuse a configuration that does not fit its type.

    Raises:
        ApiError: 400 for another kind, or for fields that do not fit.
    """
    given = (str(config.get("apiVersion") or ""), str(config.get("kind") or ""))
    if given != (resource.api_version, resource.kind):
        raise bad_request(f"invalid object type: {gvk(*given)}")
    metadata = config.get("metadata")
    if isinstance(metadata, dict) and metadata.get("managedFields") is not None:
        raise bad_request("metadata.managedFields must be nil")
    faults = [f"{path}: {fault}" for path, fault in faults_of(root_of(kind), config)]
    if faults:
        text = faults[0] if len(faults) == 1 else "\n  ".join(["errors:", *faults])
        named = config if isinstance(metadata, dict) else {}
        place = f"{namespace_of(named)}/{name_of(named)}; {gvk(*given)}"
        raise unclassified(f"failed to create typed patch object ({place}): {text}")


def faults_of(kind: Slot, value: Any) -> Iterator[tuple[str, str]]:
    """What of a value does not fit its type, each with its path."""
    return _faults(kind, value, "")


def _faults(kind: Slot, value: Any, path: str) -> Iterator[tuple[str, str]]:
    """What does not fit, each with its path."""
    if value is None or kind.shape == "any":
        return
    if kind.shape == "list":
        yield from _list_faults(kind, value, path)
    elif kind.shape in ("struct", "map"):
        yield from _map_faults(kind, value, path)
    else:
        fault = _scalar_fault(kind.shape, value)
        if fault:
            yield path, fault


def _map_faults(kind: Slot, value: Any, path: str) -> Iterator[tuple[str, str]]:
    if not isinstance(value, dict):
        yield path, f"expected map, got &{{{go_text(value)}}}"
        return
    for name, item in value.items():
        below = f"{path}.{name}"
        if kind.shape == "map":
            yield from _faults(kind.element, item, below)
        elif name in kind.struct.fields:  # also of one that is owned as a whole
            yield from _faults(kind.struct.fields[name].slot, item, below)
        elif kind.struct.open:
            yield from _faults(ANY, item, below)
        else:
            # Go stops at the first field it does not know.
            yield below, "field not declared in schema"
            return


def _list_faults(kind: Slot, value: Any, path: str) -> Iterator[tuple[str, str]]:
    if not isinstance(value, list):
        yield path, f"expected list, got &{{{go_text(value)}}}"
        return
    seen: set[str] = set()
    for index, item in enumerate(value):
        if kind.relation == "leaf":
            yield from _faults(kind.element, item, f"{path}[{index}]")
            continue
        fault = _key_fault(kind, item)
        if fault:
            yield path, f"element {index}: {fault}"
            return
        step = step_of(kind, item)
        if step in seen:
            yield path, f"duplicate entries for key {spelled(step)}"
        seen.add(step)
        yield from _faults(kind.element, item, path + spelled(step))


def _key_fault(kind: Slot, item: Any) -> str:
    if kind.relation == "set":
        if isinstance(item, dict):
            return "associative list without keys has an element that's a map type"
        if isinstance(item, list):
            return "not supported: associative list with lists as elements"
        return "associative list without keys has an element that's an explicit null" if item is None else ""
    if item is None:
        return "associative list with keys may not have a null element"
    if not isinstance(item, dict):
        return "associative list with keys may not have non-map elements"
    if step_of(kind, item):
        return ""
    keys = " ".join(f'"{key}"' for key in kind.keys)
    cause = f"associative list with keys has an element that omits all key fields [{keys}]"
    return f"{cause} (and doesn't have default values for any key fields)"


def _scalar_fault(shape: str, value: Any) -> str:
    if shape in ("integer", "number"):
        fits = isinstance(value, int | float) and not isinstance(value, bool)
        return "" if fits else f"expected numeric (int or float), got {go_type(value)}"
    if shape in ("string", "bytes"):
        return (
            ""
            if isinstance(value, str)
            else f"expected string, got &value.valueUnstructured{{Value:{_go_syntax(value)}}}"
        )
    if shape == "boolean":
        return "" if isinstance(value, bool) else f"expected boolean, got &{{{go_text(value)}}}"
    return f"expected any scalar, got &{{{go_text(value)}}}" if isinstance(value, dict | list) else ""


def _go_syntax(value: Any) -> str:
    """A value as Go's ``%#v`` prints it."""
    if isinstance(value, dict):
        pairs = ", ".join(f'"{key}":{_go_syntax(value[key])}' for key in sorted(value))
        return f"map[string]interface {{}}{{{pairs}}}"
    if isinstance(value, list):
        return f"[]interface {{}}{{{', '.join(map(_go_syntax, value))}}}"
    if value is None:
        return "interface {}(nil)"
    return f'"{value}"' if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
