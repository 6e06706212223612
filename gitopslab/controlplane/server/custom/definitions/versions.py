"""The versions of a definition, and what is said of all of them at once.

The API server keeps what is the same in every version once, at the top of the spec; so a definition with one version
hears of faults in its schema at ``spec.validation``, not at ``spec.versions[0].schema``. ``_Hoisted`` does the same.
"""

from __future__ import annotations

from typing import Any

from gitopslab.controlplane.server.custom.definitions import columns, internal, schemas
from gitopslab.controlplane.server.validation import formats
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.machinery.objects import Object

_SHARED = ("schema", "subresources", "additionalPrinterColumns", "selectableFields")
_LONGEST_WARNING = 256


class _Hoisted:
    """A spec as the API server holds it inside: shared parts at the top, the rest in the versions."""

    def __init__(self, spec: Object) -> None:
        given = spec.get("versions") or []
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


def check(causes: Causes, spec: Object, before: Object | None) -> None:
    """Report what is wrong with versions, their schemas, subresources, columns and selectable fields."""
    held = _Hoisted(spec)
    _check_schemas_given(causes, spec, before)
    for index, version in enumerate(held.versions):
        _check_version(causes, held, version, f"spec.versions[{index}]")
    _check_flags(causes, held)
    schema, path = held.shared.get("schema"), "spec.validation"
    has_status = any("status" in (held.part(version, "subresources") or {}) for version in held.versions)
    schemas.check(causes, schema, path, has_status=has_status)
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


def _check_version(causes: Causes, held: _Hoisted, version: Object, path: str) -> None:
    name = version.get("name") or ""
    if problems := formats.problems_of_1035_label(name):
        causes.invalid(f"{path}.name", name, ",".join(problems))
    for problem in _warning_problems(version):
        causes.invalid(f"{path}.deprecationWarning", version["deprecationWarning"], problem)
    has_status = "status" in (held.part(version, "subresources") or {})
    schemas.check(causes, version.get("schema"), f"{path}.schema", has_status=has_status)
    columns.check_subresources(causes, version.get("subresources"), f"{path}.subresources")
    for index, column in enumerate(version.get("additionalPrinterColumns") or ()):
        columns.check_column(causes, column, f"{path}.additionalPrinterColumns[{index}]")
    if version.get("selectableFields"):
        schema = held.part(version, "schema")
        columns.check_selectable(causes, version["selectableFields"], schema, f"{path}.selectableFields")


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


def _check_flags(causes: Causes, held: _Hoisted) -> None:
    shown = internal.versions(held.versions)
    names = [version.get("name") for version in held.versions]
    if len(set(names)) < len(names):
        causes.invalid("spec.versions", shown, "must contain unique version names")
    if sum(bool(version.get("storage")) for version in held.versions) != 1:
        causes.invalid("spec.versions", shown or None, "must have exactly one version marked as storage version")


def check_conversion(causes: Causes, conversion: Object | None, path: str) -> None:
    """Report a conversion that could not be carried out."""
    if conversion is None:
        return
    strategy, webhook = conversion.get("strategy") or "", conversion.get("webhook") or {}
    if not strategy:
        causes.required(f"{path}.strategy")
    elif strategy not in ("None", "Webhook"):
        causes.unsupported(f"{path}.strategy", strategy, ("None", "Webhook"))
    client, reviews = webhook.get("clientConfig"), webhook.get("conversionReviewVersions") or []
    if strategy != "Webhook":
        for field, value in (("webhookClientConfig", client), ("conversionReviewVersions", reviews)):
            if value:
                causes.forbidden(f"{path}.{field}", "should not be set when strategy is not set to Webhook")
        return
    if client is None:
        causes.required(f"{path}.webhookClientConfig", "required when strategy is set to Webhook")
    elif (client.get("url") is None) == (client.get("service") is None):
        causes.required(f"{path}.webhookClientConfig", "exactly one of url or service is required")
    _check_reviews(causes, reviews, f"{path}.conversionReviewVersions")


def _check_reviews(causes: Causes, versions: list[str], path: str) -> None:
    if not versions:
        causes.required(path)
        return
    for index, version in enumerate(versions):
        if version in versions[:index]:
            causes.invalid(f"{path}[{index}]", version, "duplicate version")
        else:
            causes.each(f"{path}[{index}]", version, formats.problems_of_1035_label(version))
    if not {"v1", "v1beta1"} & set(versions):
        causes.invalid(path, versions, "must include at least one of v1, v1beta1")
