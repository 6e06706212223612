"""One thing a sync does: apply one object in one phase, or prune it. Source: ``pkg/sync/sync_task.go``."""

from __future__ import annotations

from dataclasses import dataclass

from gitopslab.gitops.argocd import hooks
from gitopslab.gitops.argocd.state import Key, key_of
from gitopslab.machinery.objects import Object

RUNNING, TERMINATING, FAILED, ERROR, SUCCEEDED = "Running", "Terminating", "Failed", "Error", "Succeeded"
"""The phases of an operation, and of each task in it."""

COMPLETED = (FAILED, ERROR, SUCCEEDED)

SYNCED, SYNC_FAILED, PRUNED, PRUNE_SKIPPED = "Synced", "SyncFailed", "Pruned", "PruneSkipped"
"""What became of one object."""


@dataclass(slots=True, eq=False)
class Task:
    """One thing a sync does.

    Attributes:
        phase: Of ``hooks.PHASES``.
        target: As it is to be; None when it is to be pruned.
        live: As it is; None when it is not there.
        skips_dry_run: Whether its kind is not there yet, so that nothing can be tried.
        code: What became of the object, as above; empty before.
        state: How far it is: an operation phase; empty before it began.
        message: What was said last.
        moved_to: The wave it runs in instead of its own.
        home: The namespace that results tell of a target which has none, even of one that belongs to the cluster.
    """

    phase: str
    target: Object | None
    live: Object | None = None
    skips_dry_run: bool = False
    code: str = ""
    state: str = ""
    message: str = ""
    moved_to: int | None = None
    home: str = ""

    @property
    def object(self) -> Object:
        """The target, else the live object."""
        found = self.target if self.target is not None else self.live
        assert found is not None, "a task is about something"
        return found

    @property
    def key(self) -> Key:
        """Which object."""
        return key_of(self.object)

    @property
    def told(self) -> Key:
        """Which object, as results tell."""
        key = self.key
        return key if self.target is None or key.namespace else key._replace(namespace=self.home)

    @property
    def name(self) -> str:
        """As messages name it: ``apps/Deployment/web``."""
        key = self.key
        return f"{key.group}/{key.kind}/{key.name}"

    @property
    def wave(self) -> int:
        """When in its phase it runs."""
        return hooks.wave(self.object) if self.moved_to is None else self.moved_to

    @property
    def is_hook(self) -> bool:
        """Whether it runs a hook."""
        return hooks.is_hook(self.object)

    @property
    def is_prune(self) -> bool:
        """Whether it prunes."""
        return self.target is None

    @property
    def is_pending(self) -> bool:
        """Whether it has not begun."""
        return not self.state

    @property
    def is_running(self) -> bool:
        """Whether it was applied, and is not known to be well or ill yet."""
        return self.state == RUNNING

    @property
    def is_completed(self) -> bool:
        """Whether it is over, well or ill."""
        return self.state in COMPLETED

    @property
    def is_hook_to_delete_first(self) -> bool:
        """Whether an earlier run of the hook is in the way."""
        return self.is_pending and self.is_deleted(hooks.BEFORE_CREATION)

    def is_deleted(self, policy: str) -> bool:
        """Whether there is a hook that this policy deletes."""
        return self.live is not None and self.is_hook and policy in hooks.delete_policies(self.object)
