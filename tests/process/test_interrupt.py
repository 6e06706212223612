"""Ctrl-C while `gitopslab run` waits for a cell, and SIGTERM while a cluster returns to an earlier moment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from gitopslab.background.lock import is_locked

from .conftest import Running, eventually

pytestmark = pytest.mark.process


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for other processes")
def test_ctrl_c_in_a_notebook_run_ends_it_quietly(running: Running, tmp_path: Path) -> None:
    notebook, begun = tmp_path / "mine.ipynb", tmp_path / "begun"
    os.mkfifo(begun)
    source = f"import time; open({str(begun)!r}, 'w').close(); time.sleep(60)"
    nbformat.write(new_notebook(cells=[new_code_cell(source)]), notebook)
    command = [sys.executable, "-m", "gitopslab", "run", str(notebook)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    begun.read_text()  # returns when the cell has opened it
    kernels = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Stopped with Ctrl-C" in said
    assert "Traceback" not in said
    assert psutil.wait_procs(kernels, timeout=30)[1] == []


@pytest.mark.skipif(os.name == "nt", reason="Windows ends a process without asking it")
def test_a_cluster_that_is_told_to_stop_while_it_returns_to_an_earlier_moment_stops(running: Running) -> None:
    client, pid = running.client(), running.pid
    now = client.request("GET", "/api/v1/nodes")["metadata"]["resourceVersion"]
    client.request("POST", "/lab/history", {"end": int(now)})
    os.kill(pid, signal.SIGTERM)
    eventually(lambda: not is_locked(running.folder), "it lives on")
