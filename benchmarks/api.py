"""Latency of an API server, beside another one or beside a bare route."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bare_route import bare_route
from connection import Connection

NAMESPACE = "gitopslab-bench"
MERGE = "application/merge-patch+json"


def config_map(name: str) -> dict[str, Any]:
    """A small object."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"key": "value"}}


def median_ms(calls: list[Callable[[], Any]]) -> float:
    """The median wall time of the calls, in milliseconds."""
    times = []
    for call in calls:
        begin = time.perf_counter()
        call()
        times.append((time.perf_counter() - begin) * 1000)
    return statistics.median(times)


def verbs(api: Connection, rounds: int, namespace: str) -> dict[str, float]:
    """Median milliseconds of create, get, patch and list."""
    base = f"/api/v1/namespaces/{namespace}/configmaps"
    names = [f"c-{i:04}" for i in range(rounds)]
    figures = {
        "create": median_ms([lambda n=n: api.request("POST", base, config_map(n)) for n in names]),
        "get": median_ms([lambda n=n: api.request("GET", f"{base}/{n}") for n in names]),
        "patch": median_ms(
            [lambda n=n: api.request("PATCH", f"{base}/{n}", {"data": {"key": n}}, MERGE) for n in names]
        ),
    }
    for i in range(len(names), 300):
        api.request("POST", base, config_map(f"c-{i:04}"))
    figures["list of 300"] = median_ms([lambda: api.request("GET", f"{base}?limit=300")] * 20)
    return figures


def watch_lag(kubeconfig: Path, api: Connection, rounds: int, namespace: str) -> float:
    """Median milliseconds from sending a write to receiving its watch event on another connection."""
    base = f"/api/v1/namespaces/{namespace}/configmaps"
    revision = api.request("GET", base)["metadata"]["resourceVersion"]
    stream = Connection(kubeconfig).open("GET", f"{base}?watch=true&resourceVersion={revision}&timeoutSeconds=60")
    arrived: dict[str, float] = {}
    seen = threading.Semaphore(0)

    def follow() -> None:
        for line in stream:
            arrived[json.loads(line)["object"]["metadata"]["name"]] = time.perf_counter()
            seen.release()

    threading.Thread(target=follow, daemon=True).start()
    lags = []
    for i in range(rounds):
        begin = time.perf_counter()
        api.request("POST", base, config_map(f"w-{i:04}"))
        if not seen.acquire(timeout=10):
            raise RuntimeError("no watch event within 10 s")
        lags.append((arrived[f"w-{i:04}"] - begin) * 1000)
    return statistics.median(lags)


def kubectl_get(kubeconfig: Path, rounds: int) -> float:
    """Median milliseconds of a whole ``kubectl get nodes`` process."""
    kubectl = shutil.which("kubectl", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if kubectl is None:
        raise RuntimeError("no kubectl found")
    command = [kubectl, "--kubeconfig", str(kubeconfig), "get", "nodes"]
    return median_ms([lambda: subprocess.run(command, check=True, capture_output=True)] * rounds)


def measure(kubeconfig: Path, rounds: int, namespace: str = NAMESPACE) -> dict[str, float]:
    """All figures of one cluster, in milliseconds."""
    api = Connection(kubeconfig)
    api.request("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})
    try:
        figures = verbs(api, rounds, namespace)
        figures["write to watch event"] = watch_lag(kubeconfig, api, min(rounds, 100), namespace)
        figures["kubectl get"] = kubectl_get(kubeconfig, 10)
        return figures
    finally:
        Connection(kubeconfig).request("DELETE", f"/api/v1/namespaces/{namespace}")


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kubeconfig", type=Path, required=True)
    parser.add_argument("--beside", type=Path, help="a second cluster; default a bare Starlette and SQLite route")
    parser.add_argument("--rounds", type=int, default=300)
    options = parser.parse_args()
    ours = measure(options.kubeconfig, options.rounds)
    other = measure(options.beside, options.rounds) if options.beside else bare_route(options.rounds)
    print(f"{'milliseconds, median':24}{'ours':>10}{'beside':>10}{'ratio':>8}")
    for name, value in ours.items():
        beside = other.get(name)
        shown = f"{beside:10.2f}{value / beside:8.2f}" if beside else f"{'-':>10}{'-':>8}"
        print(f"{name:24}{value:10.2f}{shown}")


if __name__ == "__main__":
    main()
