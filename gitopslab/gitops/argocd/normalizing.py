"""An object as it is compared: without what comes and goes, and written as the API writes it.

Source: ``Normalize`` and ``remarshal`` in ``gitops-engine/pkg/diff/diff.go``.
"""

from __future__ import annotations

import base64
from typing import Any

from gitopslab.gitops.argocd.ignoring import Rules
from gitopslab.machinery.merge import below
from gitopslab.machinery.objects import Object, group_of
from gitopslab.machinery.schema import Field, Struct, struct_of

_TEXTS = ("string", "bytes")
_VOLATILE = ("managedFields", "resourceVersion", "generation", "creationTimestamp", "uid", "selfLink")


def normal(obj: Object, rules: Rules) -> Object:
    """An object as it is compared; a copy."""
    left = rules.without(obj)
    metadata = left.setdefault("metadata", {})
    metadata.pop("creationTimestamp", None)
    group, kind = group_of(left.get("apiVersion", "")), left.get("kind")
    if (group, kind) == ("", "Secret"):
        _normal_secret(left)
    is_role = group == "rbac.authorization.k8s.io" and kind in ("Role", "ClusterRole")
    if is_role and ("rules" in left or rules.aggregated):
        filled = rules.aggregated and "aggregationRule" in left
        left["rules"] = None if filled else left.get("rules") or None
    return left


def _normal_secret(secret: Object) -> None:
    """Text of a Secret as its data, and data that is null as empty."""
    texts, known = secret.get("stringData") or {}, secret.get("data") or {}
    if not isinstance(texts, dict) or not isinstance(known, dict):
        return  # the API will refuse it
    secret.pop("stringData", None)
    data = {key: value or "" for key, value in known.items()}
    encoded = {
        key: base64.b64encode(text.encode()).decode() if isinstance(text, str) else text for key, text in texts.items()
    }
    if data or encoded:
        secret["data"] = {**data, **encoded}


def typed(obj: Object) -> Object:
    """An object of Git as Go's type of its kind holds it: nothing is null. One of another kind stays as it is."""
    kind = struct_of(obj["apiVersion"], obj["kind"])
    return _filled(obj, kind) if kind is not None else obj


def _filled(value: Any, kind: Struct | None) -> Any:
    """A value without null: a field is not set then, and in a map of texts it is the empty one."""
    if isinstance(value, list):
        return [_filled(item, kind) for item in value]
    if not isinstance(value, dict):
        return value
    if kind is None:
        return {name: "" if item is None else item for name, item in value.items()}
    fields = {name: (item, kind.fields.get(name)) for name, item in value.items() if item is not None}
    return {name: _filled_field(item, field) for name, (item, field) in fields.items()}


def _filled_field(value: Any, field: Field | None) -> Any:
    inner = below(field)
    is_of_texts = field is not None and field.type.element is not None and field.type.element.shape in _TEXTS
    return _filled(value, inner) if inner is not None or is_of_texts else value


def drop_place(obj: Object) -> None:
    """What is applied may leave its namespace unsaid, and have no annotations."""
    metadata = obj.get("metadata") or {}
    metadata.pop("namespace", None)
    if not metadata.get("annotations"):
        metadata.pop("annotations", None)


def lasting(obj: Object) -> Object:
    """An object without what changes by itself, and without the note of what was applied last."""
    metadata = {key: value for key, value in obj["metadata"].items() if key not in _VOLATILE}
    annotations = dict(metadata.pop("annotations", None) or {})
    annotations.pop("kubectl.kubernetes.io/last-applied-configuration", None)
    rest = {key: value for key, value in obj.items() if value is not None}
    return {**rest, "metadata": {**metadata, **({"annotations": annotations} if annotations else {})}}
