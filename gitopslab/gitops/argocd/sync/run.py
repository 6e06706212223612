"""The next step of a sync: try everything dry, apply one wave, wait until it is well, then the next one.

Each step starts from a fresh comparison and from the results so far; nothing else is remembered. Source: ``Sync`` in
``gitops-engine/pkg/sync/sync_context.go``.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence

from gitopslab.gitops.argocd import hooks
from gitopslab.gitops.argocd.sync.doing import Doer, Went
from gitopslab.gitops.argocd.sync.looking import look
from gitopslab.gitops.argocd.sync.order import is_multi_step, step_of
from gitopslab.gitops.argocd.sync.plan import Plan, is_namespace
from gitopslab.gitops.argocd.sync.results import Results
from gitopslab.gitops.argocd.sync.settings import Settings
from gitopslab.gitops.argocd.sync.task import ERROR, FAILED, PRUNED, RUNNING, SUCCEEDED, SYNC_FAILED, Task
from gitopslab.gitops.argocd.sync.waiting import waiting, with_reasons
from gitopslab.gitops.argocd.sync.writer import Writer
from gitopslab.machinery.clock import Clock
from gitopslab.machinery.objects import is_terminating

_BETWEEN_WAVES = 2.0
"""Seconds in which controllers can react to what was applied, before its health is looked at."""


class Run:
    """One step of a sync.

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
        self._doer = Doer(settings, results, writer, clock)

    def step(self) -> Generator[float, None, None]:
        """Do the next step; gives the seconds to wait before it goes on."""
        if self._plan.faults:
            why = "; ".join(self._plan.faults)
            self._end(FAILED, f"one or more synchronization tasks are not valid: {why}")
            return
        tasks = self._plan.tasks
        if not self._results and not (yield from self._try_all(tasks)):
            return
        for task in tasks:
            look(task, self._results)
        if self._waits(tasks):
            return
        self._doer.release(task for task in tasks if task.is_hook and task.is_completed)
        failing = [task for task in tasks if task.phase == hooks.SYNC_FAIL]
        tasks = [task for task in tasks if task.phase != hooks.SYNC_FAIL]
        if any(task.is_completed and task.state != SUCCEEDED for task in tasks):
            self._doer.delete_hooks(self._plan.tasks, hooks.ON_FAILURE)
            yield from self._fail(failing, tasks, "one or more synchronization tasks completed unsuccessfully")
        elif left := self._modified(task for task in tasks if task.is_pending):
            yield from self._wave(left, failing)
        else:
            self._succeed("no more tasks")

    def _end(self, phase: str, message: str) -> None:
        self.phase, self.message = phase, message

    def _succeed(self, why: str) -> None:
        self._doer.delete_hooks(self._plan.tasks, hooks.ON_SUCCESS)
        self._end(SUCCEEDED, f"successfully synced ({why})")

    def _wait_for(self, tasks: Sequence[Task], *, deletion: bool = False) -> None:
        self._end(RUNNING, waiting(tasks, self._settings, deletion=deletion))

    # -- the beginning ------------------------------------------------------------------------------------------------

    def _try_all(self, tasks: list[Task]) -> Generator[float, None, bool]:
        """Apply everything dry; only the namespace is made already, since without it nothing can be tried."""
        made = [task for task in tasks if task.live is None and is_namespace(task.object, self._settings)][:1]
        if (yield from self._doer.do(made, dry_run=False)) is Went.ILL:
            yield from self._fail([], made, "the namespace failed to apply")
            return False
        rest = self._modified(task for task in tasks if task not in made)
        if (yield from self._doer.do(rest, dry_run=True)) is Went.ILL:
            self._end(FAILED, "one or more objects failed to apply (dry run)")
            return False
        return True

    def _modified(self, tasks: Iterable[Task]) -> list[Task]:
        """Tasks without those of objects that are as they should be, if that is asked for."""
        if not self._settings.has("ApplyOutOfSyncOnly=true"):
            return list(tasks)
        return [task for task in tasks if task.is_hook or task.key not in self._plan.synced]

    # -- what runs already --------------------------------------------------------------------------------------------

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

    # -- the next wave ------------------------------------------------------------------------------------------------

    def _wave(self, tasks: list[Task], failing: list[Task]) -> Generator[float, None, None]:
        first, last = step_of(tasks[0]), step_of(tasks[-1])
        now = [task for task in tasks if step_of(task) == first]
        went = yield from self._doer.do(now, dry_run=False)
        if went is not Went.ILL and first != last:
            yield _BETWEEN_WAVES
        if went is Went.ILL:
            yield from self._failed_to_apply(now, failing)
        elif went is Went.WAITS:
            ending = [task for task in now if task.is_hook_to_delete_first or (task.is_prune and task.is_pending)]
            self._wait_for(ending, deletion=True)
        elif len(now) == len(tasks) and not any(task.is_hook for task in now):
            # Nothing comes after it, so nobody waits for its health.
            self._succeed("all tasks run")
        else:
            self._wait_for(now)

    def _failed_to_apply(self, tasks: list[Task], failing: list[Task]) -> Generator[float, None, None]:
        """Fail, once what runs by now is over."""
        why = "one or more objects failed to apply"
        running = [task for task in tasks if task.is_running]
        if not running:
            if (yield from self._fail(failing, tasks, why)):
                self._doer.delete_hooks(self._plan.tasks, hooks.ON_FAILURE)
            return
        if failing and not (yield from self._fail(failing, tasks, why)):
            running += failing
        self._wait_for(running)

    def _fail(self, failing: list[Task], tasks: Iterable[Task], why: str) -> Generator[float, None, bool]:
        """Run the hooks of the phase SyncFail, and fail when they are done; whether they are."""
        message = with_reasons(why, tasks)
        if all(task.is_completed for task in failing):
            if any(task.code == SYNC_FAILED for task in failing):
                message += "\n" + with_reasons("one or more SyncFail hooks failed", failing)
            self._end(FAILED, message)
            return True
        begin = [task for task in failing if task.is_pending]
        yield from self._doer.do(begin, dry_run=False)
        self._wait_for(begin)
        return False
