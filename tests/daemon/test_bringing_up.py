"""Nodes are brought up before a cluster is served, and nobody outside can hold that up."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator

import pytest

from gitopslab.controlplane.daemon.assembly import ControlPlane
from gitopslab.controlplane.daemon.loop import bring_nodes_up, run_as_strands, settle
from gitopslab.controlplane.server.webhookclients import Destination, Review
from gitopslab.machinery.clock import JumpableClock
from gitopslab.machinery.objects import Object, is_condition_true

NODES = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["UPDATE"], "resources": ["nodes/status"]}


class Late:
    """A webhook that answers when it is told to; stands for the network."""

    def __init__(self) -> None:
        self.may_answer = threading.Event()

    def prepared(self, destination: Destination, body: bytes, seconds: int, review: Review) -> Callable[[], Object]:
        given = json.loads(body)

        def ask() -> Object:
            assert self.may_answer.wait(10), "the loop that lets it answer is held up"
            response = {"uid": given["request"]["uid"], "allowed": True}
            return {"apiVersion": given["apiVersion"], "kind": "AdmissionReview", "response": response}

        return ask


@pytest.fixture
def plane(clock: JumpableClock) -> Iterator[ControlPlane]:
    made = ControlPlane(clock, bare=True)
    yield made
    made.close()


def are_up(plane: ControlPlane) -> bool:
    return all(is_condition_true(node, "Ready") for node in plane.api.list("nodes"))


def test_every_node_is_ready_before_anybody_is_served(plane: ControlPlane) -> None:
    bring_nodes_up(plane.manager, plane.api)
    assert are_up(plane)


def test_nodes_that_a_webhook_is_asked_about_do_not_hold_up_the_cluster(plane: ControlPlane) -> None:
    late = Late()
    plane.verbs.call_webhooks(late)
    plane.api.create({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "slow"},
        "webhooks": [{
            "name": "slow.example.com", "clientConfig": {"url": "https://127.0.0.1:8443/"}, "rules": [NODES],
            "sideEffects": "None", "admissionReviewVersions": ["v1"],
        }],
    })  # fmt: skip

    async def live() -> None:
        run_as_strands(plane.manager)
        bring_nodes_up(plane.manager, plane.api)
        assert not are_up(plane)
        late.may_answer.set()
        await settle(plane.manager)
        assert are_up(plane)

    asyncio.run(live())
