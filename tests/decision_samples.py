"""Decisions for tests of what shows them: a cluster of four nodes, and pods with something to tell."""

from __future__ import annotations

from typing import Any

from scheduling_objects import ZONE, node, pod, spread

from gitopslab.controlplane.scheduler import what_if
from gitopslab.controlplane.scheduler.explain import Scene
from gitopslab.machinery.objects import Object
from gitopslab.views.decision import Explained, explained

WEB = {"app": "web"}
CONTROL_PLANE = {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}


def nodes() -> list[Object]:
    """A control plane and three workers in three zones, the last one half as large."""
    return [
        node("lab-control-plane", zone="zone-a", taints=[CONTROL_PLANE]),
        node("lab-worker", zone="zone-a"),
        node("lab-worker2", zone="zone-b"),
        node("lab-worker3", zone="zone-c", cpu="2", memory="4Gi"),
    ]


def pods() -> list[Object]:
    """Two pods of a group."""
    return [
        pod("web-1", on="lab-worker", cpu="1500m", memory="1Gi", labels=WEB),
        pod("web-2", on="lab-worker2", cpu="500m", labels=WEB),
    ]


def scene(name: str = "web-3", *, cpu: str = "3", **spec: Any) -> Scene:
    """The scene of a third pod that likes to be where the others are not."""
    constraint = spread("web", ZONE, soft=True)
    made = pod(name, cpu=cpu, labels=WEB, **{"topologySpreadConstraints": [constraint], **spec})
    return Scene(made, nodes(), pods())


def told(of: Scene, **more: Any) -> Explained:
    """The decision on a scene, for people."""
    return explained(of.pod, of.nodes, of.decide(), **more)


def one_left() -> Explained:
    """Only one node has room."""
    return told(scene())


def a_choice() -> Explained:
    """After asking for less in thought there are three nodes to choose from."""
    before = scene()
    after = what_if.pod_changed(before, what_if.requests("", {"cpu": "500m"}))
    return told(after, changes=["it asks for 500m cpu"], before=told(before))


def nowhere() -> Explained:
    """No node has room."""
    return told(scene("big", cpu="5"))


def crowd(count: int = 200) -> Explained:
    """Many nodes, of which every third is tainted and every fifth too small."""
    many = [
        node(
            f"n{number}",
            zone=f"zone-{number % 3}",
            cpu="1" if number % 5 == 0 else "4",
            taints=[CONTROL_PLANE] if number % 3 == 0 else [],
        )
        for number in range(count)
    ]
    return told(Scene(pod("p", cpu="2"), many, []))
