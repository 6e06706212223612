"""`gitopslab lab`: from nothing to a JupyterLab that answers beside four Ready nodes."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from gitopslab.clusters import State
from gitopslab.clusters.embedded import EmbeddedCluster
from gitopslab.clusters.kubectl import Kubectl, is_ready

pytestmark = pytest.mark.process


@pytest.fixture
def cluster(home: Path) -> Iterator[EmbeddedCluster]:
    """The cluster that the command brings up."""
    made = EmbeddedCluster("lab")
    yield made
    made.down(delete=True)


def start(folder: Path, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "gitopslab", "lab", "--no-browser", "--dir", str(folder), *words]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # tests that run in the background of a shell have Ctrl-C switched off, and would hand that on
        preexec_fn=None if os.name == "nt" else lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def answer(url: str, put: bytes | None = None) -> str:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(url, data=put, method="PUT" if put else "GET")
    with opener.open(request, timeout=20) as response:
        text: str = response.read().decode()
    return text


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for other processes")
def test_the_lab_opens_and_ctrl_c_keeps_the_cluster(cluster: EmbeddedCluster, tmp_path: Path) -> None:
    process = start(tmp_path / "mine")
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.search(r"(http://127\.0\.0\.1:\d+)/lab/tree/00-\S+\.ipynb\?token=(\S+)", line)
    assert found, line + (process.communicate(timeout=20)[1] if process.poll() is not None else "")
    base, token = found.groups()
    shipped = json.loads(answer(f"{base}/api/contents/?token={token}"))["content"]
    assert {"00-start-here.ipynb", "04-anatomy-of-a-cluster.ipynb"} <= {one["name"] for one in shipped}
    page = answer(f"{base}/lab?token={token}")
    assert "@jupyterlab/apputils-extension:announcements" in page, "no news is fetched"
    assert token not in Path(f"/proc/{process.pid}/cmdline").read_text() if Path("/proc").is_dir() else True
    answer(f"{base}/lab/api/workspaces/tabs?token={token}", put=b'{"data": {}, "metadata": {"id": "tabs"}}')
    assert list((tmp_path / "mine/.gitopslab/workspaces").glob("tabs*")), "what is open is this folder's own"
    assert [is_ready(node) for node in Kubectl(cluster.kubeconfig).nodes() or ()] == [True] * 4

    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0
    assert "starting JupyterLab" in said
    assert "The cluster goes on" in said
    assert cluster.status().state is State.RUNNING
    with pytest.raises(OSError, match="refused"):
        answer(f"{base}/api")


def test_a_port_that_was_asked_for_and_is_taken_is_named(home: Path, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = start(tmp_path / "mine", "--port", str(port))
        _, said = process.communicate(timeout=30)
    assert process.returncode == 1
    assert f"Port {port} on 127.0.0.1 is in use" in said
    assert "leave out --port" in said
    assert not (tmp_path / "mine").exists()
