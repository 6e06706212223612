"""What a cluster bears: long lists, many watchers, many pods, and long churn; alone or beside another cluster."""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from churn import churn, growth, process_of
from connection import Connection
from rollout import rollout
from watchers import fan_out

NAMESPACE = "gitopslab-bench-load"


@contextmanager
def own_cluster() -> Iterator[Path]:
    """A new bare cluster of fifty nodes, gone afterwards."""
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "GITOPSLAB_HOME": home}
        command = [sys.executable, "-m", "gitopslab"]
        up = subprocess.run(
            [*command, "up", "--bare", "--workers", "50"], env=environment, check=True, capture_output=True, text=True
        )
        try:
            yield Path(up.stdout.strip().splitlines()[-1])
        finally:
            subprocess.run([*command, "down", "--delete"], env=environment, check=True, capture_output=True)


@contextmanager
def own_namespace(kubeconfig: Path, name: str) -> Iterator[str]:
    """A namespace for one measurement."""
    api = Connection(kubeconfig)
    api.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    accounts = f"/api/v1/namespaces/{name}/serviceaccounts"
    while not api.request("GET", accounts)["items"]:
        time.sleep(0.05)
    try:
        yield name
    finally:
        Connection(kubeconfig).request("DELETE", f"/api/v1/namespaces/{name}")


def listing(kubeconfig: Path, count: int) -> float:
    """Median milliseconds of a list of so many ConfigMaps, until its last byte is here."""
    with own_namespace(kubeconfig, f"{NAMESPACE}-list") as namespace:
        api = Connection(kubeconfig)
        base = f"/api/v1/namespaces/{namespace}/configmaps"
        for number in range(count):
            api.request("POST", base, {"metadata": {"name": f"c{number:05}"}, "data": {"key": "value"}})
        times = []
        for _ in range(20):
            begin = time.perf_counter()
            body = api.open("GET", base).read()
            times.append((time.perf_counter() - begin) * 1000)
        assert body.count(b'"key":"value"') == count, "the list is not complete"
        return statistics.median(times)


def measure(kubeconfig: Path, options: argparse.Namespace) -> dict[str, float]:
    """All figures of one cluster but that of the churn."""
    figures = {f"list of {options.objects} ConfigMaps, ms": listing(kubeconfig, options.objects)}
    with own_namespace(kubeconfig, f"{NAMESPACE}-watch") as namespace:
        found = fan_out(kubeconfig, namespace, watchers=options.watchers, rate=options.rate, seconds=10)
    figures |= {
        f"{options.watchers} watchers: events a second": found.rate,
        "event lag p50, ms": found.median,
        "event lag p99, ms": found.p99,
        "events lost": found.lost,
    }
    if options.replicas:
        figures[f"{options.replicas} pods ready, s"] = rollout(kubeconfig, options.replicas)
    return figures


def flat(kubeconfig: Path, minutes: float, pid: int | None) -> None:
    """Run the churn and print how memory went."""
    process = pid or process_of(kubeconfig)
    if process is None:
        raise SystemExit("say with --pid which process's memory to look at")
    with own_namespace(kubeconfig, f"{NAMESPACE}-churn") as namespace:
        samples = churn(kubeconfig, namespace, minutes, process)
    for minute, mb, writes in samples:
        print(f"minute {minute:5.1f}  {mb:7.1f} MB  {writes:7} writes")
    print(f"growth in the second half: {growth(samples):+.2f} MB a minute")


def show(ours: dict[str, float], other: dict[str, float]) -> None:
    """Print the figures, and beside them those of the other cluster."""
    for name, value in ours.items():
        beside = other.get(name)
        ratio = f"{beside:10.1f}{value / beside:8.2f}" if beside else ""
        print(f"{name:36}{value:10.1f}{ratio}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kubeconfig", type=Path, help="default a new embedded cluster of fifty nodes")
    parser.add_argument("--beside", type=Path, help="a second cluster")
    parser.add_argument("--objects", type=int, default=5000)
    parser.add_argument("--watchers", type=int, default=100)
    parser.add_argument("--rate", type=int, default=500, help="writes a second that the watchers follow")
    parser.add_argument("--replicas", type=int, default=500, help="pods to roll out; 0 leaves that out")
    parser.add_argument("--minutes", type=float, default=0, help="of churn; 0 leaves that out")
    parser.add_argument("--pid", type=int, help="the process whose memory is looked at during the churn")
    options = parser.parse_args()
    if options.kubeconfig is None:
        with own_cluster() as kubeconfig:
            run(kubeconfig, options)
    else:
        run(options.kubeconfig, options)


def run(kubeconfig: Path, options: argparse.Namespace) -> None:
    """Everything that was asked for."""
    ours = measure(kubeconfig, options)
    show(ours, measure(options.beside, options) if options.beside else {})
    if options.minutes:
        flat(kubeconfig, options.minutes, options.pid)


if __name__ == "__main__":
    main()
