"""OpenAPI v3: what ``kubectl explain`` shows and what ``kubectl apply`` asks before it sends anything.

``app`` calls ``answer_openapi``: ``/openapi/v3`` is an index of documents, one a group version, and one for each path
above them (``openapi_roots``). A document is built when it is first asked for and kept as bytes; its hash is known
without building it, so a client's cache stays good over restarts. Types come from ``machinery.schema``, texts from
``descriptions``, paths from the catalog (``openapi_paths``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache, partial
from typing import Any

import orjson

from gitopslab.controlplane.http.answers import NOT_FOUND, Answer
from gitopslab.controlplane.http.descriptions import Description, describe
from gitopslab.controlplane.http.negotiation import media_ranges
from gitopslab.controlplane.http.openapi_custom import NEEDED, name_of_kind, schemas_of
from gitopslab.controlplane.http.openapi_paths import paths_of
from gitopslab.controlplane.http.openapi_roots import root_parts, roots
from gitopslab.controlplane.http.openapi_v2 import definition, encoded
from gitopslab.controlplane.http.security import Headers
from gitopslab.controlplane.server.custom.version import CustomResource
from gitopslab.machinery import gotypes, schema
from gitopslab.machinery import version as kubernetes_version
from gitopslab.machinery.gotypes import Type
from gitopslab.machinery.kinds import NODE_METRICS, POD_METRICS, Catalog, Resource
from gitopslab.machinery.objects import group_of
from gitopslab.machinery.schema import Field, Struct

_PROTOBUF = b"application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
_PROTOBUFS = (_PROTOBUF.decode(), "application/com.github.proto-openapi.spec.v2@v1.0+protobuf")
_JSONS = ("application/json", "application/*", "*/*")
_REF = "#/components/schemas/"
_SPECIAL = {
    "meta": "io.k8s.apimachinery.pkg.apis.meta.",
    "apiextensions": "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.",
    "apiregistration": "io.k8s.kube-aggregator.pkg.apis.apiregistration.",
    "resource.Quantity": "io.k8s.apimachinery.pkg.api.resource.Quantity",  # the package of the group has a version
    "intstr": "io.k8s.apimachinery.pkg.util.intstr.",
    "runtime": "io.k8s.apimachinery.pkg.runtime.",
    "version": "io.k8s.apimachinery.pkg.version.",
}
_ABOUT = {"title": "Kubernetes", "version": kubernetes_version.RELEASE}
_OF_OTHERS = (NODE_METRICS, POD_METRICS)  # a server behind this one, which tells only of its versions
_PRIMITIVE: dict[str, dict[str, Any]] = {
    "string": {"type": "string"},
    "boolean": {"type": "boolean"},
    "number": {"type": "number", "format": "double"},
    "bytes": {"type": "string", "format": "byte"},
}
_OPAQUE: dict[str, dict[str, Any]] = {
    "resource.Quantity": {"oneOf": [{"type": "string"}, {"type": "number"}]},
    "intstr.IntOrString": {"format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]},
    "runtime.RawExtension": {"type": "object"},
    "meta.v1.FieldsV1": {"type": "object"},
    "meta.v1.Patch": {"type": "object"},
    "meta.v1.Time": {"type": "string", "format": "date-time"},
    "meta.v1.MicroTime": {"type": "string", "format": "date-time"},
    "apiextensions.v1.CustomResourceSubresourceStatus": {"type": "object"},
}
_SHARED = ("meta.v1.DeleteOptions", "meta.v1.Patch", "meta.v1.Status", "meta.v1.WatchEvent", "meta.v1.APIResourceList")


def answer_openapi(catalog: Catalog, path: str, headers: Headers) -> Answer:
    """Answer ``/openapi/v2``, ``/openapi/v3`` and what is below; who has a document already is told so."""
    _, form, *parts = path.strip("/").split("/")
    if form == "v2":
        return NOT_FOUND if parts else _version_two(tuple(catalog), headers)
    if not parts:
        return Answer(200, orjson.dumps(openapi_index(catalog)))
    where = "/".join(parts)
    if where in _roots_of(catalog):
        return _kept(_stamp().upper(), partial(_root_document, where), headers)
    resources = _resources(catalog, *_named_by(parts))
    return _kept(_digest(resources), partial(_document, resources), headers) if resources else NOT_FOUND


def _named_by(parts: Sequence[str]) -> tuple[str, str]:
    """The group and version that a path is about; empty ones when it names none."""
    if parts[0] == "api" and len(parts) == 2:
        return "", parts[1]
    return (parts[1], parts[2]) if parts[0] == "apis" and len(parts) == 3 else ("", "")


def _kept(digest: str, document: Callable[[], bytes], headers: Headers) -> Answer:
    """A document that clients keep; who has it is told so."""
    tag = f'"{digest}"'.encode()
    fields = ((b"etag", tag), (b"vary", b"Accept"), (b"cache-control", b"public, immutable"))
    is_known = headers.get(b"if-none-match") == tag
    return Answer(304 if is_known else 200, b"" if is_known else document(), headers=fields)


def _version_two(resources: tuple[Resource, ...], headers: Headers) -> Answer:
    """OpenAPI v2, as JSON or protobuf, for clients that know no other.

    Simplified: the paths are left out.
    """
    for media_type, _ in media_ranges(headers.get(b"accept", b"*/*").decode("latin-1")):
        if media_type in _PROTOBUFS:
            return Answer(200, _document_two(resources, as_protobuf=True), _PROTOBUF)
        if media_type in _JSONS:
            return Answer(200, _document_two(resources, as_protobuf=False))
    return Answer(406, b"", b"")


@lru_cache(maxsize=2)
def _document_two(resources: tuple[Resource, ...], *, as_protobuf: bool) -> bytes:
    title, version = _ABOUT["title"], _ABOUT["version"]
    roots = [name for row in resources for name in _roots(row)]
    types = {name: definition(found) for name, found in sorted(_schemas(resources, roots))}
    if as_protobuf:
        return encoded(title, version, types)
    return orjson.dumps({"swagger": "2.0", "info": _ABOUT, "paths": {}, "definitions": types})


def openapi_index(catalog: Catalog) -> dict[str, Any]:
    """The answer of ``/openapi/v3``: every document there is, each with a hash that changes when it does."""
    groups = dict.fromkeys((resource.group, resource.version) for resource in catalog)
    digests = dict.fromkeys(_roots_of(catalog), _stamp().upper())
    for group, group_version in groups:
        path = f"apis/{group}/{group_version}" if group else f"api/{group_version}"
        digests[path] = _digest(_resources(catalog, group, group_version))
    return {
        "paths": {
            path: {"serverRelativeURL": f"/openapi/v3/{path}?hash={digest}"} for path, digest in sorted(digests.items())
        }
    }


def _roots_of(catalog: Catalog) -> list[str]:
    """The paths above the resources; groups of custom resources, and those that others serve, have none."""
    return roots(dict.fromkeys(found.group for found in catalog if not found.custom and found not in _OF_OTHERS))


def openapi_document(catalog: Catalog, group: str, version: str) -> bytes | None:
    """The OpenAPI v3 document of a group version as JSON; None when nothing of it is served."""
    resources = _resources(catalog, group, version)
    return _document(resources) if resources else None


def _resources(catalog: Catalog, group: str, group_version: str) -> tuple[Resource, ...]:
    return tuple(found for found in catalog if (found.group, found.version) == (group, group_version))


@lru_cache(maxsize=1)
def _stamp() -> str:
    """What every hash depends on besides the resources: the types and the texts."""
    state = [describe(name) for name in ("core.v1.Pod", "apps.v1.Deployment")]
    return hashlib.sha256(repr((kubernetes_version.KUBERNETES, gotypes.fingerprint(), state)).encode()).hexdigest()


def _digest(resources: tuple[Resource, ...]) -> str:
    rows = repr([(row, row.custom) for row in resources])
    return hashlib.sha256((_stamp() + rows).encode()).hexdigest().upper()


@lru_cache(maxsize=64)
def _document(resources: tuple[Resource, ...]) -> bytes:
    roots = [name for row in resources for name in _roots(row)]
    document = {
        "openapi": "3.0.0",
        "info": _ABOUT,
        "paths": paths_of(resources, reference),
        "components": {"schemas": dict(sorted(_schemas(resources, roots)))},
    }
    return orjson.dumps(document)


@lru_cache(maxsize=64)
def _root_document(path: str) -> bytes:
    return orjson.dumps({"openapi": "3.0.0", "info": _ABOUT, **root_parts(path, published)})


def _roots(resource: Resource) -> Iterable[str]:
    """The types a resource's paths speak of."""
    if resource.custom:
        yield from NEEDED
    kinds = [(resource.api_version, resource.kind), (resource.api_version, f"{resource.kind}List")]
    for sub in resource.subresources:
        if sub.kind:
            group = sub.group or resource.group
            kinds.append((f"{group}/{sub.version or resource.version}".lstrip("/"), sub.kind))
    for api_version, kind in kinds:
        found = schema.struct_of(api_version, kind)
        if found is not None:
            yield found.key


def _schemas(resources: Iterable[Resource], roots: Iterable[str]) -> Iterable[tuple[str, dict[str, Any]]]:
    """Every type that can be reached, by its published name."""
    waiting, seen = [*roots, *_SHARED], set[str]()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        opaque = opaque_schema(name)
        if opaque is not None:
            yield published(name), _described(opaque, describe(name).text)
            continue
        found = schema.struct(name)
        waiting += [below for field in found.fields.values() for below in _named(field.type)]
        yield published(name), struct_schema(found, describe(name))
    for row in resources:
        if isinstance(row, CustomResource):
            yield from schemas_of(row)


def opaque_schema(name: str) -> dict[str, Any] | None:
    """The schema of a type that has no fields of its own; None for structs."""
    is_opaque = name in _OPAQUE or gotypes.type_named(name).shape == "any"
    return _OPAQUE.get(name, {}) if is_opaque else None


def _named(kind: Type) -> Iterable[str]:
    """The named type at the bottom of a field's type, if it has a schema of its own."""
    while kind.element is not None:
        kind = kind.element
    if kind.shape not in ("string", "integer", "boolean", "number", "bytes"):
        yield kind.name


def published(name: str) -> str:
    """The name of a type in OpenAPI: ``io.k8s.api.core.v1.Pod`` of ``core.v1.Pod``."""
    package, _, rest = name.partition(".")
    return _SPECIAL.get(name) or (_SPECIAL[package] + rest if package in _SPECIAL else f"io.k8s.api.{name}")


def reference(api_version: str, kind: str) -> dict[str, str]:
    """A reference to the schema of a kind; what streams speak (``PodExecOptions``) is text to a client."""
    found = schema.struct_of(api_version, kind)
    if found is None and not group_of(api_version):
        return {"type": "string"}
    return {"$ref": _REF + (published(found.key) if found else name_of_kind(api_version, kind))}


def struct_schema(kind: Struct, description: Description | None = None) -> dict[str, Any]:
    """The schema of a struct, without texts or with these."""
    texts = description or Description()
    result: dict[str, Any] = _described({"type": "object"}, texts.text)
    properties = {}
    for name, field in sorted(kind.fields.items()):
        text = texts.fields.get(name, "")
        properties[name] = _described(field_schema(field), text + _values(field) if text else "")
    if properties:
        result["properties"] = properties
    required = [name for name, field in kind.fields.items() if field.required]
    if required:
        result["required"] = required
    if kind.atomic:
        result["x-kubernetes-map-type"] = "atomic"
    gvk = _group_version_kind(kind)
    if gvk:
        result["x-kubernetes-group-version-kind"] = [gvk]
    return result


def _values(field: Field) -> str:
    """The values of an enumeration, listed as the real server lists them after what the field is for; not of a list."""
    if not field.enum or field.type.shape in ("list", "map"):
        return ""
    return "".join(("\n\nPossible enum values:", *(f'\n - `"{value}"`' for value in field.enum)))


def _described(schema: dict[str, Any], text: str) -> dict[str, Any]:
    return {"description": text, **schema} if text else schema


def field_schema(field: Field) -> dict[str, Any]:
    """The schema of a field, without a description."""
    result = dict(_type_schema(field.type))
    if "$ref" in result:
        result = {"allOf": [result]}
    if field.enum:
        holder = result.get("items") or result.get("additionalProperties") or result
        holder["enum"] = list(field.enum)
    if field.default is not None:
        result["default"] = field.default
    extensions = {
        "list-type": field.list_type,
        "list-map-keys": list(field.keys),
        "map-type": field.map_type,
        "patch-strategy": _strategy(field),
        "patch-merge-key": field.merge_key,
    }
    return result | {f"x-kubernetes-{name}": value for name, value in extensions.items() if value}


def _strategy(field: Field) -> str:
    flags = {"merge": field.merge, "retainKeys": field.retain_keys, "replace": field.replace}
    return ",".join(name for name, is_set in flags.items() if is_set)


def _type_schema(kind: Type) -> dict[str, Any]:
    if kind.shape in _PRIMITIVE:
        return dict(_PRIMITIVE[kind.shape])
    if kind.shape == "integer":
        return {"type": "integer", "format": kind.name}
    if kind.shape == "list" and kind.element:
        return {"type": "array", "items": _type_schema(kind.element)}
    if kind.shape == "map" and kind.element:
        return {"type": "object", "additionalProperties": _type_schema(kind.element)}
    return {"$ref": _REF + published(kind.name)}


def _group_version_kind(kind: Struct) -> dict[str, str]:
    """Which kind a struct is on the wire; empty for parts of kinds."""
    package, group_version, name = kind.key.split(".")
    of_all_groups = package == "meta" and kind.key in _SHARED
    if not of_all_groups and not {"apiVersion", "kind", "metadata"} <= kind.fields.keys():
        return {}
    group = "" if package == "meta" else gotypes.group_named(package)
    return {"group": group, "kind": name, "version": group_version}
