"""Validation of custom resources, in the order the API server does it.

``verbs`` calls ``validate`` where built-in kinds go through ``validation``. Metadata first, then the schema, the counts
behind the scale subresource, embedded objects and lists; and CEL rules last, because they may rely on what the schema
promises. Upstream: ``registry/customresource/strategy.go``.
"""

from __future__ import annotations

from gitopslab.controlplane.server.custom import embedded, lists, scale, values
from gitopslab.controlplane.server.custom.correlation import Correlation
from gitopslab.controlplane.server.custom.faults import report
from gitopslab.controlplane.server.custom.version import CustomResource
from gitopslab.controlplane.server.validation import formats, metadata
from gitopslab.controlplane.server.validation.causes import Cause, Causes
from gitopslab.machinery.objects import Object

_BLOCKING = (
    "FieldValueNotSupported", "FieldValueRequired", "FieldValueTooLong", "FieldValueTooMany", "FieldValueTypeInvalid",
)  # fmt: skip
_UNCHECKED = (
    "some validation rules were not checked because the object was invalid; "
    "correct the existing errors to complete validation"
)
_STANDARD_FINALIZERS = ("orphan", "foregroundDeletion", "kubernetes")


def validate(
    resource: CustomResource, obj: Object, before: Object | None, subresource: str, warnings: list[str]
) -> list[Cause]:
    """What is wrong with a new custom resource, or with a change of one.

    Args:
        resource: Its type.
        obj: The wished state, complete with defaults.
        before: The stored state; None for a new object.
        subresource: What is written; empty for the object itself.
        warnings: Filled with what the client should know.
    """
    causes = Causes()
    _check_kind(causes, resource, obj)
    if causes:
        return causes.found
    root = resource.version_spec.root
    correlation = Correlation(obj, before, root) if before is not None else None
    _check_metadata(causes, resource, obj, before)
    if subresource == "status":
        _check_status(causes, resource, obj, correlation)
    else:
        report(causes, "", values.check(root, obj, "", correlation).faults)
        warnings += _finalizer_warnings(obj, before)
    scale.check(causes, resource, obj, status_only=subresource == "status")
    if subresource != "status":
        embedded.check(causes, obj, root, "")
    _check_lists(causes, resource, obj, before)
    _check_rules(causes, resource, obj, before, correlation, warnings)
    return causes.found


def _check_metadata(causes: Causes, resource: CustomResource, obj: Object, before: Object | None) -> None:
    """Those of a changed object are looked at as those of every kind, and what changed of them once more."""
    name = formats.problems_of_subdomain if before is None else formats.problems_of_path_segment
    metadata.check(causes, obj, namespaced=resource.namespaced, name=name, any_finalizer=True)
    if before is not None:
        for _ in range(2):
            metadata.check_update(causes, obj, before, any_finalizer=True)


def _check_kind(causes: Causes, resource: CustomResource, obj: Object) -> None:
    if obj.get("kind") != resource.kind:
        causes.invalid("kind", obj.get("kind") or "", f"must be {resource.kind}")
    if obj.get("apiVersion") != resource.api_version:
        causes.invalid("apiVersion", obj.get("apiVersion") or "", f"must be {resource.api_version}")


def _check_status(causes: Causes, resource: CustomResource, obj: Object, correlation: Correlation | None) -> None:
    node = resource.version_spec.root.properties.get("status")
    if node is not None and "status" in obj:
        below = correlation.field("status") if correlation is not None else None
        report(causes, "status", values.check(node, obj["status"], "", below).faults)


def _check_lists(causes: Causes, resource: CustomResource, obj: Object, before: Object | None) -> None:
    root = resource.version_spec.root
    if before is not None:
        earlier = Causes()
        lists.check(earlier, before, root, "")
        if earlier:
            return
    lists.check(causes, obj, root, "")


def _check_rules(
    causes: Causes,
    resource: CustomResource,
    obj: Object,
    before: Object | None,
    correlation: Correlation | None,
    warnings: list[str],
) -> None:
    rules = resource.version_spec.rules
    if rules is None:
        return
    if any(reason in _BLOCKING for _, reason, _ in causes.found):
        causes.invalid("<nil>", None, _UNCHECKED)
        return
    from gitopslab.controlplane.server.custom.cel.rules import Place

    rules.check(causes, warnings, obj, before, Place("", correlation, None))


def _finalizer_warnings(obj: Object, before: Object | None) -> list[str]:
    known = set((before or {}).get("metadata", {}).get("finalizers") or ())
    return [
        f'metadata.finalizers: "{name}": {problem}'
        for name in sorted(set(obj["metadata"].get("finalizers") or ()) - known)
        for problem in _finalizer_problems(name)
    ]


def _finalizer_problems(name: str) -> list[str]:
    found = list(formats.problems_of_qualified_name(name))
    if "/" not in name and name not in _STANDARD_FINALIZERS:
        path = " including a path (/)" if "." in name else ""
        found.append(
            f"prefer a domain-qualified finalizer name{path} to avoid accidental conflicts with other finalizer writers"
        )
    return found
