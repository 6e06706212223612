"""Validation of CustomResourceDefinitions: names, versions, and whether a schema can be a schema.

``validation`` calls the two doors below. A definition is held to the rules in this order: its own metadata and names,
then each version with its schema (``schemas``: which keywords are allowed; ``structure``: whether it is structural;
``defaults``; ``rules``: CEL), its subresources and columns, and what must fit together over all versions. Rules and
texts are those of ``apis/apiextensions/validation/validation.go``.
"""

from __future__ import annotations

from gitopslab.controlplane.server.custom.definitions import conversion, names, status, versions
from gitopslab.controlplane.server.custom.definitions.approval import check_approval
from gitopslab.controlplane.server.validation import metadata
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.machinery.objects import Object, is_condition_true, name_of

__all__ = ["check", "check_change"]


def check(causes: Causes, definition: Object) -> None:
    """Report what is wrong with a new definition."""
    spec = definition["spec"]
    wanted = f"{spec.get('names', {}).get('plural', '')}.{spec.get('group', '')}"
    if name_of(definition) and name_of(definition) != wanted:
        causes.invalid("metadata.name", name_of(definition), 'must be spec.names.plural+"."+spec.group')
    _check_spec(causes, spec)
    status.check(causes, definition)
    check_approval(causes, definition, None)
    _check_pruning(causes, spec, {})


def check_change(causes: Causes, definition: Object, before: Object, *, status_only: bool) -> None:
    """Report what is wrong with a changed definition."""
    if status_only:
        names.check(causes, (definition.get("status") or {}).get("acceptedNames") or {}, "status.acceptedNames")
        return
    spec, old = definition["spec"], before["spec"]
    _check_spec(causes, spec, old)
    if is_condition_true(before, "Established"):
        metadata.check_immutable(causes, spec.get("scope"), old.get("scope"), "spec.scope")
        metadata.check_immutable(causes, spec["names"].get("kind"), old["names"].get("kind"), "spec.names.kind")
    metadata.check_immutable(causes, spec.get("group"), old.get("group"), "spec.group")
    metadata.check_immutable(causes, spec["names"].get("plural"), old["names"].get("plural"), "spec.names.plural")
    status.check(causes, definition)
    check_approval(causes, definition, before)
    _check_pruning(causes, spec, old)


def _check_spec(causes: Causes, spec: Object, before: Object | None = None) -> None:
    names.check_group(causes, spec.get("group") or "", "spec.group")
    names.check_scope(causes, spec.get("scope") or "", "spec.scope")
    held = versions.Hoisted(spec)
    unchanged = versions.names_of_unchanged(spec, before)
    versions.check(causes, held, spec, before, unchanged)
    names.check_required(causes, spec["names"], "spec.names")
    names.check(causes, spec["names"], "spec.names")
    versions.check_shared(causes, held, unchanged)
    converts = spec.get("conversion") or {}
    if spec.get("preserveUnknownFields") and converts and converts.get("strategy") != "None":
        message = "must be None if spec.preserveUnknownFields is true"
        causes.invalid("spec.conversion.strategy", converts.get("strategy") or "", message)
    conversion.check(causes, spec.get("conversion"), "spec.conversion")


def _check_pruning(causes: Causes, spec: Object, before: Object) -> None:
    if spec.get("preserveUnknownFields") and not before.get("preserveUnknownFields"):
        message = (
            "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"
        )
        causes.invalid("spec.preserveUnknownFields", True, message)
