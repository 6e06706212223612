"""An embedded cluster as a process of its own, on a data folder that only the test has."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gitopslab.background.lock import is_locked
from gitopslab.clusters import Options, ports
from gitopslab.clusters.client import Client
from gitopslab.clusters.embedded import EmbeddedCluster


class Running:
    """A cluster whose process the test may treat badly."""

    def __init__(self) -> None:
        self.cluster = EmbeddedCluster("lab")
        self.folder = self.cluster.kubeconfig.parent

    @property
    def pid(self) -> int:
        """Of its process."""
        return int(json.loads((self.folder / "daemon.json").read_text())["pid"])

    def client(self) -> Client:
        """A new client of it."""
        return Client(self.cluster.kubeconfig)

    def kill(self) -> None:
        """End it as a power cut would, and wait until the system has let go of its lock."""
        os.kill(self.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
        eventually(lambda: not is_locked(self.folder), "the killed process still holds its lock")


def eventually(holds: Callable[[], bool], otherwise: str, seconds: float = 60) -> None:
    """Look again every fraction of a second until something outside of this process is so."""
    pause = threading.Event()
    for _ in range(int(seconds / 0.02)):
        if holds():
            return
        pause.wait(0.02)
    raise AssertionError(otherwise)


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """A bare cluster that is up."""
    monkeypatch.setenv("GITOPSLAB_HOME", str(tmp_path / "home"))
    made = Running()
    # of the system's own choice, so that no other test takes it while this cluster is down
    made.cluster.up(options=Options(bare=True, port=ports.free(())))
    yield made
    if made.folder.exists():
        made.cluster.down(delete=True)
