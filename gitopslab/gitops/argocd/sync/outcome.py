"""What becomes of an operation when a step is done: it goes on, waits for another try, or has ended.

Source: ``processRequestedAppOperation`` and ``setOperationState`` in ``controller/appcontroller.go``.
"""

from __future__ import annotations

from gitopslab.errors import LabError
from gitopslab.gitops.argocd.history import recorded
from gitopslab.gitops.argocd.sync.retry import clock_time, is_left, next_retry
from gitopslab.gitops.argocd.sync.step import Step
from gitopslab.gitops.argocd.sync.task import COMPLETED, ERROR, FAILED, RUNNING, SUCCEEDED, TERMINATING
from gitopslab.machinery.clock import timestamp
from gitopslab.machinery.objects import Object, copy_of

_LOOK_AGAIN = 10.0  # what a sync waits for is watched; this is for what nobody watches


def begun(operation: Object, now: float) -> Object:
    """The state of an operation that begins."""
    said = {"initiatedBy": {}, "retry": {}, **copy_of(operation)}
    return {"phase": RUNNING, "operation": said, "startedAt": timestamp(now)}


def retry_of(state: Object) -> Object:
    """How an operation is tried again."""
    found: Object = state["operation"].get("retry") or {}
    return found


def try_again(state: Object) -> None:
    """Begin another try: with nothing done yet, and with the newest commit where that is asked for."""
    newest = ""
    if retry_of(state).get("refresh"):
        newest = " with latest revisions"
        for field in ("revision", "revisions"):
            state["operation"]["sync"].pop(field, None)
    state["message"] = f"Retrying operation{newest}. Attempt #{state['retryCount']}"
    del state["finishedAt"]
    state.pop("syncResult", None)


def outcome(app: Object, state: Object, phase: str, message: str, now: float) -> Step:
    """What becomes of an operation.

    Args:
        app: The Application as it is.
        state: Of the operation before this step, with what the step has found out.
        phase: After the step.
        message: For people.
        now: Seconds since the epoch.
    """
    count = state.get("retryCount", 0)
    if phase in (FAILED, ERROR):
        if state["phase"] != TERMINATING and is_left(retry_of(state), count):
            return _waits_for_retry(state, message, count, now)
        message += f" (retried {count} times)." if count else ""
    state = {**state, "phase": phase, "message": message}
    if phase in COMPLETED:
        state["finishedAt"] = timestamp(now)
        return Step(state, history=_history(app, state, now))
    changed = state != (app.get("status") or {}).get("operationState")
    return Step(state, after=0.0 if changed else _LOOK_AGAIN)


def _waits_for_retry(state: Object, message: str, count: int, now: float) -> Step:
    """Running, and yet finished: that is how waiting for another try is told from a step that goes on."""
    state = {**state, "finishedAt": timestamp(now)}
    try:
        due = next_retry(retry_of(state), now, count)
    except LabError as error:
        return Step({**state, "phase": ERROR, "message": f"{message} (failed to retry: {error.message})"})
    message = f"{message}. Retrying attempt #{count + 1} at {clock_time(due)}."
    return Step({**state, "phase": RUNNING, "message": message, "retryCount": count + 1}, after=0.0)


def _history(app: Object, state: Object, now: float) -> list[Object] | None:
    """The history after a sync of everything that has succeeded and was no dry run; None when it stays."""
    sync = state["operation"].get("sync") or {}
    if state["phase"] != SUCCEEDED or sync.get("dryRun") or sync.get("resources"):
        return None
    return recorded(app, state, now)
