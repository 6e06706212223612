"""A pipeline on this machine without a forge: ``gitopslab ci run FILE``.

The jobs run one after the other in copies of a folder, their logs go where the caller says, and nothing is kept.
"""

from __future__ import annotations

import asyncio
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from gitopslab.ci.pipeline import Pipeline
from gitopslab.ci.runner.machine import machine_of
from gitopslab.ci.runner.record import PipelineRecord
from gitopslab.ci.runner.runner import Runner
from gitopslab.ci.runner.states import State
from gitopslab.errors import LabError

_WAITING = frozenset({State.MANUAL, State.SCHEDULED})


def run_here(
    made: Pipeline, folder: Path, *, jobs: Sequence[str] = (), engine: str = "", echo: Callable[[bytes], None]
) -> PipelineRecord:
    """Run a pipeline, or some of its jobs, and tell how it went.

    Args:
        made: The pipeline.
        folder: The project's; jobs see a copy of it without its history.
        jobs: Only these, by name, manual ones among them; empty for all that start by themselves.
        engine: The container engine that answers; empty for none.
        echo: Told what the jobs log.

    Raises:
        LabError: There is no pipeline, or no such job.
    """
    if not made.is_created:
        raise LabError("\n".join(made.errors) or made.reason)
    chosen = _only(made, jobs) if jobs else made
    with tempfile.TemporaryDirectory(prefix="gitopslab-ci-") as root:
        return asyncio.run(_run(chosen, folder, Path(root), engine, echo))


async def _run(made: Pipeline, folder: Path, root: Path, engine: str, echo: Callable[[bytes], None]) -> PipelineRecord:
    # one job at a time, so that their logs do not mix
    runner = Runner(root, _Here(folder, made), replace(machine_of(root, engine), parallel=1), echo=echo)
    record = runner.add(made)
    running = asyncio.create_task(runner.run())
    try:
        version = 0
        while record.finished_at is None and record.state not in _WAITING and not running.done():
            version = await runner.history.newer_than(version)
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
    return record


def _only(made: Pipeline, names: Sequence[str]) -> Pipeline:
    """A pipeline of some jobs; what they need and what was not asked for is left out."""
    wanted = {made.job(name).name for name in names}
    jobs = tuple(
        replace(
            job, when="on_success", needs=None if job.needs is None else tuple(n for n in job.needs if n.name in wanted)
        )
        for job in made.jobs
        if job.name in wanted
    )
    return replace(made, jobs=jobs)


class _Here:
    """A folder in place of a forge."""

    def __init__(self, folder: Path, made: Pipeline) -> None:
        self._folder = folder
        self._made = made

    def pipeline(self, record: PipelineRecord) -> Pipeline:
        """The one that is run."""
        return self._made

    def check_out(self, record: PipelineRecord, folder: Path) -> None:
        """Copy the folder; links stay links."""
        ignored = shutil.ignore_patterns(".git")
        shutil.copytree(self._folder, folder, symlinks=True, ignore=ignored, dirs_exist_ok=True)

    @contextmanager
    def job_token(self, project: str) -> Iterator[str]:
        """A token that no forge knows."""
        yield f"local-{secrets.token_urlsafe(20)}"
