"""The versions of a definition, and what is said of all of them at once.

The API server keeps what is the same in every version once, at the top of the spec; so a definition with one version
hears of faults in its schema at ``spec.validation``, not at ``spec.versions[0].schema``. ``Hoisted`` does the same.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from gitopslab.controlplane.server.custom.definitions import columns, internal, schemas
from gitopslab.controlplane.server.validation import formats
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.machinery.objects import Object

_SHARED = ("schema", "subresources", "additionalPrinterColumns", "selectableFields")
_LONGEST_WARNING = 256


class Hoisted:
    """A spec as the API server holds it inside: shared parts at the top, the rest in the versions."""

    def __init__(self, spec: Object) -> None:
        given = spec.get("versions") or []
        self.are_given = spec.get("versions") is not None
        self.shared = {
            part: given[0].get(part)
            for part in _SHARED
            if given and all((version.get(part) or None) == (given[0].get(part) or None) for version in given)
        }
        self.versions: list[Object] = [
            {field: value for field, value in version.items() if field not in self.shared} for version in given
        ]

    def part(self, version: Object, part: str) -> Any:
        """What counts for a version."""
        return self.shared[part] if part in self.shared else version.get(part)


def check(causes: Causes, held: Hoisted, spec: Object, before: Object | None, unchanged: Collection[str]) -> None:
    """Report what is wrong with each version of its own, and with all of them together.

    Args:
        causes: Where to report.
        held: What the versions have, and what they share.
        spec: Of the definition.
        before: What it was; None for a new one.
        unchanged: The versions that ``names_of_unchanged`` found.
    """
    _check_schemas_given(causes, spec, before)
    for index, version in enumerate(held.versions):
        _check_version(causes, held, version, f"spec.versions[{index}]", is_unchanged=version.get("name") in unchanged)
    _check_flags(causes, held)
    if held.versions:
        _check_name(causes, held.versions[0].get("name") or "", "spec.version")


def names_of_unchanged(spec: Object, before: Object | None) -> set[str]:
    """The versions that have the schema they had before."""
    old = {version["name"]: version.get("schema") for version in (before or {}).get("versions") or ()}
    return {
        name
        for version in spec.get("versions") or ()
        if (name := version.get("name")) in old and version.get("schema") == old[name]
    }


def check_shared(causes: Causes, held: Hoisted, unchanged: Collection[str]) -> None:
    """Report what is wrong with schema, subresources, columns and selectable fields that all versions share."""
    is_unchanged = bool(held.versions) and held.versions[0].get("name") in unchanged
    schema, path = held.shared.get("schema"), "spec.validation"
    has_status = any("status" in (held.part(version, "subresources") or {}) for version in held.versions)
    schemas.check(causes, schema, path, has_status=has_status, is_unchanged=is_unchanged)
    columns.check_subresources(causes, held.shared.get("subresources"), "spec.subresources")
    for index, column in enumerate(held.shared.get("additionalPrinterColumns") or ()):
        columns.check_column(causes, column, f"spec.additionalPrinterColumns[{index}]")
    if held.shared.get("selectableFields"):
        columns.check_selectable(causes, held.shared["selectableFields"], schema, "spec.selectableFields")


def _check_schemas_given(causes: Causes, spec: Object, before: Object | None) -> None:
    """Every version needs a schema, unless the definition is old enough to have none."""
    if before is not None and not all(map(_has_schema, before.get("versions") or ())):
        return
    for index, version in enumerate(spec.get("versions") or ()):
        if not _has_schema(version):
            causes.required(f"spec.versions[{index}].schema.openAPIV3Schema")


def _has_schema(version: Object) -> bool:
    return (version.get("schema") or {}).get("openAPIV3Schema") is not None


def _check_version(causes: Causes, held: Hoisted, version: Object, path: str, *, is_unchanged: bool) -> None:
    _check_name(causes, version.get("name") or "", f"{path}.name")
    for problem in _warning_problems(version):
        causes.invalid(f"{path}.deprecationWarning", version["deprecationWarning"], problem)
    has_status = "status" in (held.part(version, "subresources") or {})
    schema, where = version.get("schema"), f"{path}.schema"
    schemas.check(causes, schema, where, has_status=has_status, is_unchanged=is_unchanged)
    columns.check_subresources(causes, version.get("subresources"), f"{path}.subresources")
    for index, column in enumerate(version.get("additionalPrinterColumns") or ()):
        columns.check_column(causes, column, f"{path}.additionalPrinterColumns[{index}]")
    if version.get("selectableFields"):
        schema = held.part(version, "schema")
        columns.check_selectable(causes, version["selectableFields"], schema, f"{path}.selectableFields")


def _check_name(causes: Causes, name: str, path: str) -> None:
    if problems := formats.problems_of_1035_label(name):
        causes.invalid(path, name, ",".join(problems))


def _warning_problems(version: Object) -> list[str]:
    text = version.get("deprecationWarning")
    if text is None:
        return []
    if not version.get("deprecated"):
        return ["can only be set for deprecated versions"]
    found = []
    if len(text.encode()) > _LONGEST_WARNING:
        found.append(f"must be <= {_LONGEST_WARNING} characters long")
    if not text:
        found.append("must not be an empty string")
    for index, character in enumerate(text):
        if not character.isprintable():
            message = "must only contain printable UTF-8 characters; non-printable character found at index"
            found.append(f"{message} {len(text[:index].encode())}")
            break
    return found


def _check_flags(causes: Causes, held: Hoisted) -> None:
    shown = internal.versions(held.versions)
    names = [version.get("name") for version in held.versions]
    if len(set(names)) < len(names):
        causes.invalid("spec.versions", shown, "must contain unique version names")
    if sum(bool(version.get("storage")) for version in held.versions) != 1:
        causes.invalid(
            "spec.versions",
            shown if held.are_given else None,
            "must have exactly one version marked as storage version",
        )
