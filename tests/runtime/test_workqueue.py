from __future__ import annotations

from gitopslab.controlplane.runtime.reconcile import Request
from gitopslab.controlplane.runtime.workqueue import WorkQueue
from gitopslab.machinery.clock import JumpableClock

A, B = Request("n", "a"), Request("n", "b")


def drained(queue: WorkQueue) -> list[Request]:
    found = []
    while (request := queue.take()) is not None:
        found.append(request)
        queue.done(request)
    return found


def test_a_request_added_many_times_is_taken_once_and_order_is_kept(clock: JumpableClock) -> None:
    queue = WorkQueue(clock)
    for request in (A, B, A, A):
        queue.add(request)
    assert drained(queue) == [A, B]


def test_nobody_gets_a_request_that_somebody_works_on(clock: JumpableClock) -> None:
    queue = WorkQueue(clock)
    queue.add(A)
    assert queue.take() == A
    queue.add(A)
    assert queue.take() is None
    queue.done(A)
    assert queue.take() == A


def test_a_delayed_request_comes_when_it_is_due(clock: JumpableClock) -> None:
    queue = WorkQueue(clock)
    queue.add_after(A, 10)
    assert (queue.take(), queue.next_due()) == (None, clock.now() + 10)
    clock.jump(10)
    assert drained(queue) == [A]
    assert queue.next_due() is None


def test_the_earliest_of_several_delays_counts_and_the_others_are_dropped(clock: JumpableClock) -> None:
    queue = WorkQueue(clock)
    queue.add_after(A, 30)
    queue.add_after(A, 10)
    queue.add_after(A, 20)
    clock.jump(10)
    assert drained(queue) == [A]
    clock.jump(60)
    assert drained(queue) == []


def test_failures_come_back_later_and_later_until_forgotten(clock: JumpableClock) -> None:
    queue = WorkQueue(clock)
    waits = []
    for _ in range(4):
        queue.add_failed(A)
        due = queue.next_due()
        assert due is not None
        waits.append(round(due - clock.now(), 3))
        clock.jump(due - clock.now())
        assert drained(queue) == [A]
    assert waits == [0.005, 0.01, 0.02, 0.04]
    queue.forget(A)
    queue.add_failed(A)
    assert queue.next_due() == clock.now() + 0.005


def test_however_often_a_request_failed_it_comes_again(clock: JumpableClock) -> None:
    queue = WorkQueue(clock)
    for _ in range(2000):
        queue.add_failed(A)
        clock.jump(1000)
        assert drained(queue) == [A]
