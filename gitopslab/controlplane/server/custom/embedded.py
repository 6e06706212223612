"""Objects inside objects (``x-kubernetes-embedded-resource``): they have a kind and metadata of their own.

``objects`` calls ``check`` on every write. Upstream: ``apiserver/schema/objectmeta/validation.go``.
"""

from __future__ import annotations

from typing import Any

from gitopslab.controlplane.server.custom.structural import Node
from gitopslab.controlplane.server.validation import formats, metadata
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.machinery.objects import Object


def check(causes: Causes, value: Any, node: Node | None, path: str) -> None:
    """Report embedded objects without a kind, or with metadata that no object may have."""
    if node is None:
        return
    if isinstance(value, dict):
        if node.embedded:
            _check_object(causes, value, path)
        for name, item in value.items():
            if name in node.properties:
                check(causes, item, node.properties[name], f"{path}.{name}" if path else name)
            else:
                check(causes, item, node.additional, f"{path}[{name}]")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            check(causes, item, node.items, f"{path}[{index}]")


def _check_object(causes: Causes, obj: Object, path: str) -> None:
    for field in ("apiVersion", "kind"):
        if field not in obj:
            causes.required(f"{path}.{field}")
        elif not obj[field]:
            causes.invalid(f"{path}.{field}", obj[field], "must not be empty")
    version, kind = obj.get("apiVersion") or "", obj.get("kind") or ""
    if version.count("/") > 1:
        causes.invalid(f"{path}.apiVersion", version, f"unexpected GroupVersion string: {version}")
    if kind and (problems := formats.problems_of_1035_label(kind.lower())):
        message = f"may have mixed case, but should otherwise match: {','.join(problems)}"
        causes.invalid(f"{path}.kind", kind, message)
    if "metadata" in obj:
        named = {"name": "fakename", **{key: item for key, item in obj["metadata"].items() if item}}
        namespaced = bool(named.get("namespace"))
        metadata.check(
            causes, {"metadata": named}, namespaced=namespaced, name=formats.problems_of_path_segment,
            path=f"{path}.metadata",
        )  # fmt: skip
