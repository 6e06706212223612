"""What a visitor finds in a played container: its processes, its mounts, what a hook has done, what its log says."""

from __future__ import annotations

import pytest
from builders import config_map
from exchange import play
from kubelet_nodes import Nodes

from gitopslab.controlplane.runtime.streams import Place


def execute(nodes: Nodes, *command: str) -> str:
    found = []

    async def visit() -> None:
        process = await nodes.kubelets.exec.start(Place("default", "web", "c"), command, stdin=False, tty=False)
        while (piece := await process.read()) is not None:
            found.append(piece.data.decode())
        await process.wait()

    play(visit)
    return "".join(found)


def test_processes_are_the_program_and_the_command(nodes: Nodes) -> None:
    nodes.run_container(image="busybox:1.36", command=["sleep", "3600"], securityContext={"runAsUser": 1000})
    nodes.advance(2)
    assert execute(nodes, "ps").splitlines()[1:] == ["    1 1000      0:00 sleep 3600", "    7 1000      0:00 ps"]


def test_file_systems_are_the_root_and_the_mounts(nodes: Nodes) -> None:
    volumes = [{"name": "data", "emptyDir": {}}]
    nodes.run_container(volumeMounts=[{"name": "data", "mountPath": "/data"}], spec={"volumes": volumes})
    nodes.advance(2)
    lines = execute(nodes, "df", "-h").splitlines()
    assert [line.split()[-1] for line in lines[1:]][:2] == ["/", "/data"]
    assert lines[1].split()[1:] == ["58.4G", "9.0G", "49.4G", "15%", "/"]


def test_post_start_hook_has_done_its_work(nodes: Nodes) -> None:
    hook = {"exec": {"command": ["/bin/sh", "-c", "echo Hello from the postStart handler > /usr/share/message"]}}
    nodes.run_container(lifecycle={"postStart": hook})
    nodes.advance(2)
    assert execute(nodes, "cat", "/usr/share/message") == "Hello from the postStart handler\n"


def test_hook_that_never_ends_holds_nothing_up(nodes: Nodes) -> None:
    nodes.run_container(lifecycle={"postStart": {"exec": {"command": ["sh", "-c", "while true; do echo x; done"]}}})
    nodes.advance(2)
    assert "running" in nodes.pod()["status"]["containerStatuses"][0]["state"]


def test_log_says_what_is_only_pretended(nodes: Nodes) -> None:
    nodes.run_container(image="perl:5.34", command=["perl", "-wle", "print 1"], spec={"restartPolicy": "Never"})
    nodes.advance(5)
    lines = [text for _, text in nodes.kubelets.logs.read("default", "web", "c") or []]
    assert lines == ["gitopslab: the lab cannot play this command, it only pretends to: perl -wle print 1"]


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        pytest.param("basename /a/b.txt .txt", "b\n", id="basename"),
        pytest.param("basename /", "/\n", id="basename of the root"),
        pytest.param("dirname /a/b", "/a\n", id="dirname"),
        pytest.param("dirname a", ".\n", id="dirname of a name"),
    ],
)
def test_parts_of_paths(nodes: Nodes, command: str, shown: str) -> None:
    nodes.run_container()
    nodes.advance(2)
    assert execute(nodes, *command.split()) == shown


def test_folder_is_listed_with_its_size_and_itself(nodes: Nodes) -> None:
    nodes.run_container(image="busybox:1.36", command=["sh", "-c", "cd /srv; mkdir a; echo x > b; sleep 99"])
    nodes.advance(2)
    lines = [line.split() for line in execute(nodes, "ls", "-la", "/srv").splitlines()]
    assert [(line[0], line[-1]) for line in lines] == [
        ("total", "16"), ("drwxr-xr-x", "."), ("drwxr-xr-x", ".."), ("drwxr-xr-x", "a"), ("-rw-r--r--", "b")
    ]  # fmt: skip
    assert execute(nodes, "ls", "-d", "/srv") == "/srv\n"


def test_file_that_is_mounted_alone_stays_as_it_was(nodes: Nodes) -> None:
    nodes.api.create(config_map("app", data={"key": "old"}))
    mounts = [
        {"name": "conf", "mountPath": "/etc/app"},
        {"name": "conf", "mountPath": "/alone/key", "subPath": "key"},
    ]
    nodes.run_container(volumeMounts=mounts, spec={"volumes": [{"name": "conf", "configMap": {"name": "app"}}]})
    nodes.advance(2)
    nodes.api.patch("configmaps", "app", {"data": {"key": "new"}}, "default")
    nodes.advance(2)
    assert execute(nodes, "cat", "/etc/app/key", "/alone/key") == "newold"
