"""How kubectl's apply, replace and create bring an object into the cluster, and what they say of it.

Argo CD applies with kubectl's own code: it compares with what was applied last, and patches, or has the server apply.
Sources: ``resource_ops.go`` in ``gitops-engine/pkg/utils/kube``, ``kubectl/pkg/cmd/apply``.

Simplified: what kubectl itself finds wrong with an object before it asks the server is only that it has no name, or
metadata of another type.
"""

from __future__ import annotations

from collections.abc import Collection

from gitopslab.controlplane.runtime.api import Api
from gitopslab.errors import ApiError, ConflictError, InvalidError
from gitopslab.gitops.argocd.kinds import FIELD_MANAGER
from gitopslab.gitops.argocd.options import has_option
from gitopslab.gitops.argocd.sync.granting import Granter
from gitopslab.gitops.argocd.sync.order import is_definition
from gitopslab.gitops.argocd.sync.reach import Reach, space_of, spoken_of
from gitopslab.gitops.argocd.sync.roles import is_of_roles
from gitopslab.gitops.argocd.sync.settings import Settings
from gitopslab.gitops.ownership import handed_over
from gitopslab.machinery.clock import Clock
from gitopslab.machinery.kinds import Resource
from gitopslab.machinery.merge import merge_difference, same
from gitopslab.machinery.objects import Object, annotations_of, name_of, namespace_of
from gitopslab.machinery.schema import UNSTRUCTURED, struct_of
from gitopslab.machinery.three_way import LAST_APPLIED, last_applied, remembering, three_way
from gitopslab.machinery.typed import Reader, TypedError


class Applier:
    """Applies objects.

    Args:
        reach: With the field manager of an apply.
        plain: With the field manager of all other writes.
        clock: Dates the entries of field managers.
    """

    def __init__(self, reach: Reach, plain: Reach, clock: Clock) -> None:
        self._reach = reach
        self._plain = plain
        self._api: Api = reach.api
        self._granter = Granter(plain)
        self._clock = clock

    def applied(self, target: Object, live: Object | None, settings: Settings, *, dry_run: bool) -> str:
        """Bring an object into the cluster, or with ``dry_run`` only try what kubectl would; what kubectl says.

        Raises:
            ApiError: It is refused.
            MergeError: What is there cannot be merged with it.
        """
        _check_readable(target, self._file())
        force = settings.force or has_option(target, "Force=true") or has_option(live, "Force=true")
        if settings.has("Replace=true") or has_option(target, "Replace=true") or has_option(live, "Replace=true"):
            return self._replaced(target, live, force=force, dry_run=dry_run)
        if not settings.dry_run and not dry_run and _is_server_side(target, settings):
            return self._server_side(target, live, settings)
        return self._client_side(target, force=force, dry_run=dry_run)

    def _server_side(self, target: Object, live: Object | None, settings: Settings) -> str:
        resource = self._reach.resource(target)
        if live is not None and settings.migrated_manager:
            self._migrate(resource, live, (settings.migrated_manager,))
        after = self._api.patch(resource.qualified, name_of(target), target, space_of(resource, target), type="apply")
        if self._migrate(resource, after, _clients(after)):
            self._api.patch(resource.qualified, name_of(target), target, space_of(resource, target), type="apply")
        return f"{spoken_of(resource, target)} serverside-applied"

    def _migrate(self, resource: Resource, live: Object, managers: Collection[str]) -> bool:
        """Make our own what others applied client-side, so that what Git drops goes away; whether there was any."""

        def is_theirs(entry: Object) -> bool:
            return entry.get("manager") in managers and entry.get("operation") == "Update"

        if patch := handed_over(live, is_theirs, FIELD_MANAGER, self._clock.now()):
            self._api.patch(resource.qualified, name_of(live), patch, namespace_of(live), type="json")
        return bool(patch)

    def _client_side(self, target: Object, *, force: bool, dry_run: bool) -> str:
        resource, wanted = self._reach.resource(target), remembering(target)
        self._check_name(resource, target)
        said = " (dry run)" if dry_run else ""
        spoken = f"{self._granter.granted(target, said) if is_of_roles(target) else ''}{spoken_of(resource, target)}"
        live = self._reach.get(target)
        if live is None:
            if not dry_run:
                self._api.create(_without_null_labels(wanted))
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
            self._reach.anew(wanted, live)
        return f"{spoken} configured{warning}"

    def _replaced(self, target: Object, live: Object | None, *, force: bool, dry_run: bool) -> str:
        resource = self._reach.resource(target)
        spoken, said = spoken_of(resource, target), " (dry run)" if dry_run else ""
        if live is None:
            if not dry_run:
                self._plain.api.create(target)
            return f"{spoken} created{said}"
        # Replacing these could delete them first, and all that is in them.
        keeps = is_definition(target) or target["kind"] == "Namespace"
        if not dry_run and force and not keeps:
            self._plain.anew(target, live)
            return f"{_deleted(resource, live)}\n{spoken} replaced"
        if not dry_run:
            version = live["metadata"]["resourceVersion"]
            try:
                self._plain.api.update({**target, "metadata": {**target["metadata"], "resourceVersion": version}})
            except ApiError as error:
                raise self._when("replacing", error) from error
        return f"{target['kind']}/{name_of(target)} updated" if keeps else f"{spoken} replaced{said}"

    def _said_of_patch(self, live: Object, merged: Object, error: ApiError) -> ApiError:
        """What the server says of a patch, which kubectl sends, where it cannot even read what comes of it."""
        if error.code != 400:
            return error
        resource, change = self._reach.resource(live), merge_difference(live, merged)
        try:
            self._api.patch(
                resource.qualified, name_of(live), change, namespace_of(live), type="strategic", dry_run=True
            )
        except ApiError as told:
            return told
        return error

    def _when(self, doing: str, error: ApiError) -> ApiError:
        """An error as kubectl tells it: with the file that Argo CD has written the manifest to."""
        return ApiError(error.code, error.reason, f'error when {doing} "{self._file()}": {error.message}')

    def _file(self) -> str:
        """A file as Argo CD writes a manifest to for kubectl, which names it when something is wrong."""
        return f"/dev/shm/{int(self._clock.now() * 1_000_000) % 2**32}"

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


def _check_readable(obj: Object, file: str) -> None:
    """Refuse metadata of another type than kubectl reads, as of a label that is no text.

    Raises:
        ApiError: The metadata cannot be read.
    """
    try:
        Reader().read(UNSTRUCTURED, obj)
    except TypedError as error:
        raise ApiError(400, "BadRequest", f'unable to decode "{file}": {error}') from error


def _without_null_labels(obj: Object) -> Object:
    """An object as kubectl sends a new one: a label without a value is none."""
    labels = obj["metadata"].get("labels")
    if not labels or None not in labels.values():
        return obj
    kept = {key: value for key, value in labels.items() if value is not None}
    rest = {key: value for key, value in obj["metadata"].items() if key != "labels"}
    return {**obj, "metadata": {**rest, **({"labels": kept} if kept else {})}}


def _clients(live: Object) -> set[str]:
    """The managers that have applied an object client-side: they hold what was applied last."""
    return {entry["manager"] for entry in live["metadata"].get("managedFields") or () if _holds_last_applied(entry)}


def _holds_last_applied(entry: Object) -> bool:
    annotations = ((entry.get("fieldsV1") or {}).get("f:metadata") or {}).get("f:annotations") or {}
    return f"f:{LAST_APPLIED}" in annotations


def _is_server_side(target: Object, settings: Settings) -> bool:
    if has_option(target, "ServerSideApply=false"):
        return False
    return settings.has("ServerSideApply=true") or has_option(target, "ServerSideApply=true")


def _deleted(resource: Resource, live: Object) -> str:
    """What ``kubectl delete`` says."""
    kind = f"{resource.kind.lower()}.{resource.group}" if resource.group else resource.kind.lower()
    where = f" from {namespace_of(live)} namespace" if resource.namespaced else ""
    return f'{kind} "{name_of(live)}" deleted{where}'


def _warning(resource: Resource, obj: Object) -> str:
    """What kubectl says of an object that it did not apply before; it leaves gaps where its own name would be."""
    return (
        f". Warning: resource {resource.plural}/{name_of(obj)} is missing the {LAST_APPLIED} annotation which is"
        " required by  apply.  apply should only be used on resources created declaratively by either "
        " create --save-config or  apply. The missing annotation will be patched automatically."
    )
