"""The values of a HelmRelease: ``valuesFrom`` in its order, then ``values`` on top."""

from __future__ import annotations

import base64
from typing import Any

from gitopslab.errors import ApiError, LabError
from gitopslab.gitops.flux.variables import Reader
from gitopslab.gitops.source.charts import merge
from gitopslab.machinery.manifests import load
from gitopslab.machinery.objects import Object, namespace_of

_RESOURCES = {"ConfigMap": "configmaps", "Secret": "secrets"}
_KEY = "values.yaml"


def values_of(api: Reader, release: Object) -> Object:
    """The values with which a chart is installed.

    Raises:
        LabError: One that is not optional is not there, or is no YAML.
    """
    values: Any = {}
    for reference in release["spec"].get("valuesFrom") or ():
        values = merge(values, _read(api, reference, namespace_of(release)))
    merged: Object = merge(values, release["spec"].get("values") or {})
    return merged


def _read(api: Reader, reference: Object, namespace: str) -> Any:
    kind, name, key = reference["kind"], reference["name"], reference.get("valuesKey") or _KEY
    optional = " optional" if reference.get("optional") else ""
    words = f"could not resolve{optional} {kind} chart values reference '{namespace}/{name}' with key '{key}'"
    try:
        data = api.get(_RESOURCES[kind], name, namespace).get("data") or {}
    except ApiError as error:
        if reference.get("optional") and error.code == 404:
            return {}
        raise LabError(f"{words}: {error.message}") from error
    if key not in data:
        if reference.get("optional"):
            return {}
        raise LabError(f"{words}: key not found")
    text = base64.b64decode(data[key]) if kind == "Secret" else str(data[key]).encode()
    if path := reference.get("targetPath"):
        return _at(path, text.decode(errors="replace"), literal=bool(reference.get("literal")))
    try:
        found, _ = load(text)
    except ValueError as error:
        raise LabError(f"{words}: unable to read values: {error}") from error
    return found or {}


def _at(path: str, text: str, *, literal: bool) -> Any:
    """One value at a path of fields. Simplified: a path names no items of lists."""
    value: Any = text
    if not literal:
        try:
            value, _ = load(text.encode())
        except ValueError:
            value = text
    for name in reversed(path.replace("\\.", "\0").split(".")):
        value = {name.replace("\0", "."): value}
    return value
