"""How long one scheduling decision takes among many nodes, and how long it takes to explain one from plain objects.

Needs no cluster: both are the pure core. ``schedule`` is one cycle on a snapshot that is kept up to date, as in the
embedded control plane; ``explain`` is all that ``lab.explain`` does after reading the API, the snapshot included;
``what if`` is deciding again for a changed pod.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from gitopslab.controlplane.scheduler import what_if
from gitopslab.controlplane.scheduler.cycle import Cycle
from gitopslab.controlplane.scheduler.explain import Objects, Scene
from gitopslab.controlplane.scheduler.podinfo import PodInfo
from gitopslab.controlplane.scheduler.profile import Profile
from gitopslab.controlplane.scheduler.snapshot import snapshot_of
from gitopslab.machinery.objects import Object
from gitopslab.views.decision import explained

_HOST, _ZONE = "kubernetes.io/hostname", "topology.kubernetes.io/zone"
_TAINT = {"key": "dedicated", "effect": "NoSchedule"}


def node(number: int) -> Object:
    """One of three zones; every tenth is tainted."""
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": f"n{number}", "labels": {_HOST: f"n{number}", _ZONE: f"zone-{'abc'[number % 3]}"}},
        "spec": {"taints": [_TAINT] if number % 10 == 0 else []},
        "status": {"allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"}},
    }


def pod(number: int, where: str = "", *, cpu: str = "100m", **spec: Any) -> Object:
    """One of twenty groups."""
    requests = {"cpu": cpu, "memory": "64Mi"}
    container = {"name": "c", "image": "nginx:1.27", "resources": {"requests": requests}}
    group = {"app": f"a{number % 20}"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"p{number}", "namespace": "default", "uid": str(number), "labels": group},
        "spec": {"containers": [container], **({"nodeName": where} if where else {}), **spec},
        "status": {"phase": "Running" if where else "Pending"},
    }


def incoming() -> dict[str, Object]:
    """Pods that make the scheduler do different work."""
    same = {"labelSelector": {"matchLabels": {"app": "a1"}}}
    spread = {**same, "maxSkew": 1, "topologyKey": _ZONE, "whenUnsatisfiable": "DoNotSchedule"}
    away = {"requiredDuringSchedulingIgnoredDuringExecution": [{**same, "topologyKey": _HOST}]}
    return {
        "plain": pod(100001),
        "spread over zones": pod(100001, topologySpreadConstraints=[spread]),
        "away from its like": pod(100001, affinity={"podAntiAffinity": away}),
        "too large for all": pod(100001, cpu="9"),
    }


def median(work: Callable[[], object], rounds: int) -> float:
    """Milliseconds of processor time, which other programs on the machine do not lengthen as much as the clock."""
    times = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        times.append((time.process_time() - began) * 1000)
    return statistics.median(times)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, default=1000)
    parser.add_argument("--pods", type=int, default=1000, help="pods that run already")
    parser.add_argument("--rounds", type=int, default=7)
    asked = parser.parse_args()
    nodes = [node(number) for number in range(asked.nodes)]
    pods = [pod(number, f"n{number % asked.nodes}") for number in range(asked.pods)]
    print(f"{asked.nodes} nodes, {asked.pods} pods; median milliseconds of {asked.rounds}")
    print(f"{'pod':20} {'schedule':>10} {'explain':>10} {'what if':>10}")
    for name, wanted in incoming().items():
        snapshot, profile = snapshot_of(nodes, pods), Profile()
        cycle = Cycle(profile, snapshot, Objects(), random.Random(0))
        scene = Scene(wanted, nodes, pods)
        less = what_if.requests("", {"cpu": "50m"})
        tasks: list[Callable[[], object]] = [
            partial(schedule, cycle, wanted),
            partial(whole_of, wanted, nodes, pods),
            partial(rethink, scene, less),
        ]
        figures = [median(task, asked.rounds) for task in tasks]
        print(f"{name:20} " + " ".join(f"{figure:10.1f}" for figure in figures))


def schedule(cycle: Cycle, wanted: Object) -> object:
    """One decision on a snapshot that is there."""
    return cycle.schedule(PodInfo(wanted))


def whole_of(wanted: Object, nodes: list[Object], pods: list[Object]) -> object:
    """The decision from plain objects."""
    return whole(Scene(wanted, nodes, pods))


def rethink(scene: Scene, change: what_if.Change) -> object:
    """The decision for a changed pod."""
    return whole(what_if.pod_changed(scene, change))


def whole(scene: Scene) -> object:
    """The decision and how it is told."""
    return explained(scene.pod, scene.nodes, scene.decide())


if __name__ == "__main__":
    main()
