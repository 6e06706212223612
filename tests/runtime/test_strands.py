"""Synchronous code that waits for a thread, while the event loop and others go on."""

from __future__ import annotations

import asyncio
import threading

import pytest

from gitopslab.controlplane.runtime import strands


def test_outside_of_a_strand_the_work_is_done_on_the_spot() -> None:
    assert strands.elsewhere(threading.get_ident) == threading.get_ident()


def test_a_strand_waits_for_work_in_another_thread_and_goes_on_where_it_was() -> None:
    order: list[str] = []

    def write(name: str, gate: threading.Event) -> str:
        order.append(f"{name} begins")
        where = strands.elsewhere(lambda: gate.wait(30) and threading.get_ident())
        order.append(f"{name} goes on")
        return "elsewhere" if where != threading.get_ident() else "here"

    async def both() -> list[str]:
        first, second = threading.Event(), threading.Event()
        slow = asyncio.create_task(strands.run(lambda: write("slow", first)))
        quick = asyncio.create_task(strands.run(lambda: write("quick", second)))
        second.set()
        await quick
        first.set()
        return [await slow, await quick]

    assert asyncio.run(both()) == ["elsewhere", "elsewhere"]
    assert order == ["slow begins", "quick begins", "quick goes on", "slow goes on"]


def test_what_the_work_raises_is_raised_where_it_was_asked_for() -> None:
    def fail() -> None:
        raise LookupError("gone")

    def write() -> str:
        try:
            strands.elsewhere(fail)
        except LookupError as error:
            return str(error)
        return "nothing was raised"

    assert asyncio.run(strands.run(write)) == "gone"


def test_what_is_begun_runs_to_its_first_wait_at_once_and_tells_its_end() -> None:
    order: list[str] = []

    async def begin() -> None:
        ended = asyncio.Event()

        def work() -> None:
            order.append("begun")
            strands.elsewhere(lambda: None)
            order.append("ended")

        strands.begin(work, ended.set)
        order.append("meanwhile")
        await ended.wait()

    asyncio.run(begin())
    assert order == ["begun", "meanwhile", "ended"]


def test_an_error_of_a_strand_reaches_who_runs_it() -> None:
    def write() -> None:
        strands.elsewhere(lambda: None)
        raise ValueError("refused")

    with pytest.raises(ValueError, match="refused"):
        asyncio.run(strands.run(write))
