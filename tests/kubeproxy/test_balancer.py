"""Which endpoint the next connection goes to."""

from __future__ import annotations

from gitopslab.controlplane.kubeproxy.balancer import Balancer, Endpoint

A, B, C = (Endpoint("default", name, 80) for name in "abc")


def first(balancer: Balancer, client: str = "me") -> Endpoint:
    return next(balancer.choices(client))


def test_endpoints_take_turns() -> None:
    balancer = Balancer()
    balancer.know([A, B, C])
    assert {first(balancer) for _ in range(3)} == {A, B, C}


def test_whoever_does_not_answer_is_followed_by_all_others() -> None:
    balancer = Balancer()
    balancer.know([A, B, C])
    assert sorted(balancer.choices("me"), key=lambda one: one.pod) == [A, B, C]


def test_a_client_with_affinity_comes_back_to_where_it_was_taken() -> None:
    balancer = Balancer(affinity=60)
    balancer.know([A, B, C])
    choices = balancer.choices("me")
    next(choices)  # it did not answer
    kept = next(choices)
    assert [first(balancer) for _ in range(4)] == [kept] * 4
    assert {first(balancer, f"client {number}") for number in range(3)} == {A, B, C}


def test_affinity_ends_with_its_endpoint() -> None:
    balancer = Balancer(affinity=60)
    balancer.know([A, B])
    kept = first(balancer)
    left = A if kept == B else B
    balancer.know([left])
    assert first(balancer) == left


def test_without_endpoints_there_is_no_choice() -> None:
    assert list(Balancer().choices("me")) == []
