"""What is kept of a pipeline: one JSON file each, replaced whole at every change, so that a kill leaves no half of one.

``history`` keeps records, the forge tells them as they are. What a job says in its file is not kept: it follows from
the commit and the event again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from gitopslab.background.files import write_private
from gitopslab.ci.event import Commit, Event, Project
from gitopslab.ci.runner.states import State, composite


@dataclass(slots=True)
class JobRecord:
    """One run of a job.

    Attributes:
        id: Of this run; a retry has another.
        name: Of the job.
        stage: Its stage.
        state: How it stands.
        when: As in the pipeline.
        allow_failure: Whether the pipeline passes although it fails.
        needs: Names of what it waits for; None when it waits for the stages before.
        retried: Whether a later run took its place.
        failure_reason: In GitLab's words, as ``script_failure``; empty when it did not fail.
        exit_code: Of its script; None when there was none.
        created_at: Seconds since the epoch, as all times.
        started_at: When it began.
        finished_at: When it ended.
        scheduled_at: When a delayed job becomes due.
        artifacts: Bytes of what it keeps; None for nothing.
        coverage: In percent, when its log has it.
    """

    id: int
    name: str
    stage: str
    state: State = State.CREATED
    when: str = "on_success"
    allow_failure: bool = False
    needs: list[str] | None = None
    retried: bool = False
    failure_reason: str = ""
    exit_code: int | None = None
    created_at: float = 0.0
    started_at: float | None = None
    finished_at: float | None = None
    scheduled_at: float | None = None
    artifacts: int | None = None
    coverage: float | None = None


@dataclass(slots=True)
class PipelineRecord:
    """One pipeline.

    Attributes:
        id: Among all.
        event: What made it.
        jobs: Every run of every job, in the order of the pipeline; retries behind the first run.
        error: Why it could not be made; empty when it could.
        created_at: Seconds since the epoch.
        finished_at: When its last job ended.
        name: As ``workflow:name`` has it.
    """

    id: int
    event: Event
    jobs: list[JobRecord] = field(default_factory=list)
    error: str = ""
    created_at: float = 0.0
    finished_at: float | None = None
    name: str = ""

    @property
    def current(self) -> list[JobRecord]:
        """The newest run of each job."""
        return [job for job in self.jobs if not job.retried]

    @property
    def state(self) -> State:
        """How it stands."""
        if self.error:
            return State.FAILED
        return composite((job.state, job.allow_failure) for job in self.current) or State.SKIPPED

    def as_dict(self) -> dict[str, Any]:
        """For JSON, with GitLab's names."""
        event = self.event
        return {
            "id": self.id,
            "iid": event.iid,
            "project": event.project.path,
            "status": self.state.value,
            "source": event.source,
            "ref": event.ref,
            "tag": event.is_tag,
            "sha": event.commit.sha,
            "title": event.commit.message.partition("\n")[0],
            "name": self.name,
            "yaml_errors": self.error,
            "created_at": self.created_at,
            "finished_at": self.finished_at,
            "jobs": [job_as_dict(job) for job in self.jobs],
        }


def job_as_dict(job: JobRecord) -> dict[str, Any]:
    """A run for JSON, with GitLab's names."""
    told = asdict(job)
    told["status"] = told.pop("state").value
    begun, ended = job.started_at, job.finished_at
    told["duration"] = None if begun is None or ended is None else round(ended - begun, 3)
    return told


class Records:
    """The records in a folder.

    Args:
        root: The folder; made when it is not there.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        root.mkdir(parents=True, exist_ok=True, mode=0o700)

    def write(self, pipeline: PipelineRecord) -> None:
        """Keep a record, new or changed."""
        told = json.dumps(asdict(pipeline), default=sorted)  # sets are written as lists
        write_private(self._root / f"{pipeline.id}.json", told)

    def remove(self, pipeline: PipelineRecord) -> None:
        """Forget a record."""
        (self._root / f"{pipeline.id}.json").unlink(missing_ok=True)

    def read(self) -> Iterator[PipelineRecord]:
        """All of them, oldest first."""
        for path in sorted(self._root.glob("[0-9]*.json"), key=lambda path: int(path.stem)):
            told = json.loads(path.read_text(encoding="utf-8"))
            event = _event(told.pop("event"))
            jobs = [JobRecord(**{**job, "state": State(job["state"])}) for job in told.pop("jobs")]
            yield PipelineRecord(event=event, jobs=jobs, **told)


def _event(told: dict[str, Any]) -> Event:
    commit = told.pop("commit")
    project = told.pop("project")
    changed = told.pop("changed")
    return Event(
        **{**told, "open_merge_requests": tuple(told["open_merge_requests"])},
        changed=None if changed is None else tuple(changed),
        commit=Commit(**{**commit, "files": tuple(commit["files"])}),
        project=Project(**{**project, "masked": frozenset(project["masked"])}),
    )
