"""Does to the cluster what a sync asks for, and tells it in kubectl's words, which Argo CD passes on.

Sources: ``applyObject`` and ``pruneObject`` in ``gitops-engine/pkg/sync/sync_context.go``.
"""

from __future__ import annotations

import re

from gitopslab.controlplane.runtime.api import Api, Propagation
from gitopslab.errors import ApiError, NotFoundError
from gitopslab.gitops.argocd.kinds import HOOK_FINALIZER
from gitopslab.gitops.argocd.options import option_of
from gitopslab.gitops.argocd.sync.applying import Applier
from gitopslab.gitops.argocd.sync.reach import Reach
from gitopslab.gitops.argocd.sync.settings import Settings
from gitopslab.gitops.argocd.sync.task import PRUNE_SKIPPED, PRUNED, SYNC_FAILED, SYNCED, Task
from gitopslab.machinery.clock import Clock
from gitopslab.machinery.kinds import Catalog
from gitopslab.machinery.merge import MergeError
from gitopslab.machinery.objects import Object, is_terminating, name_of, namespace_of

Result = tuple[str, str]
"""A result code and a message."""


class Writer:
    """Applies, prunes and deletes for syncs.

    Args:
        api: With the identity and the field manager of the application controller.
        catalog: Which kinds there are.
        clock: Dates the entries of field managers.
        plain: With the same identity, and the field manager of what is not an apply; that of an apply if None.
    """

    def __init__(self, api: Api, catalog: Catalog, clock: Clock, plain: Api | None = None) -> None:
        self._api = api
        self._catalog = catalog
        self._reach = Reach(api, catalog)
        self._applier = Applier(self._reach, Reach(plain or api, catalog), clock)

    def apply(self, task: Task, settings: Settings, *, dry_run: bool) -> Result:
        """Bring the target of a task into the cluster, or with ``dry_run`` only try what kubectl would."""
        assert task.target is not None, "what is pruned is not applied"
        try:
            return SYNCED, self._applier.applied(task.target, task.live, settings, dry_run=dry_run)
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
        return self._reach.get(obj)

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


def _clean(message: str) -> str:
    """A message without the dumps of Go's maps in it."""
    return re.sub(r"map\[.*\]", "", message).strip()
