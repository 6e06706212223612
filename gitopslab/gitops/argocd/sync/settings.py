"""How a sync is to be done: what its operation and the Application ask for, read once.

Sources: ``SyncAppState`` in ``controller/sync.go``, ``controller/sync_namespace.go``.
"""

from __future__ import annotations

from dataclasses import dataclass

from gitopslab.controlplane.runtime.api import Propagation
from gitopslab.gitops.argocd.kinds import DELETION_APPROVED, SYNC_OPTIONS
from gitopslab.gitops.argocd.options import value_of
from gitopslab.gitops.argocd.state import Key
from gitopslab.machinery.clock import seconds_of
from gitopslab.machinery.objects import Object, annotations_of

_MIGRATION_MANAGER = "argocd.argoproj.io/client-side-apply-migration-manager"
_PROPAGATION: dict[str | None, Propagation] = {"background": "Background", "orphan": "Orphan"}


@dataclass(frozen=True, slots=True)
class Settings:
    """How a sync is to be done.

    Attributes:
        namespace: The application's.
        started: When the operation began, in seconds since the epoch.
        dry_run: Whether nothing is to be changed.
        prune: Whether what is not in Git any more is deleted.
        force: Whether what cannot be changed is made anew.
        skips_hooks: Whether no hook runs: with the strategy ``apply``, and for a selection.
        selection: The only resources to sync; empty for all.
        options: The sync options.
        namespace_metadata: Labels and annotations of the namespace; None when they are not managed.
        is_confirmed: Whether somebody has confirmed what is to be pruned.
        migrated_manager: Whose fields go to Argo CD with a server-side apply; empty for nobody's.
    """

    namespace: str = ""
    started: float = 0.0
    dry_run: bool = False
    prune: bool = False
    force: bool = False
    skips_hooks: bool = False
    selection: tuple[Object, ...] = ()
    options: tuple[str, ...] = ()
    namespace_metadata: Object | None = None
    is_confirmed: bool = False
    migrated_manager: str = ""

    @staticmethod
    def of(app: Object, state: Object) -> Settings:
        """What an Application and its operation ask for.

        Args:
            app: The Application.
            state: Its ``operationState``.
        """
        sync = state["operation"]["sync"]
        strategy = sync.get("syncStrategy") or {}
        ways = [way for way in (strategy.get("apply"), strategy.get("hook")) if way is not None]
        options = tuple(sync.get("syncOptions") or ())
        started = seconds_of(state["startedAt"])
        manager = annotations_of(app).get(_MIGRATION_MANAGER) or "kubectl-client-side-apply"
        return Settings(
            namespace=(app["spec"].get("destination") or {}).get("namespace") or "",
            started=started,
            dry_run=bool(sync.get("dryRun")),
            prune=bool(sync.get("prune")),
            force=any(way.get("force") for way in ways),
            skips_hooks=strategy.get("apply") is not None or bool(sync.get("resources")),
            selection=tuple(sync.get("resources") or ()),
            options=options,
            namespace_metadata=(app["spec"].get("syncPolicy") or {}).get("managedNamespaceMetadata"),
            is_confirmed=is_deletion_confirmed(app, started),
            migrated_manager="" if "ClientSideApplyMigration=false" in options else manager,
        )

    def has(self, option: str) -> bool:
        """Whether a sync option is set, as in ``PruneLast=true``."""
        return option in self.options

    @property
    def prune_option(self) -> str | None:
        """What ``Prune`` is for objects that do not say themselves."""
        return value_of(self.options, "Prune")

    @property
    def propagation(self) -> Propagation:
        """How deletion goes on to what is owned; foreground when nobody says."""
        return _PROPAGATION.get(value_of(self.options, "PrunePropagationPolicy"), "Foreground")

    def selects(self, key: Key) -> bool:
        """Whether a resource is to be synced."""
        return not self.selection or any(_is_named(row, key) for row in self.selection)

    def namespace_object(self, exists: bool) -> Object | None:
        """The namespace that the sync is to make or to label; None when it need not."""
        managed = self.namespace_metadata
        if not self.has("CreateNamespace=true") or not self.namespace or (exists and managed is None):
            return None
        metadata: Object = {"name": self.namespace}
        if managed is not None:
            # With a server-side apply, labels and annotations of others stay.
            own = {SYNC_OPTIONS: "ServerSideApply=true"}
            metadata["labels"] = dict(managed.get("labels") or {})
            metadata["annotations"] = {**(managed.get("annotations") or {}), **own}
        # Go writes what is empty, and so owns the spec after a server-side apply.
        return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata, "spec": {}, "status": {}}


def is_deletion_confirmed(app: Object, since: float) -> bool:
    """Whether somebody has approved deletions at this time or later, in seconds since the epoch."""
    text = annotations_of(app).get(DELETION_APPROVED)
    try:
        return bool(text) and seconds_of(str(text)) >= since
    except ValueError:
        return False


def _is_named(row: Object, key: Key) -> bool:
    same = (row.get("group") or "", row.get("kind"), row.get("name")) == (key.group, key.kind, key.name)
    return same and row.get("namespace") in (None, "", key.namespace)
