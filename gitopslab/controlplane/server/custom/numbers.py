"""Numbers against their schema: range of the type, bounds, multiples.

Called by ``values``. Numbers of a message are printed as Go prints them.
"""

from __future__ import annotations

from gitopslab.controlplane.server.custom.faults import Fault, Outcome
from gitopslab.controlplane.server.custom.structural import Node
from gitopslab.machinery.merge import go_text

_BODY = "in body"
_LARGEST_FLOAT = 3.4028234663852886e38
_BITS = {"int32": 31, "int64": 63}
_NAMES = {"multipleOf": "MultipleOf", "minimum": "Minimum boundary", "maximum": "Maximum boundary"}
_EXCLUSIVE = {"minimum": "exclusiveMinimum", "maximum": "exclusiveMaximum"}


def check(node: Node, value: int | float, path: str, types: tuple[str, ...], wanted: str) -> Outcome:
    """Hold a number against its schema; ``types`` and ``wanted`` are the types and format that count."""
    schema, outcome = node.schema, Outcome()
    outcome.matches = 1
    kind = types[0] if len(types) == 1 and types[0] in ("integer", "number") else ""
    outcome.faults += _range(value, kind, wanted, "Checked", path)
    for word in ("multipleOf", "minimum", "maximum"):
        if (limit := schema.get(word)) is None:
            continue
        misfits = _range(limit, kind, wanted, _NAMES[word], path)
        if isinstance(value, int) and not misfits:
            limit = int(limit)  # as Go compares, with the number of the value's own type
        outcome.faults += misfits
        if word == "multipleOf":
            outcome.faults += _multiple(value, limit, path)
        else:
            is_exclusive = bool(schema.get(_EXCLUSIVE[word]))
            outcome.faults += _bound(value, limit, path, is_most=word == "maximum", exclusive=is_exclusive)
    return outcome


def _range(value: int | float, kind: str, wanted: str, what: str, path: str) -> list[Fault]:
    """What is wrong with a number, of an object or of the schema itself, that its type cannot hold."""
    if kind == "integer":
        limit = 1 << _BITS.get(wanted, 63)
        fits = int(value) == value and -limit <= value < limit
    else:
        fits = wanted != "float" or abs(value) <= _LARGEST_FLOAT
    name = f"with format {wanted}" if wanted else "(default format)"
    return [] if fits else [Fault("plain", path, f"{what} value must be of type {kind} {name} in {path}")]


def _multiple(value: int | float, factor: int | float, path: str) -> list[Fault]:
    if factor <= 0:
        message = f"factor MultipleOf declared for {path} must be positive: {go_text(factor)}"
        return [Fault("invalid", path, message, factor)]
    count = 1 / factor * value if factor < 1 else value / factor
    are_whole = isinstance(value, int) and isinstance(factor, int)
    fits = value % factor == 0 if are_whole else abs(count - round(count)) < 1e-9
    message = f"{path} {_BODY} should be a multiple of {go_text(factor)}"
    return [] if fits else [Fault("invalid", path, message, value)]


def _bound(value: int | float, limit: int | float, path: str, *, is_most: bool, exclusive: bool) -> list[Fault]:
    outside = value > limit if is_most else value < limit
    if not outside and not (exclusive and value == limit):
        return []
    words = ("less than" if is_most else "greater than") + ("" if exclusive else " or equal to")
    return [Fault("invalid", path, f"{path} {_BODY} should be {words} {go_text(limit)}", value)]
