"""How a cluster differs from what a solution would make of it, as a diff of YAML.

Called by ``desk``. It asks the API itself (a dry run of each manifest), so defaults and everything the learner set
otherwise are taken into account; nothing is changed.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any

import yaml

from gitopslab.clusters.client import FIELD_MANAGER, Client
from gitopslab.course.exercise import Step
from gitopslab.errors import ApiError, NotFoundError
from gitopslab.machinery import manifests
from gitopslab.machinery.objects import Object, name_of, namespace_of

_CONTEXT = 2
_KEPT_METADATA = ("labels", "annotations")


def differences(steps: Sequence[Step], client: Client, namespace: str) -> str:
    """The diff of every object that the steps apply; empty when there is none."""
    wanted = [obj for step in steps if step.manifest for obj in manifests.objects(step.manifest)]
    return "".join(_difference(obj, client, namespace) for obj in wanted)


def _difference(obj: Object, client: Client, namespace: str) -> str:
    resource = client.resource(obj)
    path = client.path(resource, namespace_of(obj) or namespace, name_of(obj))
    query = {"fieldManager": FIELD_MANAGER, "force": "true", "dryRun": "All"}
    try:
        before = client.request("GET", path)
    except NotFoundError:
        before = {}
    try:
        after = client.request("PATCH", path, obj, query, "application/apply-patch+yaml")
    except ApiError:  # as with a field that cannot be changed: then the manifest itself is what there is to compare
        after = obj
    title = f"{resource.kind.lower()}/{name_of(obj)}"
    lines = difflib.unified_diff(_lines(before), _lines(after), title, title, n=_CONTEXT)
    return "".join(line if line.endswith("\n") else line + "\n" for line in lines)


def _lines(obj: Object) -> list[str]:
    kept: dict[str, Any] = {key: value for key, value in obj.items() if key not in ("metadata", "status")}
    metadata = {key: obj["metadata"][key] for key in _KEPT_METADATA if obj.get("metadata", {}).get(key)}
    if metadata:
        kept["metadata"] = metadata
    return yaml.safe_dump(kept, allow_unicode=True).splitlines(keepends=True) if kept else []
