"""Waiting in the midst of synchronous code, without holding anybody else up.

The core is synchronous and on one thread, so whoever calls next sees what was written. A write that admission webhooks
are asked about has to wait for somebody outside, and meanwhile others go on. So requests and reconciles run as strands
(greenlets): ``elsewhere`` lays the strand that calls it aside until a piece of work is done, and it goes on where it
was. Outside of a strand, as in tests without an event loop, the work is done on the spot.

What was read before the wait may be out of date after it: ``verbs`` looks again before it stores anything.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import Any, TypeVar

from greenlet import getcurrent, greenlet

T = TypeVar("T")

_Work = Callable[[], Any]
_begun: set[asyncio.Task[None]] = set()


class _Strand(greenlet):  # type: ignore[misc]
    """Synchronous code that can be laid aside."""


def elsewhere(work: Callable[[], T]) -> T:
    """What a piece of work gives, which is done in another thread while the calling strand is laid aside.

    Args:
        work: It; touches nothing that belongs to the core.
    """
    strand = getcurrent()
    if not isinstance(strand, _Strand):
        return work()
    done: T = strand.parent.switch(work)
    return done


async def run(do: Callable[[], T]) -> T:
    """Run synchronous code as a strand, to its end."""
    strand = _Strand(do)
    value: T = await _end(strand, strand.switch())
    return value


def begin(do: Callable[[], None], then: Callable[[], None]) -> None:
    """Run synchronous code as a strand, at once up to its first wait.

    Args:
        do: The code. What is left of it after the wait follows on the running event loop.
        then: Called when that is at an end.
    """
    strand = _Strand(do)
    work = strand.switch()
    if not strand.dead:
        task = asyncio.get_running_loop().create_task(_end(strand, work))
        _begun.add(task)
        task.add_done_callback(_begun.discard)
        task.add_done_callback(lambda _: then())


async def rest() -> bool:
    """Wait until everything that was begun has ended; whether there was any."""
    begun = set(_begun)
    if begun:
        await asyncio.wait(begun)
    return bool(begun)


def _in_thread(work: _Work) -> asyncio.Future[Any]:
    """Do a piece of work in a thread of its own, which keeps neither other work nor the end of the process waiting."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Any] = loop.create_future()

    def tell(set_: Callable[[Any], None], outcome: Any) -> None:
        if not future.done():
            set_(outcome)

    def do() -> None:
        try:
            outcome = future.set_result, work()
        except BaseException as error:
            outcome = future.set_exception, error
        with suppress(RuntimeError):  # the loop is at its end, and nobody waits any more
            loop.call_soon_threadsafe(tell, *outcome)

    Thread(target=do, name="strand", daemon=True).start()
    return future


async def _end(strand: _Strand, work: Any) -> Any:
    """Do what the strand waits for, again and again, until it ends with a value."""
    while not strand.dead:
        try:
            done = await _in_thread(work)
        except BaseException as error:
            work = strand.throw(error)
        else:
            work = strand.switch(done)
    return work
