from __future__ import annotations

import json
from typing import Any

from kubelet_nodes import Nodes

from gitopslab.machinery.objects import find_condition

SMALL = {"cpu": "100m", "memory": "64Mi"}
LARGE = {"cpu": "200m", "memory": "128Mi"}


def amounts(given: dict[str, str]) -> dict[str, dict[str, str]]:
    return {"requests": given, "limits": given}


def resize(nodes: Nodes, given: dict[str, str], name: str = "web") -> None:
    containers = [{"name": "c", "resources": amounts(given)}]
    nodes.api.patch("pods", name, {"spec": {"containers": containers}}, "default", subresource="resize")
    nodes.manager.settle()


def run(nodes: Nodes, name: str = "web", **container: Any) -> None:
    nodes.run_container(name, resources=amounts(SMALL), **container)
    nodes.advance(5)


def resizes(nodes: Nodes) -> list[tuple[str, str]]:
    return [(reason, message) for _, reason, message in nodes.events() if reason.startswith("Resize")]


def condition(nodes: Nodes, kind: str) -> dict[str, Any] | None:
    return find_condition(nodes.pod()["status"]["conditions"], kind)


def test_a_running_container_gets_other_amounts(nodes: Nodes) -> None:
    run(nodes)
    resize(nodes, LARGE)

    assert nodes.container()["allocatedResources"] == LARGE
    assert nodes.container()["resources"] == amounts(SMALL)
    under_way = condition(nodes, "PodResizeInProgress")
    assert under_way is not None
    assert (under_way["status"], under_way["observedGeneration"]) == ("True", 2)

    nodes.advance(2)
    assert nodes.container()["resources"] == amounts(LARGE)
    assert nodes.container()["restartCount"] == 0
    assert condition(nodes, "PodResizeInProgress") is None
    summary = {"containers": [{"name": "c", "resources": {"limits": LARGE, "requests": LARGE}}], "generation": 2}
    told = json.dumps(summary, separators=(",", ":"))
    assert resizes(nodes) == [
        ("ResizeStarted", f"Pod resize started: {told}"),
        ("ResizeCompleted", f"Pod resize completed: {told}"),
    ]


def test_a_container_starts_again_when_its_policy_says_so(nodes: Nodes) -> None:
    run(nodes, resizePolicy=[{"resourceName": "memory", "restartPolicy": "RestartContainer"}])
    resize(nodes, {**SMALL, "cpu": "150m"})
    nodes.advance(3)
    assert nodes.container()["restartCount"] == 0

    resize(nodes, LARGE)
    nodes.advance(10)
    assert nodes.container()["restartCount"] == 1
    assert nodes.container()["resources"] == amounts(LARGE)
    assert ("Normal", "Killing", "Container c resize requires restart") in nodes.events()
    assert resizes(nodes)[-1][0] == "ResizeCompleted"
    assert condition(nodes, "PodResizeInProgress") is None


def test_a_resize_waits_for_room_on_the_node(nodes: Nodes) -> None:
    run(nodes, "other")
    run(nodes)
    resize(nodes, {**SMALL, "cpu": "3950m"})

    why = "Node didn't have enough resource: cpu, requested: 3950, used: 100, capacity: 4000"
    waits = condition(nodes, "PodResizePending")
    assert waits is not None
    assert (waits["reason"], waits["message"]) == ("Deferred", why)
    nodes.advance(30)
    [(reason, message)] = resizes(nodes)
    assert reason == "ResizeDeferred"
    assert message.startswith('Pod resize OutOfcpu: {"containers":')
    assert json.loads(message.partition(": ")[2])["error"] == why
    assert nodes.container()["resources"] == amounts(SMALL)

    nodes.api.delete("pods", "other", "default")
    nodes.advance(60)
    assert nodes.container()["resources"]["requests"]["cpu"] == "3950m"
    assert condition(nodes, "PodResizePending") is None


def test_what_is_asked_for_can_be_taken_back(nodes: Nodes) -> None:
    run(nodes)
    resize(nodes, {**SMALL, "cpu": "5"})
    assert condition(nodes, "PodResizePending") is not None

    resize(nodes, SMALL)
    nodes.advance(10)
    assert condition(nodes, "PodResizePending") is None
    assert [reason for reason, _ in resizes(nodes)] == ["ResizeDeferred"]


def test_a_resize_goes_on_after_a_restart_of_the_process(nodes: Nodes) -> None:
    run(nodes)
    resize(nodes, LARGE)

    again = nodes.restarted()
    again.advance(5)
    assert again.container()["resources"] == amounts(LARGE)
    assert condition(again, "PodResizeInProgress") is None
