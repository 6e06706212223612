"""Runs one job, from an empty folder to its last line in the log.

``runner`` calls ``execute`` in a task of its own; cancelling the task ends the job's processes. The order is that of
GitLab Runner: sources, cache, artifacts of others, script, ``after_script``, cache, artifacts.

Simplified: a job with ``trigger`` fails, since no downstream pipeline is made; ``tags`` choose no runner, because there
is only one.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from gitopslab import __version__
from gitopslab.ci.job import Job
from gitopslab.ci.runner import artifacts, caches, containers
from gitopslab.ci.runner.process import run
from gitopslab.ci.runner.record import JobRecord, PipelineRecord
from gitopslab.ci.runner.running import running_variables
from gitopslab.ci.runner.script import environment_of, script_of
from gitopslab.ci.runner.services import Services
from gitopslab.ci.runner.states import State
from gitopslab.ci.runner.surroundings import Machine, Surroundings
from gitopslab.ci.runner.trace import Trace

USUAL_TIMEOUT = 3600.0
"""Seconds that a job may take when it does not say, as for a project on GitLab."""

_AFTER_SCRIPT_TIMEOUT = 300.0
_LOGINS = "docker"
_PASSED_ON = (
    *("HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SYSTEMROOT", "PYTHONPATH", "GITOPSLAB_HOME"),
    *("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "CONTAINER_HOST", "XDG_RUNTIME_DIR"),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a job ended.

    Attributes:
        state: ``success``, ``failed`` or ``canceled``.
        reason: Of a failure, in GitLab's words.
        exit_code: Of the script; None when it was not run to its end.
        artifacts: Bytes kept; None for nothing.
        coverage: In percent, when the log has it.
    """

    state: State
    reason: str = ""
    exit_code: int | None = None
    artifacts: int | None = None
    coverage: float | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a job, and where it takes place.

    Attributes:
        job: The job.
        record: This run.
        pipeline: Of which it is.
        root: The runner's folder.
        machine: What it is run with.
        surroundings: Where commits and tokens come from.
        sources: The runs whose artifacts it fetches.
        changed: Called when its log has grown.
        echo: Also told what is logged.
    """

    job: Job
    record: JobRecord
    pipeline: PipelineRecord
    root: Path
    machine: Machine
    surroundings: Surroundings
    sources: tuple[JobRecord, ...] = ()
    changed: Callable[[], None] = lambda: None
    echo: Callable[[bytes], None] = lambda piece: None
    _variables: dict[str, str] = field(default_factory=dict)

    @property
    def trace_path(self) -> Path:
        """Its log."""
        return self.root / "traces" / f"{self.record.id}.log"

    @property
    def builds(self) -> Path:
        """A folder for this run alone."""
        return self.root / "builds" / str(self.record.id)

    @property
    def folder(self) -> Path:
        """The project's files."""
        return self.builds / self.pipeline.event.project.path


async def execute(run_: Run) -> Outcome:
    """Run a job; never raises, but when it is cancelled."""
    with run_.surroundings.job_token(run_.pipeline.event.project.path) as token:
        running = running_variables(run_.job, run_.record, run_.pipeline, builds=run_.builds, token=token)
        received = artifacts.received_variables(run_.root, run_.sources)
        variables = run_.job.environment_variables({**running, **received})
        masked = [one.value for one in run_.job.variables if one.masked]
        with Trace(run_.trace_path, [token, *masked], run_.changed, run_.echo) as trace:
            if run_.job.trigger is not None:
                trace.failed("(unsupported): the lab starts no downstream pipelines")
                return Outcome(State.FAILED, "downstream_pipeline_creation_failed")
            try:
                return await _Story(replace(run_, _variables=variables), trace).told()
            except asyncio.CancelledError:
                trace.say("Job was canceled")
                raise
            except Exception as error:  # whatever goes wrong, a job ends, and its log says why
                trace.failed(f"(system failure): {error or type(error).__name__}")
                return Outcome(State.FAILED, "runner_system_failure")
            finally:
                await asyncio.to_thread(shutil.rmtree, run_.builds, ignore_errors=True)


class _Story:
    """The parts of a job in their order."""

    def __init__(self, run_: Run, trace: Trace) -> None:
        self._run = run_
        self._job = run_.job
        self._trace = trace
        self._variables = run_._variables
        self._executor = containers.executor_of(run_.job, run_.machine, run_._variables)
        self._services = Services(
            run_.job,
            self._executor,
            variables=self._variables,
            environment=environment_of(self._variables, _given(run_)),
            builds=run_.builds,
            say=trace.say,
            warn=trace.warn,
        )

    async def told(self) -> Outcome:
        """The whole job."""
        try:
            return await self._told()
        finally:
            await asyncio.shield(asyncio.ensure_future(self._services.end()))

    async def _told(self) -> Outcome:
        _make_room_for_logins(self._run.builds)
        await self._introduce()
        await self._get_sources()
        await self._restore()
        outcome = await self._scripts()
        kept = await self._keep(outcome)
        if outcome.state is State.SUCCESS:
            self._trace.succeeded()
        elif outcome.reason == "job_execution_timeout":
            self._trace.failed(f"execution took longer than {_span(self._timeout)} seconds")
        else:
            self._trace.failed(f"exit code {outcome.exit_code}")
        return replace(outcome, artifacts=kept, coverage=_coverage(self._job.coverage, self._run.trace_path))

    @property
    def _timeout(self) -> float:
        return self._job.timeout or USUAL_TIMEOUT

    async def _introduce(self) -> None:
        trace, machine = self._trace, socket.gethostname()
        trace.title(f"Running with gitopslab-runner {__version__}")
        with trace.section("prepare_executor", f'Preparing the "{self._executor.name}" executor'):
            for line in self._executor.notes:
                trace.warn(line)
            hosts = await self._services.start()
            if isinstance(self._executor, containers.Container):
                self._executor = replace(self._executor, hosts=hosts)
        with trace.section("prepare_script", "Preparing environment"):
            trace.say(f"Running on {machine}...")

    async def _get_sources(self) -> None:
        event = self._run.pipeline.event
        with self._trace.section("get_sources", "Getting source from Git repository"):
            self._run.folder.mkdir(parents=True, mode=0o700)
            if self._variables.get("GIT_STRATEGY") in ("none", "empty"):
                self._trace.say("Skipping Git repository setup")
                return
            self._trace.say(f"Checking out {event.commit.sha[:8]} as detached HEAD (ref is {event.ref})...")
            await asyncio.to_thread(self._run.surroundings.check_out, self._run.pipeline, self._run.folder)

    async def _restore(self) -> None:
        run_ = self._run
        if self._job.cache:
            with self._trace.section("restore_cache", "Restoring cache"):
                await asyncio.to_thread(caches.restore, run_, self._variables, self._trace.say)
        if run_.sources:
            with self._trace.section("download_artifacts", "Downloading artifacts"):
                await asyncio.to_thread(artifacts.fetch, run_.root, run_.sources, run_.folder, self._trace.say)

    async def _scripts(self) -> Outcome:
        title = 'Executing "step_script" stage of the job script'
        try:
            async with asyncio.timeout(self._timeout):
                with self._trace.section("step_script", title):
                    code = await self._script("step_script", [*self._job.before_script, *self._job.script])
            outcome = Outcome(State.SUCCESS if code == 0 else State.FAILED, "" if code == 0 else "script_failure", code)
        except TimeoutError:
            outcome = Outcome(State.FAILED, "job_execution_timeout")
        if self._job.after_script:
            self._variables["CI_JOB_STATUS"] = outcome.state.value
            with self._trace.section("after_script", "Running after_script"):
                await self._after_script()
        return outcome

    async def _after_script(self) -> None:
        """Whatever it does changes nothing about the result."""
        try:
            async with asyncio.timeout(_AFTER_SCRIPT_TIMEOUT):
                code = await self._script("after_script", list(self._job.after_script))
        except TimeoutError:
            self._trace.warn(f"WARNING: after_script took longer than {_span(_AFTER_SCRIPT_TIMEOUT)} seconds")
            return
        if code:
            self._trace.warn(f"WARNING: after_script failed with exit code {code}, but job will continue unaffected")

    async def _script(self, name: str, entries: list[str]) -> int:
        run_ = self._run
        file = run_.builds / f"{name}.sh"
        file.write_text(script_of(entries, self._executor.dialect), encoding="utf-8")
        environment = environment_of(self._variables, _given(run_))
        command = self._executor.command(file, run_.builds, run_.folder)
        try:
            return await run(command, folder=run_.folder, environment=environment, output=self._trace.output)
        except asyncio.CancelledError:  # cancelled, or out of time: what runs elsewhere ends, too
            if ending := self._executor.ending(run_.builds):
                quiet = run(ending, folder=run_.builds, environment=environment, output=lambda piece: None)
                await asyncio.shield(asyncio.ensure_future(quiet))
            raise

    async def _keep(self, outcome: Outcome) -> int | None:
        run_, passed = self._run, outcome.state is State.SUCCESS
        if self._job.cache:
            with self._trace.section("archive_cache", f"Saving cache for {_ended(passed)} job"):
                await asyncio.to_thread(caches.save, run_, self._variables, passed, self._trace.say)
        if self._job.artifacts is None:
            return None
        name = f"upload_artifacts_on_{'success' if passed else 'failure'}"
        with self._trace.section(name, f"Uploading artifacts for {_ended(passed)} job"):
            return await asyncio.to_thread(artifacts.keep, run_, self._variables, passed, self._trace.say)


def _given(run_: Run) -> dict[str, str]:
    """What a job gets of the runner's own environment: enough to find programs, and nothing secret.

    Logins of ``docker`` end with the job; images are the runner's, so that the next job builds on their layers.
    """
    path = [str(run_.machine.tools)] if run_.machine.tools else []
    path += [os.environ.get("PATH", os.defpath), str(Path(sys.executable).parent)]
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    own = {"DOCKER_CONFIG": str(run_.builds / _LOGINS), "GITOPSLAB_IMAGES": str(run_.root / "images")}
    return {**passed_on, **own, "PATH": os.pathsep.join(path)}


def _make_room_for_logins(builds: Path) -> None:
    """Where the job's ``docker login`` goes; Podman refuses to begin without the file."""
    folder = builds / _LOGINS
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    (folder / "config.json").write_text("{}\n", encoding="utf-8")


def _coverage(pattern: str, log: Path) -> float | None:
    """The last number that the job's pattern finds in its log."""
    if not pattern:
        return None
    import re2

    try:
        found = list(re2.finditer(pattern, log.read_text(encoding="utf-8", errors="replace")))
    except re2.error:
        return None
    numbers = re.findall(r"\d+(?:\.\d+)?", found[-1][0]) if found else []
    return float(numbers[0]) if numbers else None


def _ended(passed: bool) -> str:
    return "successful" if passed else "failed"


def _span(seconds: float) -> str:
    return f"{seconds:g}"
