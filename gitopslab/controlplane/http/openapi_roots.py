"""OpenAPI v3 of what lies above the resources: discovery, the version, and how to check a service account's token.

``openapi`` asks for the document of each such path. Pure; the texts are those of ``descriptions``.

Simplified: operations have no description.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from gitopslab.controlplane.http.descriptions import describe

Published = Callable[[str], str]
"""Gives the published name of a type."""

_REF = "#/components/schemas/"
_FORMS = ("application/json", "application/vnd.kubernetes.protobuf", "application/yaml")
_VERSION = "meta.v1.GroupVersionForDiscovery"
_ADDRESSES = "[]meta.v1.ServerAddressByClientCIDR"
_HEAD = {"apiVersion": "", "kind": ""}
_TYPES: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
    "meta.v1.APIVersions": (
        ("versions", "serverAddressByClientCIDRs"),
        {**_HEAD, "serverAddressByClientCIDRs": _ADDRESSES, "versions": "[]"},
    ),
    "meta.v1.APIGroupList": (("groups",), {**_HEAD, "groups": "[]meta.v1.APIGroup"}),
    "meta.v1.APIGroup": (
        ("name", "versions"),
        {**_HEAD, "name": "", "preferredVersion": _VERSION, "serverAddressByClientCIDRs": _ADDRESSES,
         "versions": f"[]{_VERSION}"},
    ),
    _VERSION: (("groupVersion", "version"), {"groupVersion": "", "version": ""}),
    "meta.v1.ServerAddressByClientCIDR": (("clientCIDR", "serverAddress"), {"clientCIDR": "", "serverAddress": ""}),
    "version.Info": (
        ("major", "minor", "gitVersion", "gitCommit", "gitTreeState", "buildDate", "goVersion", "compiler", "platform"),
        dict.fromkeys(
            ("major", "minor", "gitVersion", "gitCommit", "gitTreeState", "buildDate", "goVersion", "compiler",
             "platform", "emulationMajor", "emulationMinor", "minCompatibilityMajor", "minCompatibilityMinor"), "",
        ),
    ),
}  # fmt: skip
"""Types that no resource has: what of them is required, and of which type each field is, a text unless it is named."""
_KINDS = ("meta.v1.APIVersions", "meta.v1.APIGroupList", "meta.v1.APIGroup")
_SECURITY = {
    "BearerToken": {"type": "apiKey", "description": "Bearer Token authentication", "name": "authorization",
                    "in": "header"},
}  # fmt: skip

_ROOTS: dict[str, tuple[str, str, tuple[str, ...], str]] = {
    ".well-known/openid-configuration": (
        "WellKnown", "getServiceAccountIssuerOpenIDConfiguration", ("application/json",), "",
    ),
    "api": ("core", "getCoreAPIVersions", _FORMS, "meta.v1.APIVersions"),
    "apis": ("apis", "getAPIVersions", _FORMS, "meta.v1.APIGroupList"),
    "openid/v1/jwks": ("openid", "getServiceAccountIssuerOpenIDKeyset", ("application/jwk-set+json",), ""),
    "version": ("version", "getCodeVersion", ("application/json",), "version.Info"),
}  # fmt: skip
"""Of each path its tag, the name of its operation, the media types and the type of its answer; a text without one."""


def roots(groups: Iterable[str]) -> list[str]:
    """The paths above the resources of a server with these groups of its own."""
    return [*_ROOTS, *(f"apis/{group}" for group in groups if group)]


def root_parts(path: str, published: Published) -> dict[str, Any]:
    """What the document of such a path holds besides its head.

    Args:
        path: It, as in ``roots``.
        published: Gives the names of types.
    """
    tag, name, forms, answer = _ROOTS.get(path) or _of_group(path.removeprefix("apis/"))
    schema = {"$ref": _REF + published(answer)} if answer else {"type": "string"}
    content = {form: {"schema": schema} for form in forms}
    responses = {"200": {"description": "OK", "content": content}, "401": {"description": "Unauthorized"}}
    operation = {"tags": [tag], "operationId": name, "responses": responses}
    schemas = {published(key): _schema(key, published) for key in sorted(_reached(answer))} if answer else {}
    components = {**({"schemas": schemas} if schemas else {}), "securitySchemes": _SECURITY}
    return {"paths": {f"/{path}/": {"get": operation}}, "components": components}


def _of_group(group: str) -> tuple[str, str, tuple[str, ...], str]:
    first, *rest = group.removesuffix(".k8s.io").split(".")
    tag = first + "".join(part.title() for part in rest)
    return tag, f"get{tag[0].upper()}{tag[1:]}APIGroup", _FORMS, "meta.v1.APIGroup"


def _reached(name: str) -> set[str]:
    below = {kind.removeprefix("[]") for kind in _TYPES[name][1].values()} - {""}
    return {name}.union(*(_reached(other) for other in below))


def _schema(name: str, published: Published) -> dict[str, Any]:
    required, fields = _TYPES[name]
    texts = describe(name)
    properties = {}
    for field, kind in sorted(fields.items()):
        shape = _field(kind, published, always=field in required)
        text = texts.fields.get(field, "")
        properties[field] = {**({"description": text} if text else {}), **shape}
    found: dict[str, Any] = {"description": texts.text} if texts.text else {}
    found |= {"type": "object", "required": list(required), "properties": properties}
    if name in _KINDS:
        found["x-kubernetes-group-version-kind"] = [{"group": "", "kind": name.rpartition(".")[2], "version": "v1"}]
    return found


def _field(kind: str, published: Published, *, always: bool) -> dict[str, Any]:
    if kind.startswith("[]"):
        items = _field(kind.removeprefix("[]"), published, always=True)
        return {"type": "array", "items": items, "x-kubernetes-list-type": "atomic"}
    if kind:
        return {"default": {}, "allOf": [{"$ref": _REF + published(kind)}]}
    return {"type": "string", **({"default": ""} if always else {})}
