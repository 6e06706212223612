"""The next step of a sync: try everything dry, apply one wave, wait until it is well, then the next one.

Each step starts from a fresh comparison and from the results so far; nothing else is remembered. A step gives way to
others between objects: it is a generator of the seconds it wants to wait. Source: ``Sync``, ``runTasks`` and
``Terminate`` in ``gitops-engine/pkg/sync/sync_context.go``.
"""

from __future__ import annotations

import enum
import time
from collections.abc import Generator, Iterable, Iterator, Sequence

from gitopslab.errors import ApiError
from gitopslab.gitops.argocd import hooks
from gitopslab.gitops.argocd.options import option_of
from gitopslab.gitops.argocd.sync.order import is_definition, is_multi_step, step_of
from gitopslab.gitops.argocd.sync.plan import Plan, is_namespace
from gitopslab.gitops.argocd.sync.results import Results
from gitopslab.gitops.argocd.sync.settings import Settings
from gitopslab.gitops.argocd.sync.task import (
    ERROR,
    FAILED,
    PRUNE_SKIPPED,
    PRUNED,
    RUNNING,
    SUCCEEDED,
    SYNC_FAILED,
    SYNCED,
    Task,
)
from gitopslab.gitops.argocd.sync.writer import Writer
from gitopslab.gitops.health.argocd import Health, Status, health_of
from gitopslab.machinery.clock import Clock
from gitopslab.machinery.objects import Object, is_condition_true, is_terminating

_BETWEEN_WAVES = 2.0
"""Seconds in which controllers can react to what was applied, before its health is looked at."""

_ESTABLISHES_WITHIN = 3.0
_LOOK_AGAIN = 0.1
_SLICE = 0.02  # seconds of applying before others get their turn

_STATES = {SYNCED: RUNNING, SYNC_FAILED: FAILED, PRUNED: SUCCEEDED, PRUNE_SKIPPED: SUCCEEDED}
_HOOK_STATES = {
    Status.UNKNOWN: FAILED,
    Status.DEGRADED: FAILED,
    Status.PROGRESSING: RUNNING,
    Status.SUSPENDED: RUNNING,
    Status.HEALTHY: SUCCEEDED,
}


class _Went(enum.Enum):
    """How a list of tasks went."""

    WELL = "well"
    WAITS = "waits"
    ILL = "ill"


_Going = Generator[float, None, _Went]


class Run:
    """One step of a sync, or its end.

    Args:
        plan: What is to be done.
        settings: How.
        results: So far; they are continued.
        writer: Does it.
        clock: The lab's time.

    Attributes:
        phase: Of the operation, after the step.
        message: For people.
    """

    def __init__(self, plan: Plan, settings: Settings, results: Results, writer: Writer, clock: Clock) -> None:
        self.phase, self.message = RUNNING, ""
        self._plan = plan
        self._settings = settings
        self._results = results
        self._writer = writer
        self._clock = clock
        self._slice_ends = 0.0

    def step(self) -> Generator[float, None, None]:
        """Do the next step; gives the seconds to wait before it goes on."""
        if self._plan.faults:
            self._end(FAILED, ": ".join(["one or more synchronization tasks are not valid", self._faults]))
            return
        tasks = self._plan.tasks
        if not self._results and not (yield from self._try_all(tasks)):
            return
        self._look(tasks)
        if self._waits(tasks):
            return
        self._release([task for task in tasks if task.is_hook and task.is_completed])
        failing = [task for task in tasks if task.phase == hooks.SYNC_FAIL]
        tasks = [task for task in tasks if task.phase != hooks.SYNC_FAIL]
        if any(task.is_completed and task.state != SUCCEEDED for task in tasks):
            self._delete_hooks(hooks.ON_FAILURE)
            why = "one or more synchronization tasks completed unsuccessfully"
            yield from self._fail(failing, tasks, why)
            return
        tasks = self._modified(task for task in tasks if task.is_pending)
        if not tasks:
            self._delete_hooks(hooks.ON_SUCCESS)
            self._end(SUCCEEDED, "successfully synced (no more tasks)")
            return
        yield from self._wave(tasks, failing)

    def terminate(self) -> None:
        """End the sync: hooks that run are deleted, what was applied stays."""
        tasks = [task for task in self._plan.tasks if task.is_hook]
        self._release([task for task in tasks if task.is_completed])
        went = [self._terminated(task) for task in tasks if task.is_running]
        if all(went):
            self._end(FAILED, "Operation terminated")
        else:
            self._end(ERROR, "Operation termination had errors")

    @property
    def _faults(self) -> str:
        return "; ".join(self._plan.faults)

    def _end(self, phase: str, message: str) -> None:
        self.phase, self.message = phase, message

    # -- the beginning ------------------------------------------------------------------------------------------------

    def _try_all(self, tasks: list[Task]) -> Generator[float, None, bool]:
        """Apply everything dry; only the namespace is made already, since without it nothing can be tried."""
        made = [task for task in tasks if task.live is None and is_namespace(task.object, self._settings)][:1]
        if (yield from self._do(made, dry_run=False)) is _Went.ILL:
            yield from self._fail([], made, "the namespace failed to apply")
            return False
        rest = self._modified(task for task in tasks if task not in made)
        if (yield from self._do(rest, dry_run=True)) is _Went.ILL:
            self._end(FAILED, "one or more objects failed to apply (dry run)")
            return False
        return True

    def _modified(self, tasks: Iterable[Task]) -> list[Task]:
        """Tasks without those of objects that are as they should be, if that is asked for."""
        if not self._settings.has("ApplyOutOfSyncOnly=true"):
            return list(tasks)
        return [task for task in tasks if task.is_hook or task.key not in self._plan.synced]

    # -- what runs already --------------------------------------------------------------------------------------------

    def _look(self, tasks: Iterable[Task]) -> None:
        """Note how those that were applied are now."""
        for task in tasks:
            if not task.is_running or task.live is None:
                continue
            health = health_of(task.live)
            if task.is_hook:
                self._results.put(task, task.code, *_hook_outcome(task, health))
            elif health is None:
                self._results.put(task, task.code, SUCCEEDED, task.message)
            elif health.status in (Status.HEALTHY, Status.DEGRADED):
                state = SUCCEEDED if health.status is Status.HEALTHY else FAILED
                self._results.put(task, task.code, state, health.message)

    def _waits(self, tasks: Sequence[Task]) -> bool:
        """Whether something has to become well, or has to be gone, before anything else is done."""
        several = is_multi_step(tasks)
        running = [task for task in tasks if task.is_running and (several or task.is_hook)]
        if running:
            for task in running:
                self._check_is_there(task)
            self._wait_for(running)
            return True
        going = [task for task in tasks if task.code == PRUNED and task.live is not None and is_terminating(task.live)]
        if going:
            self._wait_for(going, deletion=True)
        return bool(going)

    def _check_is_there(self, task: Task) -> None:
        if task.live is None and self._writer.get(task.object) is None:
            missing = f"Resource {task.name} is missing, it might have been deleted"
            self._results.put(task, SYNC_FAILED, ERROR, missing)

    def _wait_for(self, tasks: Sequence[Task], *, deletion: bool = False) -> None:
        self._end(RUNNING, waiting(tasks, self._settings, deletion=deletion))

    # -- the next wave ------------------------------------------------------------------------------------------------

    def _wave(self, tasks: list[Task], failing: list[Task]) -> Generator[float, None, None]:
        first, last = step_of(tasks[0]), step_of(tasks[-1])
        now = [task for task in tasks if step_of(task) == first]
        went = yield from self._do(now, dry_run=False)
        if went is not _Went.ILL and first != last:
            yield _BETWEEN_WAVES
        if went is _Went.ILL:
            yield from self._failed_to_apply(now, failing)
        elif went is _Went.WAITS:
            ending = [task for task in now if task.is_hook_to_delete_first or (task.is_prune and task.is_pending)]
            self._wait_for(ending, deletion=True)
        elif len(now) == len(tasks) and not any(task.is_hook for task in now):
            # Nothing comes after it, so nobody waits for its health.
            self._delete_hooks(hooks.ON_SUCCESS)
            self._end(SUCCEEDED, "successfully synced (all tasks run)")
        else:
            self._wait_for(now)

    def _failed_to_apply(self, tasks: list[Task], failing: list[Task]) -> Generator[float, None, None]:
        why = "one or more objects failed to apply"
        running = [task for task in tasks if task.is_running]
        if not running:
            if (yield from self._fail(failing, tasks, why)):
                self._delete_hooks(hooks.ON_FAILURE)
            return
        if failing and not (yield from self._fail(failing, tasks, why)):
            running += failing
        self._wait_for(running)

    def _fail(self, failing: list[Task], tasks: Iterable[Task], why: str) -> Generator[float, None, bool]:
        """Run the hooks of the phase SyncFail, and fail when they are done; whether they are."""
        message = _with_reasons(why, tasks)
        if all(task.is_completed for task in failing):
            if any(task.code == SYNC_FAILED for task in failing):
                message += "\n" + _with_reasons("one or more SyncFail hooks failed", failing)
            self._end(FAILED, message)
            return True
        begin = [task for task in failing if task.is_pending]
        yield from self._do(begin, dry_run=False)
        self._wait_for(begin)
        return False

    # -- doing it -----------------------------------------------------------------------------------------------------

    def _do(self, tasks: Sequence[Task], *, dry_run: bool) -> _Going:
        """Prune, clear away earlier hooks, then apply; each only when what comes before it went well."""
        dry_run = dry_run or self._settings.dry_run
        prunes = [task for task in tasks if task.is_prune]
        if not dry_run and not self._release([task for task in tasks if task.is_hook and task.is_pending]):
            return _Went.ILL
        if any(_needs_confirmation(task, self._settings) for task in prunes):
            return _Went.WAITS
        went = yield from self._prune(prunes, dry_run=dry_run)
        if went is _Went.WELL and not dry_run:
            went = self._clear_hooks(task for task in tasks if task.is_hook_to_delete_first)
        if went is not _Went.WELL:
            return went
        return (yield from self._apply([task for task in tasks if not task.is_prune], dry_run=dry_run))

    def _prune(self, tasks: Iterable[Task], *, dry_run: bool) -> _Going:
        went = _Went.WELL
        for task in tasks:
            assert task.live is not None, "what is pruned is there"
            code, message = self._writer.prune(task.live, self._settings, dry_run=dry_run)
            if not self._note(task, code, message, dry_run=dry_run):
                went = _Went.ILL
            yield from self._give_way()
        return went

    def _clear_hooks(self, tasks: Iterable[Task]) -> _Went:
        went = _Went.WELL
        for task in tasks:
            try:
                if task.live is not None and self._writer.delete(task.live, self._settings.propagation):
                    went = went if went is _Went.ILL else _Went.WAITS
                else:
                    task.live = None
            except ApiError as error:
                self._results.put(task, task.code, ERROR, f"failed to delete resource: {error.message}")
                went = _Went.ILL
        return went

    def _apply(self, tasks: Iterable[Task], *, dry_run: bool) -> _Going:
        went = _Went.WELL
        for task in tasks:
            if dry_run and task.skips_dry_run:
                continue
            code, message = self._writer.apply(task, self._settings, dry_run=dry_run)
            if not self._note(task, code, message, dry_run=dry_run):
                went = _Went.ILL
            elif not dry_run and is_definition(task.object):
                yield from self._established(task.object)
            yield from self._give_way()
        return went

    def _note(self, task: Task, code: str, message: str, *, dry_run: bool) -> bool:
        """Write down what became of an object, unless it was only tried; whether it went well."""
        if not dry_run or self._settings.dry_run or code == SYNC_FAILED:
            is_over = self._settings.dry_run and code == SYNCED
            self._results.put(task, code, SUCCEEDED if is_over else _STATES[code], message)
        return code != SYNC_FAILED

    def _established(self, definition: Object) -> Iterator[float]:
        """Wait a moment for a kind, so that what is of it can be applied in the same wave."""
        until = self._clock.now() + _ESTABLISHES_WITHIN
        while self._clock.now() < until and not is_condition_true(self._writer.get(definition) or {}, "Established"):
            yield _LOOK_AGAIN

    def _give_way(self) -> Iterator[float]:
        if time.monotonic() >= self._slice_ends:
            if self._slice_ends:
                yield 0.0
            self._slice_ends = time.monotonic() + _SLICE

    # -- hooks that are over ------------------------------------------------------------------------------------------

    def _release(self, tasks: Iterable[Task]) -> bool:
        """Let hooks go; whether that went well."""
        went = True
        for task in tasks:
            try:
                if task.live is not None:
                    self._writer.release(task.live)
            except ApiError as error:
                self._results.put(task, task.code, ERROR, f"Failed to remove hook finalizer: {error.message}")
                went = False
        return went

    def _delete_hooks(self, policy: str) -> None:
        for task in self._plan.tasks:
            if task.is_deleted(policy) and not task.is_running:
                try:
                    self._writer.delete(task.object, self._settings.propagation)
                except ApiError as error:
                    self._results.put(task, task.code, ERROR, f"failed to delete resource: {error.message}")

    def _terminated(self, task: Task) -> bool:
        """End a hook that runs; whether that went well."""
        task.live = task.live if task.live is not None else self._writer.get(task.object)
        if task.live is None:
            self._results.put(task, task.code, SUCCEEDED, "Terminated")
            return True
        state, message = _hook_outcome(task, health_of(task.live))
        if not self._release([task]):
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
    unconfirmed = [task for task in tasks if _needs_confirmation(task, settings)]
    if unconfirmed:
        reason, first, others = "pruning confirmation of", unconfirmed[0], len(unconfirmed) - 1
    return f"waiting for {reason} {first.name}" + (f" and {others} more {kind}" if others else "")


def _needs_confirmation(task: Task, settings: Settings) -> bool:
    confirms = option_of(task.live, "Prune", settings.prune_option) == "confirm"
    return task.is_prune and confirms and not settings.is_confirmed


def _with_reasons(why: str, tasks: Iterable[Task]) -> str:
    reasons = dict.fromkeys(task.message for task in tasks if task.code == SYNC_FAILED)
    return f"{why}, reason: {','.join(reasons)}" if reasons else why


def _hook_outcome(task: Task, health: Health | None) -> tuple[str, str]:
    """How far a hook is: what its health says; without any it is done when it is there."""
    if health is None:
        return SUCCEEDED, f"{task.key.name} created"
    return _HOOK_STATES[health.status], health.message
