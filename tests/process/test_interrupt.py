"""Ctrl-C while `gitopslab run` waits for a cell: quiet, exit code 130, and no kernel is left behind."""

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

from .conftest import Running

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
