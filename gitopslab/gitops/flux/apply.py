"""Server-side apply as kustomize-controller does it: only what differs is written, and all of a stage is planned first.

For each object: read it, apply it dry, take over what kubectl owns, and compare. Where nothing but metadata and status
would differ, nothing is written. Source: ``fluxcd/pkg/ssa/manager_apply.go``, ``manager_diff.go``, ``errors.go``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from gitopslab.controlplane.runtime.api import Api
from gitopslab.errors import ApiError, ConflictError, InvalidError, LabError, NotFoundError
from gitopslab.gitops.flux.ignoring import Rules, paths_of, payload, without
from gitopslab.gitops.flux.marks import says, spoken
from gitopslab.gitops.flux.ownership import taken_over
from gitopslab.machinery.clock import Clock
from gitopslab.machinery.kinds import Catalog, Resource
from gitopslab.machinery.objects import (
    Object,
    annotations_of,
    copy_of,
    is_terminating,
    labels_of,
    name_of,
    namespace_of,
    uid_of,
)
from gitopslab.machinery.three_way import LAST_APPLIED

CREATED, CONFIGURED, UNCHANGED, SKIPPED, DELETED = "created", "configured", "unchanged", "skipped", "deleted"
"""What can be done to an object, in Flux's words."""

_NOT_COMPARED = ("metadata", "status")
_FORBIDDEN = 403
_IMMUTABLE = re.compile(r"is\simmutable|immutable\sfield")


class ApplyError(LabError):
    """An object cannot be applied; the message is Flux's."""


class StillThereError(LabError):
    """An object that is to be made anew is not gone yet."""


@dataclass(frozen=True, slots=True)
class Action:
    """What was done to one object."""

    object: Object
    done: str

    def __str__(self) -> str:
        return f"{spoken(self.object)} {self.done}"

    @property
    def is_change(self) -> bool:
        """Whether anything was applied."""
        return self.done in (CREATED, CONFIGURED)


@dataclass(frozen=True, slots=True)
class Planned:
    """What is to be done to an object, and what of it is applied."""

    done: str
    payload: Object


@dataclass(frozen=True, slots=True)
class _Seen:
    """An object that needed nothing: while both sides are what they were, it still needs nothing."""

    live: Object
    wanted: Object
    ignored: Rules


class Applier:
    """Applies objects for Kustomizations.

    Args:
        api: With the identity of kustomize-controller.
        catalog: Which kinds there are.
        clock: Dates the entries of field managers.
    """

    def __init__(self, api: Api, catalog: Catalog, clock: Clock) -> None:
        self._api = api
        self._catalog = catalog
        self._clock = clock
        self._seen: dict[str, _Seen] = {}

    def placed(self, obj: Object) -> Object:
        """An object without the namespace that it names in vain, as the API server leaves it: it is in none."""
        resource = self._catalog.of(obj)
        if resource is None or resource.namespaced or not namespace_of(obj):
            return obj
        return {**obj, "metadata": {key: value for key, value in obj["metadata"].items() if key != "namespace"}}

    def plan(self, obj: Object, *, force: bool, ignore: Rules = ()) -> Planned:
        """What would be done to an object, in one of the words above. Nothing of it is written.

        Args:
            obj: As it is wanted.
            force: Make it anew when its change is not allowed.
            ignore: ``spec.ignore``: what is left to others.

        Raises:
            ApplyError: It is refused.
            StillThereError: It is to be made anew and is not gone yet; try again soon.
        """
        resource = self._resource(obj)
        live = self.live(obj)
        if _is_excluded(obj, live):
            return Planned(SKIPPED, obj)
        if live is not None and self._seen.get(uid_of(live)) == _Seen(_compared(live), obj, ignore):
            return Planned(UNCHANGED, obj)
        try:
            result = self._patch(resource, obj, dry_run=True)
        except ApiError as error:
            if live is None or not _is_immutable(error) or not (force or _is_forced(obj, live)):
                raise _failed(obj, error) from error
            self._make_way(obj)
            self._try_anew(obj)
            return Planned(CREATED, obj)
        if live is None:
            return Planned(CREATED, obj)
        return self._compare(obj, live, result, ignore)

    def _compare(self, obj: Object, live: Object, result: Object, ignore: Rules) -> Planned:
        try:
            paths = paths_of(result, ignore)
        except LabError as error:
            raise ApplyError(error.message) from error
        if self._take_over(self._resource(obj), live, obj) or _differs(without(live, paths), without(result, paths)):
            return Planned(CONFIGURED, payload(obj, live, result, paths))
        self._seen[uid_of(live)] = _Seen(_compared(live), obj, ignore)
        return Planned(UNCHANGED, obj)

    def write(self, obj: Object, planned: Planned) -> Action:
        """Do what was planned.

        Raises:
            ApplyError: It is refused after all.
        """
        if planned.done in (CREATED, CONFIGURED):
            try:
                live = self._patch(self._resource(obj), planned.payload)
            except ApiError as error:
                raise ApplyError(f"{spoken(obj)} apply failed: {error.message}") from error
            if planned.payload == obj:
                self._seen[uid_of(live)] = _Seen(_compared(live), obj, ())
        return Action(obj, planned.done)

    def live(self, obj: Object) -> Object | None:
        """The object as it is; None when it, or its kind, is not there, or may not be looked at."""
        try:
            return self.looked_up(obj)
        except ApiError as error:
            if error.code == _FORBIDDEN:
                return None
            raise

    def looked_up(self, obj: Object) -> Object | None:
        """The object as it is; None when it, or its kind, is not there.

        Raises:
            ApiError: It may not be looked at.
        """
        resource = self._catalog.of(obj)
        if resource is None:
            return None
        try:
            return self._api.get(resource.qualified, name_of(obj), namespace_of(obj))
        except NotFoundError:
            return None

    def delete(self, obj: Object) -> None:
        """Delete an object in the background; it is no trouble when it is gone already.

        Raises:
            ApiError: The deletion is refused.
        """
        resource = self._catalog.of(obj)
        if resource is None:
            return
        self._seen.pop(uid_of(obj), None)
        try:
            self._api.delete(resource.key, name_of(obj), namespace_of(obj), propagation="Background")
        except NotFoundError:
            return

    def _try_anew(self, obj: Object) -> None:
        try:
            self._patch(self._resource(obj), obj, dry_run=True)
        except ApiError as error:
            raise _failed(obj, error) from error

    def _make_way(self, obj: Object) -> None:
        self.delete(obj)
        if self.live(obj) is not None:
            raise StillThereError(f"{spoken(obj)} is being deleted, to be made anew")

    def _patch(self, resource: Resource, obj: Object, *, dry_run: bool = False) -> Object:
        return self._api.patch(resource.qualified, name_of(obj), obj, namespace_of(obj), type="apply", dry_run=dry_run)

    def _take_over(self, resource: Resource, live: Object, obj: Object) -> bool:
        """Take over what kubectl owns; whether there was anything, after which even the same is applied."""
        is_merged = says(obj, "ssa", "Merge") or says(live, "ssa", "Merge")
        patch = [] if is_merged else taken_over(live, self._clock.now())
        if patch:
            self._api.patch(resource.qualified, name_of(live), patch, namespace_of(live), type="json")
        return bool(patch)

    def _resource(self, obj: Object) -> Resource:
        resource = self._catalog.of(obj)
        if resource is None:
            kind, version = obj.get("kind"), obj.get("apiVersion")
            raise ApplyError(f'{spoken(obj)} dry-run failed: no matches for kind "{kind}" in version "{version}"')
        if resource.namespaced and not namespace_of(obj):
            why = "the server could not find the requested resource"
            raise ApplyError(f"{spoken(obj)} namespace not specified: {why}")
        return resource


def prepared(objects: Iterable[Object], labels: dict[str, str], common: Object | None) -> list[Object]:
    """Objects as they are applied: with the owner's labels and what the Kustomization adds to all of them."""
    found = []
    for obj in objects:
        ready = copy_of(obj)
        metadata = ready.setdefault("metadata", {})
        for field in ("labels", "annotations"):
            if more := (common or {}).get(field):
                metadata[field] = {**(metadata.get(field) or {}), **more}
        metadata["labels"] = {**(metadata.get("labels") or {}), **labels}
        (metadata.get("annotations") or {}).pop(LAST_APPLIED, None)
        ready.pop("status", None)
        found.append(ready)
    return found


def _is_forced(obj: Object, live: Object) -> bool:
    return says(obj, "force", "enabled") or says(live, "force", "enabled")


def _is_excluded(obj: Object, live: Object | None) -> bool:
    if says(obj, "ssa", "Ignore") or says(obj, "reconcile", "disabled"):
        return True
    if live is None:
        return False
    return says(obj, "ssa", "IfNotPresent") or says(live, "reconcile", "disabled") or says(live, "ssa", "Ignore")


def _differs(live: Object, result: Object) -> bool:
    """Whether an apply would change more than metadata and status; labels and annotations do count."""
    if is_terminating(live):
        return False
    if labels_of(live) != labels_of(result) or annotations_of(live) != annotations_of(result):
        return True
    return any(live.get(key) != result.get(key) for key in {*live, *result} if key not in _NOT_COMPARED)


def _is_immutable(error: ApiError) -> bool:
    """Whether a change may have been refused that making the object anew would let through.

    As kubectl does, Flux takes every object that is not valid for one that cannot be changed.
    """
    return isinstance(error, InvalidError | ConflictError) or bool(_IMMUTABLE.search(error.message))


def _failed(obj: Object, error: ApiError) -> ApplyError:
    if isinstance(error, NotFoundError):
        what = "not found" if namespace_of(obj) else "namespace not specified"
        return ApplyError(f"{spoken(obj)} {what}: {error.message}")
    reason = f" ({error.reason})" if error.reason else ""
    return ApplyError(f"{spoken(obj)} dry-run failed{reason}: {error.message}")


def _compared(live: Object) -> Object:
    """What of a live object decides whether an apply would change it; status and versions come and go without."""
    metadata = live["metadata"]
    owners = [entry for entry in metadata.get("managedFields") or () if entry.get("subresource") != "status"]
    rest = {key: value for key, value in live.items() if key not in _NOT_COMPARED}
    return {**rest, "labels": labels_of(live), "annotations": annotations_of(live), "managedFields": owners}
