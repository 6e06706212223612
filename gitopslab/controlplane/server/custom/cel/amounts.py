"""The arithmetic of estimates: from the least to the most, both never beyond 64 bits.

``costs`` and ``calls`` count with these, both sizes and costs. Upstream: ``SizeEstimate`` and ``CostEstimate`` of
``cel-go/checker/cost.go``.
"""

from __future__ import annotations

import math
from typing import NamedTuple

LARGEST = (1 << 64) - 1


class Range(NamedTuple):
    """From the least to the most."""

    least: int
    most: int

    def plus(self, other: Range) -> Range:
        """Both together."""
        return Range(_bounded(self.least + other.least), _bounded(self.most + other.most))

    def times(self, other: Range) -> Range:
        """One for each of the other."""
        return Range(_bounded(self.least * other.least), _bounded(self.most * other.most))

    def scaled(self, factor: float) -> Range:
        """Each end times a factor, rounded up."""
        return Range(_scaled(self.least, factor), _scaled(self.most, factor))

    def union(self, other: Range) -> Range:
        """What covers both."""
        return Range(min(self.least, other.least), max(self.most, other.most))


NONE, ONE, UNKNOWN = Range(0, 0), Range(1, 1), Range(0, LARGEST)


def exactly(amount: int) -> Range:
    """An amount that is known."""
    return Range(amount, amount)


def _bounded(amount: int) -> int:
    return min(amount, LARGEST)


def _scaled(amount: int, factor: float) -> int:
    return _bounded(math.ceil(float(amount) * factor))
