"""Which pods are evicted for a more important one, and from which node."""

from __future__ import annotations

from typing import Any

from scheduling_objects import HOST, away, node, pod, wants

from gitopslab.controlplane.scheduler.decision import Decision
from gitopslab.controlplane.scheduler.explain import explain
from gitopslab.machinery.objects import Object

WEB = {"app": "web"}


def urgent(cpu: str = "2", **more: Any) -> Object:
    return pod("urgent", cpu=cpu, priority=1000, **more)


def started(made: Object, second: int) -> Object:
    made["status"]["startTime"] = f"2026-01-01T00:00:{second:02d}Z"
    return made


def budget(allowed: int, **labels: str) -> Object:
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "b", "namespace": "default"},
        "spec": {"selector": {"matchLabels": labels}},
        "status": {"disruptionsAllowed": allowed},
    }


def outcome(decision: Decision) -> tuple[str | None, list[str]]:
    return decision.nomination.node if decision.nomination else None, [victim.name for victim in decision.victims]


def test_the_least_important_pods_go_and_no_more_than_needed() -> None:
    others = [pod(f"p{priority}", on="n", cpu="1", priority=priority) for priority in (10, 30, 20, 5)]
    assert outcome(explain(urgent(), [node("n")], others)) == ("n", ["p10", "p5"])


def test_of_equal_pods_the_youngest_goes() -> None:
    others = [started(pod(f"p{second}", on="n", cpu="2"), second) for second in (10, 40)]
    assert outcome(explain(urgent(), [node("n")], others)) == ("n", ["p40"])


def test_while_preemption_helps_the_message_tells_only_what_failed() -> None:
    decision = explain(urgent(), [node("n")], [pod("p", on="n", cpu="4")])
    assert decision.node is None
    assert decision.message == "0/1 nodes are available: 1 Insufficient cpu."


def test_pods_of_equal_priority_are_no_victims() -> None:
    decision = explain(urgent(), [node("n")], [pod("p", on="n", cpu="4", priority=1000)])
    assert outcome(decision) == ("", [])
    assert decision.message.endswith(
        "preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod."
    )


def test_a_pod_that_must_not_preempt_says_so() -> None:
    decision = explain(urgent(preemptionPolicy="Never"), [node("n")], [pod("p", on="n", cpu="4")])
    assert decision.victims == ()
    assert decision.message == (
        "0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, "
        "preemption: not eligible due to preemptionPolicy=Never."
    )


def test_the_node_with_the_lowest_top_priority_is_chosen() -> None:
    others = [
        pod("a", on="a", cpu="4", priority=500),
        pod("b1", on="b", cpu="2", priority=100),
        pod("b2", on="b", cpu="2", priority=100),
    ]
    assert outcome(explain(urgent("4"), [node("a"), node("b")], others)) == ("b", ["b1", "b2"])


def test_then_the_one_with_the_fewest_victims() -> None:
    others = [pod("a", on="a", cpu="4"), pod("b1", on="b", cpu="2"), pod("b2", on="b", cpu="2")]
    assert outcome(explain(urgent("4"), [node("b"), node("a")], others)) == ("a", ["a"])


def test_then_the_one_whose_victims_are_young() -> None:
    others = [started(pod("a", on="a", cpu="4"), 10), started(pod("b", on="b", cpu="4"), 50)]
    assert outcome(explain(urgent("4"), [node("a"), node("b")], others)) == ("b", ["b"])


def test_a_budget_is_kept_if_another_choice_allows_it() -> None:
    others = [
        pod("guarded", on="n", cpu="2", labels=WEB),
        pod("free", on="n", cpu="2", priority=500),
    ]
    assert outcome(explain(urgent(), [node("n")], others, [budget(0, app="web")])) == ("n", ["free"])
    assert outcome(explain(urgent(), [node("n")], others, [budget(1, app="web")])) == ("n", ["guarded"])


def test_a_budget_is_broken_if_nothing_else_makes_room() -> None:
    guarded = pod("guarded", on="n", cpu="4", labels=WEB)
    assert outcome(explain(urgent(), [node("n")], [guarded], [budget(0, app="web")])) == ("n", ["guarded"])


def test_of_two_nodes_the_one_without_a_broken_budget_is_chosen() -> None:
    others = [pod("guarded", on="a", cpu="4", labels=WEB), pod("free", on="b", cpu="4", priority=500)]
    assert outcome(explain(urgent(), [node("a"), node("b")], others, [budget(0, app="web")])) == ("b", ["free"])


def test_a_pod_in_the_way_by_anti_affinity_is_a_victim() -> None:
    incoming = urgent("1", affinity=away(wants("web", HOST)))
    others = [pod("web", on="n", labels=WEB), pod("db", on="n", labels={"app": "db"})]
    assert outcome(explain(incoming, [node("n")], others)) == ("n", ["web"])


def test_nodes_where_preemption_cannot_help_are_left_alone() -> None:
    incoming = urgent(nodeSelector={HOST: "b"})
    others = [pod("a", on="a", cpu="4"), pod("b", on="b", cpu="4")]
    assert outcome(explain(incoming, [node("a"), node("b")], others)) == ("b", ["b"])


def test_a_less_important_pod_leaves_the_promised_room_alone() -> None:
    promised = urgent("4")
    promised["status"]["nominatedNodeName"] = "n"
    assert explain(pod("late", cpu="1"), [node("n")], [promised]).node is None
    assert explain(pod("late", cpu="1", priority=2000), [node("n")], [promised]).node == "n"


def test_a_pod_goes_to_the_node_that_was_cleared_for_it() -> None:
    incoming = urgent()
    incoming["status"]["nominatedNodeName"] = "b"
    nodes = [node("a", cpu="64"), node("b"), node("c", cpu="64")]
    assert explain(incoming, nodes, []).node == "b"


def test_while_its_victims_terminate_it_takes_no_more() -> None:
    incoming = urgent()
    incoming["status"]["nominatedNodeName"] = "n"
    leaving = pod("leaving", on="n", cpu="4")
    leaving["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:30Z"
    leaving["status"]["conditions"] = [
        {"type": "DisruptionTarget", "status": "True", "reason": "PreemptionByScheduler"}
    ]
    decision = explain(incoming, [node("n")], [leaving])
    assert decision.victims == ()
    assert decision.message.endswith("preemption: not eligible due to a terminating pod on the nominated node.")
