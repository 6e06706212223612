"""How the API server prints the parts of a definition in an error: with Go's names, in Go's order, all fields.

``versions``, ``schemas`` and ``rules`` show such parts as the value of a field error. The rows name the fields of the
internal types (``apis/apiextensions/types.go``, ``types_jsonschema.go``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gitopslab.controlplane.server.validation.causes import Struct
from gitopslab.machinery.objects import Object

_TEXT, _FALSE, _ZERO, _NIL = "", False, 0, None

Row = tuple[str, str, Any]
"""Go's name, the name in JSON, and the zero value."""

_RULE: tuple[Row, ...] = (
    ("Rule", "rule", _TEXT), ("Message", "message", _TEXT), ("MessageExpression", "messageExpression", _TEXT),
    ("Reason", "reason", _NIL), ("FieldPath", "fieldPath", _TEXT), ("OptionalOldSelf", "optionalOldSelf", _NIL),
)  # fmt: skip
_SCHEMA: tuple[Row, ...] = (
    ("ID", "id", _TEXT), ("Schema", "$schema", _TEXT), ("Ref", "$ref", _NIL), ("Description", "description", _TEXT),
    ("Type", "type", _TEXT), ("Nullable", "nullable", _FALSE), ("Format", "format", _TEXT), ("Title", "title", _TEXT),
    ("Default", "default", _NIL), ("Maximum", "maximum", _NIL), ("ExclusiveMaximum", "exclusiveMaximum", _FALSE),
    ("Minimum", "minimum", _NIL), ("ExclusiveMinimum", "exclusiveMinimum", _FALSE), ("MaxLength", "maxLength", _NIL),
    ("MinLength", "minLength", _NIL), ("Pattern", "pattern", _TEXT), ("MaxItems", "maxItems", _NIL),
    ("MinItems", "minItems", _NIL), ("UniqueItems", "uniqueItems", _FALSE), ("MultipleOf", "multipleOf", _NIL),
    ("Enum", "enum", _NIL), ("MaxProperties", "maxProperties", _NIL), ("MinProperties", "minProperties", _NIL),
    ("Required", "required", _NIL), ("Items", "items", _NIL), ("AllOf", "allOf", _NIL), ("OneOf", "oneOf", _NIL),
    ("AnyOf", "anyOf", _NIL), ("Not", "not", _NIL), ("Properties", "properties", _NIL),
    ("AdditionalProperties", "additionalProperties", _NIL), ("PatternProperties", "patternProperties", _NIL),
    ("Dependencies", "dependencies", _NIL), ("AdditionalItems", "additionalItems", _NIL),
    ("Definitions", "definitions", _NIL), ("ExternalDocs", "externalDocs", _NIL), ("Example", "example", _NIL),
    ("XPreserveUnknownFields", "x-kubernetes-preserve-unknown-fields", _NIL),
    ("XEmbeddedResource", "x-kubernetes-embedded-resource", _FALSE),
    ("XIntOrString", "x-kubernetes-int-or-string", _FALSE), ("XListMapKeys", "x-kubernetes-list-map-keys", _NIL),
    ("XListType", "x-kubernetes-list-type", _NIL), ("XMapType", "x-kubernetes-map-type", _NIL),
    ("XValidations", "x-kubernetes-validations", _NIL),
)  # fmt: skip
_COLUMN: tuple[Row, ...] = (
    ("Name", "name", _TEXT), ("Type", "type", _TEXT), ("Format", "format", _TEXT),
    ("Description", "description", _TEXT), ("Priority", "priority", _ZERO), ("JSONPath", "jsonPath", _TEXT),
)  # fmt: skip
_SCALE: tuple[Row, ...] = (
    ("SpecReplicasPath", "specReplicasPath", _TEXT), ("StatusReplicasPath", "statusReplicasPath", _TEXT),
    ("LabelSelectorPath", "labelSelectorPath", _NIL),
)  # fmt: skip
_VERSION: tuple[Row, ...] = (
    ("Name", "name", _TEXT), ("Served", "served", _FALSE), ("Storage", "storage", _FALSE),
    ("Deprecated", "deprecated", _FALSE), ("DeprecationWarning", "deprecationWarning", _NIL),
    ("Schema", "schema", _NIL), ("Subresources", "subresources", _NIL),
    ("AdditionalPrinterColumns", "additionalPrinterColumns", _NIL), ("SelectableFields", "selectableFields", _NIL),
)  # fmt: skip


def rule(value: Object) -> Object:
    """A ``ValidationRule``."""
    return _struct(_RULE, value)


def versions(values: list[Object]) -> list[Object]:
    """``spec.versions``, without what all versions share."""
    return [_version(value) for value in values]


def schema(value: Object) -> Object:
    """A ``JSONSchemaProps``."""
    return {name: _below(key, value[key]) if key in value else zero for name, key, zero in _SCHEMA}


def _version(value: Object) -> Object:
    shown = _struct(_VERSION, value)
    if value.get("schema") is not None:
        inner = value["schema"].get("openAPIV3Schema")
        shown["Schema"] = {"OpenAPIV3Schema": schema(inner) if inner is not None else None}
    if value.get("subresources") is not None:
        scale = value["subresources"].get("scale")
        shown["Subresources"] = {
            "Status": value["subresources"].get("status"),
            "Scale": _struct(_SCALE, scale) if scale is not None else None,
        }
    if value.get("additionalPrinterColumns"):
        shown["AdditionalPrinterColumns"] = [_struct(_COLUMN, column) for column in value["additionalPrinterColumns"]]
    if value.get("selectableFields"):
        shown["SelectableFields"] = [{"JSONPath": one.get("jsonPath", "")} for one in value["selectableFields"]]
    return shown


def _struct(rows: tuple[Row, ...], value: Object) -> Object:
    return Struct({name: value.get(key, zero) for name, key, zero in rows})


def _below(key: str, value: Any) -> Any:
    shape = _SHAPES.get(key)
    return shape(value) if shape is not None and value is not None else value


def _all(value: list[Object]) -> list[Object]:
    return [schema(one) for one in value]


def _by_name(value: Object) -> Object:
    return {name: schema(value[name]) for name in sorted(value)}


def _or_bool(value: Any) -> Object:
    if isinstance(value, bool):
        return {"Allows": value, "Schema": None}
    return {"Allows": True, "Schema": schema(value)}


def _or_array(value: Any) -> Object:
    if isinstance(value, list):
        return {"Schema": None, "JSONSchemas": _all(value)}
    return {"Schema": schema(value), "JSONSchemas": None}


_SHAPES: dict[str, Callable[[Any], Any]] = {
    "items": _or_array,
    "allOf": _all,
    "oneOf": _all,
    "anyOf": _all,
    "not": schema,
    "properties": _by_name,
    "patternProperties": _by_name,
    "definitions": _by_name,
    "additionalProperties": _or_bool,
    "additionalItems": _or_bool,
    "externalDocs": lambda value: {"Description": value.get("description", ""), "URL": value.get("url", "")},
    "x-kubernetes-validations": lambda value: [rule(one) for one in value],
}
