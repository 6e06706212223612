"""Rules of ``metadata``, and of label selectors, which are made of the same stuff.

Called for every object of every kind; also for the metadata of pod templates.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from gitopslab.controlplane.server.equality import same
from gitopslab.controlplane.server.validation import formats
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.machinery.objects import Object, is_terminating
from gitopslab.machinery.selectors import from_label_selector

ANNOTATIONS_LIMIT = 256 * 1024
_IMMUTABLE = ("name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds")
_ORPHAN, _FOREGROUND = "orphan", "foregroundDeletion"
_KUBERNETES_FINALIZERS = (_ORPHAN, "kubernetes", _FOREGROUND)


def check(
    causes: Causes,
    obj: Object,
    *,
    namespaced: bool,
    name: Callable[[str], formats.Problems],
    path: str = "metadata",
    any_finalizer: bool = False,
) -> None:
    """The metadata of a new object.

    Args:
        causes: Where to report.
        obj: The object.
        namespaced: Whether it lives in a namespace.
        name: The format of its kind's names.
        path: Where the metadata are.
        any_finalizer: Whether finalizers need not be those of Kubernetes, as in custom resources.
    """
    metadata = obj.get("metadata") or {}
    if base := metadata.get("generateName"):
        causes.each(f"{path}.generateName", base, name(formats.masked(base)))
    if not metadata.get("name"):
        causes.required(f"{path}.name", "name or generateName is required")
    else:
        causes.each(f"{path}.name", metadata["name"], name(metadata["name"]))
    namespace = metadata.get("namespace") or ""
    if namespaced and not namespace:
        causes.required(f"{path}.namespace")
    elif namespaced:
        causes.each(f"{path}.namespace", namespace, formats.problems_of_label(namespace))
    elif namespace:
        causes.forbidden(f"{path}.namespace", "not allowed on this type")
    if (generation := metadata.get("generation") or 0) < 0:
        causes.invalid(f"{path}.generation", generation, "must be greater than or equal to 0")
    check_labels(causes, metadata.get("labels"), f"{path}.labels")
    check_annotations(causes, metadata.get("annotations"), f"{path}.annotations")
    if owners := metadata.get("ownerReferences"):
        _check_owners(causes, owners, f"{path}.ownerReferences")
    if finalizers := metadata.get("finalizers"):
        _check_finalizers(causes, finalizers, f"{path}.finalizers", any_finalizer=any_finalizer)


def check_update(
    causes: Causes, obj: Object, before: Object, path: str = "metadata", *, any_finalizer: bool = False
) -> None:
    """The metadata of a changed object; ``any_finalizer`` as in ``check``."""
    metadata, old = obj["metadata"], before["metadata"]
    if is_terminating(before):
        _check_no_new_finalizers(causes, metadata, old, f"{path}.finalizers")
    for field in _IMMUTABLE:
        if metadata.get(field) != old.get(field):
            causes.invalid(f"{path}.{field}", metadata.get(field), "field is immutable")
    labels, annotations = metadata.get("labels"), metadata.get("annotations")
    if labels is not old.get("labels"):
        check_labels(causes, labels, f"{path}.labels")
    if annotations is not old.get("annotations"):
        check_annotations(causes, annotations, f"{path}.annotations")
    if owners := metadata.get("ownerReferences"):
        _check_owners(causes, owners, f"{path}.ownerReferences")
    for index, finalizer in enumerate(metadata.get("finalizers") or ()):
        if not any_finalizer:
            _check_kubernetes_finalizer(causes, finalizer, f"{path}.finalizers[{index}]")


def check_labels(causes: Causes, labels: dict[str, str] | None, path: str) -> None:
    """Keys are qualified names, values short and plain."""
    for key, value in (labels or {}).items():
        causes.each(path, key, formats.problems_of_qualified_name(key))
        causes.each(path, value, formats.problems_of_label_value(value))


def check_template_metadata(causes: Causes, metadata: Object, path: str) -> None:
    """What objects that are made of a template may be given by it: labels and annotations."""
    check_annotations(causes, metadata.get("annotations"), f"{path}.annotations")
    check_labels(causes, metadata.get("labels"), f"{path}.labels")
    for field in metadata:
        if field not in ("annotations", "labels", "creationTimestamp"):
            causes.forbidden(f"{path}.{field}", "cannot be set")


def check_annotations(causes: Causes, annotations: dict[str, str] | None, path: str) -> None:
    """Keys are qualified names in any case; together they stay under 256 kB."""
    if not annotations:
        return
    size = 0
    for key, value in annotations.items():
        causes.each(path, key, formats.problems_of_qualified_name(key.lower()))
        size += len(key.encode()) + len(value.encode())
    if size > ANNOTATIONS_LIMIT:
        causes.too_long(path, ANNOTATIONS_LIMIT)


def selects(selector: Object | None, labels: Mapping[str, str] | None) -> bool:
    """Whether a selector matches the labels of a template; a missing one never does."""
    try:
        parsed = from_label_selector(selector)
    except KeyError:
        return True  # an unknown operator is reported by check_selector
    return parsed is not None and parsed.matches(labels or {})


def check_selector(causes: Causes, selector: Object | None, path: str) -> None:
    """A ``metav1.LabelSelector``."""
    if selector is None:
        return
    check_labels(causes, selector.get("matchLabels"), f"{path}.matchLabels")
    for index, requirement in enumerate(selector.get("matchExpressions") or ()):
        check_requirement(causes, requirement, f"{path}.matchExpressions[{index}]")


def check_immutable(causes: Causes, value: Any, before: Any, path: str) -> None:
    """A field that may not change."""
    if not same(value, before):
        causes.invalid(path, value, "field is immutable")


def check_requirement(causes: Causes, requirement: Object, path: str, *, any_operator: bool = False) -> None:
    """A term of a label selector; ``any_operator`` lets one pass that is none of the four."""
    operator, values = requirement.get("operator", ""), requirement.get("values") or []
    if operator in ("In", "NotIn"):
        if not values:
            causes.required(f"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'")
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            causes.forbidden(f"{path}.values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")
    elif not any_operator:
        causes.invalid(f"{path}.operator", operator, "not a valid selector operator")
    key = requirement.get("key", "")
    causes.each(f"{path}.key", key, formats.problems_of_qualified_name(key))
    for index, value in enumerate(values):
        causes.each(f"{path}.values[{index}]", value, formats.problems_of_label_value(value))


def _check_owners(causes: Causes, owners: list[Object], path: str) -> None:
    controller = ""
    for owner in owners:
        _check_owner(causes, owner, path)
        if owner.get("controller"):
            this = f"{owner.get('kind', '')}/{owner.get('name', '')}"
            if controller:
                causes.invalid(
                    path,
                    [_in_order(each) for each in owners],
                    'Only one reference can have Controller set to true. Found "true" in references for '
                    f"{controller} and {this}",
                )
            else:
                controller = this


def _check_owner(causes: Causes, owner: Object, path: str) -> None:
    version = owner.get("apiVersion") or ""
    if not version or version.count("/") > 1 or version.endswith("/"):
        causes.invalid(f"{path}.apiVersion", version, "version must not be empty")
    for field in ("kind", "name", "uid"):
        if not owner.get(field):
            causes.invalid(f"{path}.{field}", "", "must not be empty")
    if version == "v1" and owner.get("kind") == "Event":
        causes.invalid(path, _in_order(owner), "/v1, Kind=Event is disallowed from being an owner")


def _in_order(owner: Object) -> Object:
    """An owner reference with its fields in the order of Go's struct, which errors show."""
    fields = ("apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion")
    return {field: owner.get(field, "") for field in fields if field in owner or field in fields[:4]}


def _check_finalizers(causes: Causes, finalizers: list[str], path: str, *, any_finalizer: bool) -> None:
    """Finalizers are qualified names, of which those for dependents exclude each other."""
    for finalizer in finalizers:
        causes.each(path, finalizer, formats.problems_of_qualified_name(finalizer))
    if _ORPHAN in finalizers and _FOREGROUND in finalizers:
        causes.invalid(path, finalizers, f"finalizer {_ORPHAN} and {_FOREGROUND} cannot be both set")
    for index, finalizer in enumerate(finalizers):
        if not any_finalizer:
            _check_kubernetes_finalizer(causes, finalizer, f"{path}[{index}]")


def _check_kubernetes_finalizer(causes: Causes, finalizer: str, path: str) -> None:
    if "/" not in finalizer and finalizer not in _KUBERNETES_FINALIZERS:
        causes.invalid(path, finalizer, "name is neither a standard finalizer name nor is it fully qualified")


def _check_no_new_finalizers(causes: Causes, metadata: Object, old: Object, path: str) -> None:
    extra = sorted(set(metadata.get("finalizers") or ()) - set(old.get("finalizers") or ()))
    if extra:
        listed = ", ".join(json.dumps(finalizer) for finalizer in extra)
        causes.forbidden(
            path,
            f"no new finalizers can be added if the object is being deleted, found new finalizers []string{{{listed}}}",
        )
