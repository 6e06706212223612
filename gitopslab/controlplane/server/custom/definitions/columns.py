"""Columns, subresources and selectable fields: all are paths into the object."""

from __future__ import annotations

from gitopslab.controlplane.server.custom import paths
from gitopslab.controlplane.server.custom.structural import Node
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.machinery.objects import Object

_TYPES = ("boolean", "date", "integer", "number", "string")
_FORMATS = ("byte", "date", "date-time", "double", "float", "int32", "int64", "password")
_SELECTABLE = ("string", "boolean", "integer")
_MOST_SELECTABLE = 8


def check_column(causes: Causes, column: Object, path: str) -> None:
    """One of ``additionalPrinterColumns``."""
    if not column.get("name"):
        causes.required(f"{path}.name")
    kind, wanted = column.get("type") or "", column.get("format") or ""
    if not kind:
        causes.required(f"{path}.type", f"must be one of {','.join(_TYPES)}")
    elif kind not in _TYPES:
        causes.invalid(f"{path}.type", kind, f"must be one of {','.join(_TYPES)}")
    if wanted and wanted not in _FORMATS:
        causes.invalid(f"{path}.format", wanted, f"must be one of {','.join(_FORMATS)}")
    if not column.get("jsonPath"):
        causes.required(f"{path}.JSONPath")
    else:
        _check_simple(causes, column["jsonPath"], f"{path}.JSONPath")


def check_subresources(causes: Causes, subresources: Object | None, path: str) -> None:
    """Where the scale subresource reads and writes."""
    scale = (subresources or {}).get("scale")
    if scale is None:
        return
    for field, place in (("specReplicasPath", ".spec"), ("statusReplicasPath", ".status")):
        value = scale.get(field) or ""
        if not value:
            causes.required(f"{path}.scale.{field}")
        elif _check_simple(causes, value, f"{path}.scale.{field}") and not value.startswith(f"{place}."):
            causes.invalid(f"{path}.scale.{field}", value, f"should be a json path under {place}")
    selector = scale.get("labelSelectorPath") or ""
    where = f"{path}.scale.labelSelectorPath"
    if selector and _check_simple(causes, selector, where) and not selector.startswith((".spec.", ".status.")):
        causes.invalid(where, selector, "should be a json path under either .spec or .status")


def _check_simple(causes: Causes, value: str, path: str) -> bool:
    if not value.startswith("."):
        causes.invalid(path, value, "must be a simple json path starting with .")
        return False
    return True


def check_selectable(causes: Causes, fields: list[Object], schema: Object | None, path: str) -> None:
    """The fields that field selectors may ask for."""
    root = Node((schema or {}).get("openAPIV3Schema") or {})
    seen: set[str] = set()
    for index, field in enumerate(fields):
        where, given = f"{path}[{index}].jsonPath", field.get("jsonPath") or ""
        if not given:
            causes.required(where)
            continue
        try:
            spelled, node = paths.follow(given, root, arrays=False)
        except ValueError as error:
            causes.invalid(where, given, f"is an invalid path: {error}")
            continue
        if spelled.partition(".")[0] == "metadata":
            causes.invalid(where, given, "must not point to fields in metadata")
        if node.type not in _SELECTABLE:
            message = "must point to a field of type string, boolean or integer."
            causes.invalid(where, given, f"{message} Enum string fields and strings with formats are allowed.")
        if spelled in seen:
            causes.duplicate(where, given)
        seen.add(spelled)
    if len(seen) > _MOST_SELECTABLE:
        causes.too_many(path, len(seen), _MOST_SELECTABLE)
