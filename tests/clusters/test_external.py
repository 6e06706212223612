"""kind, k3d and kwok from creation to deletion: their tools are stand-ins, the API behind them is a real one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from standin_tools import Standins

from gitopslab.clusters import Options, State
from gitopslab.clusters.embedded import EmbeddedCluster
from gitopslab.clusters.external import ExternalCluster
from gitopslab.clusters.k3d import K3dCluster
from gitopslab.clusters.k3d import configuration as k3d_configuration
from gitopslab.clusters.kind import KindCluster
from gitopslab.clusters.kind import configuration as kind_configuration
from gitopslab.clusters.kubectl import Kubectl
from gitopslab.clusters.kwok import KwokCluster, node
from gitopslab.controlplane.daemon.topology import Topology
from gitopslab.errors import SetupError

process = pytest.mark.process
EACH = pytest.mark.parametrize("kind", [KindCluster, K3dCluster, KwokCluster], ids=["kind", "k3d", "kwok"])


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCluster]:
    """A cluster that answers for those the stand-ins pretend to make."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GITOPSLAB_HOME", str(tmp_path_factory.mktemp("behind")))
        cluster = EmbeddedCluster("behind")
        cluster.up(options=Options(bare=True))
    yield cluster
    cluster.down(delete=True)


@pytest.fixture
def tools(standins: Standins, behind: EmbeddedCluster, home: Path) -> Standins:
    """Stand-ins that hand out the kubeconfig of the cluster behind them."""
    standins.hand_out(behind.kubeconfig.read_text())
    return standins


@process
@EACH
def test_a_cluster_is_made_stopped_started_and_deleted(kind: type[ExternalCluster], tools: Standins) -> None:
    cluster, said = kind("lab", tools.environment), list[str]()
    cluster.up(said.append)
    assert said[-1] == f"{kind.kind} cluster lab is up"
    assert not [line for line in said if line.startswith(("{", "INFO", "\x1b"))], "progress is for people"
    assert cluster.status().state is State.RUNNING
    assert cluster.kubeconfig.stat().st_mode & 0o777 == 0o600

    said.clear()
    cluster.up(said.append)
    assert f"{kind.kind} cluster lab is already up" in said

    cluster.down()
    assert tools.clusters()["lab"]["running"] is False
    cluster.up()
    assert tools.clusters()["lab"]["running"] is True
    cluster.down(delete=True)
    assert tools.clusters() == {}
    assert cluster.status().state is State.ABSENT


@process
@EACH
def test_a_cluster_that_was_deleted_outside_the_lab_is_not_made_up(
    kind: type[ExternalCluster], tools: Standins
) -> None:
    cluster = kind("lab", tools.environment)
    cluster.up()
    tools.keep({})
    with pytest.raises(SetupError, match="is gone") as raised:
        cluster.up()
    assert "--delete" in raised.value.hint
    cluster.down(delete=True)
    assert cluster.status().state is State.ABSENT


@process
def test_reset_deletes_what_came_after_the_cluster_was_made(tools: Standins) -> None:
    cluster = KindCluster("lab", tools.environment)
    kubectl = Kubectl(cluster.kubeconfig)
    cluster.up()
    kubectl.must(["create", "namespace", "mess"])
    kubectl.must(["create", "deployment", "web", "--image=nginx", "-n", "mess"])
    kubectl.must(["create", "deployment", "web", "--image=nginx"])
    kubectl.must(["create", "configmap", "note"])
    kubectl.must(["create", "priorityclass", "high", "--value=10"])
    cluster.reset()
    left = kubectl.must(["get", "deployments,configmaps,namespaces,priorityclasses", "-A", "-o", "name"])
    assert not [name for name in ("web", "note", "mess", "high") if f"/{name}\n" in left + "\n"]
    assert "namespace/default" in left
    assert len(kubectl.nodes() or ()) == 4


@process
def test_reset_of_a_cluster_that_is_not_there_says_how_to_make_it(tools: Standins) -> None:
    with pytest.raises(SetupError, match="no kind cluster lab") as raised:
        KindCluster("lab", tools.environment).reset()
    assert raised.value.hint == "gitopslab up --cluster kind --name lab"


@process
def test_a_topology_that_cannot_be_is_said_before_anything_is_made(tools: Standins, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("nodes: 3\n")
    with pytest.raises(SetupError, match="must be a list"):
        KindCluster("lab", tools.environment).up(options=Options(config=tmp_path / "bad.yaml"))
    assert tools.clusters() == {}


def test_kind_gets_the_default_topologys_workers_and_zones() -> None:
    nodes = yaml.safe_load(kind_configuration(Topology()))["nodes"]
    assert [(one["role"], one["labels"]["topology.kubernetes.io/zone"]) for one in nodes] == [
        ("control-plane", "zone-a"),
        ("worker", "zone-a"),
        ("worker", "zone-b"),
        ("worker", "zone-c"),
    ]


def test_k3d_gets_the_default_topologys_workers_and_zones() -> None:
    wanted = yaml.safe_load(k3d_configuration(Topology()))
    assert (wanted["servers"], wanted["agents"]) == (1, 3)
    labels = {one["nodeFilters"][0]: one["label"] for one in wanted["options"]["k3s"]["nodeLabels"]}
    assert labels["agent:2"] == "topology.kubernetes.io/zone=zone-c"
    assert wanted["options"]["kubeconfig"] == {"updateDefaultKubeconfig": False, "switchCurrentContext": False}


def test_kwok_gets_the_default_topologys_nodes() -> None:
    nodes = [node(shape) for shape in Topology().shapes]
    assert [one["metadata"]["name"] for one in nodes] == [
        "lab-control-plane",
        "lab-worker",
        "lab-worker2",
        "lab-worker3",
    ]
    assert nodes[3]["status"]["capacity"] == {"cpu": "2", "memory": "4Gi", "pods": "110"}
    assert nodes[0]["spec"]["taints"][0]["effect"] == "NoSchedule"


@process
def test_kwok_is_told_to_stay_on_loopback(tools: Standins) -> None:
    KwokCluster("lab", tools.environment).up()
    created = next(call for call in tools.calls() if "create" in call)
    config = yaml.safe_load(Path(created[created.index("--config") + 1]).read_text())
    assert config["options"] == {"bindAddress": "127.0.0.1"}


def test_taints_and_labels_of_a_topology_file_reach_the_tools(tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text(
        "nodes:\n- {name: a, role: control-plane}\n"
        "- {name: b, zone: '', labels: {disk: ssd}, taints: [{key: only, value: db, effect: NoSchedule}]}\n"
    )
    topology = Topology.read(tmp_path / "t.yaml")
    worker = yaml.safe_load(kind_configuration(topology))["nodes"][1]
    assert worker["labels"] == {"disk": "ssd"}
    assert "key: only" in worker["kubeadmConfigPatches"][0]
    extra = yaml.safe_load(k3d_configuration(topology))["options"]["k3s"]["extraArgs"]
    assert {"arg": "--node-taint=only=db:NoSchedule", "nodeFilters": ["agent:0"]} in extra
    assert node(topology.shapes[1])["spec"]["taints"] == [{"key": "only", "value": "db", "effect": "NoSchedule"}]
