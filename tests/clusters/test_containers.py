"""How clusters whose nodes are containers reach this machine; their tools are stand-ins."""

from __future__ import annotations

from pathlib import Path

import pytest
from standin_tools import Standins

from gitopslab.clusters.base import Way
from gitopslab.clusters.external import ExternalCluster
from gitopslab.clusters.k3d import K3dCluster
from gitopslab.clusters.kind import KindCluster
from gitopslab.clusters.kwok import KwokCluster
from gitopslab.errors import SetupError

EACH = pytest.mark.parametrize("kind", [KindCluster, K3dCluster], ids=["kind", "k3d"])


@pytest.fixture(autouse=True)
def _two_nodes(standins: Standins, home: Path) -> None:
    standins.keep({"lab": {"nodes": 2, "agents": 1, "running": True}})


@EACH
def test_the_way_is_this_machines_address_on_dockers_network(kind: type[ExternalCluster], standins: Standins) -> None:
    assert kind("lab", standins.environment).connect(5050) == Way("127.0.0.2", ("127.0.0.0/8",))
    asked = next(call for call in standins.calls() if "inspect" in call)
    assert asked[3] == ("kind" if kind is KindCluster else "k3d-lab")


@EACH
def test_docker_desktop_leads_to_loopback(kind: type[ExternalCluster], standins: Standins) -> None:
    standins.play("desktop")
    assert kind("lab", standins.environment).connect(5050) == Way("192.168.65.254")


@EACH
def test_every_node_pulls_the_labs_images_by_that_way(kind: type[ExternalCluster], standins: Standins) -> None:
    kind("lab", standins.environment).connect(5050)
    written = [call for call in standins.calls() if call[1] == "exec"]
    assert len(written) == 4
    for *_, folder, hosts, _kubeconfig in written:
        assert folder.endswith(("/certs.d/localhost:5050", "/certs.d/127.0.0.1:5050"))
        assert '[host."http://127.0.0.2:5050"]' in hosts


@pytest.mark.parametrize(
    ("scenario", "why", "then"),
    [
        ("rootless", "is not this machine", "rootless Docker"),
        ("node-gone", "The node lab-control-plane of the cluster does not run", "gitopslab up --cluster kind"),
        ("docker-off", "Docker is not running", "Start it"),
    ],
)
def test_without_a_way_it_is_said_why_and_what_to_do(standins: Standins, scenario: str, why: str, then: str) -> None:
    standins.play(scenario)
    with pytest.raises(SetupError, match=why) as raised:
        KindCluster("lab", standins.environment).connect(5050)
    assert then in raised.value.hint


def test_simulated_nodes_are_led_to_loopback(standins: Standins) -> None:
    assert KwokCluster("lab", standins.environment).connect(5050) == Way("localhost")


def test_an_archive_of_images_is_copied_onto_the_nodes(standins: Standins, tmp_path: Path) -> None:
    archive = tmp_path / "flux.tar"
    archive.write_bytes(b"")
    KindCluster("lab", standins.environment).load_image(str(archive))
    K3dCluster("lab", standins.environment).load_image(str(archive))
    first, second = standins.calls()
    assert first[1:4] == ["load", "image-archive", str(archive)]
    assert second[1:4] == ["image", "import", str(archive)]
