"""What a sync says while it waits, and when something fails. Source: ``setRunningPhase``, ``executeSyncFailPhase``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gitopslab.gitops.argocd.options import option_of
from gitopslab.gitops.argocd.sync.settings import Settings
from gitopslab.gitops.argocd.sync.task import SYNC_FAILED, Task


def waiting(tasks: Sequence[Task], settings: Settings, *, deletion: bool) -> str:
    """What a sync says while it waits for tasks; empty when there is none.

    Args:
        tasks: That it waits for.
        settings: How the sync is done.
        deletion: Whether they have to go away, and not to become well.
    """
    if not tasks:
        return ""
    run_hooks = [task for task in tasks if task.is_hook]
    first, others = (run_hooks or list(tasks))[0], len(tasks) - 1
    kind = "hooks" if len(run_hooks) == len(tasks) else "resources"
    if deletion:
        reason = "deletion of hook" if run_hooks else "deletion of"
    else:
        reason = "completion of hook" if run_hooks else "healthy state of"
    unconfirmed = [task for task in tasks if needs_confirmation(task, settings)]
    if unconfirmed:
        reason, first, others = "pruning confirmation of", unconfirmed[0], len(unconfirmed) - 1
    return f"waiting for {reason} {first.name}" + (f" and {others} more {kind}" if others else "")


def needs_confirmation(task: Task, settings: Settings) -> bool:
    """Whether somebody has to approve before a task prunes."""
    confirms = option_of(task.live, "Prune", settings.prune_option) == "confirm"
    return task.is_prune and confirms and not settings.is_confirmed


def with_reasons(why: str, tasks: Iterable[Task]) -> str:
    """A message with what was said of the tasks that failed, each once."""
    reasons = dict.fromkeys(task.message for task in tasks if task.code == SYNC_FAILED)
    return f"{why}, reason: {','.join(reasons)}" if reasons else why
