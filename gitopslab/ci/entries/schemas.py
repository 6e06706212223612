"""What GitLab checks by JSON schemas of its own, in the words of the library that it uses (json_schemer).

``lib/gitlab/ci/config/entry/schemas``: options of executors below ``image`` and ``services``, and what belongs to
Kubernetes below ``environment``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gitopslab.ci.entries import checks
from gitopslab.ci.entries.node import Fault, Node
from gitopslab.ci.tree import Map

Shape = Mapping[str, "Shape | int | str"]
"""A map without other keys: below each a map, the most characters of a text, or ``boolean`` or ``user``."""

EXECUTORS: Shape = {"docker": {"platform": 64, "user": 255}, "kubernetes": {"user": "user"}}
_RESOURCES: Shape = {"enabled": "boolean"}
_DASHBOARD: Shape = {"namespace": 63, "flux_resource_path": 255}


def executor_opts(node: Node) -> Iterator[Fault]:
    """``docker`` and ``kubernetes`` of an image."""
    for name, shape in EXECUTORS.items():
        if node.get(name) is not None:
            yield from _faults(node, "executor opts", node.get(name), shape, f"/{name}", key=name)


def kubernetes(node: Node) -> Iterator[Fault]:
    """``environment:kubernetes``."""
    dashboard, resources, path = (node.get(name) for name in ("dashboard", "managed_resources", "flux_resource_path"))
    if not node.value:
        yield node.fault("can't be blank")
    yield from checks.keys(node, ("namespace", "agent", "flux_resource_path", "managed_resources", "dashboard"))
    yield from checks.string(node, "namespace")
    if not checks.is_blank(path):
        yield from checks.present(node, "namespace")
    yield from checks.string(node, "agent")
    is_managed = isinstance(resources, Map) and resources.get("enabled") is True
    if is_managed or not (checks.is_blank(path) and checks.is_blank(dashboard)):
        yield from checks.present(node, "agent")
    yield from checks.string(node, "flux_resource_path")
    if resources is not None:
        yield from _faults(node, "managed resources", resources, _RESOURCES, key="managed_resources")
    if not checks.is_blank(dashboard):
        yield from _faults(node, "dashboard", dashboard, _DASHBOARD, key="dashboard")
        if isinstance(dashboard, Map) and "namespace" not in dashboard:
            text = "object at root is missing required properties: namespace"
            yield node.fault(text, "dashboard", key="dashboard")
    for name in ("namespace", "flux_resource_path") if isinstance(dashboard, Map) else ():
        if not checks.is_blank(node.get(name)) and not checks.is_blank(dashboard.get(name)):
            yield node.fault(f"cannot be specified when dashboard.{name} is set", name)


def _faults(
    node: Node, attribute: str, value: Any, shape: Shape | int | str, at: str = "", *, key: str
) -> Iterator[Fault]:
    where = f"`{at}`" if at else "root"
    if isinstance(shape, Mapping):
        if not isinstance(value, Map):
            yield node.fault(f"value at {where} is not an object", attribute, key=key)
            return
        for name in value:
            if name not in shape:
                text = f"object property at `{at}/{name}` is a disallowed additional property"
                yield node.fault(text, attribute, key=key)
            else:
                yield from _faults(node, attribute, value[name], shape[name], f"{at}/{name}", key=key)
    elif shape == "boolean":
        if not isinstance(value, bool):
            yield node.fault(f"value at {where} is not a boolean", attribute, key=key)
    elif isinstance(value, str):
        most = 255 if shape == "user" else shape
        for is_wrong, than in ((len(value) < 1, "less than: 1"), (len(value) > int(most), f"greater than: {most}")):
            if is_wrong:
                yield node.fault(f"string size at {where} is {than}", attribute, key=key)
    elif shape == "user" and not checks.is_integer(value):
        yield node.fault(f"value at {where} is not one of the types: string, integer", attribute, key=key)
    elif shape != "user":
        yield node.fault(f"value at {where} is not a string", attribute, key=key)
