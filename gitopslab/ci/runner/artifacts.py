"""Artifacts: what a job keeps, and what later jobs get of it.

``execution`` calls ``keep`` at a job's end and ``fetch`` at another's beginning; ``sources_of`` says whose. Variables
of a ``dotenv`` report go the same way.

Simplified: they stay until the pipeline is removed; ``expire_in`` is not kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gitopslab.ci.job import Job
from gitopslab.ci.runner.archives import matching, pack, unpack
from gitopslab.ci.runner.record import JobRecord
from gitopslab.ci.variables import expand

if TYPE_CHECKING:
    from gitopslab.ci.runner.execution import Run

Say = Callable[[str], None]
_DOTENV_LINE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)")
_MOST_DOTENV = 5120  # bytes, as on GitLab


def sources_of(job: Job, jobs: Sequence[Job], runs: Mapping[str, JobRecord]) -> tuple[JobRecord, ...]:
    """The runs whose artifacts a job fetches: of what it needs, of its ``dependencies``, else of all earlier stages.

    Args:
        job: The job.
        jobs: All of its pipeline, in order.
        runs: The newest run of each, by name.
    """
    stages = list(dict.fromkeys(one.stage for one in jobs))
    if job.needs is not None:
        wanted = {need.name for need in job.needs if need.artifacts}
    else:
        wanted = {one.name for one in jobs if stages.index(one.stage) < stages.index(job.stage)}
    if job.dependencies is not None:
        wanted &= set(job.dependencies)
    return tuple(runs[one.name] for one in jobs if one.name in wanted and runs[one.name].artifacts is not None)


def keep(run: Run, variables: Mapping[str, str], passed: bool, say: Say) -> int | None:
    """Pack what a job keeps, and give its size; None when there is nothing."""
    artifacts = run.job.artifacts
    if artifacts is None:
        return None
    patterns = [expand(path, variables) for path in artifacts.paths] if _wanted(artifacts.when, passed) else []
    reports = [expand(path, variables) for paths in artifacts.reports.values() for path in paths]
    files = matching(run.folder, patterns, [expand(path, variables) for path in artifacts.exclude])
    for pattern in patterns:
        count = len(matching(run.folder, [pattern]))
        say(f"{pattern}: found {count} matching artifact files" if count else f"WARNING: {pattern}: no matching files")
    files = sorted({*files, *matching(run.folder, reports)})
    if not files:
        say("ERROR: No files to upload")
        return None
    size = pack(archive_of(run.root, run.record.id), run.folder, files)
    dotenv = matching(run.folder, [expand(path, variables) for path in artifacts.reports.get("dotenv", ())])
    if dotenv:
        _dotenv_of(run.root, run.record.id).write_bytes(b"\n".join(path.read_bytes() for path in dotenv)[:_MOST_DOTENV])
    say(f'Uploading artifacts as "archive" to coordinator... {size} bytes')
    return size


def fetch(root: Path, sources: Iterable[JobRecord], folder: Path, say: Say) -> None:
    """Unpack what other jobs kept.

    Raises:
        LabError: An archive is gone or damaged.
    """
    for source in sources:
        count = unpack(archive_of(root, source.id), folder)
        say(f"Downloading artifacts for {source.name} ({source.id})... {count} files")


def received_variables(root: Path, sources: Iterable[JobRecord]) -> dict[str, str]:
    """The variables of ``dotenv`` reports."""
    found: dict[str, str] = {}
    for source in sources:
        path = _dotenv_of(root, source.id)
        if path.exists():
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
            found.update((match[1], match[2].strip("\"'")) for line in lines if (match := _DOTENV_LINE.fullmatch(line)))
    return found


def remove(root: Path, run: int) -> None:
    """Forget what a run kept."""
    archive_of(root, run).unlink(missing_ok=True)
    _dotenv_of(root, run).unlink(missing_ok=True)


def archive_of(root: Path, run: int) -> Path:
    """Where the artifacts of a run are."""
    return root / "artifacts" / f"{run}.zip"


def _dotenv_of(root: Path, run: int) -> Path:
    return root / "artifacts" / f"{run}.env"


def _wanted(when: str, passed: bool) -> bool:
    return when == "always" or passed == (when == "on_success")
