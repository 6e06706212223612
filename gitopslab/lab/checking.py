"""Manifests before they are applied: what each field means, and what the API server would say.

Called by the facade; it asks the cluster for its OpenAPI documents and for a dry run, and leaves the rest to
``views.sheet``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gitopslab import errors
from gitopslab.clusters.client import Client
from gitopslab.lab import targets
from gitopslab.lab.targets import Source
from gitopslab.machinery import manifests
from gitopslab.machinery.objects import Object, name_of, namespace_of
from gitopslab.views.fields import Fields
from gitopslab.views.resource import yaml_of
from gitopslab.views.sheet import Sheet, sheet


def text_of(source: Source) -> str:
    """The YAML of manifests: a text as it is, files one after the other, objects written out."""
    if isinstance(source, Path) or (isinstance(source, str) and targets.is_path(source)):
        return "---\n".join(file.read_text(encoding="utf-8").rstrip() + "\n" for file in targets.files(Path(source)))
    if isinstance(source, str):
        return source.strip("\n") + "\n"
    return "---\n".join(yaml_of(obj) for obj in targets.objects(source))


def fields_of(client: Client, api_version: str, kind: str) -> Fields:
    """The fields of a kind, as the cluster describes them."""
    if not api_version:
        return Fields({}, "", kind)
    found = Fields(client.openapi(api_version), api_version, kind)
    # A CustomResourceDefinition may have come since.
    return found if found.is_known else Fields(client.openapi(api_version, fresh=True), api_version, kind)


def checked_sheet(client: Client, text: str, namespace: str, *, check: bool = True) -> Sheet:
    """A manifest explained, and (``check``) what a dry run says of it."""

    def explain(api_version: str, kind: str) -> Fields:
        return fields_of(client, api_version, kind)

    if not check:
        return sheet(text, explain)
    try:
        objects: list[Any] = manifests.objects(text)
    except errors.ManifestError:
        return sheet(text, explain, checked=True)
    return sheet(text, explain, _said(client, objects, namespace), checked=True)


def _said(client: Client, objects: list[Object], namespace: str) -> dict[int, errors.LabError]:
    """What the server says against each object, by its number."""
    made = {name_of(obj) for obj in objects if obj.get("kind") == "Namespace"}
    said: dict[int, errors.LabError] = {}
    for number, obj in enumerate(objects):
        try:
            client.dry_run(obj, namespace)
        except errors.NotFoundError as error:
            # A namespace that the same manifest makes is there by the time this object is applied.
            if not (error.details.get("kind") == "namespaces" and namespace_of(obj) in made):
                said[number] = error
        except errors.ApiError as error:
            said[number] = error
    return said
