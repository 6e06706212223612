"""Runs pipelines: asks ``order`` what is next, starts jobs while there is room, and does what people click.

The forge gives it pipelines; ``execution`` runs each job, ``history`` keeps what came of it. Everything here happens on
one event loop; only files and processes are waited for elsewhere.

Simplified: GitLab also cancels pipelines that a newer push has made redundant (``interruptible``).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from gitopslab.ci.job import Job
from gitopslab.ci.pipeline import Pipeline
from gitopslab.ci.runner import containers
from gitopslab.ci.runner.artifacts import sources_of
from gitopslab.ci.runner.execution import Outcome, Run, execute
from gitopslab.ci.runner.history import History
from gitopslab.ci.runner.leftovers import end_leftovers
from gitopslab.ci.runner.order import next_states
from gitopslab.ci.runner.record import JobRecord, PipelineRecord
from gitopslab.ci.runner.states import State
from gitopslab.ci.runner.surroundings import Machine, Surroundings
from gitopslab.errors import LabError

_log = logging.getLogger(__name__)
_CANCELABLE = frozenset({State.CREATED, State.WAITING, State.PENDING, State.RUNNING, State.SCHEDULED})
_STARTABLE = frozenset({State.MANUAL, State.SCHEDULED})


class Runner:
    """Runs the pipelines of a forge.

    Args:
        root: Where records, logs and artifacts are.
        surroundings: Where commits and tokens come from.
        machine: What jobs are run with.
        now: Tells the time, in seconds since the epoch.
        echo: Told what jobs log, for a terminal.

    Attributes:
        root: Where records, logs and artifacts are.
        history: All pipelines, and news of them.
    """

    def __init__(
        self,
        root: Path,
        surroundings: Surroundings,
        machine: Machine,
        *,
        now: Callable[[], float] = time.time,
        echo: Callable[[bytes], None] = lambda piece: None,
    ) -> None:
        self.root = root
        self._surroundings = surroundings
        self._machine = machine
        self._now = now
        self._echo = echo
        self._made: dict[int, Pipeline] = {}
        self._tasks: dict[int, asyncio.Task[Outcome]] = {}
        self._wake = asyncio.Event()
        end_leftovers(root / "builds")
        self.history = History(root, now)

    # ---- what people do ----

    def add(self, made: Pipeline) -> PipelineRecord:
        """Begin a pipeline, or note why it could not be made."""
        record = self.history.add(made)
        self._made[record.id] = made
        self._wake.set()
        return record

    def play(self, run: int) -> JobRecord:
        """Start a manual job, or a delayed one before its time.

        Raises:
            LabError: There is no such job, or it does not wait for a click.
        """
        pipeline, job = self.history.find(run)
        if job.state not in _STARTABLE:
            raise LabError(
                f"Job {job.name} is {job.state.value}", "Only a manual or scheduled job is played; see retry"
            )
        self.history.put(job, State.PENDING)
        self.history.revive(pipeline, job)
        self._changed(pipeline)
        return job

    def cancel(self, run: int) -> JobRecord:
        """Stop a job, or have it never begin.

        Raises:
            LabError: There is no such job, or it is over.
        """
        pipeline, job = self.history.find(run)
        if job.state not in _CANCELABLE:
            raise LabError(f"Job {job.name} is {job.state.value}, so there is nothing to cancel")
        self._cancel(job)
        self._changed(pipeline)
        return job

    def retry(self, run: int) -> JobRecord:
        """Run a job again that is over; what was skipped because of it gets its chance again.

        Raises:
            LabError: There is no such job, it is not over, or was run again already.
        """
        pipeline, job = self.history.find(run)
        if job.retried or not job.state.is_complete:
            raise LabError(f"Job {job.name} ({run}) cannot be retried", "Only the newest run, and only when it is over")
        again = self.history.again(pipeline, job)
        self._changed(pipeline)
        return again

    def cancel_pipeline(self, number: int) -> PipelineRecord:
        """Stop every job of a pipeline that has not ended."""
        pipeline = self.history.pipeline(number)
        for job in pipeline.current:
            if job.state in _CANCELABLE:
                self._cancel(job)
        self._changed(pipeline)
        return pipeline

    def retry_pipeline(self, number: int) -> PipelineRecord:
        """Run every job again that failed or was cancelled."""
        pipeline = self.history.pipeline(number)
        for job in pipeline.current:
            if job.state in (State.FAILED, State.CANCELED):
                self.history.again(pipeline, job)
        self._changed(pipeline)
        return pipeline

    async def forget(self, project: str) -> None:
        """Stop what runs of a project, and keep nothing of its pipelines."""
        ours = [one for one in self.history.pipelines.values() if one.event.project.path == project]
        running = [self._tasks[job.id] for one in ours for job in one.jobs if job.id in self._tasks]
        for pipeline in ours:
            self.cancel_pipeline(pipeline.id)
        await asyncio.gather(*running, return_exceptions=True)
        for pipeline in ours:
            self.history.forget(pipeline)
            self._made.pop(pipeline.id, None)
        self.history.tell()

    # ---- the loop ----

    async def run(self) -> None:
        """Run what is to be run, until cancelled."""
        await containers.end_leftovers(self._machine, self.root / "builds")
        try:
            while True:
                self._wake.clear()
                self.step()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), self._seconds_left())
        finally:
            tasks = list(self._tasks.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def step(self) -> None:
        """Let every pipeline go on as far as it can now."""
        open_ = [one for one in self.history.pipelines.values() if one.finished_at is None]
        for pipeline in open_:
            self._advance(pipeline)
        for pipeline in open_:
            for job in pipeline.current:
                if job.state in (State.PENDING, State.WAITING) and len(self._tasks) < self._machine.parallel:
                    self._start(pipeline, job)

    def _advance(self, pipeline: PipelineRecord) -> None:
        jobs = self._jobs(pipeline)
        runs = {run.name: run for run in pipeline.current}
        due = [
            run for run in runs.values() if run.state is State.SCHEDULED and (run.scheduled_at or 0.0) <= self._now()
        ]
        for run in due:
            self.history.put(run, State.PENDING)
        states = {name: run.state for name, run in runs.items()}
        found = next_states(jobs, states, {name: run.allow_failure for name, run in runs.items()})
        for name, state in found.items():
            self.history.put(runs[name], state)
            if state is State.SCHEDULED:
                runs[name].scheduled_at = self._now() + next(job.start_in for job in jobs if job.name == name)
        rests = all(run.state.is_complete or run.state is State.MANUAL for run in runs.values())
        if rests and pipeline.state.is_complete and pipeline.finished_at is None:
            pipeline.finished_at = self._now()
        if due or found or pipeline.finished_at is not None:
            self._changed(pipeline)

    def _start(self, pipeline: PipelineRecord, record: JobRecord) -> None:
        jobs = self._jobs(pipeline)
        job = next(one for one in jobs if one.name == record.name)
        if job.resource_group and self._is_taken(pipeline, job.resource_group):
            self.history.put(record, State.WAITING)
            return
        self.history.put(record, State.RUNNING)
        record.started_at = self._now()
        loop = asyncio.get_running_loop()  # a log grows in threads, too
        run = Run(
            job, record, pipeline, self.root, self._machine, self._surroundings,
            sources=sources_of(job, jobs, {one.name: one for one in pipeline.current}),
            changed=lambda: _soon(loop, self.history.tell), echo=self._echo,
        )  # fmt: skip
        task = self._tasks[record.id] = asyncio.create_task(execute(run))
        task.add_done_callback(lambda done: self._ended(pipeline, job, record, done))
        self._changed(pipeline)

    def _ended(self, pipeline: PipelineRecord, job: Job, record: JobRecord, task: asyncio.Task[Outcome]) -> None:
        del self._tasks[record.id]
        outcome = _outcome_of(task)
        self.history.put(record, outcome.state)
        record.failure_reason, record.exit_code = outcome.reason, outcome.exit_code
        record.artifacts, record.coverage = outcome.artifacts, outcome.coverage
        if outcome.exit_code in job.allow_failure_exit_codes:
            record.allow_failure = True
        if _is_to_be_retried(pipeline, job, outcome):
            self.history.again(pipeline, record)
        self._changed(pipeline)

    def _is_taken(self, pipeline: PipelineRecord, group: str) -> bool:
        """Whether a job of the same resource group runs in any pipeline of the project."""
        for other in self.history.pipelines.values():
            running = {run.name for run in other.current if run.state is State.RUNNING}
            ours = other.event.project.path == pipeline.event.project.path
            jobs = self._jobs(other) if running and ours else ()
            if any(job.name in running and job.resource_group == group for job in jobs):
                return True
        return False

    def _cancel(self, run: JobRecord) -> None:
        if run.id in self._tasks:
            self._tasks[run.id].cancel()
        else:
            self.history.put(run, State.CANCELED)

    def _changed(self, pipeline: PipelineRecord) -> None:
        self.history.write(pipeline)
        self._wake.set()

    def _seconds_left(self) -> float | None:
        """Until a delayed job is due; None when there is none."""
        due = [
            run.scheduled_at
            for one in self.history.pipelines.values()
            for run in one.current
            if run.state is State.SCHEDULED and run.scheduled_at is not None
        ]
        return max(0.0, min(due) - self._now()) if due else None

    def _jobs(self, pipeline: PipelineRecord) -> tuple[Job, ...]:
        """The jobs as the file has them; when the commit is gone there are none, and the pipeline has failed."""
        if pipeline.id not in self._made:
            try:
                self._made[pipeline.id] = self._surroundings.pipeline(pipeline)
            except LabError as error:
                pipeline.error, pipeline.finished_at = str(error), self._now()
                return ()
        return self._made[pipeline.id].jobs


def _outcome_of(task: asyncio.Task[Outcome]) -> Outcome:
    if task.cancelled():
        return Outcome(State.CANCELED)
    if (error := task.exception()) is not None:  # not even a log could be kept, as on a full disk
        _log.warning("a job could not be run: %s", error)
        return Outcome(State.FAILED, "runner_system_failure")
    return task.result()


def _is_to_be_retried(pipeline: PipelineRecord, job: Job, outcome: Outcome) -> bool:
    done = sum(1 for run in pipeline.jobs if run.name == job.name) - 1
    policy = job.retry
    if outcome.state is not State.FAILED or done >= policy.max:
        return False
    by_reason = "always" in policy.when or outcome.reason in policy.when
    return by_reason or (outcome.exit_code is not None and outcome.exit_code in policy.exit_codes)


def _soon(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    with suppress(RuntimeError):  # the loop has ended meanwhile
        loop.call_soon_threadsafe(call)
