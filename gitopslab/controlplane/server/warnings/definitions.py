"""Warnings about CustomResourceDefinitions."""

from __future__ import annotations

from collections.abc import Iterable

from gitopslab.controlplane.server.custom.formats import unrecognized
from gitopslab.machinery.objects import Object


def of_definition(definition: Object, before: Object | None) -> Iterable[str]:
    """Formats in a schema that nobody knows: those of a new definition, or those that a change adds."""
    known = set(_formats(before)) if before is not None else set()
    return [f'unrecognized format "{name}"' for name in _formats(definition) if name not in known]


def _formats(definition: Object) -> list[str]:
    schemas = [version.get("schema") or {} for version in definition["spec"].get("versions") or ()]
    return [name for schema in schemas for name in unrecognized(schema.get("openAPIV3Schema") or {})]
