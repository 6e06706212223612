"""A decision for people: rows, steps, sentences, and what is left out where there are many nodes."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from decision_samples import CONTROL_PLANE, a_choice, crowd, nodes, nowhere, one_left, scene, told
from scheduling_objects import node, pod

from gitopslab.controlplane.scheduler import what_if
from gitopslab.controlplane.scheduler.explain import Scene
from gitopslab.controlplane.scheduler.profile import Profile
from gitopslab.views.decision import Explained
from gitopslab.views.decision_svg import decision_svg, words_of
from gitopslab.views.decision_text import decision_text
from gitopslab.views.plugin_words import question, reward

SVG = "{http://www.w3.org/2000/svg}"


def words(svg: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_a_row_a_node_with_the_first_refusal_in_numbers() -> None:
    rows = {row.node: (row.state, row.plugin, row.detail) for row in one_left().rows}
    assert rows == {
        "lab-control-plane": ("out", "TaintToleration", f"taint {CONTROL_PLANE['key']}:NoSchedule is not tolerated"),
        "lab-worker": ("out", "NodeResourcesFit", "needs 3 CPU, 2.5 of 4 free"),
        "lab-worker2": ("chosen", "", ""),
        "lab-worker3": ("out", "NodeResourcesFit", "needs 3 CPU, 2 of 2 free"),
    }


def test_every_plugins_score_where_there_is_a_choice() -> None:
    found = a_choice()
    best = next(row for row in found.rows if row.state == "chosen")
    assert (best.node, best.total) == ("lab-worker3", sum(score.total for score in best.scores))
    assert {(score.plugin, score.weight, score.points) for score in best.scores if score.weight > 1} == {
        ("TaintToleration", 3, 100),
        ("PodTopologySpread", 2, 100),
        ("DynamicResources", 2, 0),
    }
    assert found.scorers == (
        "TaintToleration",
        "NodeResourcesFit",
        "PodTopologySpread",
        "NodeResourcesBalancedAllocation",
    ), "plugins that gave nobody anything are left out"


@pytest.mark.parametrize(
    ("found", "headline"),
    [
        (one_left(), "Only lab-worker2 can take it."),
        (a_choice(), "lab-worker3 is best with 653 points."),
        (nowhere(), "No node fits: 1 has a taint it does not tolerate, 3 have too little free CPU."),
        (told(Scene(pod(), [], [])), "There are no nodes."),
        (
            told(scene(schedulingGates=[{"name": "later"}])),
            "It is not looked at while it has scheduling gates: later.",
        ),
        (
            told(Scene(pod(), [node("a"), node("b")], [])),
            "{node} is best with 397 points, as good as 1 other node: chance decides.",
        ),
        (
            told(Scene(pod("u", cpu="3", priority=9), [node("a")], [pod("o", on="a", cpu="2")])),
            "No node fits: 1 has too little free CPU. a will take it when default/o is gone, which matters less.",
        ),
    ],
    ids=["one left", "a choice", "nowhere", "no nodes", "gated", "a tie", "preemption"],
)
def test_the_outcome_is_one_sentence(found: Explained, headline: str) -> None:
    assert found.headline == headline.format(node=found.node)


def test_a_pod_that_runs_says_where_and_whether_it_would_go_there_again() -> None:
    runs = told(Scene(pod("web-3", on="lab-worker2", cpu="3"), nodes(), []))
    assert next(row for row in runs.rows if row.is_here).node == "lab-worker2"
    assert runs.headline.endswith("It is there.")
    crowded = told(Scene(pod("web-3", on="lab-worker3", cpu="2"), nodes(), [pod("o", on="lab-worker", cpu="1")]))
    assert crowded.node == "lab-worker2"
    assert crowded.headline.endswith("It runs on lab-worker3, where it was put when things were otherwise.")


def test_among_equals_the_node_it_runs_on_is_the_chosen_one() -> None:
    for here in ("a", "b", "c"):
        found = told(Scene(pod("p", on=here), [node("a"), node("b"), node("c")], []))
        assert found.node == here


def test_the_steps_are_the_decision_in_order() -> None:
    steps = a_choice().steps
    assert [(step.kind, step.plugin) for step in steps] == [
        ("start", ""),
        ("filter", "NodeUnschedulable"),
        ("filter", "NodeName"),
        ("filter", "TaintToleration"),
        ("filter", "NodeResourcesFit"),
        ("score", "TaintToleration"),
        ("score", "NodeResourcesFit"),
        ("score", "PodTopologySpread"),
        ("score", "NodeResourcesBalancedAllocation"),
        ("end", ""),
    ]
    told_by = {(step.kind, step.plugin): step.told for step in steps}
    assert told_by["filter", "TaintToleration"] == "lab-control-plane is out, 3 left."
    assert told_by["filter", "NodeResourcesFit"] == "All 3 pass."
    assert told_by["score", "TaintToleration"] == "All get 100 of 100."
    assert told_by["score", "PodTopologySpread"] == "lab-worker3 gets most: 100 of 100."
    assert told_by["end", ""] == "PodTopologySpread decides: without it lab-worker2 would be best."


def test_no_step_follows_the_filter_that_left_nobody() -> None:
    assert [step.plugin for step in nowhere().steps][-2:] == ["NodeResourcesFit", ""]
    assert nowhere().steps[-1].told == "NodeResourcesFit refused 3 of 4 nodes."


def test_every_plugin_of_the_profile_has_its_words() -> None:
    plugins = Profile().plugins
    silent = {"DefaultPreemption", "NodeResourcesBalancedAllocation", "ImageLocality"}
    assert [plugin.name for plugin in plugins if not question(plugin.name) and plugin.name not in silent] == []
    assert [plugin.name for plugin in plugins if hasattr(plugin, "score") and not reward(plugin.name)] == []


def test_what_changed_in_thought_is_marked() -> None:
    was = {row.node: row.was for row in a_choice().rows}
    assert was == {"lab-control-plane": "", "lab-worker": "out", "lab-worker2": "chosen", "lab-worker3": "out"}
    before = scene()
    added = what_if.with_node(before, node("extra"))
    assert {row.node: row.was for row in told(added, before=told(before)).rows}["extra"] == "new"


def test_what_the_clusters_own_scheduler_said_is_told_where_it_differs() -> None:
    found = nowhere()
    assert told(scene("big", cpu="5"), said=found.message).said == ""
    other = told(scene("big", cpu="5"), said="0/4 nodes are available: 4 Insufficient cpu.")
    assert decision_text(other).endswith(
        "The cluster's scheduler last said: 0/4 nodes are available: 4 Insufficient cpu."
    )


def test_many_nodes_are_folded_but_the_data_has_them_all() -> None:
    found = crowd(200)
    assert len(found.rows) == 200
    shown = found.for_a_picture()
    assert len(shown.rows) == 40
    assert {row.plugin for row in shown.rows if row.state == "out"} == {"TaintToleration", "NodeResourcesFit"}
    assert any(row.state == "chosen" for row in shown.rows)
    assert shown.folded.startswith("Not drawn: ")
    assert "refused by TaintToleration" in shown.folded


def test_the_text_is_a_table_and_the_events_own_words() -> None:
    assert decision_text(nowhere()).splitlines() == [
        "pod default/big asks for 5 CPU",
        "No node fits: 1 has a taint it does not tolerate, 3 have too little free CPU.",
        "",
        "NODE                VERDICT     WHY",
        f"lab-control-plane   ✕ refused   TaintToleration: taint {CONTROL_PLANE['key']}:NoSchedule is not tolerated",
        "lab-worker          ✕ refused   NodeResourcesFit: needs 5 CPU, 2.5 of 4 free",
        "lab-worker2         ✕ refused   NodeResourcesFit: needs 5 CPU, 3.5 of 4 free",
        "lab-worker3         ✕ refused   NodeResourcesFit: needs 5 CPU, 2 of 2 free",
        "",
        "0/4 nodes are available: 1 node(s) had untolerated taint(s), 3 Insufficient cpu. no new claims to deallocate, "
        "preemption: 0/4 nodes are available: 4 Preemption is not helpful for scheduling.",
    ]


@pytest.mark.parametrize("found", [one_left(), a_choice(), nowhere(), crowd()], ids=["one", "choice", "none", "crowd"])
def test_the_picture_is_sound_says_what_the_text_says_and_loads_nothing(found: Explained) -> None:
    svg = decision_svg(found)
    drawn = words(svg)
    assert all(row.node in drawn for row in found.for_a_picture().rows)
    assert f"pod {found.pod}" in drawn
    assert "href" not in svg
    assert "url(#" in svg or "url(" not in svg


@pytest.mark.parametrize(
    ("plugin", "parts"),
    [
        ("NodeResourcesFit", ["Node", "Resources", "Fit"]),
        ("InterPodAffinity", ["Inter", "Pod", "Affinity"]),
        ("CSILimits", ["CSI", "Limits"]),
    ],
)
def test_a_plugins_name_breaks_between_its_words(plugin: str, parts: list[str]) -> None:
    assert words_of(plugin) == parts
