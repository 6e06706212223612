"""The paths of an OpenAPI document: which operations there are, as far as clients look at them.

``openapi`` calls ``paths_of``. kubectl reads three things here: that a path belongs to a kind, that PATCH takes
``fieldValidation``, and which types of patch there are. Schemas are ``openapi``'s.

Simplified: responses other than success, and parameters that no client asks the document for, are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from gitopslab.machinery.kinds import Resource, Subresource

Reference = Callable[[str, str], dict[str, str]]
"""Gives a reference to the schema of an ``apiVersion`` and ``kind``."""

_ACTIONS = {
    "get": ("get", "get"),
    "list": ("get", "list"),
    "create": ("post", "post"),
    "update": ("put", "put"),
    "patch": ("patch", "patch"),
    "delete": ("delete", "delete"),
    "deletecollection": ("delete", "deletecollection"),
}
_ON_COLLECTION = ("list", "create", "deletecollection")
_WRITES = ("create", "update", "patch")
_PATCHES = (
    "application/apply-patch+yaml",
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
)
_MEDIA = ("application/json", "application/yaml")
_PATCH = "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.Patch"
_LISTING = ("allowWatchBookmarks", "continue", "fieldSelector", "labelSelector", "limit", "resourceVersion",
            "resourceVersionMatch", "sendInitialEvents", "timeoutSeconds", "watch")  # fmt: skip
_NUMBERS = ("limit", "timeoutSeconds", "gracePeriodSeconds")
_SWITCHES = ("allowWatchBookmarks", "sendInitialEvents", "watch", "force", "orphanDependents")


def paths_of(resources: Iterable[Resource], reference: Reference) -> dict[str, Any]:
    """The paths of some resources of one group version."""
    paths: dict[str, Any] = {}
    for resource in resources:
        root = f"/apis/{resource.api_version}" if resource.group else f"/api/{resource.version}"
        collection = (
            f"{root}/namespaces/{{namespace}}/{resource.plural}" if resource.namespaced else f"{root}/{resource.plural}"
        )
        item = f"{collection}/{{name}}"
        if resource.namespaced and "list" in resource.verbs:
            paths[f"{root}/{resource.plural}"] = _path(resource, ("list",), None, reference, "")
        on_collection = tuple(verb for verb in resource.verbs if verb in _ON_COLLECTION)
        if on_collection:
            paths[collection] = _path(resource, on_collection, None, reference, collection)
        on_item = tuple(verb for verb in resource.verbs if verb not in (*_ON_COLLECTION, "watch"))
        if on_item:
            paths[item] = _path(resource, on_item, None, reference, item)
        for sub in resource.subresources:
            path = f"{item}/{sub.name}"
            paths[path] = _path(resource, sub.verbs, sub, reference, path)
    return paths


def _path(
    resource: Resource, verbs: tuple[str, ...], sub: Subresource | None, reference: Reference, path: str
) -> dict[str, Any]:
    found: dict[str, Any] = {
        _ACTIONS[verb][0]: _operation(resource, verb, sub, reference) for verb in verbs if verb in _ACTIONS
    }
    in_path = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "uniqueItems": True}}
        for name in ("name", "namespace")
        if f"{{{name}}}" in path
    ]
    parameters = [*in_path, *_shared_parameters(list(found.values()))]
    return {**found, "parameters": parameters} if parameters else found


def _shared_parameters(operations: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Take what every operation of a path knows out of them; kubectl notices where a parameter stands."""
    shared = [one for one in operations[0]["parameters"] if all(one in other["parameters"] for other in operations)]
    for operation in operations:
        own = [one for one in operation.pop("parameters") if one not in shared]
        operation |= {"parameters": own} if own else {}
    return shared


def _operation(resource: Resource, verb: str, sub: Subresource | None, reference: Reference) -> dict[str, Any]:
    group, version, kind = resource.group, resource.version, resource.kind
    if sub is not None and sub.kind:
        group, version, kind = sub.group or group, sub.version or version, sub.kind
    api_version = f"{group}/{version}" if group else version
    answers = reference(api_version, resource.list_kind if verb == "list" else kind)
    if verb in ("delete", "deletecollection"):
        answers = reference("v1", "Status")
    part = sub.name.title() if sub else ""
    title = resource.group.partition(".")[0] or "core"
    operation: dict[str, Any] = {
        "tags": [f"{title}_{resource.version}"],
        "operationId": f"{verb}{title.title()}{resource.version.upper()}{resource.kind}{part}",
        "x-kubernetes-action": _ACTIONS[verb][1],
        "x-kubernetes-group-version-kind": {"group": group, "kind": kind, "version": version},
        "parameters": [_parameter(name) for name in _parameters(verb)],
        "responses": {"200": {"description": "OK", "content": {media: {"schema": answers} for media in _MEDIA}}},
    }
    body = _body(resource, verb, reference(api_version, kind), reference)
    return operation | ({"requestBody": body} if body else {})


def _parameters(verb: str) -> tuple[str, ...]:
    if verb == "list":
        return _LISTING
    if verb in _WRITES:
        force = ("force",) if verb == "patch" else ()
        return ("dryRun", "fieldManager", "fieldValidation", *force)
    if verb in ("delete", "deletecollection"):
        return ("dryRun", "gracePeriodSeconds", "orphanDependents", "propagationPolicy")
    return ()


def _parameter(name: str) -> dict[str, Any]:
    kind = "integer" if name in _NUMBERS else "boolean" if name in _SWITCHES else "string"
    return {"name": name, "in": "query", "schema": {"type": kind, "uniqueItems": True}}


def _body(resource: Resource, verb: str, kind: dict[str, str], reference: Reference) -> dict[str, Any]:
    if verb == "patch":
        types = [media for media in _PATCHES if not (resource.custom and "strategic" in media)]
        return {"required": True, "content": {media: {"schema": {"$ref": _PATCH}} for media in types}}
    if verb in ("create", "update"):
        return {"required": True, "content": {"*/*": {"schema": kind}}}
    if verb in ("delete", "deletecollection"):
        return {"content": {"*/*": {"schema": reference("v1", "DeleteOptions")}}}
    return {}
