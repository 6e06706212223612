"""200 objects in one Application: how long the sync takes, and a refresh that finds nothing new.

``python benchmarks/argocd.py [--objects N]``: a control plane and a forge in this process, on files, as a lab has them.
The targets are 5 s and 0.5 s, and that no resourceVersion of an object moves.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from argocd_cluster import Argo
from flux import manifest, measured
from projects import Project
from serving_forge import served_forge

from gitopslab.controlplane.daemon.assembly import ControlPlane
from gitopslab.controlplane.server.store import Store
from gitopslab.machinery.clock import JumpableClock


def main() -> int:
    """Measure; the exit code is 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=200)
    count = parser.parse_args().objects
    with tempfile.TemporaryDirectory() as folder, served_forge(Path(folder) / "forge") as forge:
        clock = JumpableClock()
        argo = Argo(ControlPlane(clock, Store(Path(folder) / "store.db"), bare=True), clock)
        project = Project(forge, "waal/many")
        project.commit({f"{at}.yaml": manifest(at) for at in range(count)})
        with measured(f"{count} objects compared", 1.0) as compared:
            argo.application(project.url)
        with measured(f"{count} objects synced", 5.0) as synced:
            argo.sync()
        print(argo.operation(), argo.sync_status(), argo.health())
        before = versions(argo)
        good = compared and synced
        for kind in ("normal", "hard"):
            with measured(f"a {kind} refresh that finds nothing new", 0.5) as quick:
                argo.refresh(kind=kind)
            good = good and quick
        moved = sum(old != new for old, new in zip(before, versions(argo), strict=True))
        print(f"resourceVersions that moved: {moved}")
        return 0 if good and not moved and argo.sync_status() == "Synced" else 1


def versions(argo: Argo) -> list[str]:
    """Of everything that was applied."""
    objects = [*argo.api.list("configmaps", "default"), *argo.api.list("deployments.apps", "default")]
    return [obj["metadata"]["resourceVersion"] for obj in objects]


if __name__ == "__main__":
    sys.exit(main())
