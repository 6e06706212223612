"""The one thread behind a live widget: it waits for a change, lets a few more come in, and has the widget publish.

Started by ``base.LiveView``; it waits on a ``Source`` (a ``clusters.mirror.Mirror``, or a fake in tests).
Rules that Jupyter imposes are kept here: a daemon thread, run in a copy of the starter's context (ipykernel 7.0 loses
its parent message otherwise), never a print, every error put into the widget, and an end when nothing changes for long,
because a widget that publishes keeps a Binder session awake.
What is published is left to the widget.
"""

from __future__ import annotations

import contextvars
import threading
import time
import weakref
from collections.abc import Callable
from typing import Protocol

from gitopslab.machinery.objects import Object

MESSAGES_A_SECOND = 10
IDLE_SECONDS = 30 * 60.0
_LOOK_UP_SECONDS = 1.0  # how often a thread with nothing to do sees whether it is still wanted


class Source(Protocol):
    """Where a live view gets its objects; ``Mirror`` is the real one."""

    @property
    def error(self) -> str:
        """Why the cluster cannot be followed right now; empty while it can."""
        ...

    def start(self) -> None:
        """Begin to follow; returns at once."""
        ...

    def close(self) -> None:
        """Stop following, and release whoever waits."""
        ...

    def state(self) -> tuple[int, dict[str, list[Object]]]:
        """The state's number, and the objects by kind; shared, read-only."""
        ...

    def wait(self, seen: int, timeout: float) -> bool:
        """Wait until the state is newer than number ``seen``; False when the time passed without."""
        ...

    def wait_synced(self, timeout: float) -> bool:
        """Wait until everything there is known."""
        ...


class Publishes(Protocol):
    """What a publisher drives."""

    def publish(self, objects: dict[str, list[Object]], error: str, ended: Callable[[], bool]) -> bool:
        """Show this state, unless following has ``ended`` meanwhile; False when it looks the same as before."""
        ...

    def pause(self) -> None:
        """Say that nothing has changed for long and that following has ended."""
        ...


class Publisher:
    """Feeds one view from one source until it is stopped, or the view is gone.

    Args:
        view: Held weakly, so that a thread never keeps a widget alive.
        source: Closed when the publisher ends.
        idle_seconds: How long without a change until it ends by itself.
    """

    def __init__(self, view: Publishes, source: Source, idle_seconds: float = IDLE_SECONDS) -> None:
        self._view = weakref.ref(view)
        self._source = source
        self._idle_seconds = idle_seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=contextvars.copy_context().run, args=(self._run,), name="gitopslab-publisher", daemon=True
        )

    @property
    def is_alive(self) -> bool:
        """Whether it still follows."""
        return self._thread.is_alive() and not self._stop.is_set()

    def start(self) -> None:
        """Begin to publish."""
        self._thread.start()

    def stop(self) -> None:
        """End at once; does not wait for the thread."""
        self._stop.set()
        self._source.close()

    def _run(self) -> None:
        seen, earliest, changed_at = -1, 0.0, time.monotonic()
        while not self._stop.is_set():
            changed = self._source.wait(seen, min(_LOOK_UP_SECONDS, self._idle_seconds))
            # The first change goes out at once; what follows it within a tenth of a second goes out together.
            if changed and self._stop.wait(max(0.0, earliest - time.monotonic())):
                break
            view = self._view()
            if view is None:
                break
            now = time.monotonic()
            if changed:
                seen, objects = self._source.state()
                if view.publish(objects, self._source.error, self._stop.is_set):
                    changed_at, earliest = now, now + 1 / MESSAGES_A_SECOND
            elif now - changed_at > self._idle_seconds:
                view.pause()
                break
            del view
        self._source.close()
