"""Which policies and webhooks are asked again, because an object was changed after they saw it.

Upstream: ``reinvocation.go`` and the contexts beside both plugins. A mutating chain runs twice at most; policies and
webhooks share one of these for a write.
"""

from __future__ import annotations

from collections.abc import Hashable

from gitopslab.machinery.objects import Object, copy_of


class Reinvocation:
    """Of one write.

    Attributes:
        is_wanted: Whether anything was changed, so that the chain runs once more.
    """

    def __init__(self) -> None:
        self.is_wanted = False
        self._is_second = False
        self._asked: set[Hashable] = set()
        self._again: set[Hashable] = set()
        self._left: Object | None = None

    def begin_again(self, obj: Object) -> None:
        """The second round begins; what other plugins changed since the first one counts, too."""
        self._is_second = True
        if obj != self._left:
            self._mark()

    def is_asked(self, who: Hashable) -> bool:
        """Whether somebody is asked in this round."""
        return not self._is_second or who in self._again

    def told(self, who: Hashable, policy: str, *, changed: bool) -> None:
        """Somebody has been asked.

        Args:
            who: Who.
            policy: Its ``reinvocationPolicy``.
            changed: Whether it changed the object, which others may want to see.
        """
        if changed:
            self._mark()
            self.is_wanted = True
        if policy == "IfNeeded":
            self._asked.add(who)

    def end(self, obj: Object) -> None:
        """The round is over, and leaves the object like this."""
        self._left = copy_of(obj)

    def _mark(self) -> None:
        self._again |= self._asked
        self._asked.clear()
