"""What evaluating an expression has cost so far, and where it ends.

Every part of a program pays here for what it does. Upstream: ``cel-go/interpreter/runtimecost.go``; the limits are
those of ``apiserver/pkg/apis/cel/config.go``.

Simplified: what takes long although it costs nothing (a text with much put in for little, lists joined to lists, lists
in lists compared) ends an expression too, once it is a great deal; the real server goes on.
"""

from __future__ import annotations

from math import inf
from time import monotonic

PER_CALL = 1_000_000
"""What one expression may cost."""

_MOST_WORK = PER_CALL
"""How many items may be made or compared that cost nothing; so many characters are as much as one item."""

_CHARACTERS = 32


class Stopped(Exception):
    """An expression is not evaluated any further, whatever is around what stops it; the message is upstream's."""


class CostExceeded(Stopped):
    """An expression costs more than it may."""

    def __init__(self) -> None:
        super().__init__("operation cancelled: actual cost limit exceeded")


class Interrupted(Stopped):
    """An expression takes longer than the request may."""

    def __init__(self) -> None:
        super().__init__("operation interrupted: context deadline exceeded")


class Meter:
    """Counts the cost of one evaluation.

    Args:
        limit: What it may cost.
        deadline: Until when it may take, by the monotonic clock.

    Attributes:
        limit: What it may cost.
        spent: What it has cost.
    """

    __slots__ = ("_deadline", "_worked", "limit", "spent")

    def __init__(self, limit: int = PER_CALL, deadline: float = inf) -> None:
        self.limit = limit
        self._deadline = deadline
        self._worked = 0
        self.spent = 0

    def step(self, count: int = 1) -> None:
        """Pay for steps that cost one each.

        Raises:
            CostExceeded: One of them is too many, and the last that is paid for.
        """
        self.spent += count
        if self.spent > self.limit:
            self.spent = self.limit + 1
            raise CostExceeded

    def pay(self, cost: int) -> None:
        """Pay for something that is done at once.

        Raises:
            CostExceeded: It costs too much.
        """
        self.spent += cost
        if self.spent > self.limit:
            raise CostExceeded

    def round(self) -> None:
        """A comprehension has done with one item, and goes on to the next.

        Raises:
            Interrupted: There is no time left for it.
        """
        if monotonic() > self._deadline:
            raise Interrupted

    def work(self, items: int, *, characters: int = 0) -> None:
        """Tell of something large that is about to be made, and costs nothing.

        Raises:
            CostExceeded: It is too large.
        """
        self._worked += items + characters // _CHARACTERS
        if self._worked > _MOST_WORK:
            self.spent = max(self.spent, self.limit + 1)
            raise CostExceeded
