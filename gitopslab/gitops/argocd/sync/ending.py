"""The end of a sync that somebody wants before it is over: hooks that run are deleted, what was applied stays.

Source: ``Terminate`` and ``terminateHooksPreemptively`` in ``gitops-engine/pkg/sync/sync_context.go``.
"""

from __future__ import annotations

from collections.abc import Sequence

from gitopslab.errors import ApiError
from gitopslab.gitops.argocd import hooks
from gitopslab.gitops.argocd.sync.doing import Doer
from gitopslab.gitops.argocd.sync.looking import hook_outcome
from gitopslab.gitops.argocd.sync.results import Results
from gitopslab.gitops.argocd.sync.settings import Settings
from gitopslab.gitops.argocd.sync.task import ERROR, FAILED, RUNNING, SUCCEEDED, Task
from gitopslab.gitops.argocd.sync.writer import Writer
from gitopslab.machinery.clock import Clock


def terminate(
    tasks: Sequence[Task], settings: Settings, results: Results, writer: Writer, clock: Clock
) -> tuple[str, str]:
    """End a sync; its phase and message then.

    Args:
        tasks: What it has done, and what it would do.
        settings: How it is done.
        results: So far; they are continued.
        writer: Deletes the hooks.
        clock: The lab's time.
    """
    ending = _Ending(Doer(settings, results, writer, clock), settings, results, writer)
    if ending.terminate([task for task in tasks if task.is_hook]):
        return FAILED, "Operation terminated"
    return ERROR, "Operation termination had errors"


class _Ending:
    def __init__(self, doer: Doer, settings: Settings, results: Results, writer: Writer) -> None:
        self._doer = doer
        self._settings = settings
        self._results = results
        self._writer = writer

    def terminate(self, run_hooks: list[Task]) -> bool:
        """End hooks; whether all of that went well."""
        self._doer.release(task for task in run_hooks if task.is_completed)
        return all([self._terminated(task) for task in run_hooks if task.is_running])

    def _terminated(self, task: Task) -> bool:
        """End a hook that runs; whether that went well."""
        task.live = task.live if task.live is not None else self._writer.get(task.object)
        if task.live is None:
            self._results.put(task, task.code, SUCCEEDED, "Terminated")
            return True
        state, message = hook_outcome(task.live)
        if not self._doer.release([task]):
            return False
        try:
            if state == RUNNING or task.is_deleted(hooks.ON_FAILURE):
                self._writer.delete(task.live, self._settings.propagation)
        except ApiError as error:
            self._results.put(task, task.code, FAILED, f"Failed to delete: {error.message}")
            return False
        if state == RUNNING:
            state, message = FAILED, "Terminated"
        self._results.put(task, task.code, state, message)
        return True
