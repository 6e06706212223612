"""Keeps events away that change nothing a controller looks at.

A pod is written a dozen times on its way to Running, and most of that is news to the scheduler and kubelets only. The
controllers that watch hundreds of pods wrap their mapping in ``Relevant``. What the facts are is theirs to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from gitopslab.controlplane.runtime.api import WatchEvent
from gitopslab.controlplane.runtime.reconcile import Request
from gitopslab.machinery.objects import Object, key_of


class Relevant:
    """A mapping from events to requests that answers only when facts changed.

    It remembers whom each object concerned, so that those hear too from whom it moved away.

    Args:
        facts: What of an object matters; compared with what it was before.
        requests: Whom an object concerns.
    """

    def __init__(self, facts: Callable[[Object], Any], requests: Callable[[WatchEvent], Iterable[Request]]) -> None:
        self._facts = facts
        self._requests = requests
        self._known: dict[tuple[str, str], tuple[Any, tuple[Request, ...]]] = {}

    def __call__(self, event: WatchEvent) -> Iterable[Request]:
        """The requests an event means, none when it is not news."""
        key = key_of(event.object)
        facts, concerned = self._known.pop(key, (None, ()))
        if event.type == "DELETED":
            return (*concerned, *self._requests(event))
        found = self._facts(event.object)
        if found == facts:
            self._known[key] = (facts, concerned)
            return ()
        now_concerned = tuple(self._requests(event))
        self._known[key] = (found, now_concerned)
        return (*concerned, *now_concerned)
