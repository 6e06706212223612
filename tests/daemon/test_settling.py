"""Once a cluster has settled, nothing is left to do: not when it is looked at again, and not after a restart."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from gitopslab.controlplane.daemon.assembly import ControlPlane
from gitopslab.controlplane.server.store import Store
from gitopslab.machinery.clock import JumpableClock
from gitopslab.machinery.objects import Object

_NUMBERS = itertools.count()


def template(app: str, image: str, **spec: Any) -> Object:
    containers = [{"name": "c", "image": image, "resources": {"requests": {"cpu": "50m"}}}]
    return {"metadata": {"labels": {"app": app}}, "spec": {"containers": containers, **spec}}


def workload(kind: str, app: str, replicas: int, image: str) -> Object:
    """A workload of a kind, or what usually stands beside one."""
    selector = {"matchLabels": {"app": app}}
    pods = {"selector": selector, "template": template(app, image)}
    once = {"template": template(app, "busybox", restartPolicy="Never")}
    claim = {
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": app}
    specs: dict[str, tuple[str, Object]] = {
        "Deployment": ("apps/v1", {"replicas": replicas, **pods}),
        "ReplicaSet": ("apps/v1", {"replicas": replicas, **pods}),
        "StatefulSet": ("apps/v1", {"replicas": replicas, "serviceName": app, **pods, "volumeClaimTemplates": [claim]}),
        "DaemonSet": ("apps/v1", pods),
        "Job": ("batch/v1", {"completions": replicas, "backoffLimit": 1, **once}),
        "CronJob": ("batch/v1", {"schedule": "*/1 * * * *", "jobTemplate": {"spec": once}}),
        "Service": ("v1", {"selector": {"app": app}, "ports": [{"port": 80}]}),
        "PodDisruptionBudget": ("policy/v1", {"minAvailable": 1, "selector": selector}),
        "ResourceQuota": ("v1", {"hard": {"pods": replicas}}),
        "HorizontalPodAutoscaler": ("autoscaling/v2", {"minReplicas": 1, "maxReplicas": 3, "scaleTargetRef": target}),
    }
    version, spec = specs[kind]
    return {"apiVersion": version, "kind": kind, "metadata": {"name": app, "namespace": "default"}, "spec": spec}


KINDS = (
    "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "CronJob", "Service", "PodDisruptionBudget",
    "ResourceQuota", "HorizontalPodAutoscaler",
)  # fmt: skip
ANY = st.builds(
    workload, st.sampled_from(KINDS), st.sampled_from("ab"), st.integers(0, 3),
    st.sampled_from(["nginx:1.27", "nginx:missing", "busybox"]),
)  # fmt: skip
SETS = st.lists(ANY, min_size=1, max_size=5, unique_by=lambda obj: (obj["kind"], obj["metadata"]["name"]))


def written_since(store: Store, revision: int) -> list[tuple[str, str]]:
    """What was written, but for heartbeats, and for events: a restarted controller sees anew what it tells there."""
    rows = store._db.execute("SELECT resource, name FROM log WHERE revision > ?", (revision,))
    return [row for row in rows if not row[0].startswith(("events", "leases."))]


# A counterexample is small already, and each try builds two clusters.
@settings(
    max_examples=12,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(SETS, st.sampled_from([0, 7, 95]))
def test_settling_twice_changes_nothing_also_over_a_restart(
    tmp_path: Path, objects: list[Object], seconds: int
) -> None:
    clock, path = JumpableClock(), tmp_path / f"{next(_NUMBERS)}.db"
    plane = ControlPlane(clock, Store(path), bare=True)
    plane.settle()
    for obj in objects:
        plane.api.create(obj)
    plane.settle()
    plane.advance(seconds)
    settled = plane.store.revision
    plane.settle()
    assert written_since(plane.store, settled) == []
    plane.close()
    plane = ControlPlane(clock, Store(path), bare=True)
    plane.settle()
    assert written_since(plane.store, settled) == []
    plane.close()
