"""How long `gitopslab up` takes to four Ready nodes, and how much memory the cluster's process then holds."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from connection import Connection


def once(home: Path, *flags: str) -> tuple[float, float]:
    """Seconds to four Ready nodes and resident megabytes of the cluster's process."""
    environment = {**os.environ, "GITOPSLAB_HOME": str(home)}
    command = [sys.executable, "-m", "gitopslab"]
    begin = time.perf_counter()
    up = subprocess.run([*command, "up", *flags], env=environment, check=True, capture_output=True, text=True)
    kubeconfig = Path(up.stdout.strip().splitlines()[-1])
    while _ready(kubeconfig) < 4:
        time.sleep(0.01)
    seconds = time.perf_counter() - begin
    pid = json.loads((kubeconfig.parent / "daemon.json").read_text())["pid"]
    memory = _resident(pid)
    subprocess.run([*command, "down", "--delete"], env=environment, check=True, capture_output=True)
    return seconds, memory


def _ready(kubeconfig: Path) -> int:
    nodes = Connection(kubeconfig).request("GET", "/api/v1/nodes")["items"]
    conditions = [c for node in nodes for c in node.get("status", {}).get("conditions", [])]
    return sum(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def _resident(pid: int) -> float:
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        kib = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], check=True, capture_output=True, text=True).stdout
        return int(kib) / 1024
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--bare", action="store_true")
    options = parser.parse_args()
    flags = ["--bare"] if options.bare else []
    with tempfile.TemporaryDirectory() as homes:
        figures = [once(Path(homes) / str(run), *flags) for run in range(options.runs)]
    seconds, memory = zip(*figures, strict=True)
    print(f"up to four Ready nodes: {statistics.median(seconds):.2f} s (of {[round(s, 2) for s in seconds]})")
    print(f"resident memory:        {statistics.median(memory):.0f} MB")


if __name__ == "__main__":
    main()
