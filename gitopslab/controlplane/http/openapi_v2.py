"""OpenAPI v2: the older description of all types in one document, for clients that know no other.

``openapi`` gives the schemas of v3 and asks for them in the words of v2.
"""

from __future__ import annotations

from typing import Any

_V3, _V2 = "#/components/schemas/", "#/definitions/"


def definition(schema: Any) -> Any:
    """A schema of v3 in v2: references stand alone, nothing may be one of several, and defaults are not told."""
    if not isinstance(schema, dict):
        return schema
    if "oneOf" in schema:
        return {**{key: value for key, value in schema.items() if key != "oneOf"}, "type": "string"}
    if "$ref" in schema:
        return {"$ref": schema["$ref"].replace(_V3, _V2)}
    if "allOf" in schema and "$ref" in schema["allOf"][0]:
        told = {key: value for key, value in schema.items() if key not in ("allOf", "default")}
        return {**told, **definition(schema["allOf"][0])}
    found = {key: definition(value) for key, value in schema.items() if key not in ("default", "properties")}
    if "properties" in schema:
        found["properties"] = {name: definition(value) for name, value in schema["properties"].items()}
    return found
