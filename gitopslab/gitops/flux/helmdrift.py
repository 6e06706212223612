"""Whether what a release installed is still as its manifest says, and how it is made so again.

Each object of the manifest is applied dry and compared with what is there. Source: ``helm-controller``'s
``internal/action/diff.go`` and ``internal/diff/summarize.go``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from gitopslab.controlplane.runtime.api import Api
from gitopslab.errors import ApiError, NotFoundError
from gitopslab.gitops.flux.ignoring import paths_of, without
from gitopslab.gitops.flux.marks import spoken
from gitopslab.machinery.kinds import Catalog, Resource
from gitopslab.machinery.objects import (
    Object,
    annotations_of,
    copy_of,
    labels_of,
    name_of,
    namespace_of,
)

_HOOK = "helm.sh/hook"
_DISABLED = "helm.toolkit.fluxcd.io/driftDetection"


@dataclass(frozen=True, slots=True)
class Drift:
    """An object that is not as its manifest says.

    Attributes:
        object: As it should be.
        resource: Its type.
        changes: How many fields are added, changed and removed by putting it right; None when it is gone.
    """

    object: Object
    resource: Resource
    changes: tuple[int, int, int] | None

    def __str__(self) -> str:
        if self.changes is None:
            return f"{spoken(self.object)} removed"
        added, changed, removed = self.changes
        return f"{spoken(self.object)} changed ({added} additions, {changed} changes, {removed} removals)"


def drifts(api: Api, catalog: Catalog, manifest: Iterable[Object], rules: Sequence[Object], into: str) -> list[Drift]:
    """What has drifted.

    Args:
        api: Of helm-controller.
        catalog: Which kinds there are.
        manifest: What the release holds.
        rules: ``driftDetection.ignore``.
        into: The namespace of objects that name none.
    """
    found = []
    for obj in manifest:
        resource = catalog.of(obj)
        if resource is None or _HOOK in annotations_of(obj):
            continue
        wanted = copy_of(obj)
        if resource.namespaced:
            wanted["metadata"].setdefault("namespace", into)
        drift = _drift(api, resource, wanted, rules)
        if drift is not None:
            found.append(drift)
    return found


def correct(api: Api, found: Iterable[Drift]) -> list[tuple[Drift, str]]:
    """Put it right; for each why that failed, empty when it did not."""
    told = []
    for drift in found:
        obj = drift.object
        try:
            api.patch(drift.resource.qualified, name_of(obj), obj, namespace_of(obj), type="apply")
            told.append((drift, ""))
        except ApiError as error:
            told.append((drift, error.message))
    return told


def _drift(api: Api, resource: Resource, wanted: Object, rules: Sequence[Object]) -> Drift | None:
    try:
        live = api.get(resource.qualified, name_of(wanted), namespace_of(wanted))
    except NotFoundError:
        return Drift(wanted, resource, None)
    says = {**labels_of(live), **annotations_of(live)}.get(_DISABLED, "")
    if says.lower() == "disabled":
        return None
    try:
        result = api.patch(
            resource.qualified, name_of(wanted), wanted, namespace_of(wanted), type="apply", dry_run=True
        )
    except ApiError:
        return None
    paths = paths_of(wanted, rules)
    kinds = list(_changes(_compared(without(live, paths)), _compared(without(result, paths))))
    counts = (kinds.count("+"), kinds.count("~"), kinds.count("-"))
    return Drift(wanted, resource, counts) if any(counts) else None


def _compared(obj: Object) -> Object:
    rest = {key: value for key, value in obj.items() if key not in ("metadata", "status")}
    return {**rest, "labels": labels_of(obj), "annotations": annotations_of(obj)}


def _changes(old: Any, new: Any) -> Iterator[str]:
    """A sign for each field: added, changed or removed."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in {*old, *new}:
            if key not in old:
                yield "+"
            elif key not in new:
                yield "-"
            else:
                yield from _changes(old[key], new[key])
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for before, after in zip(old, new, strict=True):
            yield from _changes(before, after)
    elif old != new:
        yield "~"
