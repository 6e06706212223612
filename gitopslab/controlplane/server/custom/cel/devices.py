"""What expressions that select devices see: ``device``, with what its driver tells of it.

``validation.devices`` holds the expressions of classes and claims against it. Upstream:
``dynamic-resource-allocation/cel``.

Simplified: attributes and capacities may be of any type, and the cost of expressions is not estimated.
"""

from __future__ import annotations

from functools import cache

from cel_expr_python import cel

from gitopslab.controlplane.server.custom.cel import engine
from gitopslab.controlplane.server.custom.cel.messages import Messages, file_of, pool_of
from gitopslab.controlplane.server.custom.cel.tree import DYN, Type

_TEXT = Type("string")
_BY_DOMAIN = Type("map", "", (_TEXT, Type("map", "", (_TEXT, DYN))))
_DEVICE: Messages = {
    "Device": {
        "driver": _TEXT, "allowMultipleAllocations": Type("bool"), "attributes": _BY_DOMAIN, "capacity": _BY_DOMAIN,
    },
}  # fmt: skip


@cache
def _environment() -> cel.Env:
    return engine.environment({"device": cel.Type("Device")}, pool_of(file_of(_DEVICE, "devices.proto")))


def problem_of(expression: str) -> str:
    """Why an expression selects no devices; empty when it may."""
    try:
        kind = engine.checked(expression, _environment()).kind
    except engine.CompileError as error:
        return error.told
    fits = kind in ("", "BOOL", "DYN")
    return "" if fits else f"must evaluate to bool or the unknown type, not {engine.as_go(kind)}"
