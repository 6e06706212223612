"""What the runner is given by whoever runs it: commits, tokens, and what this machine has.

The forge keeps the promise with its repositories, the command line with the current folder.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from gitopslab.ci.pipeline import Pipeline
from gitopslab.ci.runner.record import PipelineRecord


@dataclass(frozen=True, slots=True)
class Machine:
    """What jobs are run with.

    Attributes:
        shell: ``bash`` or ``sh``, in full.
        engine: The container engine that answers, as ``docker``; empty when none does.
        tools: A folder that comes first on a job's ``PATH``; None for none.
        parallel: How many jobs run at once.
    """

    shell: Path
    engine: str = ""
    tools: Path | None = None
    parallel: int = 4


class Surroundings(Protocol):
    """The world of a runner."""

    def pipeline(self, record: PipelineRecord) -> Pipeline:
        """What a pipeline is made of, from its commit and its event again.

        Raises:
            LabError: The commit is gone, or its file cannot be read any more.
        """
        ...

    def check_out(self, record: PipelineRecord, folder: Path) -> None:
        """Put the files of a pipeline's commit into an empty folder. Called in a thread.

        Raises:
            LabError: The commit is gone.
        """
        ...

    def job_token(self, project: str) -> AbstractContextManager[str]:
        """A token that is good while the block runs."""
        ...
