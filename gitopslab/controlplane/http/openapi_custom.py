"""The schemas of custom resources in OpenAPI: what their definition says, and what every object has.

``openapi`` asks for each custom resource of a document. Upstream: ``controller/openapi/builder``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gitopslab.controlplane.http.descriptions import describe
from gitopslab.controlplane.server.custom.structural import EMBEDDED, INT_OR_STRING
from gitopslab.controlplane.server.custom.version import CustomResource
from gitopslab.machinery.objects import Object

NEEDED = ("meta.v1.ObjectMeta", "meta.v1.ListMeta")
"""The types that every custom resource refers to."""

_META = "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1."
_EITHER = [{"type": "integer"}, {"type": "string"}]


def name_of_kind(api_version: str, kind: str) -> str:
    """The published name: ``com.example.waal.v1.Photo`` of ``waal.example.com/v1``."""
    group, _, version = api_version.rpartition("/")
    return ".".join([*reversed(group.split(".")), version, kind])


def schemas_of(resource: CustomResource) -> Iterable[tuple[str, dict[str, Any]]]:
    """The schemas of the kind and of its list, by published name."""
    name = name_of_kind(resource.api_version, resource.kind)
    yield name, _kind(resource)
    yield name_of_kind(resource.api_version, resource.list_kind), _list(resource, name)


def _kind(resource: CustomResource) -> Object:
    shown = _published(resource.version_spec.schema)
    shown["properties"] = {**(shown.get("properties") or {}), **_type_meta(), "metadata": _object_meta("ObjectMeta")}
    shown.setdefault("type", "object")
    gvk = {"group": resource.group, "kind": resource.kind, "version": resource.version}
    shown["x-kubernetes-group-version-kind"] = [gvk]
    if resource.version_spec.selectable:
        paths = [{"fieldPath": path} for path in resource.version_spec.selectable]
        shown["x-kubernetes-selectable-fields"] = paths
    return shown


def _list(resource: CustomResource, name: str) -> Object:
    items = {"type": "array", "items": {"$ref": f"#/components/schemas/{name}"}}
    gvk = {"group": resource.group, "kind": resource.list_kind, "version": resource.version}
    return {
        "description": f"{resource.list_kind} is a list of {resource.kind}",
        "type": "object",
        "required": ["items"],
        "properties": {**_type_meta(), "items": items, "metadata": _object_meta("ListMeta")},
        "x-kubernetes-group-version-kind": [gvk],
    }


def _type_meta() -> Object:
    texts = describe("core.v1.ConfigMap").fields
    return {name: _described({"type": "string"}, texts.get(name, "")) for name in ("apiVersion", "kind")}


def _object_meta(name: str) -> Object:
    texts = describe("core.v1.ConfigMap").fields if name == "ObjectMeta" else {}
    return _described({"allOf": [{"$ref": _META + name}]}, texts.get("metadata", ""))


def _described(schema: Object, text: str) -> Object:
    return {"description": text, **schema} if text else schema


def _published(schema: Object) -> Object:
    """A schema with the metadata of embedded objects, and with both types of a value that may have either."""
    shown = dict(schema)
    if "properties" in shown:
        shown["properties"] = {name: _published(field) for name, field in shown["properties"].items()}
    for word in ("items", "additionalProperties"):
        if isinstance(shown.get(word), dict):
            shown[word] = _published(shown[word])
    if shown.get(EMBEDDED):
        meta = {**_type_meta(), "metadata": _object_meta("ObjectMeta")}
        shown["properties"] = {**(shown.get("properties") or {}), **meta}
        required = shown.get("required") or []
        shown["required"] = [*required, *(name for name in ("kind", "apiVersion") if name not in required)]
    if shown.get(INT_OR_STRING) and not shown.get("anyOf") and not shown.get("allOf"):
        shown["anyOf"] = _EITHER
    return shown
