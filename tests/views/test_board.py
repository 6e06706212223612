"""The board: which pod is drawn where, and what the bars say."""

from __future__ import annotations

import orjson
import pytest
from board_samples import NO_ROOM, believable, crowd, event, finished, node, pod, unschedulable, waiting

from gitopslab.machinery.objects import Object
from gitopslab.views.board import Board, NodeCard, PodTile, board, cpu_text, memory_text


def card(whole: Board, name: str) -> NodeCard:
    return next(found for found in whole.nodes if found.name == name)


def tile(whole: Board, name: str) -> PodTile:
    return next(found for found in whole.pods if found.name == name)


def test_the_control_plane_comes_first_and_worker10_after_worker2() -> None:
    nodes = [node("worker10"), node("worker2"), node("zebra", control_plane=True)]
    assert [found.name for found in board(nodes, []).nodes] == ["zebra", "worker2", "worker10"]


def test_pods_stand_on_their_node_oldest_first() -> None:
    pods = [pod("young", "a", age=1), pod("old", "a", age=99), pod("elsewhere", "b")]
    whole = board([node("a"), node("b")], pods)
    assert [found.name for found in card(whole, "a").pods] == ["old", "young"]


def test_no_pod_is_dropped_not_even_one_whose_node_is_gone() -> None:
    whole = board([node("a")], [pod("placed", "a"), pod("new"), pod("orphan", "gone")])
    assert {found.name for found in whole.pending} == {"new", "orphan"}
    assert len(whole.pods) == 3


def test_a_waiting_pod_carries_the_reason_of_the_scheduler() -> None:
    whole = board([node("a")], [pod("big", status=unschedulable(NO_ROOM))])
    assert whole.pending[0].reason == "No node fits: 1 has a taint it does not tolerate, 3 have too little free CPU."


def test_bars_sum_the_requests_of_what_still_runs() -> None:
    pods = [
        pod("a", "n", cpu="500m", memory="512Mi"),
        pod("b", "n", cpu="250m", memory="1Gi", status=waiting("CrashLoopBackOff")),
        pod("done", "n", cpu="2", memory="2Gi", status=finished("Succeeded")),
    ]
    found = card(board([node("n")], pods), "n")
    assert (found.cpu_text, found.memory_text) == ("0.75 of 4", "1.5Gi of 8Gi")
    assert (found.used_cpu, found.cpu) == (750, 4000)


def test_a_namespace_hides_the_pods_of_others_but_not_what_they_hold() -> None:
    pods = [pod("mine", "n", cpu="1", namespace="demo"), pod("yours", "n", cpu="2", namespace="other")]
    whole = board([node("n")], pods, namespace="demo")
    assert [found.name for found in whole.pods] == ["mine"]
    assert card(whole, "n").cpu_text == "3 of 4"


@pytest.mark.parametrize(
    ("made", "ready", "cordoned", "taints"),
    [
        (node("n"), True, False, []),
        (node("n", ready=False), False, False, []),
        (
            node("n", taints=[{"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}], cordoned=True),
            True,
            True,
            [],
        ),
        (
            node("n", taints=[{"key": "x.io/gpu", "value": "a", "effect": "NoExecute"}]),
            True,
            False,
            ["NoExecute gpu=a"],
        ),
    ],
    ids=["fine", "not ready", "cordoned, which says it all", "tainted"],
)
def test_a_card_says_what_is_special_about_its_node(
    made: Object, ready: bool, cordoned: bool, taints: list[str]
) -> None:
    found = board([made], []).nodes[0]
    assert (found.ready, found.cordoned, [short for short, _ in found.taints]) == (ready, cordoned, taints)


def test_a_tile_carries_its_last_three_events_newest_first() -> None:
    events = [event("web", reason, "…", age=age) for reason, age in (("Old", 9), ("A", 3), ("C", 1), ("B", 2))]
    found = tile(board([node("n")], [pod("web", "n")], events), "web")
    assert [each.reason for each in found.events] == ["C", "B", "A"]


@pytest.mark.parametrize(
    ("status", "command"),
    [
        (None, "kubectl logs web -n demo"),
        (waiting("CrashLoopBackOff", restarts=2), "kubectl logs web -n demo --previous"),
        (waiting("ImagePullBackOff"), "kubectl describe pod web -n demo"),
    ],
    ids=["well", "crashes", "no image"],
)
def test_a_tile_proposes_the_next_command(status: Object | None, command: str) -> None:
    assert tile(board([node("n")], [pod("web", "n", status=status)]), "web").command == command


def test_system_namespaces_are_known() -> None:
    whole = board(*believable())
    assert whole.namespaces == ("demo", "kube-system")
    assert whole.system_namespaces == ("kube-system",)
    assert all(found.system for found in card(whole, "lab-control-plane").pods)


def test_counts_are_of_the_pods_that_are_shown() -> None:
    assert board(*believable()).counts == {
        "ready": 14, "notready": 1, "pending": 3, "failed": 2, "succeeded": 1, "terminating": 1,
    }  # fmt: skip


def test_the_message_is_json_and_stays_small_with_500_pods() -> None:
    assert orjson.loads(orjson.dumps(board(*believable()).as_dict()))["pending"][0]["short"] == "big"
    assert len(orjson.dumps(board(*crowd()).as_dict())) < 300_000


@pytest.mark.parametrize(("milli", "text"), [(0, "0"), (100, "0.1"), (1250, "1.25"), (4000, "4"), (10000, "10")])
def test_cpu_reads_in_cores(milli: int, text: str) -> None:
    assert cpu_text(milli) == text


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0"), (100 * 2**20, "100Mi"), (2**30, "1Gi"), (int(1.5 * 2**30), "1.5Gi")]
)
def test_memory_reads_in_the_largest_unit(size: int, text: str) -> None:
    assert memory_text(size) == text
