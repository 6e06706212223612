"""Whether a schema is structural: every place has one type, and conditions only add to it.

``schemas`` asks first of all; nothing else makes sense of a schema that is not. Upstream:
``apiserver/schema/validation.go`` and ``complete.go``.
"""

from __future__ import annotations

from typing import Any

from gitopslab.controlplane.server.custom.patterns import problem_of
from gitopslab.controlplane.server.custom.structural import (
    EMBEDDED,
    INT_OR_STRING,
    LIST_KEYS,
    LIST_TYPE,
    MAP_TYPE,
    PRESERVE,
    RULES,
)
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.machinery.objects import Object

_INT_OR_STRING = [{"type": "integer"}, {"type": "string"}]
_NEEDS_TYPE = {
    "root": "must not be empty at the root",
    "item": "must not be empty for specified array items",
    "field": "must not be empty for specified object fields",
}
_EMPTY = ("type", "title", "description", LIST_KEYS, RULES)
_FALSE = ("nullable", PRESERVE, EMBEDDED, INT_OR_STRING)
_UNDEFINED = ("additionalProperties", "default", LIST_TYPE, MAP_TYPE)
_METADATA = "must not specify anything other than name and generateName, but metadata is implicitly specified"
_EMBEDDED_EMPTY = (
    "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields"
)


def check(causes: Causes, schema: Object, path: str) -> None:
    """Report what keeps a schema from being structural, sorted as the API server sorts it."""
    found = Causes()
    _check_place(found, schema, "root", path)
    _check_complete(found, schema, schema, path, path)
    causes.found += sorted(found.found, key=lambda cause: f"{cause[0]}: {cause[2]}")


def _check_place(causes: Causes, schema: Object, level: str, path: str) -> None:
    items, additional = schema.get("items"), schema.get("additionalProperties")
    if schema.get("type") == "array" and items is None:
        causes.required(f"{path}.items", "must be specified")
    if isinstance(items, dict):
        _check_place(causes, items, "item", f"{path}.items")
    for name, below in (schema.get("properties") or {}).items():
        _check_place(causes, below, "field", f"{path}.properties[{name}]")
    if additional is not None:
        if level == "root":
            causes.forbidden(f"{path}.additionalProperties", "must not be used at the root")
        if isinstance(additional, dict):
            _check_place(causes, additional, "field", f"{path}.additionalProperties")
    if schema.get(INT_OR_STRING):
        for word in (PRESERVE, EMBEDDED):
            if schema.get(word):
                causes.invalid(f"{path}.{word}", True, "must be false if x-kubernetes-int-or-string is true")
    _check_values(causes, schema, path)
    _check_type(causes, schema, level, path)
    _check_meta(causes, schema, level, path)


def _check_type(causes: Causes, schema: Object, level: str, path: str) -> None:
    kind = schema.get("type") or ""
    if schema.get(EMBEDDED) and kind != "object":
        message = "must be object if x-kubernetes-embedded-resource is true"
        causes.invalid(f"{path}.type", kind, message) if kind else causes.required(f"{path}.type", message)
    elif not kind and not schema.get(INT_OR_STRING) and not schema.get(PRESERVE):
        causes.required(f"{path}.type", _NEEDS_TYPE[level])
    if schema.get(EMBEDDED) and schema.get("additionalProperties") is not None:
        message = "must not be used if x-kubernetes-embedded-resource is set"
        causes.forbidden(f"{path}.additionalProperties", message)
    if level == "root" and kind and kind != "object":
        causes.invalid(f"{path}.type", kind, "must be object at the root")


def _check_meta(causes: Causes, schema: Object, level: str, path: str) -> None:
    """Kind, version and metadata are Kubernetes' own; a schema may say little about them."""
    properties, is_object = schema.get("properties") or {}, level == "root" or bool(schema.get(EMBEDDED))
    for name in ("kind", "apiVersion"):
        if is_object and name in properties and properties[name].get("type") != "string":
            causes.invalid(f"{path}.properties[{name}].type", properties[name].get("type") or "", "must be string")
    metadata = properties.get("metadata")
    if metadata is not None:
        where = f"{path}.properties[metadata]"
        if is_object and metadata.get("type") != "object":
            causes.invalid(f"{where}.type", metadata.get("type") or "", "must be object")
        if level == "root" and not _says_little(metadata):
            causes.forbidden(where, _METADATA)
    if schema.get(EMBEDDED) and not schema.get(PRESERVE) and not properties:
        causes.required(f"{path}.properties", _EMBEDDED_EMPTY)


def _says_little(metadata: Object) -> bool:
    rest = {word: value for word, value in metadata.items() if word not in ("type", "default") and value}
    names = set(rest.pop("properties", {}))
    return not rest and names <= {"name", "generateName"}


def _check_values(causes: Causes, schema: Object, path: str, *, skip_any: bool = False) -> None:
    """The conditions of one place, and those inside ``allOf`` and its kin."""
    if not skip_any and schema.get("anyOf") != _INT_OR_STRING:
        for index, one in enumerate(schema.get("anyOf") or ()):
            _check_nested(causes, one, f"{path}.anyOf[{index}]")
    for index, one in enumerate(schema.get("allOf") or ()):
        is_pattern = index == 0 and one.get("anyOf") == _INT_OR_STRING
        _check_nested(causes, one, f"{path}.allOf[{index}]", skip_any=is_pattern)
    for index, one in enumerate(schema.get("oneOf") or ()):
        _check_nested(causes, one, f"{path}.oneOf[{index}]")
    if isinstance(schema.get("not"), dict):
        _check_nested(causes, schema["not"], f"{path}.not")
    pattern = schema.get("pattern")
    if pattern and (problem := problem_of(pattern)):
        causes.invalid(f"{path}.pattern", pattern, f"must be a valid regular expression, but isn't: {problem}")


def _check_nested(causes: Causes, schema: Object, path: str, *, skip_any: bool = False) -> None:
    _check_values(causes, schema, path, skip_any=skip_any)
    if isinstance(schema.get("items"), dict):
        _check_nested(causes, schema["items"], f"{path}.items")
    for name, below in (schema.get("properties") or {}).items():
        _check_nested(causes, below, f"{path}.properties[{name}]")
    for words, message in ((_EMPTY, "empty"), (_FALSE, "false"), (_UNDEFINED, "undefined")):
        for word in words:
            if _is_set(schema.get(word)):
                causes.forbidden(f"{path}.{word}", f"must be {message} to be structural")
    if "metadata" in (schema.get("properties") or {}):
        causes.forbidden(f"{path}.properties[metadata]", "must not be specified in a nested context")


def _is_set(value: Any) -> bool:
    return value is not None and value is not False and value != "" and value != []


def _check_complete(causes: Causes, nested: Object, schema: Object | None, where: str, path: str) -> None:
    """What conditions speak of must be declared outside of them.

    Args:
        causes: Where to report.
        nested: The schema with conditions.
        schema: What is declared at the same place.
        where: Its path.
        path: The path of the condition.
    """
    groups = [
        (word, index, one) for word in ("allOf", "anyOf", "oneOf") for index, one in enumerate(nested.get(word) or ())
    ]
    for word, index, one in groups:
        _check_declared(causes, one, schema, where, f"{path}.{word}[{index}]")
    if isinstance(nested.get("not"), dict):
        _check_declared(causes, nested["not"], schema, where, f"{path}.not")


def _check_declared(causes: Causes, nested: Object, schema: Object | None, where: str, path: str) -> None:
    if schema is None:
        causes.required(where, f"because it is defined in {path}")
        return
    _check_complete(causes, nested, schema, where, path)
    if isinstance(nested.get("items"), dict):
        items = schema.get("items")
        declared = items if isinstance(items, dict) else None
        _check_declared(causes, nested["items"], declared, f"{where}.items", f"{path}.items")
    for name, below in (nested.get("properties") or {}).items():
        found = (schema.get("properties") or {}).get(name)
        _check_declared(causes, below, found, f"{where}.properties[{name}]", f"{path}.properties[{name}]")
