"""Does to the cluster what a sync asks for, and tells it in kubectl's words, which Argo CD passes on.

Argo CD applies with kubectl's own code: it compares with what was applied last, and patches, or has the server apply.
Sources: ``applyObject`` and ``pruneObject`` in ``gitops-engine/pkg/sync/sync_context.go``, ``resource_ops.go``, and
``kubectl/pkg/cmd/apply``.

Simplified: what ``kubectl auth reconcile`` writes has the field manager of the rest, and rules of aggregation are left
to the apply that follows. What kubectl itself finds wrong with an object before it asks the server is only that it has
no name.
"""

from __future__ import annotations

import re

from gitopslab.controlplane.runtime.api import Api, Propagation
from gitopslab.errors import ApiError, ConflictError, InvalidError, NotFoundError
from gitopslab.gitops.argocd.kinds import FIELD_MANAGER, HOOK_FINALIZER
from gitopslab.gitops.argocd.options import has_option, option_of
from gitopslab.gitops.argocd.sync.order import is_definition
from gitopslab.gitops.argocd.sync.roles import RECREATE, Reconciled, is_of_roles, reconciled
from gitopslab.gitops.argocd.sync.settings import Settings
from gitopslab.gitops.argocd.sync.task import PRUNE_SKIPPED, PRUNED, SYNC_FAILED, SYNCED, Task
from gitopslab.gitops.ownership import handed_over
from gitopslab.machinery.clock import Clock
from gitopslab.machinery.kinds import Catalog, Resource
from gitopslab.machinery.merge import MergeError, merge_difference, same
from gitopslab.machinery.objects import Object, annotations_of, is_terminating, name_of, namespace_of, uid_of
from gitopslab.machinery.schema import struct_of
from gitopslab.machinery.three_way import LAST_APPLIED, last_applied, remembering, three_way

Result = tuple[str, str]
"""A result code and a message."""


class Writer:
    """Applies, prunes and deletes for syncs.

    Args:
        api: With the identity and the field manager of the application controller.
        catalog: Which kinds there are.
        clock: Dates the entries of field managers.
    """

    def __init__(self, api: Api, catalog: Catalog, clock: Clock) -> None:
        self._api = api
        self._catalog = catalog
        self._clock = clock

    def apply(self, task: Task, settings: Settings, *, dry_run: bool) -> Result:
        """Bring the target of a task into the cluster, or with ``dry_run`` only try what kubectl would."""
        assert task.target is not None, "what is pruned is not applied"
        try:
            return SYNCED, self._applied(task.target, task.live, settings, dry_run=dry_run)
        except (ApiError, MergeError) as error:
            return SYNC_FAILED, _clean(str(error.args[0]))

    def prune(self, live: Object, settings: Settings, *, dry_run: bool) -> Result:
        """Delete what is not in Git any more, if that is asked for."""
        if not settings.prune:
            return PRUNE_SKIPPED, "ignored (requires pruning)"
        if option_of(live, "Prune", settings.prune_option) == "false":
            return PRUNE_SKIPPED, "ignored (no prune)"
        if dry_run:
            return PRUNED, "pruned (dry run)"
        try:
            if not is_terminating(live):
                self.delete(live, settings.propagation)
        except ApiError as error:
            return SYNC_FAILED, error.message
        return PRUNED, "pruned"

    def delete(self, obj: Object, propagation: Propagation = "Foreground") -> bool:
        """Ask for a deletion; whether the object was there.

        Raises:
            ApiError: It is refused.
        """
        resource = self._catalog.of(obj)
        try:
            if resource is not None:
                self._api.delete(resource.key, name_of(obj), namespace_of(obj), propagation=propagation)
        except NotFoundError:
            return False
        return resource is not None

    def get(self, obj: Object) -> Object | None:
        """An object as it is now; None when it, or its kind, is not there."""
        resource = self._catalog.of(obj)
        try:
            return (
                self._api.get(resource.qualified, name_of(obj), _space(resource, obj)) if resource is not None else None
            )
        except NotFoundError:
            return None

    def namespace(self, name: str) -> Object | None:
        """A namespace as it is now; None when it is not there, or has no name."""
        return self.get({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}) if name else None

    def release(self, hook: Object) -> None:
        """Take the finalizer off a hook, so that it can be deleted.

        Raises:
            ApiError: It is refused.
        """
        now, resource = self.get(hook), self._catalog.of(hook)
        held = (now or {}).get("metadata", {}).get("finalizers") or []
        if resource is not None and HOOK_FINALIZER in held:
            kept = [name for name in held if name != HOOK_FINALIZER]
            self._api.patch(resource.key, name_of(hook), {"metadata": {"finalizers": kept}}, namespace_of(hook))

    def _applied(self, target: Object, live: Object | None, settings: Settings, *, dry_run: bool) -> str:
        force = settings.force or has_option(target, "Force=true") or has_option(live, "Force=true")
        if settings.has("Replace=true") or has_option(target, "Replace=true") or has_option(live, "Replace=true"):
            return self._replaced(target, live, force=force, dry_run=dry_run)
        if not settings.dry_run and not dry_run and _is_server_side(target, settings):
            return self._server_side(target, live, settings)
        return self._client_side(target, force=force, dry_run=dry_run)

    def _server_side(self, target: Object, live: Object | None, settings: Settings) -> str:
        resource = self._resource(target)
        if live is not None and settings.migrated_manager:
            self._migrate(resource, live, settings.migrated_manager)
        self._api.patch(resource.qualified, name_of(target), target, _space(resource, target), type="apply")
        return f"{_spoken(resource, target)} serverside-applied"

    def _migrate(self, resource: Resource, live: Object, manager: str) -> None:
        """Make our own what another manager applied client-side, so that what Git drops goes away."""

        def is_theirs(entry: Object) -> bool:
            return (entry.get("manager"), entry.get("operation")) == (manager, "Update")

        if patch := handed_over(live, is_theirs, FIELD_MANAGER, self._clock.now()):
            self._api.patch(resource.qualified, name_of(live), patch, namespace_of(live), type="json")

    def _client_side(self, target: Object, *, force: bool, dry_run: bool) -> str:
        resource, wanted = self._resource(target), remembering(target)
        self._check_name(resource, target)
        said = " (dry run)" if dry_run else ""
        spoken = f"{self._granted(target, said) if is_of_roles(target) else ''}{_spoken(resource, target)}"
        live = self.get(target)
        if live is None:
            if not dry_run:
                self._api.create(wanted)
            return f"{spoken} created{said}"
        warning = "" if LAST_APPLIED in annotations_of(live) else _warning(resource, target)
        kind = None if resource.custom else struct_of(resource.api_version, resource.kind)
        merged = three_way(last_applied(live) or {}, wanted, live, kind)
        if same(merged, live):
            return f"{spoken} unchanged{said}{warning}"
        if dry_run:
            return f"{spoken} configured{said}{warning}"
        try:
            self._api.update(merged)
        except ApiError as error:
            if not (force and isinstance(error, InvalidError | ConflictError)):
                raise self._when("patching", self._said_of_patch(live, merged, error)) from error
            self._anew(wanted, live)
        return f"{spoken} configured{warning}"

    def _granted(self, target: Object, said: str) -> str:
        """Have a role or binding grant what it is to, and tell it; in a dry run, which ``said`` marks, only tell it."""
        resource, live = self._resource(target), self.get(target)
        what = reconciled(target, live)
        try:
            if not said and not what.is_protected:
                self._grant(what, live)
        except ApiError as error:
            raise ApiError(
                error.code, error.reason, f"error running kubectl auth reconcile: {error.message}"
            ) from error
        return ". ".join(filter(None, (f"{_spoken(resource, target)} reconciled{said}", what.words)))

    def _grant(self, what: Reconciled, live: Object | None) -> None:
        home = namespace_of(what.object)
        if home and self.namespace(home) is None:
            why = f'error getting namespace {home}: namespaces "{home}" not found'
            raise ApiError(404, "NotFound", why)
        if live is None:
            self._api.create(what.object)
        elif what.required == RECREATE:
            self._anew(what.object, live)
        elif what.required:
            self._api.update(what.object)

    def _replaced(self, target: Object, live: Object | None, *, force: bool, dry_run: bool) -> str:
        resource = self._resource(target)
        spoken, said = _spoken(resource, target), " (dry run)" if dry_run else ""
        if live is None:
            if not dry_run:
                self._api.create(target)
            return f"{spoken} created{said}"
        # Replacing these could delete them first, and all that is in them.
        keeps = is_definition(target) or target["kind"] == "Namespace"
        if not dry_run and force and not keeps:
            self._anew(target, live)
        elif not dry_run:
            version = live["metadata"]["resourceVersion"]
            try:
                self._api.update({**target, "metadata": {**target["metadata"], "resourceVersion": version}})
            except ApiError as error:
                raise self._when("replacing", error) from error
        return f"{target['kind']}/{name_of(target)} updated" if keeps else f"{spoken} replaced{said}"

    def _anew(self, obj: Object, live: Object) -> None:
        """Make anew what cannot be changed."""
        resource = self._resource(obj)
        self._api.delete(
            resource.key, name_of(live), namespace_of(live), propagation="Background", grace_seconds=0, uid=uid_of(live)
        )
        self._api.create(obj)

    def _said_of_patch(self, live: Object, merged: Object, error: ApiError) -> ApiError:
        """What the server says of a patch, which kubectl sends, where it cannot even read what comes of it."""
        if error.code != 400:
            return error
        resource, change = self._resource(live), merge_difference(live, merged)
        try:
            self._api.patch(
                resource.qualified, name_of(live), change, namespace_of(live), type="strategic", dry_run=True
            )
        except ApiError as told:
            return told
        return error

    def _when(self, doing: str, error: ApiError) -> ApiError:
        """An error as kubectl tells it: with the file that Argo CD has written the manifest to."""
        number = int(self._clock.now() * 1_000_000) % 2**32
        return ApiError(error.code, error.reason, f'error when {doing} "/dev/shm/{number}": {error.message}')

    def _check_name(self, resource: Resource, obj: Object) -> None:
        """Refuse to apply what has no name.

        Raises:
            ApiError: It has none.
        """
        if name_of(obj):
            return
        if generated := obj.get("metadata", {}).get("generateName"):
            raise ApiError(400, "BadRequest", f"from {generated}: cannot use generate name with apply")
        of = f"{resource.group}/{resource.version}"
        what = f'Resource: "{of}, Resource={resource.plural}", GroupVersionKind: "{of}, Kind={resource.kind}"'
        where = f'{what}\nName: "", Namespace: "{namespace_of(obj)}"\nfrom server for:'
        nameless = ApiError(400, "BadRequest", "resource name may not be empty")
        raise self._when(f"retrieving current configuration of:\n{where}", nameless)

    def _resource(self, obj: Object) -> Resource:
        resource = self._catalog.of(obj)
        if resource is None:
            matches = f'no matches for kind "{obj.get("kind")}" in version "{obj.get("apiVersion")}"'
            where = f'name: "{name_of(obj)}" namespace: "{namespace_of(obj)}"'
            message = f"resource mapping not found for {where}: {matches}\nensure CRDs are installed first"
            raise ApiError(404, "NotFound", message)
        if not resource.stored:
            raise ApiError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
        return resource


def _is_server_side(target: Object, settings: Settings) -> bool:
    if has_option(target, "ServerSideApply=false"):
        return False
    return settings.has("ServerSideApply=true") or has_option(target, "ServerSideApply=true")


def _space(resource: Resource, obj: Object) -> str:
    return namespace_of(obj) if resource.namespaced else ""


def _spoken(resource: Resource, obj: Object) -> str:
    """As kubectl names an object: ``deployment.apps/web``."""
    group = f".{resource.group}" if resource.group else ""
    return f"{resource.kind.lower()}{group}/{name_of(obj)}"


def _warning(resource: Resource, obj: Object) -> str:
    """What kubectl says of an object that it did not apply before; it leaves gaps where its own name would be."""
    return (
        f". Warning: resource {resource.plural}/{name_of(obj)} is missing the {LAST_APPLIED} annotation which is"
        " required by  apply.  apply should only be used on resources created declaratively by either "
        " create --save-config or  apply. The missing annotation will be patched automatically."
    )


def _clean(message: str) -> str:
    """A message without the dumps of Go's maps in it."""
    return re.sub(r"map\[.*\]", "", message).strip()
