from __future__ import annotations

from typing import Any

import pytest
from builders import config_map
from kubelet_nodes import Nodes

ITEMS = [{"key": "a", "path": "deep/a.txt"}, {"key": "b", "path": "b.txt"}]


def run(nodes: Nodes, script: str, *mounts: dict[str, Any], **pod: Any) -> None:
    """A pod with ``app`` and an empty folder ``data`` to mount."""
    nodes.run(
        spec={
            "restartPolicy": "Never",
            "volumes": [
                {"name": "app", "configMap": {"name": "app", "items": ITEMS}},
                {"name": "data", "emptyDir": {}},
            ],
            "containers": [
                {
                    "name": "c",
                    "image": "busybox",
                    "command": ["sh", "-c", script],
                    "env": [{"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.annotations['part']"}}}],
                    "volumeMounts": list(mounts),
                }
            ],
        },
        **pod,
    )
    nodes.advance(5)


@pytest.mark.parametrize(
    ("part", "path", "shown"),
    [
        pytest.param({"subPath": "b.txt"}, "/here", "B", id="a file"),
        pytest.param({"subPath": "deep"}, "/here/a.txt", "A", id="a folder"),
        pytest.param({"subPath": "deep/"}, "/here/a.txt", "A", id="a folder with a slash"),
        pytest.param({"subPathExpr": "$(NAME)"}, "/here/a.txt", "A", id="an expression"),
        pytest.param({"subPathExpr": "$(NAME)/a.txt"}, "/here", "A", id="an expression with more"),
    ],
)
def test_a_mount_shows_a_part_of_its_volume(nodes: Nodes, part: dict[str, str], path: str, shown: str) -> None:
    nodes.api.create(config_map("app", data={"a": "A", "b": "B"}))

    mount = {"name": "app", "mountPath": "/here", **part}
    run(nodes, f"cat {path}; echo", mount, metadata={"annotations": {"part": "deep"}})

    assert nodes.lines() == [shown]


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("/etc", "error SubPath `/etc` must not be an absolute path"),
        ("x/../..", "unable to provision SubPath `x/../..`: must not contain '..'"),
        ("", "missing value for NAME"),
    ],
)
def test_an_expression_that_leads_nowhere_holds_the_container_until_it_is_mended(
    nodes: Nodes, value: str, problem: str
) -> None:
    nodes.api.create(config_map("app", data={"a": "A", "b": "B"}))

    mount = {"name": "data", "mountPath": "/data", "subPathExpr": "$(NAME)"}
    run(nodes, "echo x > /data/x && cat /data/x", mount, metadata={"annotations": {"part": value}})

    waiting = nodes.container()["state"]["waiting"]
    assert (waiting["reason"], waiting["message"]) == ("CreateContainerConfigError", problem)
    assert ("Warning", "Failed", f"Error: {problem}") in nodes.events()

    nodes.api.patch("pods", "web", {"metadata": {"annotations": {"part": "fine"}}}, "default")
    nodes.advance(30)
    assert nodes.lines() == ["x"]


def test_the_directory_that_is_mounted_is_made(nodes: Nodes) -> None:
    nodes.api.create(config_map("app", data={"a": "A", "b": "B"}))
    everything, part = {"name": "data", "mountPath": "/all"}, {"name": "data", "mountPath": "/part", "subPath": "x/y"}

    run(nodes, "test -d /all/x/y && echo yes; ls /all", everything, part)

    assert nodes.lines() == ["yes", "x"]
