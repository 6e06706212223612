"""``lab.pipelines()``: what pushes have started, from cells: states, logs, and the buttons of a pipeline's page.

What is asked is the forge's to answer (``clusters.pipelines``).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gitopslab.clusters.pipelines import PipelineClient
from gitopslab.errors import LabError, WaitTimeoutError
from gitopslab.lab.answers import say, show
from gitopslab.machinery.messages import told
from gitopslab.views.pipeline_log import coloured_log

if TYPE_CHECKING:
    from gitopslab.widgets.pipeline import PipelineRunView

_PACE = 0.05  # seconds between two looks
_MARKS = {
    "success": "✔", "failed": "✘", "canceled": "⊘", "skipped": "»", "running": "●", "pending": "○",
    "manual": "▷", "scheduled": "◷", "created": "·", "waiting_for_resource": "○",
}  # fmt: skip


class Pipelines:
    """The pipelines of a project, newest first; a cell shows them as a table.

    Args:
        client: The forge's API.
        project: Which project; empty for all.
    """

    def __init__(self, client: PipelineClient, project: str = "") -> None:
        self._client = client
        self._project = project

    def __repr__(self) -> str:
        found, _ = self._client.pipelines(self._project)
        return "\n".join(map(_line, found)) or told("no pipelines yet: push a commit with a .gitlab-ci.yml")

    def __len__(self) -> int:
        return len(self._client.pipelines(self._project)[0])

    def __getitem__(self, at: int) -> Pipeline:
        return Pipeline(self._client, int(self._client.pipelines(self._project)[0][at]["id"]))

    @property
    def latest(self) -> Pipeline:
        """The newest one.

        Raises:
            LabError: There is none yet.
        """
        found, _ = self._client.pipelines(self._project)
        if not found:
            raise LabError(
                f"There is no pipeline {f'of {self._project} ' if self._project else ''}yet", "Push a commit"
            )
        return Pipeline(self._client, int(found[0]["id"]))

    def run(self, ref: str = "main", **variables: str) -> Pipeline:
        """Start one by hand, as the button *Run pipeline* does.

        Args:
            ref: For which branch or tag.
            **variables: Given with it; they win over all others.
        """
        told = self._client.start(self._one(), ref, variables)
        say(_line(told))
        return Pipeline(self._client, int(told["id"]))

    def set_variable(self, key: str, value: str | None, *, masked: bool = False) -> None:
        """Set a CI/CD variable of the project, as its settings page does; it wins over those of the file.

        Args:
            key: Its name.
            value: None takes it away.
            masked: Whether its value never shows in a log.
        """
        self._client.set_variable(self._one(), key, value, masked=masked)
        say(f"{key} is {'gone' if value is None else 'set'}{', and masked in logs' if masked else ''}")

    def _one(self) -> str:
        if not self._project:
            raise LabError("Of which project?", 'Name it: lab.pipelines("waal/waal-web")')
        return self._project


class Pipeline:
    """One pipeline; a cell shows its jobs by stage.

    Args:
        client: The forge's API.
        number: Its id.
    """

    def __init__(self, client: PipelineClient, number: int) -> None:
        self._client = client
        self.id = number

    def __repr__(self) -> str:
        told = self.told()
        lines = [_line(told)]
        stages: dict[str, list[str]] = {}
        for job in _current(told):
            reason = f" ({job['failure_reason']})" if job["failure_reason"] else ""
            stages.setdefault(job["stage"], []).append(f"{_MARKS[job['status']]} {job['name']} {job['status']}{reason}")
        lines += [f"  {stage}: {', '.join(jobs)}" for stage, jobs in stages.items()]
        return "\n".join(lines + ([told["yaml_errors"]] if told["yaml_errors"] else []))

    def told(self) -> Mapping[str, Any]:
        """All that the forge knows of it, in GitLab's words."""
        return self._client.pipeline(self.id)

    @property
    def status(self) -> str:
        """How it stands: ``running``, ``success``, ``failed``, ``manual`` ..."""
        return str(self.told()["status"])

    def wait(self, timeout: float = 120) -> Pipeline:
        """Wait until it has ended, or waits for a click.

        Raises:
            WaitTimeoutError: It took longer.
        """
        deadline, version = time.monotonic() + timeout, ""
        while self.told()["finished_at"] is None and self.status not in ("manual", "scheduled"):
            if time.monotonic() > deadline:
                raise WaitTimeoutError(f"Pipeline {self.id} is still {self.status} after {timeout:.0f} s", repr(self))
            _, version = self._client.pipelines(newer_than=version)
            time.sleep(_PACE)  # a log that grows is news, too
        say(repr(self))
        return self

    def show(self, *, still: bool = False) -> PipelineRunView:
        """The pipeline as a picture that follows it: stages, needs, states, and the log of the job that is clicked.

        Args:
            still: Take one picture, for exports.

        Example:
            >>> lab.pipelines("waal/waal-web").latest.show()
        """
        from gitopslab.clusters.pipeline_watch import PipelineWatch
        from gitopslab.widgets.base import live
        from gitopslab.widgets.pipeline import PipelineRunView

        def make() -> PipelineRunView:
            return PipelineRunView(
                lambda: PipelineWatch(self._client, self.id),
                lambda job, verb: self._client.change("jobs", job, verb),
                name=str(self.told()["project"]),
                still=still,
            )

        return make() if still else live((repr(self._client), "pipeline", str(self.id)), make)

    def log(self, job: str = "") -> None:
        """Print the log of a job, to its end; without a name that of the only or the first one."""
        rest = ""
        for piece in self._client.trace(self._job(job)["id"], follow=True):
            *lines, rest = (rest + piece).split("\n")
            show("".join(coloured_log(f"{line}\n") for line in lines), is_error=False)
        show(coloured_log(rest), is_error=False)

    def play(self, job: str) -> None:
        """Start a manual or delayed job."""
        self._change("jobs", self._job(job)["id"], "play")

    def cancel(self, job: str = "") -> None:
        """Stop a job, or all that have not ended."""
        self._change_any(job, "cancel")

    def retry(self, job: str = "") -> None:
        """Run a job again, or all that failed."""
        self._change_any(job, "retry")

    def _change_any(self, job: str, verb: str) -> None:
        if job:
            self._change("jobs", self._job(job)["id"], verb)
        else:
            self._change("pipelines", self.id, verb)

    def _change(self, what: str, number: int, verb: str) -> None:
        told = self._client.change(what, number, verb)
        say(f"{told.get('name') or f'pipeline {number}'}: {told['status']}")

    def _job(self, name: str) -> Mapping[str, Any]:
        jobs = _current(self.told())
        for job in jobs:
            if name in ("", job["name"]):
                return job
        raise LabError(f"Pipeline {self.id} has no job {name}", f"It has: {', '.join(job['name'] for job in jobs)}")


def _current(told: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [job for job in told["jobs"] if not job["retried"]]


def _line(told: Mapping[str, Any]) -> str:
    kind = "tag" if told["tag"] else "branch"
    return (
        f"{_MARKS[told['status']]} #{told['iid']} {told['project']} {kind} {told['ref']} {told['sha'][:8]}"
        f" {told['status']} ({told['source']}): {told['title']}"
    )
