"""The variables of a Kustomization: ``postBuild.substituteFrom`` in its order, then ``postBuild.substitute`` on top."""

from __future__ import annotations

import base64
from typing import Protocol

from gitopslab.errors import ApiError, NotFoundError, RenderError
from gitopslab.machinery.objects import Object, namespace_of

_RESOURCES = {"ConfigMap": "configmaps", "Secret": "secrets"}


class Reader(Protocol):
    """Who can read an object: an Api, or a client of any cluster."""

    def get(self, resource: str, name: str, namespace: str, /) -> Object:
        """An object as it is.

        Raises:
            NotFoundError: It is not there.
        """
        ...


def variables_of(api: Reader, kustomization: Object) -> dict[str, str]:
    """What ``${…}`` stands for. Newlines in values are removed, as Flux does.

    Raises:
        RenderError: A ConfigMap or Secret that is not optional is not there.
    """
    post_build = kustomization["spec"].get("postBuild") or {}
    found: dict[str, str] = {}
    for reference in post_build.get("substituteFrom") or ():
        found |= _read(api, reference, namespace_of(kustomization))
    found |= {str(key): str(value) for key, value in (post_build.get("substitute") or {}).items()}
    return {key: value.replace("\n", "") for key, value in found.items()}


def _read(api: Reader, reference: Object, namespace: str) -> dict[str, str]:
    kind, name = reference["kind"], reference["name"]
    try:
        obj = api.get(_RESOURCES[kind], name, namespace)
    except NotFoundError as error:
        if reference.get("optional"):
            return {}
        raise RenderError(f"substitute from '{kind}/{name}' error: {error.message}") from error
    except ApiError as error:
        raise RenderError(f"substitute from '{kind}/{name}' error: {error.message}") from error
    data: dict[str, str] = obj.get("data") or {}
    if kind == "ConfigMap":
        return data
    return {key: base64.b64decode(value).decode(errors="replace") for key, value in data.items()}
