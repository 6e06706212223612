"""A disk without room: jobs fail with a reason, and the runner goes on."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from gitopslab.ci import Event, Pipeline, make, read
from gitopslab.ci.runner.machine import machine_of
from gitopslab.ci.runner.record import PipelineRecord
from gitopslab.ci.runner.runner import Runner


class Nowhere:
    """Commits without files."""

    def __init__(self, made: Pipeline) -> None:
        self.made = made

    def pipeline(self, record: PipelineRecord) -> Pipeline:
        return self.made

    def check_out(self, record: PipelineRecord, folder: Path) -> None:
        pass

    @contextmanager
    def job_token(self, project: str) -> Iterator[str]:
        yield "a-token-of-no-worth"


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    if os.name == "nt" or os.getuid() != 0:
        pytest.skip("only root mounts a small file system")
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_job_on_a_full_disk_fails_and_the_next_one_runs_once_there_is_room(small: Path) -> None:
    made = make(read("say: {script: [echo hello]}"), Event())
    runner = Runner(small / "ci", Nowhere(made), machine_of(small / "ci"))

    async def until_over(record: PipelineRecord) -> str:
        version = 0
        while record.finished_at is None:
            version = await runner.history.newer_than(version)
        return record.state.value

    async def told() -> None:
        running = asyncio.create_task(runner.run())
        filler = small / "filler"
        with filler.open("wb", buffering=0) as file, suppress(OSError):
            while file.write(b"x" * 4096):
                pass
        assert await until_over(runner.add(made)) == "failed"
        filler.unlink()
        assert await until_over(runner.add(made)) == "success"
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(told())
