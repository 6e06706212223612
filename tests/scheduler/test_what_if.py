"""A scene with one thing changed in thought: the verdict changes, what was read does not."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
from decision_samples import CONTROL_PLANE, scene
from scheduling_objects import ZONE, node

from gitopslab.controlplane.scheduler import what_if
from gitopslab.controlplane.scheduler.explain import Scene

KEY = CONTROL_PLANE["key"]
TOLERATION = {"key": KEY, "operator": "Exists"}


def feasible(of: Scene) -> list[str]:
    return sorted(of.decide().feasible)


CHANGES: list[tuple[str, Callable[[Scene], Scene], list[str]]] = [
    ("nothing", lambda s: s, ["lab-worker2"]),
    (
        "less CPU",
        lambda s: what_if.pod_changed(s, what_if.requests("", {"cpu": "2"})),
        ["lab-worker", "lab-worker2", "lab-worker3"],
    ),
    ("more memory", lambda s: what_if.pod_changed(s, what_if.requests("c", {"memory": "20Gi"})), []),
    (
        "no CPU at all",
        lambda s: what_if.pod_changed(s, what_if.requests("", {"cpu": None})),
        ["lab-worker", "lab-worker2", "lab-worker3"],
    ),
    (
        "a toleration",
        lambda s: what_if.pod_changed(s, what_if.tolerates(TOLERATION)),
        ["lab-control-plane", "lab-worker2"],
    ),
    ("a node selector", lambda s: what_if.pod_changed(s, what_if.spec({"nodeSelector": {ZONE: "zone-a"}})), []),
    (
        "no taint anywhere",
        lambda s: what_if.node_changed(s, "", what_if.untaint(KEY)),
        ["lab-control-plane", "lab-worker2"],
    ),
    ("a taint", lambda s: what_if.node_changed(s, "lab-worker2", what_if.taint({**CONTROL_PLANE, "key": "x"})), []),
    ("another node", lambda s: what_if.with_node(s, node("new")), ["lab-worker2", "new"]),
    ("a larger node", lambda s: what_if.with_node(s, node("lab-worker3", cpu="8")), ["lab-worker2", "lab-worker3"]),
    ("a node less", lambda s: what_if.without_node(s, "lab-worker2"), []),
    ("a pod less", lambda s: what_if.without_pod(s, "default", "web-1"), ["lab-worker", "lab-worker2"]),
    ("a pod of another namespace", lambda s: what_if.without_pod(s, "other", "web-1"), ["lab-worker2"]),
]


@pytest.mark.parametrize(("change", "expected"), [row[1:] for row in CHANGES], ids=[row[0] for row in CHANGES])
def test_a_changed_scene_is_decided_anew(change: Callable[[Scene], Scene], expected: list[str]) -> None:
    before = scene()
    known = copy.deepcopy((before.pod, list(before.nodes), list(before.pods)))
    assert feasible(before) == ["lab-worker2"]
    assert feasible(change(before)) == expected
    assert feasible(before) == ["lab-worker2"], "the scene itself is as it was"
    assert (before.pod, list(before.nodes), list(before.pods)) == known


def test_a_taint_takes_the_place_of_one_with_its_key_and_effect() -> None:
    first = what_if.taint({"key": "gpu", "value": "a", "effect": "NoSchedule"})
    second = what_if.taint({"key": "gpu", "value": "b", "effect": "NoSchedule"})
    changed = what_if.node_changed(what_if.node_changed(scene(), "lab-worker", first), "lab-worker", second)
    taints = changed.nodes[1]["spec"]["taints"]
    assert [taint["value"] for taint in taints] == ["b"]


def test_labels_come_and_go() -> None:
    changed = what_if.node_changed(scene(), "lab-worker", what_if.labels({"disk": "ssd", ZONE: None}))
    assert changed.nodes[1]["metadata"]["labels"] == {"disk": "ssd", "kubernetes.io/hostname": "lab-worker"}
