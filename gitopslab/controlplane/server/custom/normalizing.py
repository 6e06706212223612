"""Schemas as the API server keeps them: what it does not know inside ``items`` and maps is gone without a word.

A definition is decoded like any object, except that three keywords hold a schema *or* something else; there Go reads
on with a decoder of its own, which is not strict. ``lifecycle`` calls ``normalize`` on every schema that is written.
Upstream: ``apis/apiextensions/v1/marshal.go``.
"""

from __future__ import annotations

from typing import Any

from gitopslab.errors import bad_request
from gitopslab.machinery import schema as types
from gitopslab.machinery.objects import Object
from gitopslab.machinery.typed import Reader, TypedError

_DEEPEST = 64
_KIND = "CustomResourceDefinition"


def normalize(schema: Object, depth: int = 0) -> None:
    """Read, in place, what is inside ``items``, ``additionalProperties`` and ``additionalItems``.

    Raises:
        ApiError: 400 when something there is no schema.
    """
    if depth > _DEEPEST:
        raise _refused("exceeded max depth")
    items = schema.get("items")
    if isinstance(items, list):
        schema["items"] = [_read(one) for one in items]
    elif isinstance(items, dict):
        schema["items"] = _read(items)
    else:
        schema.pop("items", None)
    for word in ("additionalProperties", "additionalItems"):
        value = schema.get(word)
        if isinstance(value, dict):
            schema[word] = _read(value)
        elif not isinstance(value, bool | None):
            raise _refused("boolean or JSON schema expected")
    for below in _below(schema):
        normalize(below, depth + 1)


def _below(schema: Object) -> list[Object]:
    found: list[Any] = [schema.get(word) for word in ("items", "additionalProperties", "additionalItems", "not")]
    for word in ("properties", "patternProperties", "definitions"):
        found += (schema.get(word) or {}).values()
    for word in ("allOf", "anyOf", "oneOf"):
        found += schema.get(word) or ()
    if isinstance(schema.get("items"), list):
        found += schema["items"]
    return [one for one in found if isinstance(one, dict)]


def _read(value: Any) -> Object:
    try:
        return Reader().read(types.struct("apiextensions.v1.JSONSchemaProps"), value)
    except TypedError as error:
        raise _refused(str(error)) from error


def _refused(why: str) -> Exception:
    return bad_request(f'{_KIND} in version "v1" cannot be handled as a {_KIND}: {why}')
