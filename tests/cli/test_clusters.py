"""The commands about clusters, on a real embedded one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from gitopslab.clusters.embedded import EmbeddedCluster

from .conftest import Said

pytestmark = pytest.mark.process
Call = Callable[..., Said]


@pytest.fixture
def up(gitopslab: Call) -> Iterator[Said]:
    """A bare cluster, and what `gitopslab up` said."""
    yield gitopslab("up", "--bare", "--workers", "1")
    EmbeddedCluster("lab").down(delete=True)


def kubectl(*words: str) -> subprocess.CompletedProcess[str]:
    """In a process of its own, because kubectl takes it over."""
    command = [sys.executable, "-m", "gitopslab", "kubectl", *words]
    environment = {**os.environ, "KUBECONFIG": "/nowhere/of/the/users"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def test_up_prints_only_the_kubeconfigs_path(up: Said, home: Path) -> None:
    assert up.code == 0
    assert up.out == f"{home}/clusters/embedded/lab/kubeconfig\n"
    assert "cluster lab is up" in up.err


def test_kubeconfig_prints_only_the_path(up: Said, gitopslab: Call) -> None:
    assert gitopslab("kubeconfig") == Said(0, up.out, "")


def test_status_shows_nodes(up: Said, gitopslab: Call) -> None:
    lines = gitopslab("status").out.splitlines()
    assert lines[2].split() == ["state:", "running"]
    assert [line.split()[:2] for line in lines[-2:]] == [["lab-control-plane", "Ready"], ["lab-worker", "Ready"]]
    told = json.loads(gitopslab("status", "--json").out)
    assert [node["status"] for node in told["nodes"]] == ["Ready", "Ready"]
    assert told["details"]["pid"] > 0
    started = next(line.split(maxsplit=1)[1] for line in lines if line.startswith("started:"))
    assert datetime.fromisoformat(started).timestamp() == int(told["details"]["started"]), "a time of this clock"


def test_list_shows_it(up: Said, gitopslab: Call) -> None:
    assert [one["state"] for one in json.loads(gitopslab("list", "--json").out)] == ["running"]


def test_kubectl_on_a_stopped_cluster_says_what_to_do(up: Said, gitopslab: Call) -> None:
    gitopslab("down")
    said = kubectl("get", "pods")
    assert said.stderr.startswith("Cluster lab is stopped. Next: gitopslab up --name lab\n")
    assert said.returncode == 1


def test_kubectl_speaks_to_the_lab_and_hands_on_its_exit_code(up: Said) -> None:
    nodes = kubectl("get", "nodes", "-o", "name")
    assert (nodes.returncode, nodes.stdout) == (0, "node/lab-control-plane\nnode/lab-worker\n")
    assert kubectl("--", "-n", "kube-system", "get", "pods").returncode == 0
    missing = kubectl("get", "pod", "nobody")
    assert missing.returncode == 1
    assert missing.stderr == 'Error from server (NotFound): pods "nobody" not found\n'


ELSEWHERE = [
    ["--kubeconfig", "/x", "get", "pods"],
    ["get", "pods", "--context=production"],
    ["-s", "https://x"],
    ["get", "pods", "-Ashttps://x"],
]


@pytest.mark.parametrize("words", ELSEWHERE, ids=["kubeconfig", "context", "server", "letters"])
def test_kubectl_never_speaks_to_another_cluster(up: Said, words: list[str]) -> None:
    said = kubectl(*words)
    assert said.returncode == 1
    assert "would point kubectl at another cluster" in said.stderr


def test_what_follows_two_dashes_is_the_containers(up: Said) -> None:
    said = kubectl("exec", "nobody", "--", "ls", "--context")
    assert said.stderr == 'Error from server (NotFound): pods "nobody" not found\n'


def test_reset_and_down_say_what_they_did(up: Said, gitopslab: Call) -> None:
    assert kubectl("create", "namespace", "mess").returncode == 0
    assert gitopslab("reset").code == 0
    assert "mess" not in kubectl("get", "namespaces").stdout
    assert "its state is kept" in gitopslab("down").err
    assert "stopped" in gitopslab("list").out
    said = gitopslab("down", "--delete")
    assert (said.code, said.out) == (0, "")
    assert "deleted" in said.err
    assert gitopslab("list").out == ""
