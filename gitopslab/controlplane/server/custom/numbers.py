"""Numbers against their schema: range of the type, bounds, multiples.

Called by ``values``. Numbers of a message are printed as Go prints them.
"""

from __future__ import annotations

from gitopslab.controlplane.server.custom.faults import Fault, Outcome
from gitopslab.controlplane.server.custom.structural import Node

_BODY = "in body"
_LARGEST_FLOAT = 3.4028234663852886e38
_BITS = {"int32": 31, "int64": 63}


def check(node: Node, value: int | float, path: str, types: tuple[str, ...], wanted: str) -> Outcome:
    """Hold a number against its schema; ``types`` and ``wanted`` are the types and format that count."""
    schema, outcome = node.schema, Outcome()
    outcome.matches = 1
    kind = types[0] if len(types) == 1 and types[0] in ("integer", "number") else ""
    if not _is_in_range(value, kind, wanted):
        name = f"with format {wanted}" if wanted else "(default format)"
        outcome.faults.append(Fault("plain", path, f"Checked value must be of type {kind} {name} in {path}"))
    if (factor := schema.get("multipleOf")) is not None:
        outcome.faults += _multiple(value, factor, path)
    if (most := schema.get("maximum")) is not None:
        outcome.faults += _bound(value, most, path, "less than", exclusive=bool(schema.get("exclusiveMaximum")))
    if (least := schema.get("minimum")) is not None:
        outcome.faults += _bound(value, least, path, "greater than", exclusive=bool(schema.get("exclusiveMinimum")))
    return outcome


def _is_in_range(value: int | float, kind: str, wanted: str) -> bool:
    if kind == "integer":
        limit = 1 << _BITS.get(wanted, 63)
        return -limit <= value < limit
    return wanted != "float" or abs(value) <= _LARGEST_FLOAT


def _multiple(value: int | float, factor: int | float, path: str) -> list[Fault]:
    if isinstance(value, int):
        factor = int(factor)
    if factor <= 0:
        message = f"factor MultipleOf declared for {path} must be positive: {printed(factor)}"
        return [Fault("invalid", path, message, factor)]
    count = 1 / factor * value if factor < 1 else value / factor
    fits = value % int(factor) == 0 if isinstance(value, int) else abs(count - round(count)) < 1e-9
    message = f"{path} {_BODY} should be a multiple of {printed(factor)}"
    return [] if fits else [Fault("invalid", path, message, value)]


def _bound(value: int | float, limit: int | float, path: str, word: str, *, exclusive: bool) -> list[Fault]:
    if isinstance(value, int):
        limit = int(limit)
    outside = value > limit if word == "less than" else value < limit
    if not outside and not (exclusive and value == limit):
        return []
    words = word if exclusive else f"{word} or equal to"
    return [Fault("invalid", path, f"{path} {_BODY} should be {words} {printed(limit)}", value)]


def printed(value: int | float) -> str:
    """A number as Go's ``%v`` prints it."""
    if isinstance(value, int) or not value.is_integer():
        return repr(value)
    return str(int(value)) if abs(value) < 1e21 else f"{value:e}"
