"""Values against their schema: types, bounds, patterns, required fields, and the combinations of schemas.

``objects`` calls ``check`` for every custom resource that is written; ``definitions`` for the defaults in a schema.
Which checks apply to what, their order and their texts are those of ``kube-openapi/pkg/validation/validate``, where
each keyword is a validator of its own.
"""

from __future__ import annotations

import json
from typing import Any

from gitopslab.controlplane.server.custom import numbers
from gitopslab.controlplane.server.custom.correlation import Correlation
from gitopslab.controlplane.server.custom.faults import Fault, Outcome, is_one_of
from gitopslab.controlplane.server.custom.formats import is_format, is_format_of, is_known_format
from gitopslab.controlplane.server.custom.patterns import matches
from gitopslab.controlplane.server.custom.structural import Node

_BODY = "in body"


def check(node: Node, value: Any, path: str = "", correlation: Correlation | None = None) -> Outcome:
    """Hold a value against its schema.

    Args:
        node: The schema.
        value: Any JSON value.
        path: Where it is, as errors spell it.
        correlation: The value with the one before the update; what did not change is not objected to.
    """
    outcome = _check(node, value, path, correlation)
    if outcome.faults and correlation is not None and correlation.is_same:
        return Outcome()
    return outcome


def _check(node: Node, value: Any, path: str, correlation: Correlation | None) -> Outcome:
    outcome = Outcome()
    if value is None:
        outcome.add(_type(node, value, path))
        outcome.add(_enum(node, value, path))
        return outcome
    if types_of(node) or _format(node):
        outcome.add(_type(node, value, path))
        outcome.matches += 1
    outcome.add(_combinations(node, value, path, correlation))
    outcome.matches += 2
    if isinstance(value, str):
        outcome.add(_string(node, value, path))
        outcome.matches += 1 + is_known_format(_format(node))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        outcome.add(numbers.check(node, value, path, types_of(node), _format(node)))
        outcome.matches += 1
    elif isinstance(value, list):
        outcome.add(_items(node, value, path, correlation))
        outcome.matches += 1
    outcome.add(_enum(node, value, path))
    outcome.matches += 1
    if isinstance(value, dict):
        outcome.add(_fields(node, value, path, correlation))
        outcome.matches += 1
    return outcome


def types_of(node: Node) -> tuple[str, ...]:
    """The types a value may have; empty for any."""
    if node.int_or_string:
        return ("integer", "string")
    return (node.type,) if node.type else ()


def _format(node: Node) -> str:
    """The format, if it means something for the type; others are ignored."""
    given: str = node.schema.get("format") or ""
    types = types_of(node)
    kind = types[0] if len(types) == 1 else ""
    return given if is_format_of(kind, given) else ""


def type_of(value: Any) -> tuple[str, str]:
    """The JSON type of a value, and the format that goes with it."""
    if isinstance(value, bool):
        return "boolean", ""
    if isinstance(value, int):
        return "integer", "int64"
    if isinstance(value, float):
        return "number", "double"
    if isinstance(value, str):
        return "string", ""
    return ("array", "") if isinstance(value, list) else ("object", "")


def _type(node: Node, value: Any, path: str) -> Outcome:
    types, wanted = types_of(node), _format(node)
    outcome = Outcome()
    outcome.matches = 1
    if value is None:
        return _wrong_type(path, ",".join(types), "null") if types and not node.nullable else outcome
    kind, found = type_of(value)
    is_whole = isinstance(value, float) and value.is_integer() and "integer" in types
    fits = kind in types or is_whole or (kind == "integer" and "number" in types)
    is_text = kind in ("string", "array")
    if not is_text and wanted and not fits and found != wanted:
        return _wrong_type(path, wanted, found)
    if is_text and wanted and not {"number", "integer"} & set(types):
        return outcome
    return outcome if fits else _wrong_type(path, ",".join(types), kind)


def _wrong_type(path: str, wanted: str, found: str) -> Outcome:
    return Outcome(Fault("type", path, f'{path} {_BODY} must be of type {wanted}: "{found}"', found))


def _string(node: Node, value: str, path: str) -> Outcome:
    schema, outcome = node.schema, Outcome()
    most, least, pattern = schema.get("maxLength"), schema.get("minLength"), schema.get("pattern")
    if most is not None and len(value) > most:
        outcome.faults.append(Fault("too long", path, limit=most))
    elif least is not None and len(value) < least:
        message = f"{path} {_BODY} should be at least {least} chars long"
        outcome.faults.append(Fault("invalid", path, message, value))
    elif pattern and not matches(pattern, value):
        outcome.faults.append(Fault("invalid", path, f"{path} {_BODY} should match '{pattern}'", value))
    wanted = _format(node)
    if wanted and not is_format(wanted, value):
        shown = json.dumps(value, ensure_ascii=False)
        outcome.faults.append(Fault("type", path, f"{path} {_BODY} must be of type {wanted}: {shown}", value))
    return outcome


def _items(node: Node, value: list[Any], path: str, correlation: Correlation | None) -> Outcome:
    schema, outcome = node.schema, Outcome()
    if node.items is not None:
        for index, item in enumerate(value):
            below = correlation.item(index) if correlation is not None else None
            outcome.add(check(node.items, item, f"{path}[{index}]", below))
    least, most = schema.get("minItems"), schema.get("maxItems")
    if least is not None and len(value) < least:
        message = f"{path} {_BODY} should have at least {least} items"
        outcome.faults.append(Fault("invalid", path, message, len(value)))
    if most is not None and len(value) > most:
        outcome.faults.append(Fault("too many", path, value=len(value), limit=most))
    if schema.get("uniqueItems") and any(is_one_of(item, value[:index]) for index, item in enumerate(value)):
        outcome.faults.append(Fault("invalid", path, f"{path} {_BODY} shouldn't contain duplicates"))
    return outcome


def _enum(node: Node, value: Any, path: str) -> Outcome:
    allowed = node.schema.get("enum")
    if not allowed or is_one_of(value, allowed):
        return Outcome()
    return Outcome(Fault("enum", path, value=value, limit=allowed))


def _fields(node: Node, value: dict[str, Any], path: str, correlation: Correlation | None) -> Outcome:
    schema, outcome = node.schema, Outcome()
    least, most = schema.get("minProperties"), schema.get("maxProperties")
    if least is not None and len(value) < least:
        message = f"{path} {_BODY} should have at least {least} properties"
        outcome.faults.append(Fault("invalid", path, message, len(value)))
    if most is not None and len(value) > most:
        outcome.faults.append(Fault("too many", path, value=len(value), limit=most))
    for name, item in value.items():
        if name in node.properties:
            continue
        if schema.get("additionalProperties") is False:
            outcome.faults.append(Fault("invalid", path, f"{path}.{name} {_BODY} is a forbidden property", name))
        elif node.additional is not None:
            outcome.add(check(node.additional, item, f"{path}.{name}", _below(correlation, path, name)))
    for name, field in node.properties.items():
        if name in value:
            below = f"{path}.{name}" if path else name
            outcome.add(check(field, value[name], below, _below(correlation, path, name)))
    missing = (name for name in schema.get("required") or () if name not in value)
    outcome.faults += [Fault("required", f"{path}.{name}") for name in missing]
    return outcome


def _below(correlation: Correlation | None, path: str, name: str) -> Correlation | None:
    # Both objects are shown in one version, so that an apiVersion is as it was says nothing.
    if correlation is None or (not path and name in ("apiVersion", "kind")):
        return None
    return correlation.field(name)


def _combinations(node: Node, value: Any, path: str, correlation: Correlation | None) -> Outcome:
    outcome = Outcome()
    outcome.matches = 1
    quoted = f'"{path}"'
    if some := node.nested["anyOf"]:
        tried = [_check(one, value, path, correlation) for one in some]
        if all(one.faults for one in tried):
            outcome.faults.append(Fault("plain", path, f"{quoted} must validate at least one schema (anyOf)"))
        outcome.add(next((one for one in tried if not one.faults), None) or _best(tried))
    if some := node.nested["oneOf"]:
        outcome.add(_exactly_one([_check(one, value, path, correlation) for one in some], path))
    if some := node.nested["allOf"]:
        tried = [_check(one, value, path, correlation) for one in some]
        for one in tried:
            outcome.add(one)
        if any(one.faults for one in tried):
            none = ". None validated" if all(one.faults for one in tried) else ""
            outcome.faults.append(Fault("plain", path, f"{quoted} must validate all the schemas (allOf){none}"))
    if node.negated is not None and not _check(node.negated, value, path, correlation).faults:
        outcome.faults.append(Fault("plain", path, f"{quoted} must not validate the schema (not)"))
    return outcome


def _exactly_one(tried: list[Outcome], path: str) -> Outcome:
    passed = [one for one in tried if not one.faults]
    if len(passed) == 1:
        return passed[0]
    found = f"Found {len(passed)} valid alternatives" if passed else "Found none valid"
    outcome = Outcome(Fault("plain", path, f'"{path}" must validate one and only one schema (oneOf). {found}'))
    if not passed:
        outcome.add(_best(tried))
    return outcome


def _best(tried: list[Outcome]) -> Outcome:
    """The one that passed the most checks; of several the first."""
    return max(tried, key=lambda one: one.matches)
