"""Whether an Application syncs by itself now.

Once for each commit, and after a failure never again until Git changes. With ``selfHeal`` also when somebody changes
what is there: at once the first time, then later and later. Source: ``autoSync`` in ``controller/appcontroller.go``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gitopslab.gitops.argocd import hooks
from gitopslab.gitops.argocd.state import Comparison, Managed
from gitopslab.gitops.argocd.sync.task import COMPLETED, SUCCEEDED
from gitopslab.gitops.argocd.windows import WindowError, can_sync
from gitopslab.machinery.clock import seconds_of
from gitopslab.machinery.objects import Object, is_terminating

_RETRIES = 5
_FIRST_DELAY, _FACTOR, _LONGEST_DELAY = 2.0, 3.0, 300.0


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done about a difference.

    Attributes:
        operation: To begin with; None for none.
        error: The message of the condition ``SyncError``; None for no such condition.
        after: Seconds after which to decide again; None when only a change makes a difference.
        keeps_condition: Whether ``SyncError`` stays as it is, since nobody looked.
    """

    operation: Object | None = None
    error: str | None = None
    after: float | None = None
    keeps_condition: bool = False

    @property
    def event(self) -> str:
        """What is said of it, with the reason ``OperationStarted``."""
        sync = self.operation["sync"] if self.operation else {}
        return f"Initiated automated sync to '{', '.join(sync.get('revisions') or [sync.get('revision', '')])}'"


NOTHING = Decision()


def decide(app: Object, comparison: Comparison, now: float, windows: Iterable[Object] = ()) -> Decision:
    """Whether an Application syncs by itself now.

    Args:
        app: The Application.
        comparison: With what its spec asks for.
        now: Seconds since the epoch.
        windows: The sync windows of its project.
    """
    if not _may_sync(app, now, windows):
        return Decision(keeps_condition=True)
    automated = automation(app)
    if automated is None or app.get("operation") or is_terminating(app) or comparison.status != "OutOfSync":
        return NOTHING
    resources = [row for row in comparison.resources if not hooks.is_hook(row.target or row.object)]
    if not automated.get("prune") and all(row.status == "Synced" or row.requires_pruning for row in resources):
        return NOTHING
    operation = _operation(app, comparison, automated)
    if _is_attempted(app, comparison):
        healing = _heal(app, operation, resources, automated, now)
        if healing is not None:
            return healing
    if automated.get("prune") and not automated.get("allowEmpty") and all(row.requires_pruning for row in resources):
        return Decision(
            error=f"Skipping sync attempt to [{comparison.revision}]: auto-sync will wipe out all resources"
        )
    return Decision(operation)


def automation(app: Object) -> Object | None:
    """``spec.syncPolicy.automated`` where it is on; without ``enabled`` it is."""
    automated: Object | None = (app["spec"].get("syncPolicy") or {}).get("automated")
    return automated if automated is not None and automated.get("enabled") is not False else None


def remaining(state: Object, attempts: int, now: float) -> float:
    """Seconds until what is there is put right again; 0 or less for now.

    Args:
        state: Of the last operation.
        attempts: How often it was done for this commit already.
        now: Seconds since the epoch.
    """
    delay = min(_FIRST_DELAY * _FACTOR ** min(attempts - 1, 10), _LONGEST_DELAY) if attempts else 0.0
    finished = state.get("finishedAt")
    return delay - (now - seconds_of(finished) if finished else 0.0)


def _may_sync(app: Object, now: float, windows: Iterable[Object]) -> bool:
    try:
        return can_sync(windows, app, now, manual=False)
    except WindowError:
        return False


def _operation(app: Object, comparison: Comparison, automated: Object) -> Object:
    policy = app["spec"]["syncPolicy"]
    sync = comparison.place
    if automated.get("prune"):
        sync["prune"] = True
    if policy.get("syncOptions"):
        sync["syncOptions"] = policy["syncOptions"]
    said = policy.get("retry")
    retry = {"limit": _RETRIES} if said is None else {field: value for field, value in said.items() if value}
    return {"sync": sync, "initiatedBy": {"automated": True}, "retry": retry}


def _is_attempted(app: Object, comparison: Comparison) -> bool:
    """Whether this very commit, of the same source, was synced already, well or ill."""
    state = (app.get("status") or {}).get("operationState")
    if not state:
        return False
    result = state.get("syncResult")
    if result is None:
        return state["phase"] in COMPLETED
    return all(result.get(field) == value for field, value in comparison.place.items())


def _heal(app: Object, operation: Object, resources: list[Managed], automated: Object, now: float) -> Decision | None:
    """Why a commit is not synced again; None when it is, and then only what differs."""
    state = app["status"]["operationState"]
    if state["phase"] != SUCCEEDED:
        result = state.get("syncResult") or {}
        tried = " ".join(result.get("revisions") or [result.get("revision", "")])
        return Decision(error=f"Failed last sync attempt to [{tried}]: {state.get('message', '')}")
    if not automated.get("selfHeal"):
        return NOTHING
    attempts = (state["operation"].get("sync") or {}).get("autoHealAttemptsCount") or 0
    wait = remaining(state, attempts, now)
    if wait > 0:
        return Decision(after=wait)
    sync = operation["sync"]
    sync["autoHealAttemptsCount"] = attempts + 1
    sync["resources"] = [_selected(row) for row in resources if row.status != "Synced"]
    return None


def _selected(row: Managed) -> Object:
    group = {"group": row.key.group} if row.key.group else {}
    return {**group, "kind": row.key.kind, "name": row.key.name}
