"""No process of a pod outlives the process of its cluster, however that ends."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

CLUSTER = """
import asyncio, os, sys
from gitopslab.controlplane.kubelet.process.wardens import Launch, Wardens

async def main():
    wardens = Wardens("test " + sys.argv[1])
    nothing = os.open(os.devnull, os.O_RDWR)
    env = {"GITOPSLAB_CONTAINER": "test " + sys.argv[1]}
    launch = Launch([sys.executable, "-c", sys.argv[2]], env)
    child = await wardens.start(launch, (os.dup(nothing), os.dup(1), os.dup(nothing)))
    print("child", child.pid, wardens.warden, flush=True)
    if sys.argv[3] == "close":
        await asyncio.to_thread(sys.stdin.readline)
        await wardens.close()
        return
    await child.ended
    await wardens.sweep("GITOPSLAB_CONTAINER=test " + sys.argv[1])
    print("swept", flush=True)
    await asyncio.sleep(1000)

asyncio.run(main())
"""
FAMILY = """
import os, time, sys
print("grandchild", os.getpid(), flush=True)
if not os.fork():
    os.setsid()
    if os.fork():
        os._exit(0)
    print("orphan", os.getpid(), flush=True)
    time.sleep(1000)
os.wait()
time.sleep(float(LEFT))
"""

Started = tuple[subprocess.Popen[str], list[psutil.Process], int]


def _started(tmp_path: Path, how: str, left: float = 1000) -> Iterator[Started]:
    family = FAMILY.replace("LEFT", str(left))
    command = [sys.executable, "-c", CLUSTER, str(tmp_path), family, how]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as cluster:
        assert cluster.stdout is not None
        try:
            found: dict[str, str] = {}
            while len(found) < 3:
                word, *rest = cluster.stdout.readline().split()
                found[word] = rest[0] if word != "child" else " ".join(rest)
            child, warden = found["child"].split()
            assert found["grandchild"] == child
            yield cluster, [psutil.Process(int(pid)) for pid in (child, found["orphan"])], int(warden)
        finally:
            cluster.kill()  # which ends by itself in no case


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[Started]:
    yield from _started(tmp_path, "close")


@pytest.fixture
def killed(tmp_path: Path) -> Iterator[Started]:
    yield from _started(tmp_path, "kill")


@pytest.fixture
def ended(tmp_path: Path) -> Iterator[Started]:
    yield from _started(tmp_path, "kill", 0.1)


def _are_gone(processes: list[psutil.Process]) -> bool:
    _, alive = psutil.wait_procs(processes, timeout=20)
    return not alive


def test_a_cluster_that_is_stopped_leaves_nobody(closed: Started) -> None:
    cluster, family, warden = closed
    assert cluster.stdin is not None
    cluster.stdin.write("\n")
    cluster.stdin.flush()
    assert _are_gone([*family, psutil.Process(warden)])


def test_a_cluster_that_is_killed_leaves_nobody(killed: Started) -> None:
    cluster, family, warden = killed
    everybody = [*family, psutil.Process(warden)]
    cluster.send_signal(signal.SIGKILL)
    assert _are_gone(everybody)


def test_a_container_that_ends_takes_its_orphans_along(ended: Started) -> None:
    cluster, family, _ = ended
    assert cluster.stdout is not None
    assert cluster.stdout.readline() == "swept\n"
    assert _are_gone(family)
