"""All pipelines of a runner: in memory, on disk, and told to those who wait for news.

``runner`` changes them through here, so that every change is written and told. A runner that was killed finds them
again: what ran then has failed.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from pathlib import Path

from gitopslab.ci.job import Job
from gitopslab.ci.pipeline import Pipeline
from gitopslab.ci.runner.artifacts import remove
from gitopslab.ci.runner.record import JobRecord, PipelineRecord, Records
from gitopslab.ci.runner.states import State
from gitopslab.errors import LabError

_log = logging.getLogger(__name__)
_KEPT = 300  # pipelines; the oldest that have ended go first, with their logs and artifacts


class History:
    """Pipelines and the runs of their jobs.

    Args:
        root: Where records, logs and artifacts are.
        now: Tells the time, in seconds since the epoch.

    Attributes:
        pipelines: All, by id, oldest first.
        version: Grows with every change of a record or a log.
    """

    def __init__(self, root: Path, now: Callable[[], float]) -> None:
        self.pipelines: dict[int, PipelineRecord] = {}
        self.version = 1
        self._root = root
        self._now = now
        self._records = Records(root / "pipelines")
        self._waiting: set[asyncio.Event] = set()
        for pipeline in self._records.read():
            self.pipelines[pipeline.id] = pipeline
            self._end_what_ran(pipeline)

    # ---- finding ----

    def pipeline(self, number: int) -> PipelineRecord:
        """One pipeline.

        Raises:
            LabError: There is none of that number.
        """
        if number not in self.pipelines:
            raise LabError(f"There is no pipeline {number}", "See which there are: lab.pipelines()")
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
        return self._root / "traces" / f"{run}.log"

    def next_iid(self, project: str) -> int:
        """The number that a project's next pipeline gets."""
        used = (one.event.iid for one in self.pipelines.values() if one.event.project.path == project)
        return 1 + max(used, default=0)

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

    # ---- changing ----

    def add(self, made: Pipeline) -> PipelineRecord:
        """A new pipeline, or the note of one that could not be made."""
        number = max(self.pipelines, default=0) + 1
        error = "\n".join(made.errors) or made.reason
        record = PipelineRecord(number, made.event, error=error, created_at=self._now(), name=made.name)
        record.jobs = [self._first_run(job, run) for run, job in enumerate(made.jobs, self._next_run())]
        record.finished_at = self._now() if error else None
        self.pipelines[number] = record
        self._forget_old_ones()
        self.write(record)
        return record

    def put(self, run: JobRecord, state: State) -> None:
        """Let a run stand otherwise; ``write`` follows."""
        run.state = state
        if state.is_complete:
            run.finished_at = self._now()

    def again(self, pipeline: PipelineRecord, run: JobRecord) -> JobRecord:
        """A new run in place of one that is over, and what was skipped behind it is asked again."""
        run.retried = True
        fresh = JobRecord(
            self._next_run(), run.name, run.stage, State.PENDING, run.when, run.allow_failure, run.needs,
            created_at=self._now(),
        )  # fmt: skip
        pipeline.jobs.insert(pipeline.jobs.index(run) + 1, fresh)
        self.revive(pipeline, fresh)
        return fresh

    def revive(self, pipeline: PipelineRecord, run: JobRecord) -> None:
        """What was skipped behind a job is asked again."""
        pipeline.finished_at = None
        stages = list(dict.fromkeys(one.stage for one in pipeline.jobs))
        behind = {run.name}
        for other in pipeline.current:
            later = stages.index(other.stage) > stages.index(run.stage)
            follows = later if other.needs is None else bool(behind & set(other.needs))
            if other.state is State.SKIPPED and follows:
                behind.add(other.name)
                other.state, other.finished_at = State.CREATED, None

    def write(self, pipeline: PipelineRecord) -> None:
        """Keep a record as it is now, and tell. On a full disk it is kept in memory alone, until the next change."""
        try:
            self._records.write(pipeline)
        except OSError as error:
            _log.warning("pipeline %s is not kept: %s", pipeline.id, error)
        self.tell()

    def forget(self, pipeline: PipelineRecord) -> None:
        """Keep nothing of a pipeline that has ended: no record, log or artifact."""
        del self.pipelines[pipeline.id]
        self._records.remove(pipeline)
        for run in pipeline.jobs:
            self.trace_path(run.id).unlink(missing_ok=True)
            remove(self._root, run.id)

    def tell(self) -> None:
        """Something has changed."""
        self.version += 1
        for changed in self._waiting:
            changed.set()

    def _first_run(self, job: Job, number: int) -> JobRecord:
        needs = None if job.needs is None else [need.name for need in job.needs]
        return JobRecord(
            number, job.name, job.stage, State.CREATED, job.when, job.allow_failure, needs, created_at=self._now()
        )

    def _next_run(self) -> int:
        return 1 + max((job.id for one in self.pipelines.values() for job in one.jobs), default=0)

    def _forget_old_ones(self) -> None:
        over = [one for one in self.pipelines.values() if one.finished_at is not None]
        for pipeline in over[: max(0, len(self.pipelines) - _KEPT)]:
            self.forget(pipeline)

    def _end_what_ran(self, pipeline: PipelineRecord) -> None:
        running = [run for run in pipeline.current if run.state is State.RUNNING]
        for run in running:
            self.put(run, State.FAILED)
            run.failure_reason = "runner_system_failure"
            _add_line(self.trace_path(run.id), "ERROR: Job failed (system failure): the forge ended while it ran")
        if running:
            self._records.write(pipeline)


def _add_line(path: Path, line: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with open(path, "a", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(f"\n\x1b[31;1m{line}\x1b[0;m\n")
