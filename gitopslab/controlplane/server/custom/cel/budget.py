"""What evaluating may cost altogether: the rules of an object, or the expressions of a policy on one write.

Upstream: ``apiserver/pkg/apis/cel/config.go``.
"""

from __future__ import annotations

RUNTIME = 10_000_000
"""For the rules of a custom resource, or for the validations of a policy."""

MATCH_CONDITIONS = 2_500_000
"""For the match conditions of a policy or webhook."""


class OutOfBudget(Exception):
    """Nothing is left; the message is upstream's."""

    def __init__(self) -> None:
        super().__init__("validation failed due to running out of cost budget, no further validation rules will be run")


class Budget:
    """Cost that may still be spent.

    Args:
        amount: How much it is.
    """

    def __init__(self, amount: int = RUNTIME) -> None:
        self._left = amount

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
