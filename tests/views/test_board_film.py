"""The film of a decision: who is crossed out when, who scores what, who wins, who must leave first."""

from __future__ import annotations

from typing import Any

from board_samples import node, pod

from gitopslab.controlplane.scheduler.explain import Scene
from gitopslab.machinery.objects import Object
from gitopslab.views.board_film import SECONDS, Film, film
from gitopslab.views.decision import explained

NODES = [
    node("control", control_plane=True),
    node("small", cpu="1"),
    node("one", cpu="4"),
    node("two", cpu="4"),
]


def played(wants: Object, others: list[Object], nodes: list[Object] = NODES) -> Film:
    scene = Scene(wants, nodes, others, [])
    decision = scene.decide()
    nomination = decision.nomination
    return film(explained(scene.pod, scene.nodes, decision), room=(nomination and nomination.node) or "")


def waiting(cpu: str, **spec: Any) -> Object:
    made = pod("new", cpu=cpu)
    made["spec"].update(spec)
    return made


def test_filters_cross_out_nodes_in_order_then_scores_then_the_winner() -> None:
    of = played(waiting("2"), [pod("busy", "one", cpu="1")])
    assert [(frame.kind, frame.title) for frame in of.frames] == [
        ("start", "new"),
        ("filter", "TaintToleration"),
        ("filter", "NodeResourcesFit"),
        ("score", "Scores"),
        ("end", "Outcome"),
    ]
    out = {mark.node: mark.frame for mark in of.marks if mark.kind == "out"}
    assert out == {"control": 1, "small": 2}
    scores = {mark.node: mark for mark in of.marks if mark.kind == "score"}
    assert set(scores) == {"one", "two"}
    assert scores["two"].share == 1.0 > scores["one"].share
    assert of.winner == "two"
    assert [(mark.node, mark.frame) for mark in of.marks if mark.kind == "winner"] == [("two", 4)]
    assert of.seconds == SECONDS == 0.9


def test_with_one_node_left_nothing_is_scored() -> None:
    of = played(waiting("2"), [], NODES[:3])
    assert "score" not in {frame.kind for frame in of.frames}
    assert of.winner == "one"


def test_without_a_node_there_is_no_winner_but_a_reason_for_each() -> None:
    of = played(waiting("16"), [])
    assert of.winner == ""
    assert {mark.node for mark in of.marks} == {each["metadata"]["name"] for each in NODES}
    assert all(mark.text for mark in of.marks)


def test_preemption_shows_the_victim_leaving_first() -> None:
    victim = pod("victim", "one", cpu="3")
    victim["spec"]["priority"] = 0
    of = played(waiting("2", priority=1000), [victim], [NODES[2]])
    assert [frame.kind for frame in of.frames] == ["start", "filter", "preempt", "end"]
    assert (of.victims, of.room) == (("demo/victim",), "one")
    assert of.frames[2].told == "victim must leave one first."
