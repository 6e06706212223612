"""Each failure of a tool gets its own message and exact next step; nothing half-made stays unmentioned."""

from __future__ import annotations

import pytest
from standin_tools import Standins

from gitopslab.clusters import Options, State
from gitopslab.clusters.external import ExternalCluster
from gitopslab.clusters.failures import explain
from gitopslab.clusters.k3d import K3dCluster
from gitopslab.clusters.kind import KindCluster
from gitopslab.clusters.kwok import KwokCluster
from gitopslab.clusters.tool import Answer
from gitopslab.errors import SetupError

pytestmark = [pytest.mark.process, pytest.mark.usefixtures("home")]

EACH = pytest.mark.parametrize("kind", [KindCluster, K3dCluster, KwokCluster], ids=["kind", "k3d", "kwok"])


@EACH
def test_a_missing_tool_says_how_to_install_it(kind: type[ExternalCluster], standins: Standins) -> None:
    standins.remove(kind.tool.name)
    with pytest.raises(SetupError, match=f"{kind.tool.name} is not on this machine's PATH") as raised:
        kind("lab", standins.environment).up()
    assert kind.tool.install_command() in raised.value.hint
    assert kind("lab", standins.environment).status().state is State.ABSENT


@EACH
def test_docker_that_is_not_running_says_how_to_start_it(kind: type[ExternalCluster], standins: Standins) -> None:
    standins.play("docker-off")
    with pytest.raises(SetupError, match="Docker is not running") as raised:
        kind("lab", standins.environment).up()
    assert "docker" in raised.value.hint
    assert "--cluster embedded" in raised.value.hint
    assert kind("lab", standins.environment).status().state is State.ABSENT


@pytest.mark.parametrize(
    ("kind", "image"),
    [
        pytest.param(KindCluster, "kindest/node:v1.37.0", id="kind"),
        pytest.param(K3dCluster, "docker.io/rancher/k3s:v1.35.5-k3s1", id="k3d"),
        pytest.param(KwokCluster, "registry.k8s.io/etcd:3.6.10-0", id="kwok"),
    ],
)
def test_an_image_that_cannot_be_pulled_is_named(kind: type[ExternalCluster], image: str, standins: Standins) -> None:
    standins.play("no-image")
    with pytest.raises(SetupError) as raised:
        kind("lab", standins.environment).up()
    assert raised.value.message.startswith(f"The image {image} cannot be pulled")
    assert f"docker pull {image}" in raised.value.hint
    assert kind("lab", standins.environment).status().state is State.ABSENT


def test_a_binary_that_cannot_be_downloaded_is_named(standins: Standins) -> None:
    standins.play("no-download")
    with pytest.raises(SetupError, match=r"https://github.com/etcd-io/\S+ cannot be reached") as raised:
        KwokCluster("lab", standins.environment).up()
    assert "Check the network" in raised.value.hint


@EACH
def test_a_taken_port_is_named(kind: type[ExternalCluster], standins: Standins) -> None:
    standins.play("port-taken")
    with pytest.raises(SetupError, match="Port 41999 is in use") as raised:
        kind("lab", standins.environment).up()
    assert f"gitopslab up --cluster {kind.kind} --name lab" in raised.value.hint
    assert standins.clusters() == {}


def test_a_full_disk_is_said(standins: Standins) -> None:
    standins.play("disk-full")
    with pytest.raises(SetupError, match="The disk is full"):
        KindCluster("lab", standins.environment).up()
    assert standins.clusters() == {}


@EACH
def test_a_cluster_of_that_name_that_is_not_ours_is_left_alone(kind: type[ExternalCluster], standins: Standins) -> None:
    theirs: dict[str, dict[str, object]] = {"lab": {"nodes": 1, "agents": 0, "running": True}}
    standins.keep(theirs)
    cluster = kind("lab", standins.environment)
    with pytest.raises(SetupError, match="exists that the lab did not make") as raised:
        cluster.up()
    assert "--name lab2" in raised.value.hint
    cluster.down(delete=True)
    assert standins.clusters() == theirs


@EACH
def test_interrupting_the_creation_leaves_nothing_behind(kind: type[ExternalCluster], standins: Standins) -> None:
    standins.play("hangs")
    pressed = []

    def interrupt(_line: str) -> None:
        if standins.clusters() and not pressed:
            pressed.append("Ctrl-C")
            raise KeyboardInterrupt

    cluster = kind("lab", standins.environment)
    with pytest.raises(KeyboardInterrupt):
        cluster.up(interrupt)
    assert standins.clusters() == {}
    assert cluster.status().state is State.ABSENT


def test_a_cluster_that_cannot_be_cleaned_up_is_never_unmentioned(standins: Standins) -> None:
    standins.play("hangs")
    (standins.folder / "stuck").touch()
    cluster = KindCluster("lab", standins.environment)

    def interrupt(line: str) -> None:
        if "Preparing nodes" in line:
            raise KeyboardInterrupt

    with pytest.raises(SetupError, match="half-made") as raised:
        cluster.up(interrupt)
    assert "gitopslab down --cluster kind --name lab --delete" in raised.value.hint
    assert cluster.status().state is State.CREATING
    with pytest.raises(SetupError, match="half-made"):
        cluster.up()
    standins.play("")
    cluster.down(delete=True)
    assert standins.clusters() == {}
    assert cluster.status().state is State.ABSENT


@EACH
def test_options_of_the_embedded_cluster_are_refused(kind: type[ExternalCluster], standins: Standins) -> None:
    with pytest.raises(SetupError, match="--bare is for the embedded cluster"):
        kind("lab", standins.environment).up(options=Options(bare=True))


def test_a_failure_nobody_foresaw_is_shown_with_the_tools_own_words() -> None:
    answer = Answer(7, "", "ERROR: the moon is in the wrong phase: cannot go on")
    error = explain("kind", ["create", "cluster"], answer, "kind", "lab")
    assert "exit code 7" in error.message
    assert "the moon is in the wrong phase" in error.message
    assert "gitopslab up --cluster kind --name lab" in error.hint


@pytest.mark.parametrize("kind", [KindCluster, K3dCluster], ids=["kind", "k3d"])
def test_loading_an_image_that_docker_does_not_have_names_it(kind: type[ExternalCluster], standins: Standins) -> None:
    cluster = kind("lab", standins.environment)
    cluster.load_image("mine:1")
    with pytest.raises(SetupError, match="has no image missing:1") as raised:
        cluster.load_image("missing:1")
    assert "docker pull missing:1" in raised.value.hint


def test_simulated_nodes_take_no_images(standins: Standins) -> None:
    with pytest.raises(SetupError, match="takes no images"):
        KwokCluster("lab", standins.environment).load_image("mine:1")


@EACH
def test_the_users_kubeconfig_is_never_shown_to_a_tool(kind: type[ExternalCluster], standins: Standins) -> None:
    cluster = kind("lab", {**standins.environment, "KUBECONFIG": "/home/learner/.kube/config"})
    standins.play("no-image")
    with pytest.raises(SetupError):
        cluster.up()
    assert {call[-1] for call in standins.calls()} == {f"KUBECONFIG={cluster.kubeconfig}"}
