"""Runs pipelines: asks ``order`` what is next, starts jobs while there is room, and writes down every change.

The forge gives it pipelines and people's clicks; ``execution`` runs each job. Everything here happens on one event
loop; only files and processes are waited for elsewhere. A runner that was killed begins where its records end: what ran
then has failed, the rest goes on.

Simplified: GitLab also cancels pipelines that a newer push has made redundant (``interruptible``).
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from gitopslab.ci.job import Job
from gitopslab.ci.pipeline import Pipeline
from gitopslab.ci.runner.artifacts import sources_of
from gitopslab.ci.runner.execution import Outcome, Run, execute
from gitopslab.ci.runner.leftovers import end_leftovers
from gitopslab.ci.runner.order import next_states
from gitopslab.ci.runner.record import JobRecord, PipelineRecord, Records
from gitopslab.ci.runner.states import State
from gitopslab.ci.runner.surroundings import Machine, Surroundings
from gitopslab.errors import LabError

_CANCELABLE = frozenset({State.CREATED, State.WAITING, State.PENDING, State.RUNNING, State.SCHEDULED})
_STARTABLE = frozenset({State.MANUAL, State.SCHEDULED})


class Runner:
    """The pipelines of a forge.

    Args:
        root: Where records, logs and artifacts are.
        surroundings: Where commits and tokens come from.
        machine: What jobs are run with.
        now: Tells the time, in seconds since the epoch.
        echo: Told what jobs log, for a terminal.

    Attributes:
        pipelines: All, by id, oldest first.
        root: Where records, logs and artifacts are.
        version: Grows with every change of a record or a log.
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
        self.pipelines: dict[int, PipelineRecord] = {}
        self.version = 1
        self._surroundings = surroundings
        self._machine = machine
        self._now = now
        self._echo = echo
        self._records = Records(root / "pipelines")
        self._made: dict[int, Pipeline] = {}
        self._tasks: dict[int, asyncio.Task[Outcome]] = {}
        self._wake = asyncio.Event()
        self._waiting: set[asyncio.Event] = set()
        self._load()

    # ---- what others do ----

    def add(self, made: Pipeline) -> PipelineRecord:
        """Begin a pipeline, or note why it could not be made."""
        number = max(self.pipelines, default=0) + 1
        error = "\n".join(made.errors) or made.reason
        record = PipelineRecord(number, made.event, error=error, created_at=self._now(), name=made.name)
        record.jobs = [self._new_run(job, at) for at, job in enumerate(made.jobs, self._next_run())]
        record.finished_at = self._now() if error else None
        self.pipelines[number] = record
        self._made[number] = made
        self._write(record)
        return record

    def next_iid(self, project: str) -> int:
        """The number that a project's next pipeline gets."""
        return 1 + max(
            (one.event.iid for one in self.pipelines.values() if one.event.project.path == project), default=0
        )

    def play(self, run: int) -> JobRecord:
        """Start a manual job, or a delayed one before its time.

        Raises:
            LabError: There is no such job, or it does not wait for a click.
        """
        pipeline, job = self.find(run)
        if job.state not in _STARTABLE:
            raise LabError(
                f"Job {job.name} is {job.state.value}", "Only a manual or scheduled job is played; see retry"
            )
        self._put(job, State.PENDING)
        self._revive(pipeline, job)
        self._write(pipeline)
        return job

    def cancel(self, run: int) -> JobRecord:
        """Stop a job, or have it never begin.

        Raises:
            LabError: There is no such job, or it is over.
        """
        pipeline, job = self.find(run)
        if job.state not in _CANCELABLE:
            raise LabError(f"Job {job.name} is {job.state.value}, so there is nothing to cancel")
        self._cancel(job)
        self._write(pipeline)
        return job

    def retry(self, run: int) -> JobRecord:
        """Run a job again that is over; what was skipped because of it gets its chance again.

        Raises:
            LabError: There is no such job, it is not over, or was run again already.
        """
        pipeline, job = self.find(run)
        if job.retried or not job.state.is_complete:
            raise LabError(f"Job {job.name} ({run}) cannot be retried", "Only the newest run, and only when it is over")
        again = self._again(pipeline, job)
        self._revive(pipeline, again)
        self._write(pipeline)
        return again

    def cancel_pipeline(self, number: int) -> PipelineRecord:
        """Stop every job of a pipeline that has not ended."""
        pipeline = self.pipeline(number)
        for job in pipeline.current:
            if job.state in _CANCELABLE:
                self._cancel(job)
        self._write(pipeline)
        return pipeline

    def retry_pipeline(self, number: int) -> PipelineRecord:
        """Run every job again that failed or was cancelled."""
        pipeline = self.pipeline(number)
        for job in pipeline.current:
            if job.state in (State.FAILED, State.CANCELED):
                self._revive(pipeline, self._again(pipeline, job))
        self._write(pipeline)
        return pipeline

    def pipeline(self, number: int) -> PipelineRecord:
        """One pipeline.

        Raises:
            LabError: There is none of that number.
        """
        if number not in self.pipelines:
            raise LabError(f"There is no pipeline {number}", "See which there are: gitopslab pipelines")
        return self.pipelines[number]

    def find(self, run: int) -> tuple[PipelineRecord, JobRecord]:
        """A run of a job, and the pipeline that it is of.

        Raises:
            LabError: There is no such run.
        """
        for pipeline in self.pipelines.values():
            for job in pipeline.jobs:
                if job.id == run:
                    return pipeline, job
        raise LabError(f"There is no job {run}", "See the jobs of its pipeline")

    def trace_path(self, run: int) -> Path:
        """Where the log of a run is, or will be."""
        return self.root / "traces" / f"{run}.log"

    async def newer_than(self, version: int) -> int:
        """Wait until a record or a log has changed since a version, and give the newest."""
        changed = asyncio.Event()
        self._waiting.add(changed)
        try:
            while self.version <= version:
                changed.clear()
                await changed.wait()
        finally:
            self._waiting.discard(changed)
        return self.version

    # ---- the loop ----

    async def run(self) -> None:
        """Run what is to be run, until cancelled."""
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
        for pipeline in self.pipelines.values():
            if pipeline.finished_at is None:
                self._advance(pipeline)
        for pipeline in self.pipelines.values():
            for job in pipeline.current if pipeline.finished_at is None else ():
                if job.state in (State.PENDING, State.WAITING) and len(self._tasks) < self._machine.parallel:
                    self._start(pipeline, job)

    def _advance(self, pipeline: PipelineRecord) -> None:
        jobs = self._jobs(pipeline)
        if jobs is None:
            return
        runs = {job.name: job for job in pipeline.current}
        changed = False
        for job in runs.values():
            if job.state is State.SCHEDULED and (job.scheduled_at or 0.0) <= self._now():
                self._put(job, State.PENDING)
                changed = True
        states = {name: run.state for name, run in runs.items()}
        for name, state in next_states(jobs, states, {name: run.allow_failure for name, run in runs.items()}).items():
            self._put(runs[name], state)
            if state is State.SCHEDULED:
                runs[name].scheduled_at = self._now() + next(job.start_in for job in jobs if job.name == name)
            changed = True
        if pipeline.state.is_complete and all(
            run.state.is_complete or run.state is State.MANUAL for run in runs.values()
        ):
            pipeline.finished_at = self._now()
            changed = True
        if changed:
            self._write(pipeline)

    def _start(self, pipeline: PipelineRecord, record: JobRecord) -> None:
        jobs = self._jobs(pipeline) or ()
        job = next(one for one in jobs if one.name == record.name)
        if job.resource_group and self._is_taken(pipeline, job.resource_group):
            self._put(record, State.WAITING)
            return
        self._put(record, State.RUNNING)
        record.started_at = self._now()
        self._write(pipeline)
        loop = asyncio.get_running_loop()  # a log grows in threads, too
        run = Run(
            job, record, pipeline, self.root, self._machine, self._surroundings,
            sources=sources_of(job, jobs, {one.name: one for one in pipeline.current}),
            changed=lambda: _soon(loop, self._notify), echo=self._echo,
        )  # fmt: skip
        task = self._tasks[record.id] = asyncio.create_task(execute(run))
        task.add_done_callback(lambda done: self._ended(pipeline, job, record, done))

    def _ended(self, pipeline: PipelineRecord, job: Job, record: JobRecord, task: asyncio.Task[Outcome]) -> None:
        del self._tasks[record.id]
        outcome = Outcome(State.CANCELED) if task.cancelled() else task.result()
        self._put(record, outcome.state)
        record.failure_reason, record.exit_code = outcome.reason, outcome.exit_code
        record.artifacts, record.coverage = outcome.artifacts, outcome.coverage
        if outcome.exit_code in job.allow_failure_exit_codes:
            record.allow_failure = True
        if self._is_to_be_retried(pipeline, job, outcome):
            self._again(pipeline, record)
        self._write(pipeline)

    def _is_to_be_retried(self, pipeline: PipelineRecord, job: Job, outcome: Outcome) -> bool:
        done = sum(1 for run in pipeline.jobs if run.name == job.name) - 1
        policy = job.retry
        if outcome.state is not State.FAILED or done >= policy.max:
            return False
        by_reason = "always" in policy.when or outcome.reason in policy.when
        return by_reason or (outcome.exit_code is not None and outcome.exit_code in policy.exit_codes)

    def _is_taken(self, pipeline: PipelineRecord, group: str) -> bool:
        """Whether a job of the same resource group runs in any pipeline of the project."""
        project = pipeline.event.project.path
        for other in self.pipelines.values():
            running = {run.name for run in other.current if run.state is State.RUNNING}
            jobs = self._jobs(other) if running and other.event.project.path == project else ()
            if any(job.name in running and job.resource_group == group for job in jobs or ()):
                return True
        return False

    # ---- changes ----

    def _put(self, run: JobRecord, state: State) -> None:
        run.state = state
        if state.is_complete:
            run.finished_at = self._now()

    def _cancel(self, run: JobRecord) -> None:
        if run.id in self._tasks:
            self._tasks[run.id].cancel()
        else:
            self._put(run, State.CANCELED)

    def _again(self, pipeline: PipelineRecord, run: JobRecord) -> JobRecord:
        run.retried = True
        again = JobRecord(
            self._next_run(), run.name, run.stage, State.PENDING, run.when, run.allow_failure, run.needs,
            created_at=self._now(),
        )  # fmt: skip
        pipeline.jobs.insert(pipeline.jobs.index(run) + 1, again)
        pipeline.finished_at = None
        return again

    def _revive(self, pipeline: PipelineRecord, run: JobRecord) -> None:
        """What was skipped behind a job is asked again."""
        pipeline.finished_at = None
        stages = list(dict.fromkeys(one.stage for one in pipeline.jobs))
        behind = {run.name}
        for other in pipeline.current:
            needs = other.needs
            later = stages.index(other.stage) > stages.index(run.stage)
            if other.state is State.SKIPPED and (bool(behind & set(needs)) if needs is not None else later):
                behind.add(other.name)
                other.state, other.finished_at = State.CREATED, None

    def _new_run(self, job: Job, number: int) -> JobRecord:
        needs = None if job.needs is None else [need.name for need in job.needs]
        return JobRecord(
            number, job.name, job.stage, State.CREATED, job.when, job.allow_failure, needs, created_at=self._now()
        )

    def _next_run(self) -> int:
        return 1 + max((job.id for one in self.pipelines.values() for job in one.jobs), default=0)

    def _write(self, pipeline: PipelineRecord) -> None:
        self._records.write(pipeline)
        self._tell()

    def _tell(self) -> None:
        self._wake.set()
        self._notify()

    def _notify(self) -> None:
        self.version += 1
        for changed in self._waiting:
            changed.set()

    def _seconds_left(self) -> float | None:
        """Until a delayed job is due; None when there is none."""
        due = [
            run.scheduled_at
            for one in self.pipelines.values()
            for run in one.current
            if run.state is State.SCHEDULED and run.scheduled_at is not None
        ]
        return max(0.0, min(due) - self._now()) if due else None

    # ---- after a restart ----

    def _jobs(self, pipeline: PipelineRecord) -> tuple[Job, ...] | None:
        """The jobs as the file has them; None when the commit is gone, and then the pipeline has failed."""
        if pipeline.id not in self._made:
            try:
                self._made[pipeline.id] = self._surroundings.pipeline(pipeline)
            except LabError as error:
                pipeline.error, pipeline.finished_at = str(error), self._now()
                self._write(pipeline)
                return None
        return self._made[pipeline.id].jobs

    def _load(self) -> None:
        end_leftovers(self.root / "builds")
        for pipeline in self._records.read():
            self.pipelines[pipeline.id] = pipeline
            running = [run for run in pipeline.current if run.state is State.RUNNING]
            for run in running:
                self._put(run, State.FAILED)
                run.failure_reason = "runner_system_failure"
                _add_line(self.trace_path(run.id), "ERROR: Job failed (system failure): the forge ended while it ran")
            if running:
                self._records.write(pipeline)


def _soon(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    loop.call_soon_threadsafe(call)


def _add_line(path: Path, line: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with open(path, "a", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(f"\n\x1b[31;1m{line}\x1b[0;m\n")
