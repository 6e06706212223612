"""How long a cluster takes to four Ready nodes, and how much memory the embedded one's process then holds.

``gitopslab up`` alone, or in turns with another cluster: ``--beside COMMAND`` runs a command that starts one from
nothing. As soon as the command knows where its kubeconfig is, it prints that as the last word of a line, and it ends
with all it started on SIGTERM.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from churn import resident_mb
from connection import Connection

NODES = 4
_PATIENCE = 300.0


def once(home: Path, *flags: str) -> tuple[float, float]:
    """Seconds to four Ready nodes of an embedded cluster, and resident megabytes of its process."""
    environment = {**os.environ, "GITOPSLAB_HOME": str(home)}
    command = [sys.executable, "-m", "gitopslab"]
    begin = time.perf_counter()
    up = subprocess.run([*command, "up", *flags], env=environment, check=True, capture_output=True, text=True)
    kubeconfig = Path(up.stdout.strip().splitlines()[-1])
    _until_ready(kubeconfig)
    seconds = time.perf_counter() - begin
    memory = resident_mb(json.loads((kubeconfig.parent / "daemon.json").read_text())["pid"])
    subprocess.run([*command, "down", "--delete"], env=environment, check=True, capture_output=True)
    return seconds, memory


def once_beside(command: str) -> float:
    """Seconds from running a command to four Ready nodes of the cluster that it starts."""
    begin = time.perf_counter()
    with subprocess.Popen(shlex.split(command), stdout=subprocess.PIPE, text=True) as started:
        try:
            assert started.stdout is not None, "it was asked for"
            _until_ready(_named_in(started.stdout.readline()))
            return time.perf_counter() - begin
        finally:
            started.terminate()


def _named_in(line: str) -> Path:
    if not line.split():
        raise SystemExit("the command beside ended without a word about its kubeconfig")
    return Path(line.split()[-1])


def _until_ready(kubeconfig: Path) -> None:
    """Wait for the nodes; whoever does not answer yet is asked again."""
    end = time.perf_counter() + _PATIENCE
    while _ready(kubeconfig) < NODES:
        if time.perf_counter() > end:
            raise SystemExit(f"no {NODES} Ready nodes within {_PATIENCE:.0f} s: {kubeconfig}")
        time.sleep(0.01)


def _ready(kubeconfig: Path) -> int:
    try:
        nodes = Connection(kubeconfig).request("GET", "/api/v1/nodes")["items"]
    except (OSError, RuntimeError):
        return 0
    conditions = [c for node in nodes for c in node.get("status", {}).get("conditions", [])]
    return sum(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--bare", action="store_true")
    parser.add_argument("--beside", metavar="COMMAND", help="starts another cluster from nothing")
    options = parser.parse_args()
    flags = ["--bare"] if options.bare else []
    figures, beside = [], []
    with tempfile.TemporaryDirectory() as homes:
        for run in range(options.runs):
            figures.append(once(Path(homes) / str(run), *flags))
            beside += [once_beside(options.beside)] if options.beside else []
    seconds, memory = zip(*figures, strict=True)
    print(f"up to four Ready nodes: {statistics.median(seconds):.2f} s (of {[round(s, 2) for s in seconds]})")
    print(f"resident memory:        {statistics.median(memory):.0f} MB")
    if beside:
        print(f"beside:                 {statistics.median(beside):.2f} s (of {[round(s, 2) for s in beside]})")


if __name__ == "__main__":
    main()
