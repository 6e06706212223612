"""Cluster shapes, from the default, from a number and from a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitopslab.controlplane.daemon.topology import Topology
from gitopslab.errors import SetupError
from gitopslab.machinery.objects import Object, labels_of, name_of


def shape(node: Object) -> tuple[str, str, str, str, str]:
    capacity = node["status"]["capacity"]
    zone = labels_of(node)["topology.kubernetes.io/zone"]
    return name_of(node), zone, capacity["cpu"], capacity["memory"], capacity["pods"]


def test_default_is_one_control_plane_and_three_workers_in_three_zones() -> None:
    nodes = Topology().nodes()
    assert [shape(node) for node in nodes] == [
        ("lab-control-plane", "zone-a", "4", "8Gi", "110"),
        ("lab-worker", "zone-a", "4", "8Gi", "110"),
        ("lab-worker2", "zone-b", "4", "8Gi", "110"),
        ("lab-worker3", "zone-c", "2", "4Gi", "110"),
    ]
    assert nodes[0]["spec"]["taints"] == [{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}]
    assert "taints" not in nodes[1]["spec"]


def test_nodes_have_addresses_of_their_own() -> None:
    nodes = Topology.of_workers(600).nodes()
    assert len({node["spec"]["podCIDR"] for node in nodes}) == 601
    assert len({node["status"]["addresses"][0]["address"] for node in nodes}) == 601
    assert nodes[0]["status"]["addresses"][0]["address"] == "172.18.0.2"
    assert nodes[300]["spec"]["podCIDR"] == "10.245.44.0/24"


@pytest.mark.parametrize(
    ("count", "names"),
    [
        (0, ["lab-control-plane"]),
        (1, ["lab-control-plane", "lab-worker"]),
        (2, ["lab-control-plane", "lab-worker", "lab-worker2"]),
    ],
)
def test_number_of_workers(count: int, names: list[str]) -> None:
    assert [name_of(node) for node in Topology.of_workers(count).nodes()] == names


def test_three_workers_are_the_default() -> None:
    assert Topology.of_workers(3) == Topology()


@pytest.mark.parametrize("count", [-1, 1000])
def test_impossible_number_of_workers_is_refused(count: int) -> None:
    with pytest.raises(SetupError, match=f"--workers {count}"):
        Topology.of_workers(count)


def test_file_describes_nodes(tmp_path: Path) -> None:
    file = tmp_path / "shape.yaml"
    file.write_text(
        "nodes:\n"
        "- {name: head, role: control-plane}\n"
        "- {name: big, zone: north, cpu: 16, memory: 64Gi, labels: {disk: ssd},\n"
        "   taints: [{key: dedicated, value: db, effect: NoExecute}]}\n"
    )
    topology = Topology.read(file)
    head, big = topology.nodes()
    assert "node-role.kubernetes.io/control-plane" in labels_of(head)
    assert shape(head)[1:4] == ("zone-a", "4", "8Gi")
    assert shape(big) == ("big", "north", "16", "64Gi", "110")
    assert labels_of(big)["disk"] == "ssd"
    assert big["spec"]["taints"] == [{"key": "dedicated", "value": "db", "effect": "NoExecute"}]


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        pytest.param("nodes: []", "nodes", "[]", id="no nodes"),
        pytest.param("- a", "the document", "'a'", id="a list"),
        pytest.param("node: [{name: a}]", "node", "name", id="unknown key"),
        pytest.param("nodes: [{name: a, cpus: 4}]", "nodes[0].cpus", "4", id="unknown key of a node"),
        pytest.param("nodes: [{name: A_b}]", "nodes[0].name", "'A_b'", id="bad name"),
        pytest.param("nodes: [{zone: a}]", "nodes[0].name", "''", id="no name"),
        pytest.param("nodes: [{name: a}, {name: a}]", "nodes[1].name", "'a'", id="name twice"),
        pytest.param("nodes: [{name: a, cpu: lots}]", "nodes[0].cpu", "'lots'", id="bad amount"),
        pytest.param("nodes: [{name: a, memory: -1Gi}]", "nodes[0].memory", "'-1Gi'", id="negative amount"),
        pytest.param("nodes: [{name: a, role: boss}]", "nodes[0].role", "'boss'", id="bad role"),
        pytest.param("nodes: [{name: a, labels: {x: 1}}]", "nodes[0].labels.x", "1", id="label that is a number"),
        pytest.param(
            "nodes: [{name: a, taints: [{key: k, effect: Never}]}]", "nodes[0].taints[0].effect", "'Never'", id="effect"
        ),
    ],
)
def test_bad_file_is_refused_with_file_key_and_value(tmp_path: Path, text: str, key: str, value: str) -> None:
    file = tmp_path / "shape.yaml"
    file.write_text(text)
    with pytest.raises(SetupError) as caught:
        Topology.read(file)
    assert caught.value.message.startswith(f"{file}: ")
    assert key in caught.value.message
    assert value in caught.value.message
    assert caught.value.hint


def test_broken_yaml_names_the_line(tmp_path: Path) -> None:
    file = tmp_path / "shape.yaml"
    file.write_text("nodes:\n- name: a\n  zone: [\n")
    with pytest.raises(SetupError, match=r"shape\.yaml:\d"):
        Topology.read(file)


def test_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="cannot be read"):
        Topology.read(tmp_path / "none.yaml")
