"""The end of an Application: what its finalizers ask for, one after the other.

Hooks of ``PreDelete``; then its resources, the highest wave first; then hooks of ``PostDelete``; then what is left of
the hooks. Without the finalizer for resources all of them stay. Source: ``finalizeApplicationDeletion`` in
``controller/appcontroller.go``, ``controller/hook.go``, ``controller/sort_delete.go``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gitopslab.controlplane.runtime.api import Api, Propagation
from gitopslab.errors import AlreadyExistsError, ApiError, LabError
from gitopslab.gitops.argocd import hooks
from gitopslab.gitops.argocd.hooks import DeleteHook
from gitopslab.gitops.argocd.kinds import (
    BACKGROUND_FINALIZER,
    FOREGROUND_FINALIZER,
    POST_DELETE_FINALIZER,
    PRE_DELETE_FINALIZER,
    RESOURCES_FINALIZER,
)
from gitopslab.gitops.argocd.options import option_of, value_of, words
from gitopslab.gitops.argocd.state import key_of
from gitopslab.gitops.argocd.sync.order import is_definition
from gitopslab.gitops.argocd.sync.settings import is_deletion_confirmed
from gitopslab.gitops.argocd.sync.writer import Writer
from gitopslab.gitops.health.argocd import Status, health_of, is_worse
from gitopslab.machinery.clock import Clock, seconds_of
from gitopslab.machinery.kinds import Catalog
from gitopslab.machinery.objects import Object, group_of, is_terminating, name_of, namespace_of

_RESOURCES = (RESOURCES_FINALIZER, FOREGROUND_FINALIZER, BACKGROUND_FINALIZER)
_HOOKS: dict[DeleteHook, str] = {"PreDelete": PRE_DELETE_FINALIZER, "PostDelete": POST_DELETE_FINALIZER}
_CLEANUP = "/cleanup"


class DeletionError(LabError):
    """A deletion that cannot go on; the message is that of the condition ``DeletionError``."""


def hook_finalizers(app: Object, targets: Iterable[Object]) -> list[str]:
    """The finalizers that an Application should have, given the hooks in Git; its others stay.

    Args:
        app: The Application.
        targets: All objects that Git has for it.
    """
    known = list(targets)
    kept = [name for name in _finalizers(app) if not name.startswith(tuple(_HOOKS.values()))]
    for kind, finalizer in _HOOKS.items():
        if any(hooks.is_delete_hook(obj, kind) for obj in known):
            kept += [finalizer, finalizer + _CLEANUP]
    return kept


def abandoned(app: Object) -> list[str]:
    """The finalizers that are left of an Application whose cluster is not known: what it has there stays."""
    gone = (*_RESOURCES, *_HOOKS.values())
    return [name for name in _finalizers(app) if not name.startswith(gone)]


class Deletions:
    """Ends Applications.

    Args:
        api: With the identity and the field manager of the application controller.
        catalog: Which kinds there are.
        clock: The lab's time.
    """

    def __init__(self, api: Api, catalog: Catalog, clock: Clock) -> None:
        self._api = api
        self._writer = Writer(api, catalog, clock)

    def advance(self, app: Object, live: Sequence[Object], targets: Iterable[Object]) -> list[str]:
        """Do what comes next; the finalizers that are left then. The object goes with the last one.

        Args:
            app: That is being deleted.
            live: What is there of it, as far as its project permits.
            targets: All objects that Git has for it, with its tracking id and their namespaces; only looked at where it
                has hooks of deletion.

        Raises:
            DeletionError: A hook has failed, or something is refused.
        """
        try:
            return self._advance(app, live, list(targets))
        except ApiError as error:
            raise DeletionError(error.message) from error

    def _advance(self, app: Object, live: Sequence[Object], targets: list[Object]) -> list[str]:
        left = _finalizers(app)
        if PRE_DELETE_FINALIZER in left:
            if not self._run_hooks("PreDelete", live, targets):
                return left
            left = _taken_out(left, PRE_DELETE_FINALIZER)
        if any(name in left for name in _RESOURCES):
            return _without(left, *_RESOURCES) if self._delete_resources(app, live, left) else left
        if POST_DELETE_FINALIZER in left:
            done = self._run_hooks("PostDelete", live, targets)
            return _taken_out(left, POST_DELETE_FINALIZER) if done else left
        for kind, finalizer in _HOOKS.items():
            if finalizer + _CLEANUP in left:
                return _taken_out(left, finalizer + _CLEANUP) if self._clean_up(kind, live) else left
        return left

    def _delete_resources(self, app: Object, live: Sequence[Object], finalizers: list[str]) -> bool:
        """Delete one wave; whether everything is gone that should be."""
        if any(is_terminating(obj) for obj in live):
            return False
        doomed = [obj for obj in live if is_deleted(app, obj)]
        if _needs_confirmation(app, doomed):
            return False
        background = _policy(finalizers) == BACKGROUND_FINALIZER
        propagation: Propagation = "Background" if background else "Foreground"
        now = last_wave(doomed)
        for obj in now:
            self._writer.delete(obj, propagation)
        return len(now) == len(doomed) and all(self._writer.get(obj) is None for obj in now)

    def _run_hooks(self, kind: DeleteHook, live: Iterable[Object], targets: list[Object]) -> bool:
        """Make the hooks that are not there; whether all of them have run well."""
        running = {key_of(obj): obj for obj in live if hooks.is_delete_hook(obj, kind)}
        missing = [obj for obj in targets if hooks.is_delete_hook(obj, kind) and key_of(obj) not in running]
        if any([self._is_created(obj) for obj in missing]):
            return False
        health = {key: found.status for key, obj in running.items() if (found := health_of(obj)) is not None}
        failed = [obj for key, obj in running.items() if health.get(key) is Status.DEGRADED]
        if failed:
            # Without them, a hook that was mended in Git runs the next time.
            for obj in failed:
                self._writer.delete(obj, "Background")
            names = ", ".join(f"{namespace_of(obj)}/{name_of(obj)}" for obj in failed)
            what = "error executing pre-delete hooks: " if kind == "PreDelete" else ""
            raise DeletionError(f"{what}{kind} hook(s) failed: {names}")
        return Status.PROGRESSING not in health.values()

    def _is_created(self, hook: Object) -> bool:
        """Whether a hook was made just now, and was not there already."""
        try:
            self._api.create(hook)
        except AlreadyExistsError:
            return False
        return True

    def _clean_up(self, kind: DeleteHook, live: Iterable[Object]) -> bool:
        """Delete the hooks whose policy says so; whether none of these is left."""
        found = [obj for obj in live if hooks.is_delete_hook(obj, kind)]
        worst = Status.HEALTHY
        for obj in found:
            health = health_of(obj)
            if health is not None and is_worse(worst, health.status):
                worst = health.status
        policy = {Status.HEALTHY: hooks.ON_SUCCESS, Status.DEGRADED: hooks.ON_FAILURE}.get(worst)
        doomed = [obj for obj in found if policy in hooks.delete_policies(obj)]
        for obj in doomed:
            if not is_terminating(obj):
                self._writer.delete(obj, "Background")
        return not doomed


def is_deleted(app: Object, obj: Object) -> bool:
    """Whether an object goes with its Application."""
    default = value_of((app["spec"].get("syncPolicy") or {}).get("syncOptions") or (), "Delete")
    is_itself = (group_of(obj["apiVersion"]), obj["kind"]) == ("argoproj.io", "Application") and (
        (namespace_of(obj), name_of(obj)) == (namespace_of(app), name_of(app))
    )
    keeps = "keep" in words(obj, "helm.sh/resource-policy")
    return not (is_definition(obj) or is_itself or keeps or option_of(obj, "Delete", default) == "false")


def needs_confirmation(app: Object, obj: Object | None) -> bool:
    """Whether somebody has to approve before an object is pruned or deleted (``requiresDeletionConfirmation``)."""
    options = (app["spec"].get("syncPolicy") or {}).get("syncOptions") or ()
    return obj is not None and any(
        option_of(obj, name, value_of(options, name)) == "confirm" for name in ("Delete", "Prune")
    )


def last_wave(objects: Sequence[Object]) -> list[Object]:
    """The objects of the highest wave, which are deleted first."""
    highest = max((hooks.wave(obj) for obj in objects), default=0)
    return [obj for obj in objects if hooks.wave(obj) == highest]


def _needs_confirmation(app: Object, doomed: Iterable[Object]) -> bool:
    since = seconds_of(app["metadata"]["deletionTimestamp"])
    return any(needs_confirmation(app, obj) for obj in doomed) and not is_deletion_confirmed(app, since)


def _finalizers(app: Object) -> list[str]:
    return list(app["metadata"].get("finalizers") or ())


def _without(finalizers: list[str], *gone: str) -> list[str]:
    return [name for name in finalizers if name not in gone]


def _taken_out(finalizers: list[str], name: str) -> list[str]:
    """Finalizers without one; the last one comes into the gap, as Argo CD does it."""
    left = list(finalizers)
    left[left.index(name)] = left[-1]
    return left[:-1]


def _policy(finalizers: list[str]) -> str:
    return next(name for name in finalizers if name in _RESOURCES)
