"""What ``explain`` says of a pod, from plain objects alone; and what always holds."""

from __future__ import annotations

import copy
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st
from scheduling_objects import BUSY, ZONE, near, node, pod, wants

from gitopslab.controlplane.scheduler.explain import explain
from gitopslab.machinery import quantity
from gitopslab.machinery.objects import Object, name_of


def test_every_node_answers_with_the_first_plugin_that_refuses_it() -> None:
    nodes = [node("tainted", taints=[BUSY], zone="b"), node("small", cpu="1", zone="a"), node("other", zone="b")]
    decision = explain(pod(cpu="2", nodeSelector={ZONE: "a"}), nodes, [])
    assert [(verdict.node, verdict.status.plugin) for verdict in decision.verdicts] == [
        ("tainted", "TaintToleration"),
        ("small", "NodeResourcesFit"),
        ("other", "NodeAffinity"),
    ]
    assert decision.message == (
        "0/3 nodes are available: 1 Insufficient cpu, 1 node(s) didn't match Pod's node affinity/selector, "
        "1 node(s) had untolerated taint(s). no new claims to deallocate, "
        "preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling."
    )


def test_a_cluster_without_nodes() -> None:
    assert explain(pod(), [], []).message == "no nodes available to schedule pods"


def test_a_gated_pod_is_not_tried() -> None:
    decision = explain(pod(schedulingGates=[{"name": "wait"}]), [node("n")], [])
    assert (decision.node, decision.verdicts) == (None, ())
    assert decision.message == "Scheduling is blocked due to non-empty scheduling gates"


def test_a_pod_that_has_a_node_is_explained_as_if_it_had_none() -> None:
    placed = pod("p", on="n", cpu="3")
    decision = explain(placed, [node("n"), node("m", cpu="1")], [placed])
    assert decision.node == "n"
    assert decision.feasible == ("n",)


def test_namespaces_may_be_left_out() -> None:
    """Then a namespace has the one label that the API server gives each."""
    selector = {"matchLabels": {"kubernetes.io/metadata.name": "other"}}
    incoming = pod(affinity=near(wants("db", namespaceSelector=selector)))
    friend = pod("o", on="n", labels={"app": "db"}, namespace="other")
    assert explain(incoming, [node("n")], [friend]).node == "n"


cpus = st.sampled_from(["100m", "500m", "1", "1500m", "3"])
clusters = st.lists(st.tuples(cpus, st.lists(cpus, max_size=3)), min_size=1, max_size=5)


def built(cluster: list[tuple[str, list[str]]]) -> tuple[list[Object], list[Object]]:
    nodes = [node(f"n{index}", cpu=cpu) for index, (cpu, _) in enumerate(cluster)]
    pods = [
        pod(f"p{index}-{number}", on=f"n{index}", cpu=cpu)
        for index, (_, used) in enumerate(cluster)
        for number, cpu in enumerate(used)
    ]
    return nodes, pods


@settings(max_examples=50)
@given(clusters, cpus)
def test_a_chosen_node_always_has_room_and_a_refused_pod_never_had(
    cluster: list[tuple[str, list[str]]], wanted: str
) -> None:
    nodes, pods = built(cluster)
    decision = explain(pod(cpu=wanted), nodes, pods)
    free = {
        f"n{index}": Fraction(quantity.parse(cpu)) - sum(Fraction(quantity.parse(part)) for part in used)
        for index, (cpu, used) in enumerate(cluster)
    }
    roomy = {name for name, left in free.items() if left >= Fraction(quantity.parse(wanted))}
    assert set(decision.feasible) == roomy
    assert (decision.node in roomy) if roomy else decision.node is None


@settings(max_examples=50)
@given(clusters, cpus)
def test_scores_do_not_depend_on_the_order_of_things(cluster: list[tuple[str, list[str]]], wanted: str) -> None:
    nodes, pods = built(cluster)
    before = copy.deepcopy((nodes, pods))
    first = {verdict.node: dict(verdict.scores) for verdict in explain(pod(cpu=wanted), nodes, pods).verdicts}
    assert (nodes, pods) == before, "explaining must not change what it was given"
    nodes, pods = sorted(nodes, key=name_of, reverse=True), pods[::-1]
    assert first == {verdict.node: dict(verdict.scores) for verdict in explain(pod(cpu=wanted), nodes, pods).verdicts}
