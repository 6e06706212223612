"""The CustomResourceDefinitions of Flux, made of ``definitions.yaml``."""

from __future__ import annotations

from gitopslab.gitops.shipped import shipped
from gitopslab.machinery.objects import Object, copy_of

VERSION = "v2.9.4"
"""Of Flux, whose kinds these are."""


def labels(component: str = "") -> dict[str, str]:
    """The labels on everything that ``flux install`` makes."""
    found = {
        "app.kubernetes.io/instance": "flux-system",
        "app.kubernetes.io/part-of": "flux",
        "app.kubernetes.io/version": VERSION,
    }
    return {"app.kubernetes.io/component": component, **found} if component else found


def definitions(*, extra: bool = True) -> list[Object]:
    """The definitions, ready to be applied.

    Args:
        extra: Also the kinds of image automation, which Flux installs only when asked.
    """
    return [
        _definition(row) for row in shipped(__package__, "definitions.yaml")["kinds"] if extra or not row.get("extra")
    ]


def _definition(row: Object) -> Object:
    group, names = row["group"], copy_of(row["names"])
    version = {
        "name": row["version"],
        "served": True,
        "storage": True,
        "additionalPrinterColumns": copy_of(row["columns"]),
        "schema": {"openAPIV3Schema": _schema(row)},
        "subresources": {} if row.get("is_plain") else {"status": {}},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{names['plural']}.{group}", "labels": labels(_component(group, names["kind"]))},
        "spec": {"group": group, "names": names, "scope": "Namespaced", "versions": [version]},
    }


def _component(group: str, kind: str) -> str:
    if group.startswith("image."):
        return "image-automation-controller" if kind == "ImageUpdateAutomation" else "image-reflector-controller"
    return f"{group.partition('.')[0]}-controller"


def _schema(row: Object) -> Object:
    properties: Object = {
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        "metadata": {"type": "object"},
        "spec": copy_of(row["spec"]),
    }
    if not row.get("is_plain"):
        properties["status"] = _status(row)
    return {"type": "object", "properties": properties}


def _status(row: Object) -> Object:
    """What every Flux kind reports, and what this one does besides; not observed yet is -1."""
    common = {
        "conditions": copy_of(shipped(__package__, "definitions.yaml")["shared"]["conditions"]),
        "lastHandledReconcileAt": {"type": "string"},
        "observedGeneration": {"type": "integer", "format": "int64"},
    }
    return {
        "type": "object",
        "default": {"observedGeneration": -1},
        "properties": {**common, **copy_of(row.get("status") or {})},
    }
