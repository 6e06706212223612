"""A forge that is killed: what ran has failed, what waited goes on, and nobody is left behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from gitopslab.background.lock import is_locked
from gitopslab.clusters.detached import processes_of
from gitopslab.clusters.forge import MODULE, Forge
from gitopslab.clusters.pipelines import PipelineClient

pytestmark = pytest.mark.process
Git = Callable[..., subprocess.CompletedProcess[str]]
CI = """
stages: [build, test]
quick: {stage: build, script: [echo quick]}
slow: {stage: build, script: ["echo begun; sleep 986"], allow_failure: true}
after: {stage: test, script: [echo after]}
"""


@pytest.fixture
def forge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Forge]:
    monkeypatch.setenv("GITOPSLAB_HOME", str(tmp_path / "home"))
    made = Forge("embedded", "lab", {**os.environ, "GITOPSLAB_HOME": str(tmp_path / "home")})
    yield made
    made.down(delete=True)


def kill(forge: Forge) -> None:
    for process in processes_of(MODULE, forge.folder):
        process.send_signal(signal.SIGKILL)
    pause = threading.Event()
    while is_locked(forge.folder):
        pause.wait(0.01)


def until(client: PipelineClient, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    version = ""
    while True:
        found, version = client.pipelines(newer_than=version)
        if found and holds(found[0]):
            return found[0]


def states(told: dict[str, Any]) -> dict[str, str]:
    return {job["name"]: job["status"] for job in told["jobs"]}


@pytest.mark.skipif(os.name == "nt", reason="processes are found by their environment")
def test_a_killed_forge_goes_on_where_it_was(forge: Forge, git: Git, tmp_path: Path) -> None:
    address = forge.up()
    client = PipelineClient(address)
    work = tmp_path / "work"
    work.mkdir()
    (work / ".gitlab-ci.yml").write_text(CI)
    git(work, "init", "--initial-branch", "main")
    git(work, "add", ".")
    git(work, "commit", "-m", "CI")
    url = f"http://learner:{address.token}@{address.host}/waal/waal-web.git"
    assert git(work, "push", url, "main").returncode == 0
    told = until(client, lambda told: states(told) == {"quick": "success", "slow": "running", "after": "created"})
    slow = next(job["id"] for job in told["jobs"] if job["name"] == "slow")
    log = forge.folder / "ci" / "traces" / f"{slow}.log"
    pause = threading.Event()
    while "begun" not in log.read_text():
        pause.wait(0.01)
    kill(forge)

    assert forge.up() == address
    told = until(client, lambda told: told["finished_at"] is not None)
    assert states(told) == {"quick": "success", "slow": "failed", "after": "success"}
    assert next(job["failure_reason"] for job in told["jobs"] if job["name"] == "slow") == "runner_system_failure"
    assert "the forge ended while it ran" in log.read_text()
    assert not _running("sleep", "986")
    assert list((forge.folder / "ci" / "builds").glob("*")) == []


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
def test_a_push_in_the_middle_of_which_the_forge_is_killed_leaves_a_sound_repository(
    forge: Forge, git: Git, tmp_path: Path
) -> None:
    address = forge.up()
    work = tmp_path / "work"
    work.mkdir()
    git(work, "init", "--initial-branch", "main")
    for number in range(3):
        (work / f"large{number}").write_bytes(os.urandom(3_000_000))
        git(work, "add", ".")
        git(work, "commit", "-m", f"commit {number}")
    url = f"http://learner:{address.token}@{address.host}/waal/large.git"
    for delay in (0.1, 0.4):
        pushing = threading.Thread(target=git, args=(work, "push", "--atomic", url, "main", f"main:b{delay}"))
        pushing.start()
        threading.Event().wait(delay)
        kill(forge)
        pushing.join(60)
        forge.up()
        shutil.rmtree(tmp_path / "clone", ignore_errors=True)
        if httpx.get(f"{address.url}/api/projects").json():
            listed = git(tmp_path, "ls-remote", url).stdout
            assert f"refs/heads/b{delay}" in listed or "refs/heads/main" in listed or not listed
            if "refs/heads/main" in listed:
                assert git(tmp_path, "clone", url, "clone").returncode == 0
                assert git(tmp_path / "clone", "fsck", "--full").returncode == 0
    assert git(work, "push", url, "main").returncode == 0


def _running(*words: str) -> bool:
    return any(process.info["cmdline"] == list(words) for process in psutil.process_iter(["cmdline"]))
