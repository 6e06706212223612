from __future__ import annotations

from typing import Any

import pytest
from kubelet_nodes import Nodes

SCRIPT = "id; id -u; id -g; id -G; id -un; whoami"


@pytest.mark.parametrize(
    ("of_pod", "of_container", "lines"),
    [
        pytest.param({}, {}, ["uid=0(root) gid=0(root) groups=0(root)", "0", "0", "0", "root", "root"], id="root"),
        pytest.param(
            {"runAsUser": 1000, "runAsGroup": 3000, "fsGroup": 2000, "supplementalGroups": [4000]},
            {},
            ["uid=1000 gid=3000 groups=3000,2000,4000", "1000", "3000", "3000 2000 4000", "1000",
             "whoami: unknown uid 1000"],
            id="the pod's",
        ),
        pytest.param(
            {"runAsUser": 1000},
            {"runAsUser": 65534},
            ["uid=65534(nobody) gid=0(root) groups=0(root)", "65534", "0", "0", "nobody", "nobody"],
            id="the container's",
        ),
    ],
)  # fmt: skip
def test_a_program_is_told_whom_it_runs_as(
    nodes: Nodes, of_pod: dict[str, Any], of_container: dict[str, Any], lines: list[str]
) -> None:
    spec = {"securityContext": of_pod, "restartPolicy": "Never"}
    nodes.run_container(image="busybox", command=["sh", "-c", SCRIPT], securityContext=of_container, spec=spec)
    nodes.advance(5)

    assert nodes.lines() == lines
    shown = nodes.container()["user"]["linux"]
    assert f"uid={shown['uid']}" in lines[0]
    assert sorted(map(str, shown["supplementalGroups"])) == sorted(lines[3].split())


@pytest.mark.parametrize("script", ["trap exit TERM; while true; do sleep 1; done", "tail -f /dev/null"])
def test_who_waits_to_be_stopped_goes_on(nodes: Nodes, script: str) -> None:
    nodes.run_container(image="busybox", command=["/bin/sh", "-c", script], spec={"restartPolicy": "Never"})
    nodes.advance(600)

    assert nodes.pod()["status"]["phase"] == "Running"
