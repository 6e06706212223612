"""The CustomResourceDefinitions of Argo CD, made of ``definitions.yaml``."""

from __future__ import annotations

from gitopslab.gitops.argocd.kinds import GROUP
from gitopslab.gitops.shipped import shipped
from gitopslab.machinery.objects import Object, copy_of

VERSION = "v3.5.1"
"""Of Argo CD, whose kinds these are."""


def definitions() -> list[Object]:
    """The three definitions, ready to be applied."""
    return [_definition(row) for row in shipped(__package__, "definitions.yaml")["kinds"]]


def _definition(row: Object) -> Object:
    names = copy_of(row["names"])
    name = f"{names['plural']}.{GROUP}"
    version = {
        "name": "v1alpha1",
        "served": True,
        "storage": True,
        "additionalPrinterColumns": copy_of(row.get("columns") or []),
        "schema": {"openAPIV3Schema": _schema(row)},
        "subresources": copy_of(row["subresources"]),
    }
    labels = {"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "argocd"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": name, "labels": labels},
        "spec": {"group": GROUP, "names": names, "scope": "Namespaced", "versions": [version]},
    }


def _schema(row: Object) -> Object:
    common = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"}}
    return {"type": "object", "required": row["required"], "properties": {**common, **copy_of(row["properties"])}}
