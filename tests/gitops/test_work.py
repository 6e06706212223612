"""The seam for what takes long: asked for by name, told when it is done, given once."""

from __future__ import annotations

import queue
import threading

import pytest

from gitopslab.controlplane.runtime.reconcile import Request
from gitopslab.errors import GitError
from gitopslab.gitops.work import Inline, Pool

WHO, WHAT = "someone", Request("default", "x")
PATIENCE = 20.0


def refuse() -> str:
    raise GitError("no such branch")


def test_inline_work_is_done_when_it_is_asked_for() -> None:
    outcome = Inline().ask(WHO, WHAT, 1, lambda: "done")
    assert outcome is not None
    assert outcome.get() == "done"


def test_a_failure_is_raised_where_the_outcome_is_taken() -> None:
    outcome = Inline().ask(WHO, WHAT, 1, refuse)
    assert outcome is not None
    with pytest.raises(GitError, match="no such branch"):
        outcome.get()


def test_a_pool_tells_when_it_is_done_and_gives_the_outcome_once() -> None:
    pool, told, goes_on = Pool(), queue.Queue[tuple[str, Request]](), threading.Event()
    pool.tell(lambda who, request: told.put((who, request)))

    def work() -> str:
        assert goes_on.wait(PATIENCE)
        return "done"

    assert pool.ask(WHO, WHAT, 1, work) is None
    assert pool.ask(WHO, WHAT, 1, work) is None, "still going on"
    goes_on.set()
    assert told.get(timeout=PATIENCE) == (WHO, WHAT)
    outcome = pool.ask(WHO, WHAT, 1, work)
    assert outcome is not None
    assert outcome.get() == "done"
    assert pool.ask(WHO, WHAT, 1, work) is None, "asked for anew"
    told.get(timeout=PATIENCE)
    pool.close()


def test_long_work_keeps_nobody_from_theirs() -> None:
    pool, told, goes_on = Pool(), queue.Queue[tuple[str, Request]](), threading.Event()
    pool.tell(lambda who, request: told.put((who, request)))
    for number in range(8):
        pool.ask(WHO, Request("default", str(number)), 1, lambda: goes_on.wait(PATIENCE), is_long=True)
    assert pool.ask(WHO, WHAT, 1, lambda: "done") is None
    assert told.get(timeout=PATIENCE) == (WHO, WHAT)
    goes_on.set()
    pool.close()


def test_asked_for_something_else_a_pool_forgets_what_went_on() -> None:
    pool, told = Pool(), queue.Queue[tuple[str, Request]]()
    pool.tell(lambda who, request: told.put((who, request)))
    assert pool.ask(WHO, WHAT, "old", lambda: "old") is None
    told.get(timeout=PATIENCE)
    assert pool.ask(WHO, WHAT, "new", lambda: "new") is None
    told.get(timeout=PATIENCE)
    outcome = pool.ask(WHO, WHAT, "new", lambda: "new")
    assert outcome is not None
    assert outcome.get() == "new"
    pool.close()
