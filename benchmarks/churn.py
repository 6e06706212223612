"""Whether a cluster's memory stays flat while objects come and go."""

from __future__ import annotations

import itertools
import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from connection import Connection

_STEADY = 0.5  # of the run: what comes before is warming up


def resident_mb(pid: int) -> float:
    """Resident memory of a process, in megabytes."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        kib = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], check=True, capture_output=True, text=True).stdout
        return int(kib) / 1024
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def process_of(kubeconfig: Path) -> int | None:
    """The process of an embedded cluster; None for other clusters."""
    state = kubeconfig.parent / "daemon.json"
    return int(json.loads(state.read_text())["pid"]) if state.exists() else None


def churn(kubeconfig: Path, namespace: str, minutes: float, pid: int) -> list[tuple[float, float, int]]:
    """Keep objects coming and going; every ten seconds the minute, the megabytes and the writes so far."""
    api = Connection(kubeconfig)
    begin = time.perf_counter()
    samples = [(0.0, resident_mb(pid), 0)]
    for writes in _rounds(api, namespace):
        now = (time.perf_counter() - begin) / 60
        if now - samples[-1][0] > 1 / 6:
            samples.append((now, resident_mb(pid), writes))
        if now >= minutes:
            return samples
    raise AssertionError("rounds have no end")


def growth(samples: list[tuple[float, float, int]]) -> float:
    """Megabytes a minute in the later part of a run: the slope of the least squares."""
    late = [(minute, mb) for minute, mb, _ in samples if minute >= samples[-1][0] * _STEADY]
    middle = sum(minute for minute, _ in late) / len(late)
    level = sum(mb for _, mb in late) / len(late)
    spread = sum((minute - middle) ** 2 for minute, _ in late)
    return sum((minute - middle) * (mb - level) for minute, mb in late) / spread if spread else 0.0


def _rounds(api: Connection, namespace: str) -> Iterator[int]:
    """Each round makes a Deployment, scales it, updates it and deletes it, with names that never come again."""
    apps, core = f"/apis/apps/v1/namespaces/{namespace}/deployments", f"/api/v1/namespaces/{namespace}"
    writes = 0
    for number in itertools.count():
        name = f"d{number}"
        api.request("POST", apps, _deployment(name))
        api.request("POST", f"{core}/configmaps", {"metadata": {"name": name}, "data": {"k": "v" * 200}})
        api.request("POST", f"{core}/services", {"metadata": {"name": name}, "spec": _service(name)})
        time.sleep(0.1)
        for change in ({"replicas": 4}, {"template": {"metadata": {"annotations": {"again": name}}}}):
            api.request("PATCH", f"{apps}/{name}", {"spec": change}, "application/merge-patch+json")
        time.sleep(0.1)
        api.request("DELETE", f"{apps}/{name}?propagationPolicy=Background")
        for kind in ("configmaps", "services"):
            api.request("DELETE", f"{core}/{kind}/{name}")
        writes += 8
        yield writes


def _deployment(name: str) -> dict[str, Any]:
    labels = {"app": name}
    containers = [{"name": "c", "image": "nginx:1.27"}]
    template = {
        "metadata": {"labels": labels},
        "spec": {"terminationGracePeriodSeconds": 1, "containers": containers},
    }
    spec = {"replicas": 2, "selector": {"matchLabels": labels}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


def _service(name: str) -> dict[str, Any]:
    return {"selector": {"app": name}, "ports": [{"port": 80}]}
