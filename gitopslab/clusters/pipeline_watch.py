"""A pipeline of the forge, followed: what the pipeline widget draws, renewed whenever the forge has news.

One daemon thread waits for news over ``PipelineClient``. It tells the pipeline as ``/api/pipelines/ID`` has it, and the
log of the one job that is chosen. What that means is left to ``views.pipeline``.
"""

from __future__ import annotations

import threading
from typing import Any

from gitopslab.clusters.pipelines import PipelineClient
from gitopslab.errors import LabError

_LONGEST_LOG = 200_000  # letters of a log that are kept, from its end
_PACE, _RETRY = 0.25, 2.0  # seconds between two answers, and after a failure


class PipelineWatch:
    """One pipeline; a source for ``LiveView``.

    Args:
        client: The forge's API.
        number: The pipeline's id.
    """

    def __init__(self, client: PipelineClient, number: int) -> None:
        self._client = client
        self._number = number
        self._job = 0
        self._told: dict[str, Any] = {}
        self._decisions: dict[str, Any] = {}
        self._log = ""
        self._error = ""
        self._version = 0
        self._changed = threading.Condition()
        self._stop = threading.Event()

    @property
    def error(self) -> str:
        """Why the forge cannot be followed right now; empty while it can."""
        with self._changed:
            return self._error

    def start(self) -> None:
        """Begin to follow; returns at once."""
        threading.Thread(target=self._follow, name=f"gitopslab-pipeline-{self._number}", daemon=True).start()

    def close(self) -> None:
        """Stop following; the thread ends with the answer that it waits for."""
        self._stop.set()
        self._news()

    def choose(self, job: int) -> None:
        """Tell the log of this job from now on; 0 for none."""
        self._job = job
        self._read_log()
        self._news()

    def state(self) -> tuple[int, dict[str, list[dict[str, Any]]]]:
        """The state's number, the pipeline, what was decided about its jobs, and the log of the chosen one."""
        with self._changed:
            log = [{"id": self._job, "text": self._log}] if self._job else []
            told = [self._told] if self._told else []
            return self._version, {"pipeline": told, "decisions": [self._decisions], "log": log}

    def wait(self, seen: int, timeout: float) -> bool:
        """Wait until the state is newer than number ``seen``; False when ``timeout`` seconds passed without."""
        with self._changed:
            return self._changed.wait_for(lambda: self._version != seen or self._stop.is_set(), timeout)

    def wait_synced(self, timeout: float) -> bool:
        """Wait until the pipeline is known, or asking for it failed."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._told or self._error), timeout)
            return bool(self._told)

    def _follow(self) -> None:
        version = ""
        while not self._stop.is_set():
            try:
                self._decisions = self._decisions or self._client.decisions(self._number)
                self._told = self._client.pipeline(self._number)
                self._read_log()
                self._news()
                _, version = self._client.pipelines(self._told["project"], newer_than=version)
                self._stop.wait(_PACE)
            except LabError as error:
                self._news(str(error))
                self._stop.wait(_RETRY)

    def _read_log(self) -> None:
        if self._job:
            self._log = "".join(self._client.trace(self._job))[-_LONGEST_LOG:]

    def _news(self, error: str = "") -> None:
        with self._changed:
            self._error = error
            self._version += 1
            self._changed.notify_all()
