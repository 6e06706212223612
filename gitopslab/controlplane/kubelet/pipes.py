"""Pipes of the tiny shell: commands side by side, each reading what the one before it prints.

``player`` plays a ``Pipe`` with it. Nothing is printed ahead of whoever reads it, so a loop that never ends may stand
at the front; who prints for somebody that has ended is ended, too.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, Protocol

from gitopslab.controlplane.kubelet.session import MOST_TEXT, Exited, Play, Printed, Wanted

Item = Printed | Wanted


class Switching(Protocol):
    """A session in which several commands take turns."""

    code: int

    def own(self) -> dict[str, Any]:
        """What each of them has for itself, variables for example."""
        ...

    def become(self, own: dict[str, Any]) -> None:
        """Give it to the one whose turn it is."""
        ...


@dataclass(slots=True)
class Stage:
    """One of the commands.

    Attributes:
        play: Plays it.
        own: What it has for itself.
    """

    play: Play
    own: dict[str, Any]

    def step(self, session: Switching, answer: str | None) -> Item | None:
        """Its next item; None when it has ended."""
        outer = session.own()
        session.become(self.own)
        try:
            return self.play.send(answer)
        except StopIteration:
            return None
        except Exited as end:
            session.code = end.code
            return None
        finally:
            self.own = session.own()
            session.become(outer)


def piped(session: Switching, plays: list[Play]) -> Play:
    """Play commands side by side; the last one's exit code is left."""
    stages = [Stage(play, {**session.own(), "variables": dict(session.own()["variables"])}) for play in plays]
    running: Play | None = None
    for stage in stages:
        running = _run(session, stage, running)
    assert running is not None, "there are at least two"
    yield from running
    session.code = stages[-1].own["code"]


def _run(session: Switching, stage: Stage, source: Play | None) -> Play:
    """Play one command, and those before it as far as it reads."""
    pull = _reader(source) if source is not None else None
    answer: str | None = None
    while (item := stage.step(session, answer)) is not None:
        if isinstance(item, Wanted) and pull is not None:
            answer = yield from pull(item)
        else:
            answer = yield item
    if source is not None:
        yield from _drained(source)


def fed(play: Play, source: Play) -> Play:
    """Play a command that reads what another one prints, in the same shell."""
    pull = _reader(source)
    answer: str | None = None
    while True:
        try:
            item = play.send(answer)
        except StopIteration:
            return
        answer = (yield from pull(item)) if isinstance(item, Wanted) else (yield item)


def _reader(source: Play) -> Callable[[Wanted], Generator[Item, str | None, str | None]]:
    """Gives what is wanted of what a command prints; None at its end."""
    waiting = ""

    def pull(wanted: Wanted) -> Generator[Item, str | None, str | None]:
        nonlocal waiting
        while not (("\n" in waiting or len(waiting) > MOST_TEXT) if wanted is Wanted.LINE else waiting):
            text = yield from _next_output(source)
            if text is None:
                break
            waiting += text
        end = waiting.find("\n") + 1 if wanted is Wanted.LINE else 0
        taken, waiting = waiting[: end or len(waiting)], waiting[end or len(waiting) :]
        return taken or None

    return pull


def _next_output(source: Play) -> Generator[Item, str | None, str | None]:
    """What a command prints next; all else goes past."""
    answer: str | None = None
    while True:
        try:
            item = source.send(answer)
        except StopIteration:
            return None
        if isinstance(item, Printed) and item.text is not None and not item.error:
            return item.text + item.end
        answer = yield item


def _drained(source: Play) -> Play:
    """Let a command go on whose reader has ended, until it prints something."""
    yield from _next_output(source)
    source.close()
