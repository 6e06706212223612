"""200 objects in one Kustomization: how long the apply takes, and a reconcile that changes nothing.

``python benchmarks/flux.py [--objects N]``: a control plane and a forge in this process, on files, as a lab has them.
The targets are 5 s and 0.5 s, and that no resourceVersion of an object moves.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from flux_cluster import KS, Flux, config_map
from projects import Project
from serving_forge import served_forge

from gitopslab.controlplane.daemon.assembly import ControlPlane
from gitopslab.controlplane.server.store import Store
from gitopslab.machinery.clock import JumpableClock

DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata: {name: web-%d, namespace: default}
spec:
  replicas: 0
  selector: {matchLabels: {app: web-%d}}
  template:
    metadata: {labels: {app: web-%d}}
    spec:
      containers:
      - {name: web, image: nginx, ports: [{containerPort: 80}], env: [{name: A, value: b}]}
"""


def main() -> int:
    """Measure; the exit code is 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=200)
    count = parser.parse_args().objects
    with tempfile.TemporaryDirectory() as folder, served_forge(Path(folder) / "forge") as forge:
        clock = JumpableClock()
        flux = Flux(ControlPlane(clock, Store(Path(folder) / "store.db"), bare=True), clock)
        project = Project(forge, "waal/many")
        project.commit({f"{at}.yaml": manifest(at) for at in range(count)})
        flux.repository(project.url, interval="1h")
        with measured(f"{count} objects applied", 5.0) as good:
            flux.kustomization()
        before = versions(flux)
        for token in ("again", "and again"):
            with measured("a reconcile that changes nothing", 0.5) as quick:
                flux.request(KS, "app", token)
        moved = sum(old != new for old, new in zip(before, versions(flux), strict=True))
        print(f"resourceVersions that moved: {moved}")
        print(flux.condition(KS))
        return 0 if good and quick and not moved else 1


def manifest(at: int) -> str:
    """Deployments and ConfigMaps by turns."""
    return config_map(f"c-{at}", x=str(at) + "x") if at % 2 else DEPLOYMENT % (at, at, at)


def versions(flux: Flux) -> list[str]:
    """Of everything that was applied."""
    objects = [*flux.api.list("configmaps", "default"), *flux.api.list("deployments.apps", "default")]
    return [obj["metadata"]["resourceVersion"] for obj in objects]


@contextmanager
def measured(what: str, target: float) -> Iterator[list[bool]]:
    """Print how long something took; the list is not empty when that was in time."""
    good: list[bool] = []
    started = time.perf_counter()
    yield good
    took = time.perf_counter() - started
    print(f"{what}: {took:.2f} s (target {target} s)")
    if took <= target:
        good.append(True)


if __name__ == "__main__":
    sys.exit(main())
