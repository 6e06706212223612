"""How much memory a Binder session takes: the start script, JupyterLab, a cluster, and one notebook that has run.

mybinder.org promises one gigabyte. Counted is what each process has for itself plus its share of what several have
(PSS, where the system tells it; else the resident set, which counts shared pages more than once).
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import nbformat
import psutil
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parent.parent
PROMISED = 1024.0
_PATIENCE = 60.0


def measure(notebook: str) -> dict[str, float]:
    """Megabytes by process, after a notebook has run."""
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        paths = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        environment = {**os.environ, "GITOPSLAB_HOME": str(home / "home"), "PATH": paths, "JUPYTER_TOKEN": "x"}
        subprocess.run(
            ["gitopslab", "notebooks", str(home / "course")], env=environment, check=True, capture_output=True
        )
        jupyter = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1"]
        command = ["bash", str(ROOT / "binder" / "start"), *jupyter, "--ServerApp.port=8877"]
        server = subprocess.Popen(
            command, cwd=home, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            _wait("http://127.0.0.1:8877/api")
            return _with_notebook(home / "course" / notebook, environment, server.pid, home)
        finally:
            server.terminate()
            server.wait(30)
            subprocess.run(["gitopslab", "down", "--delete"], env=environment, check=False, capture_output=True)


def _with_notebook(path: Path, environment: dict[str, str], server: int, home: Path) -> dict[str, float]:
    client = NotebookClient(nbformat.read(path, 4), timeout=120, resources={"metadata": {"path": str(path.parent)}})
    with client.setup_kernel(env=environment):
        for index, cell in enumerate(client.nb.cells[:-1]):
            client.execute_cell(cell, index)
        found = {"JupyterLab": _tree(psutil.Process(server))}
        found["kernel"] = sum(_tree(child) for child in psutil.Process().children() if "ipykernel" in _line(child))
        for name, module in (("cluster", "controlplane.daemon"), ("forge", "gitopslab.forge")):
            mine = [one for one in psutil.process_iter() if module in _line(one) and str(home) in _line(one)]
            found[name] = sum(map(_tree, mine))
        return found


def _line(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def _tree(process: psutil.Process) -> float:
    total = 0.0
    for one in [process, *process.children(recursive=True)]:
        told = one.memory_full_info()
        total += getattr(told, "pss", told.rss) / 2**20
    return total


def _wait(url: str) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(url, timeout=2).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise SystemExit("JupyterLab did not answer")


def main() -> int:
    """Print a line a process; the exit code is 1 when it is more than Binder promises."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--notebook", default="00-start-here.ipynb")
    found = measure(parser.parse_args().notebook)
    for name, megabytes in found.items():
        print(f"{name:<12} {megabytes:6.0f} MB")
    total = sum(found.values())
    print(f"{'all':<12} {total:6.0f} MB of {PROMISED:.0f} MB")
    return 0 if total < PROMISED else 1


if __name__ == "__main__":
    sys.exit(main())
