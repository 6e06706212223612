"""What evaluating may cost altogether: the rules of an object, or the expressions of a policy on one write.

Upstream: ``apiserver/pkg/apis/cel/config.go``.
"""

from __future__ import annotations

from time import monotonic

RUNTIME = 10_000_000
"""For the rules of a custom resource, or for the validations of a policy."""

MATCH_CONDITIONS = 2_500_000
"""For the match conditions of a policy or webhook."""

_SECONDS = 34
"""How long a request may take."""


class OutOfBudget(Exception):
    """Nothing is left; the message is upstream's."""

    def __init__(self) -> None:
        super().__init__("validation failed due to running out of cost budget, no further validation rules will be run")


class Budget:
    """Cost that may still be spent, and until when.

    Args:
        amount: How much it is.
        seconds: For how long from now.

    Attributes:
        deadline: After which nothing is evaluated any further, by the monotonic clock.
    """

    def __init__(self, amount: int = RUNTIME, seconds: float = _SECONDS) -> None:
        self._left = amount
        self.deadline = monotonic() + seconds

    @property
    def is_spent(self) -> bool:
        """Whether nothing is left."""
        return self._left <= 0

    def spend(self, cost: int) -> None:
        """Take a cost.

        Raises:
            OutOfBudget: It is more than is left.
        """
        if cost > self._left:
            self._left = 0
            raise OutOfBudget
        self._left -= cost
