"""What the rules of a definition may cost: each of them, and all of one schema together.

``rules`` spends it while ``schemas`` walks. Upstream: ``StaticEstimatedCostLimit``, ``StaticEstimatedCRDCostLimit`` and
``TotalCost`` of ``apis/apiextensions/validation``.
"""

from __future__ import annotations

from gitopslab.controlplane.server.validation.causes import Causes

_OF_ONE = 10_000_000
_OF_ALL = 100_000_000
_LARGEST = (1 << 64) - 1
_NAMED = 4
_ADVICE = (
    "(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are"
    " declared)"
)
_CONTRIBUTED = "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema"
_TOTAL = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema"


class Budget:
    """The budget of one schema.

    Args:
        is_strict: Whether a single rule is held to a limit: not in a schema that was there before.
    """

    def __init__(self, *, is_strict: bool) -> None:
        self._is_strict = is_strict
        self._total = 0
        self._expensive: list[tuple[int, str]] = []

    def spend(self, causes: Causes, where: str, named: str, cost: int) -> None:
        """Count the cost of a rule, and report one that costs too much by itself."""
        cost = min(cost, _LARGEST)
        if self._is_strict and cost > _OF_ONE:
            causes.forbidden(where, _exceeds(named, cost, _OF_ONE))
        self._total = min(self._total + cost, _LARGEST)
        if cost >= _OF_ALL // 100:
            ordered = sorted([*self._expensive, (cost, where)], key=lambda one: -one[0])
            self._expensive = ordered[:_NAMED]

    def check_total(self, causes: Causes, path: str) -> None:
        """Report when all rules together cost too much, with those that cost most."""
        if self._total <= _OF_ALL:
            return
        for _, where in self._expensive:
            causes.forbidden(where, _CONTRIBUTED)
        causes.forbidden(path, _exceeds(_TOTAL, self._total, _OF_ALL))


def _exceeds(named: str, cost: int, limit: int) -> str:
    factor = cost / limit
    told = "more than 100x"
    if factor <= 100:
        told = f"{factor:.6f}x" if factor < 1.5 else f"{factor:.1f}x"
    return f"{named} exceeds budget by factor of {told} {_ADVICE}"
