"""Lists that are sets or maps, and maps that are atomic: what a schema must say for them to work."""

from __future__ import annotations

from gitopslab.controlplane.server.custom.structural import LIST_KEYS, LIST_TYPE, MAP_TYPE
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.machinery.objects import Object

_IN_SET = "must be atomic as item of a list with x-kubernetes-list-type=set"
_KEY = "this property is in x-kubernetes-list-map-keys, so it"


def check(causes: Causes, schema: Object, path: str) -> None:
    """Report list and map types that do not fit their place."""
    _check_map_type(causes, schema, path)
    list_type, keys = schema.get(LIST_TYPE), schema.get(LIST_KEYS) or []
    if list_type is not None:
        _check_list_type(causes, schema, list_type, path)
    if keys and list_type is None:
        causes.required(f"{path}.{LIST_TYPE}", "must be map if x-kubernetes-list-map-keys is non-empty")
    elif keys and list_type != "map":
        causes.invalid(f"{path}.{LIST_TYPE}", list_type, "must be map if x-kubernetes-list-map-keys is non-empty")
    if list_type == "map":
        _check_map(causes, schema, keys, path)
    if list_type in ("set", "map") and isinstance(schema.get("items"), dict):
        _check_nullable(causes, schema["items"], str(list_type), keys, path)


def _check_map_type(causes: Causes, schema: Object, path: str) -> None:
    map_type, kind = schema.get(MAP_TYPE), schema.get("type") or ""
    if map_type is None:
        return
    message = "must be object if x-kubernetes-map-type is specified"
    if not kind:
        causes.required(f"{path}.type", message)
    elif kind != "object":
        causes.invalid(f"{path}.type", kind, message)
    if map_type not in ("atomic", "granular"):
        causes.unsupported(f"{path}.{MAP_TYPE}", map_type, ("atomic", "granular"))


def _check_list_type(causes: Causes, schema: Object, list_type: str, path: str) -> None:
    kind, items = schema.get("type") or "", schema.get("items")
    message = "must be array if x-kubernetes-list-type is specified"
    if not kind:
        causes.required(f"{path}.type", message)
    elif kind != "array":
        causes.invalid(f"{path}.type", kind, message)
    elif list_type == "set" and isinstance(items, dict):
        inner = items.get(LIST_TYPE)
        if items.get("type") == "array" and inner not in (None, "atomic"):
            causes.invalid(f"{path}.items.{LIST_TYPE}", inner, _IN_SET)
        elif items.get("type") == "object" and items.get(MAP_TYPE) != "atomic":
            causes.invalid(f"{path}.items.{MAP_TYPE}", inner, _IN_SET)
    if list_type not in ("atomic", "set", "map"):
        causes.unsupported(f"{path}.{LIST_TYPE}", list_type, ("atomic", "set", "map"))


def _check_map(causes: Causes, schema: Object, keys: list[str], path: str) -> None:
    items = schema.get("items")
    if not keys:
        causes.required(f"{path}.{LIST_KEYS}", "must not be empty if x-kubernetes-list-type is map")
    if items is None:
        causes.required(f"{path}.items", "must have a schema if x-kubernetes-list-type is map")
    if not isinstance(items, dict):
        return
    kind = items.get("type") or ""
    if kind != "object":
        message = "must be object if parent array's x-kubernetes-list-type is map"
        causes.invalid(f"{path}.items.type", kind, message)
        return
    for index, key in enumerate(keys):
        field = (items.get("properties") or {}).get(key)
        if field is None:
            causes.invalid(f"{path}.{LIST_KEYS}", keys, "entries must all be names of item properties")
        elif field.get("type") in ("array", "object"):
            message = "must be a scalar type if parent array's x-kubernetes-list-type is map"
            causes.invalid(f"{path}.items.properties[{key}].type", kind, message)
        if key in keys[:index]:
            causes.invalid(f"{path}.{LIST_KEYS}", keys, "must not contain duplicate entries")


def _check_nullable(causes: Causes, items: Object, list_type: str, keys: list[str], path: str) -> None:
    if items.get("nullable"):
        causes.forbidden(f"{path}.items.nullable", f"cannot be nullable when x-kubernetes-list-type is {list_type}")
    if list_type != "map":
        return
    for key in keys:
        field, where = (items.get("properties") or {}).get(key), f"{path}.items.properties[{key}]"
        if field is None:
            continue
        if key not in (items.get("required") or ()) and field.get("default") is None:
            causes.required(f"{where}.default", f"{_KEY} must have a default or be a required property")
        if field.get("nullable"):
            causes.forbidden(f"{where}.nullable", f"{_KEY} cannot be nullable")
