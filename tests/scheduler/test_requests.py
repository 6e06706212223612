"""What a pod counts for: in the filter, on its node, and while it is scored (three numbers that may differ)."""

from __future__ import annotations

from typing import Any

import pytest
from scheduling_objects import node, pod

from gitopslab.controlplane.scheduler.explain import explain
from gitopslab.controlplane.scheduler.resources import (
    Resources,
    counts,
    pod_requests,
    shape_of,
    shortage,
    spelled,
)
from gitopslab.machinery.objects import Object

MEBIBYTE = 1024 * 1024
LITTLE = {"cpu": 100, "memory": 200 * MEBIBYTE}


def container(name: str = "c", **more: Any) -> Object:
    return {"name": name, "image": "i", **more}


def asks(cpu: str, name: str = "c", **more: Any) -> Object:
    return container(name, resources={"requests": {"cpu": cpu}}, **more)


def sidecar(name: str) -> Object:
    return asks("1", name, restartPolicy="Always")


def of(*containers: Object, **spec: Any) -> Object:
    return pod(**{"containers": list(containers), **spec})


def whole(**requests: str) -> dict[str, Any]:
    return {"resources": {"requests": requests}}


ROWS: list[tuple[str, Object, Resources, Resources, Resources]] = [
    ("nothing asked counts a little in scores", of(container()), {}, LITTLE, LITTLE),
    ("zero asked stays zero", of(asks("0")), {"cpu": 0}, {**LITTLE, "cpu": 0}, {**LITTLE, "cpu": 0}),
    (
        "every container that asks nothing counts",
        of(asks("1"), container("d")),
        {"cpu": 1000},
        {"cpu": 1100, "memory": 400 * MEBIBYTE},
        {"cpu": 1100, "memory": 400 * MEBIBYTE},
    ),
    (
        "pod-level requests replace the sum, but not for the score",
        of(asks("1"), **whole(cpu="3", memory="1Gi")),
        {"cpu": 3000, "memory": 1024 * MEBIBYTE},
        {"cpu": 3000, "memory": 1024 * MEBIBYTE},
        {**LITTLE, "cpu": 1000},
    ),
    (
        "a pod-level request for one resource leaves the other to the containers",
        of(asks("1"), container("d"), **whole(memory="1Gi")),
        {"cpu": 1000, "memory": 1024 * MEBIBYTE},
        {"cpu": 1000, "memory": 1024 * MEBIBYTE},
        {"cpu": 1100, "memory": 400 * MEBIBYTE},
    ),
    (
        "what nobody asks for counts a little beside pod-level requests too",
        of(container(), **whole(cpu="2")),
        {"cpu": 2000},
        {**LITTLE, "cpu": 2000},
        LITTLE,
    ),
    (
        "overhead comes on top of everything",
        of(asks("1"), overhead={"cpu": "250m"}, **whole(cpu="2", memory="1Gi")),
        {"cpu": 2250, "memory": 1024 * MEBIBYTE},
        {"cpu": 2250, "memory": 1024 * MEBIBYTE},
        {**LITTLE, "cpu": 1250},
    ),
    (
        "pod-level requests are only for some resources",
        of(container(), **whole(cpu="1", **{"example.com/gpu": "4", "hugepages-2Mi": "4Mi"})),
        {"cpu": 1000, "hugepages-2Mi": 4 * MEBIBYTE},
        {"cpu": 1000, "hugepages-2Mi": 4 * MEBIBYTE, "memory": 200 * MEBIBYTE},
        LITTLE,
    ),
    (
        "init containers count beside the sidecars before them",
        of(
            asks("1"),
            initContainers=[sidecar("s"), asks("2", "i"), sidecar("t")],
        ),
        {"cpu": 3000},
        {"cpu": 3000, "memory": 600 * MEBIBYTE},
        {"cpu": 3000, "memory": 600 * MEBIBYTE},
    ),
]


@pytest.mark.parametrize(("made", "held", "counted", "scored"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_a_pod_counts(made: Object, held: Resources, counted: Resources, scored: Resources) -> None:
    assert counts(shape_of(made)) == (held, counted, scored)


def resizing(wanted: str, *, has: str, agreed: str, reason: str = "Deferred") -> Object:
    made = of(asks(wanted), nodeName="n")
    made["status"] = {
        "containerStatuses": [
            {"name": "c", "resources": {"requests": {"cpu": has}}, "allocatedResources": {"cpu": agreed}}
        ],
        "conditions": [{"type": "PodResizePending", "status": "True", "reason": reason}],
    }
    return made


@pytest.mark.parametrize(
    ("made", "cpu"),
    [
        (resizing("2", has="1", agreed="1"), 2000),
        (resizing("1", has="2", agreed="2"), 2000),
        (resizing("1", has="1", agreed="3"), 3000),
        (resizing("9", has="1", agreed="2", reason="Infeasible"), 2000),
    ],
    ids=["it shall grow", "it shall shrink", "the node agreed to more", "the node can never grant it"],
)
def test_a_pod_that_is_resized_holds_the_larger_of_what_it_has_and_wants(made: Object, cpu: int) -> None:
    assert pod_requests(made)["cpu"] == cpu


def test_a_pod_that_is_resized_as_a_whole_holds_the_larger_too() -> None:
    made = of(asks("1"), **whole(cpu="1"))
    made["status"] = {"resources": {"requests": {"cpu": "2"}}, "allocatedResources": {"cpu": "1"}}
    assert pod_requests(made)["cpu"] == 2000


@pytest.mark.parametrize(
    ("name", "amount", "up", "text"),
    [
        ("cpu", 1250, False, "1.25"),
        ("cpu", 1201, False, "1.2"),
        ("cpu", 1201, True, "1.21"),
        ("memory", 1536 * MEBIBYTE, False, "1.5Gi"),
        ("memory", 2**30 + 1, True, "1.01Gi"),
        ("memory", 2**30 - 1, False, "1023.99Mi"),
        ("memory", 0, False, "0"),
        ("example.com/gpu", 3, True, "3"),
    ],
)
def test_amounts_are_told_in_two_decimals(name: str, amount: int, up: bool, text: str) -> None:
    assert spelled(name, amount, up=up) == text


def test_a_shortage_is_told_in_numbers() -> None:
    assert shortage("cpu", 2000, 1200, 4000) == "needs 2 CPU, 1.2 of 4 free"
    assert shortage("example.com/gpu", 1, 0, 0) == "needs 1 example.com/gpu, the node has none"
    assert shortage("memory", 2**30, -5, 2**30) == "needs 1Gi memory, 0 of 1Gi free"


def test_pod_level_requests_fill_a_node_but_do_not_score_it() -> None:
    """Upstream's scorer never learns of pod-level requests: both nodes score alike, though one pod would fill them."""
    incoming = of(container(), **whole(cpu="3", memory="6Gi"))
    other = {**of(container(), nodeName="b", **whole(cpu="1", memory="1Gi")), "metadata": {"name": "other"}}
    decision = explain(incoming, [node("a"), node("b")], [other])
    scores = {verdict.node: verdict.scores["NodeResourcesFit"] for verdict in decision.verdicts}
    assert scores == {"a": 97, "b": 78}
