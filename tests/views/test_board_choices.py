"""What a reader of the board may choose: groups of nodes, and whose pods stand out; why a pod has to leave."""

from __future__ import annotations

import pytest
from board_samples import believable, node, pod

from gitopslab.machinery.objects import Object
from gitopslab.views.board import board, label_of
from gitopslab.views.board_choices import choices, groupings


def labelled(name: str, **labels: str) -> Object:
    made = node(name)
    made["metadata"]["labels"] = labels
    return made


def test_nodes_may_be_grouped_by_labels_that_several_share_zone_first() -> None:
    nodes = [
        labelled("a", **{"kubernetes.io/hostname": "a", "disk": "ssd", "topology.kubernetes.io/zone": "z1"}),
        labelled("b", **{"kubernetes.io/hostname": "b", "disk": "ssd", "topology.kubernetes.io/zone": "z1"}),
        labelled("c", **{"kubernetes.io/hostname": "c", "topology.kubernetes.io/zone": "z2"}),
    ]
    assert groupings(nodes) == ("topology.kubernetes.io/zone", "disk")


def test_a_grouped_board_has_its_nodes_in_the_order_of_the_groups() -> None:
    nodes = [node("a", zone="z2"), node("b", zone="z1"), node("c", zone="z2")]
    made = board(nodes, [], group="topology.kubernetes.io/zone")
    assert [(card.name, label_of(card, made.group)) for card in made.nodes] == [("b", "z1"), ("a", "z2"), ("c", "z2")]


def test_workloads_services_and_claims_know_their_pods() -> None:
    web = pod("web-1-a", "n", owner="ReplicaSet/web-1", digest="1")
    web["metadata"]["labels"]["app"] = "web"
    web["spec"]["volumes"] = [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]
    service = {"metadata": {"name": "web", "namespace": "demo"}, "spec": {"selector": {"app": "web"}}}
    elsewhere = {"metadata": {"name": "web", "namespace": "other"}, "spec": {"selector": {"app": "web"}}}
    claim = {"metadata": {"name": "data", "namespace": "demo"}}
    found = {choice.key: choice.pods for choice in choices([web, pod("bare", "n")], [service, elsewhere], [claim])}
    assert found == {
        "Deployment/demo/web": ("uid-web-1-a",),
        "Service/demo/web": ("uid-web-1-a",),
        "PersistentVolumeClaim/demo/data": ("uid-web-1-a",),
        "Service/other/web": (),
    }


def test_the_clusters_own_workloads_are_no_choice() -> None:
    assert not [choice for choice in board(*believable()).choices if choice.namespace == "kube-system"]


@pytest.mark.parametrize(
    ("reason", "because", "says"),
    [
        ("PreemptionByScheduler", "preempted", "a more important pod needs its place"),
        ("EvictionByEvictionAPI", "evicted", "as when its node is drained"),
        ("DeletionByTaintManager", "tainted", "NoExecute"),
        ("", "", "Told to stop"),
    ],
)
def test_a_pod_that_leaves_says_why(reason: str, because: str, says: str) -> None:
    leaving = pod("web", "n", terminating=True)
    if reason:
        leaving["status"]["conditions"].append({"type": "DisruptionTarget", "status": "True", "reason": reason})
    tile = board([node("n")], [leaving]).nodes[0].pods[0]
    assert tile.because == because
    assert says in tile.reason


def test_a_pod_for_which_room_is_made_says_where() -> None:
    waits = pod("big")
    waits["status"]["nominatedNodeName"] = "lab-worker"
    tile = board([node("lab-worker")], [waits]).pending[0]
    assert tile.nominated == "lab-worker"
    assert tile.reason == "Room is being made for it on lab-worker: a less important pod leaves first."
