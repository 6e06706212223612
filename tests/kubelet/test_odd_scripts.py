"""Scripts that nobody thought of: whatever becomes of them, their pods go on."""

from __future__ import annotations

import pytest
from kubelet_nodes import Nodes

LONG = "echo x" + " | cat" * 400
DEEP = "echo x"
for _ in range(9):  # each level is short enough, all of them together are not
    DEEP = "{ " + DEEP + "; }" + " | cat" * 29


@pytest.mark.parametrize("text", ["echo a b | awk -F '' '{print $1}'", LONG, DEEP], ids=["no sign", "long", "deep"])
def test_a_script_that_cannot_be_played_is_only_pretended_to_run(nodes: Nodes, text: str) -> None:
    nodes.run_container(image="busybox:1.36", command=["sh", "-c", text])
    nodes.advance(5)
    assert nodes.container()["state"].keys() == {"running"}
    assert "the lab cannot play this command" in (nodes.lines() or [""])[0]


@pytest.mark.parametrize("text", [LONG, DEEP], ids=["long", "deep"])
def test_a_hook_that_cannot_be_played_holds_nobody_up(nodes: Nodes, text: str) -> None:
    hook = {"postStart": {"exec": {"command": ["sh", "-c", text]}}}
    nodes.run_container(image="busybox:1.36", command=["sleep", "100"], lifecycle=hook)
    nodes.advance(5)
    assert nodes.container()["state"].keys() == {"running"}
