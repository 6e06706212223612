"""The real kind and kwokctl, where they are installed, as far as they get without Docker or the network.

Set ``GITOPSLAB_TEST_TOOLS`` to a folder with the executables when they are not on the PATH.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from standin_tools import real

from gitopslab.clusters import State
from gitopslab.clusters.kind import KindCluster
from gitopslab.clusters.kwok import KwokCluster
from gitopslab.clusters.tool import run
from gitopslab.errors import SetupError

pytestmark = [pytest.mark.process, pytest.mark.usefixtures("home")]


def without_docker(tool: str, tmp_path: Path) -> Mapping[str, str]:
    """An environment in which the tool is found and Docker answers nobody."""
    folder = str(Path(real(tool)).parent)
    paths = os.pathsep.join([folder, os.environ["PATH"]])
    return {**os.environ, "PATH": paths, "HOME": str(tmp_path), "DOCKER_HOST": f"unix://{tmp_path}/no.sock"}


def test_real_kind_without_docker_is_explained(tmp_path: Path) -> None:
    cluster = KindCluster("gitopslab-test", without_docker("kind", tmp_path))
    with pytest.raises(SetupError, match=r"Docker is not (running|installed)"):
        cluster.up()
    assert cluster.status().state is State.ABSENT


def test_real_kind_accepts_our_configuration(tmp_path: Path) -> None:
    """kind reads the whole file before it looks for Docker, so a mistake in it would be told first."""
    from gitopslab.clusters.kind import configuration
    from gitopslab.controlplane.daemon.topology import Topology

    environment = without_docker("kind", tmp_path)
    ours, wrong = configuration(Topology()), "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnodes: 3\n"
    for text, is_wrong in ((ours, False), (wrong, True)):
        (tmp_path / "kind.yaml").write_text(text)
        arguments = ["create", "cluster", "--name", "gitopslab-test", "--config", str(tmp_path / "kind.yaml")]
        answer = run([real("kind"), *arguments], environment=environment, timeout=60)
        assert ("unmarshal" in answer.err) is is_wrong
        assert ("docker" in answer.err) is not is_wrong


def test_real_kwokctl_stays_on_loopback_with_our_configuration(tmp_path: Path) -> None:
    from gitopslab.clusters.kwok import configuration

    environment = {**without_docker("kwokctl", tmp_path), "KWOK_WORKDIR": str(tmp_path / "work")}
    (tmp_path / "kwok.yaml").write_text(configuration())
    arguments = ["create", "cluster", "--name", "gitopslab-test", "--runtime", "binary", "--dry-run"]
    for more, is_open in (([], True), (["--config", str(tmp_path / "kwok.yaml")], False)):
        answer = run([real("kwokctl"), *arguments, *more], environment=environment, timeout=60)
        assert answer.ok
        assert ("0.0.0.0" in answer.text) is is_open


@pytest.mark.skipif("GITOPSLAB_TEST_TOOLS" not in os.environ, reason="kwokctl tries eleven times, a second apart")
def test_real_kwokctl_without_docker_or_network_is_explained(tmp_path: Path) -> None:
    environment = {**without_docker("kwokctl", tmp_path), "https_proxy": "http://127.0.0.1:9"}
    cluster = KwokCluster("gitopslab-test", environment)
    with pytest.raises(SetupError) as raised:
        cluster.up()
    assert raised.value.hint
    assert cluster.status().state is State.ABSENT
    assert not list(tmp_path.glob(".kwok/clusters/*"))
