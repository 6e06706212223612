"""How far what was applied is, told from its health. Source: ``getOperationPhase``, ``Sync`` in ``sync_context.go``."""

from __future__ import annotations

from gitopslab.gitops.argocd.sync.results import Results
from gitopslab.gitops.argocd.sync.task import FAILED, RUNNING, SUCCEEDED, Task
from gitopslab.gitops.health.argocd import Status, health_of
from gitopslab.machinery.objects import Object, name_of

_HOOK_STATES = {
    Status.UNKNOWN: FAILED,
    Status.DEGRADED: FAILED,
    Status.PROGRESSING: RUNNING,
    Status.SUSPENDED: RUNNING,
    Status.HEALTHY: SUCCEEDED,
}


def look(task: Task, results: Results) -> None:
    """Note how something that was applied is now; what is not well and not ill stays running."""
    if not task.is_running or task.live is None:
        return
    if task.is_hook:
        results.put(task, task.code, *hook_outcome(task.live))
        return
    health = health_of(task.live)
    if health is None:
        results.put(task, task.code, SUCCEEDED, task.message)
    elif health.status in (Status.HEALTHY, Status.DEGRADED):
        state = SUCCEEDED if health.status is Status.HEALTHY else FAILED
        results.put(task, task.code, state, health.message)


def hook_outcome(live: Object) -> tuple[str, str]:
    """How far a hook is, and what is said of it; one without health is done when it is there."""
    health = health_of(live)
    if health is None:
        return SUCCEEDED, f"{name_of(live)} created"
    return _HOOK_STATES[health.status], health.message
