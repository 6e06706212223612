"""Who is tried next, and when a pod that found no node is tried again."""

from __future__ import annotations

import pytest
from scheduling_objects import pod

from gitopslab.controlplane.scheduler.podinfo import PodInfo
from gitopslab.controlplane.scheduler.queue import SchedulingQueue
from gitopslab.machinery.clock import JumpableClock
from gitopslab.machinery.objects import Object

FIT = frozenset({"NodeResourcesFit"})


def gated(made: PodInfo) -> bool:
    return not made.spec.get("schedulingGates")


@pytest.fixture
def clock() -> JumpableClock:
    return JumpableClock()


@pytest.fixture
def queue(clock: JumpableClock) -> SchedulingQueue:
    return SchedulingQueue(clock, gated)


def put(queue: SchedulingQueue, made: Object) -> None:
    queue.set(PodInfo(made))


def popped(queue: SchedulingQueue) -> list[str]:
    names = []
    while (queued := queue.pop()) is not None:
        names.append(queued.pod.name)
    return names


def fail(queue: SchedulingQueue, times: int = 1) -> None:
    """Let the next pod fail, and wake it for each time but the last."""
    for number in range(times):
        queued = queue.pop()
        assert queued is not None
        queue.failed(queued, FIT)
        if number < times - 1:
            queue.activate(queued)


def test_pods_come_out_by_priority_and_then_by_arrival(queue: SchedulingQueue) -> None:
    for name, priority in (("first", 0), ("second", 0), ("urgent", 1000)):
        put(queue, pod(name, priority=priority))
    assert popped(queue) == ["urgent", "first", "second"]


def test_a_pod_that_arrived_earlier_is_first_even_when_taken_in_later(
    queue: SchedulingQueue, clock: JumpableClock
) -> None:
    put(queue, pod("early"))
    clock.jump(1)
    put(queue, pod("late"))
    put(queue, pod("early", labels={"changed": "yes"}))
    assert popped(queue) == ["early", "late"]


def test_a_pod_that_found_no_node_waits_for_a_change(queue: SchedulingQueue) -> None:
    put(queue, pod("p"))
    fail(queue)
    assert popped(queue) == []
    for queued in queue.waiting():
        queue.activate(queued)
    assert popped(queue) == ["p"]


def test_after_five_minutes_it_is_tried_anyway(queue: SchedulingQueue, clock: JumpableClock) -> None:
    put(queue, pod("p"))
    fail(queue)
    assert queue.next_due() == clock.now() + 300
    clock.jump(299)
    assert popped(queue) == []
    clock.jump(1)
    assert popped(queue) == ["p"]


def test_a_pod_that_failed_lets_others_go_first_until_its_back_off_is_over(
    queue: SchedulingQueue, clock: JumpableClock
) -> None:
    put(queue, pod("failed", priority=1000))
    fail(queue)
    put(queue, pod("other"))
    for queued in queue.waiting():
        queue.activate(queued)
    assert popped(queue) == ["other", "failed"]
    put(queue, pod("failed", priority=1000))
    fail(queue)
    clock.jump(1)
    put(queue, pod("other"))
    for queued in queue.waiting():
        queue.activate(queued)
    assert popped(queue) == ["failed", "other"]


@pytest.mark.parametrize(("failures", "seconds"), [(0, 0), (1, 1), (2, 2), (3, 4), (4, 8), (5, 10), (50, 10)])
def test_the_back_off_doubles_from_one_to_ten_seconds(queue: SchedulingQueue, failures: int, seconds: float) -> None:
    put(queue, pod("p"))
    if failures:
        fail(queue, failures)
    found = queue.get(("default", "p"))
    assert found is not None
    assert found.backoff == seconds


def test_after_an_error_the_back_off_is_kept(queue: SchedulingQueue, clock: JumpableClock) -> None:
    put(queue, pod("p"))
    queued = queue.pop()
    assert queued is not None
    queue.errored(queued)
    assert popped(queue) == []
    assert queue.next_due() == clock.now() + 1
    clock.jump(1)
    assert popped(queue) == ["p"]


def test_a_gated_pod_is_not_tried_until_its_gates_are_gone(queue: SchedulingQueue, clock: JumpableClock) -> None:
    put(queue, pod("p", schedulingGates=[{"name": "wait"}]))
    clock.jump(1000)
    assert popped(queue) == []
    assert queue.next_due() is None
    put(queue, pod("p"))
    assert popped(queue) == ["p"]


def test_a_change_of_status_alone_is_no_reason_to_try_again(queue: SchedulingQueue) -> None:
    put(queue, pod("p"))
    fail(queue)
    put(queue, {**pod("p"), "status": {"phase": "Pending", "conditions": [{"type": "PodScheduled"}]}})
    assert popped(queue) == []
    put(queue, pod("p", tolerations=[{"operator": "Exists"}]))
    assert popped(queue) == ["p"]


def test_a_removed_pod_is_never_tried(queue: SchedulingQueue) -> None:
    put(queue, pod("p"))
    queue.remove(("default", "p"))
    assert popped(queue) == []
    assert len(queue) == 0


def test_a_new_pod_of_the_same_name_begins_without_failures(queue: SchedulingQueue) -> None:
    put(queue, pod("p"))
    fail(queue, 3)
    again = pod("p")
    again["metadata"]["uid"] = "another"
    put(queue, again)
    queued = queue.pop()
    assert queued is not None
    assert queued.failures == 0
