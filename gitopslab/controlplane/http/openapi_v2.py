"""OpenAPI v2: the older description of all types in one document, for clients that know no other.

``openapi`` gives the schemas of v3 and asks for them in the words of v2, as JSON or as the protobuf that Go clients
want: Argo CD's server-side diff parses objects by it. Upstream: ``gnostic-models/openapiv2`` and
``kube-openapi/pkg/builder``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from gitopslab.controlplane.server.custom.structural import EMBEDDED, INT_OR_STRING, META_FIELDS, PRESERVE
from gitopslab.machinery.descriptors import messages

_V3, _V2 = "#/components/schemas/", "#/definitions/"
_UNKNOWN = ("default", "oneOf", "anyOf", "allOf", "not", "nullable")
"""What v2, or what reads it, knows nothing of."""

_TAKEN_OVER = ("enum", "required")
_KIND = "x-kubernetes-group-version-kind"
_OF_A_KIND = (_KIND, "x-kubernetes-selectable-fields")
"""All that is told of a kind whose objects may have any field: clients refuse fields beside those that are named."""


def definition(schema: Any) -> Any:
    """A schema of v3 in v2: references stand alone, nothing may be one of several, and defaults are not told."""
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return {"$ref": schema["$ref"].replace(_V3, _V2)}
    told = {key: value for key, value in schema.items() if key not in _UNKNOWN}
    if "allOf" in schema and "$ref" in schema["allOf"][0]:
        return {**told, **definition(schema["allOf"][0])}
    if "oneOf" in schema and not told.keys() & {"type", PRESERVE, INT_OR_STRING}:
        return {**told, "type": "string"}
    if told.get(PRESERVE) and _KIND in told:
        return {"type": "object", **{key: told[key] for key in _OF_A_KIND if key in told}}
    told = _opened(told, is_nullable=bool(schema.get("nullable")))
    found = {
        key: value if key in _TAKEN_OVER else definition(value) for key, value in told.items() if key != "properties"
    }
    if "properties" in told:
        found["properties"] = {name: definition(value) for name, value in told["properties"].items()}
    return found


def _opened(schema: dict[str, Any], *, is_nullable: bool) -> dict[str, Any]:
    """A schema without what a client that knows v2 only would refuse good objects for (``ToStructuralOpenAPIV2``)."""
    opened, preserves = dict(schema), bool(schema.get(PRESERVE))
    if is_nullable or preserves:
        opened = {key: value for key, value in opened.items() if key not in ("items", "properties")}
    untyped = is_nullable or (preserves and opened.get("type") == "object")
    if untyped or (opened.get("type") == "array" and "items" not in opened):
        opened.pop("type", None)
    required = [name for name in opened.pop("required", ()) if not _may_lack(name, opened)]
    return {**opened, "required": required} if required else opened


def _may_lack(name: str, schema: dict[str, Any]) -> bool:
    """Whether a required field counts for nothing in v2: it may be null, or was required of an open embedded object."""
    if schema.get(PRESERVE) and schema.get(EMBEDDED):
        return name in META_FIELDS
    others = schema.get("additionalProperties")
    field = (schema.get("properties") or {}).get(name) or {}
    return bool(field.get("nullable")) or (isinstance(others, dict) and bool(others.get("nullable")))


_message = messages({
    "Document": "swagger=1:text info=2:Info paths=8:Paths definitions=9:Definitions",
    "Info": "title=1:text version=2:text",
    "Paths": "",
    "Definitions": "named=1:*NamedSchema",
    "NamedSchema": "name=1:text value=2:Schema",
    "Schema": "ref=1:text format=2:text title=3:text description=4:text default=5:Any multipleOf=6:double"
    " maximum=7:double exclusiveMaximum=8:bool minimum=9:double exclusiveMinimum=10:bool maxLength=11:int"
    " minLength=12:int pattern=13:text maxItems=14:int minItems=15:int uniqueItems=16:bool maxProperties=17:int"
    " minProperties=18:int required=19:*text enum=20:*Any additionalProperties=21:SchemaOrBool type=22:Type"
    " items=23:Items properties=25:Definitions extensions=31:*NamedAny",
    "SchemaOrBool": "schema=1:Schema boolean=2:bool",
    "Type": "values=1:*text",
    "Items": "schemas=1:*Schema",
    "NamedAny": "name=1:text value=2:Any",
    "Any": "yaml=2:text",
})  # fmt: skip
_PLAIN = (
    "format", "title", "description", "multipleOf", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum",
    "maxLength", "minLength", "pattern", "maxItems", "minItems", "uniqueItems", "maxProperties", "minProperties",
    "required",
)  # fmt: skip


def encoded(title: str, version: str, definitions: Mapping[str, Any]) -> bytes:
    """A document of v2 as protobuf."""
    document = _message("Document")(swagger="2.0", info={"title": title, "version": version}, paths={})
    for name, schema in definitions.items():
        _fill(document.definitions.named.add(name=name).value, schema)
    found: bytes = document.SerializeToString()
    return found


def _fill(message: Any, schema: Mapping[str, Any]) -> None:
    message.SetInParent()  # one that takes anything is there, too
    for name in _PLAIN:
        if name in schema and name == "required":
            message.required.extend(schema[name])
        elif name in schema:
            setattr(message, name, schema[name])
    if "$ref" in schema:
        message.ref = schema["$ref"]
    if "type" in schema:
        message.type.values.append(schema["type"])
    if "default" in schema:
        message.default.yaml = _yaml(schema["default"])
    for value in schema.get("enum") or ():
        message.enum.add(yaml=_yaml(value))
    if "items" in schema:
        _fill(message.items.schemas.add(), schema["items"])
    for name, below in (schema.get("properties") or {}).items():
        _fill(message.properties.named.add(name=name).value, below)
    _fill_additional(message, schema.get("additionalProperties"))
    for name, value in schema.items():
        if name.startswith("x-"):
            message.extensions.add(name=name).value.yaml = _yaml(value)


def _fill_additional(message: Any, additional: Any) -> None:
    if isinstance(additional, bool):
        message.additionalProperties.boolean = additional
    elif additional is not None:
        _fill(message.additionalProperties.schema, additional)


def _yaml(value: Any) -> str:
    """A value as YAML, of which JSON is a part."""
    return orjson.dumps(value).decode() + "\n"
