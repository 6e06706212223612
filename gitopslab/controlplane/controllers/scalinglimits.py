"""Holds an autoscaler back: how fast and how far it may go, and that it does not waver.

Pure but for the ``Past`` of an autoscaler, which the HorizontalPodAutoscaler controller keeps for it in memory. First
the recommendation is stabilised: down only to the highest of the last five minutes, or as ``behavior`` says. Then it is
limited: by ``minReplicas`` and ``maxReplicas``, and by the pods that may come or go within a period.

Upstream: ``normalizeDesiredReplicas`` and ``normalizeDesiredReplicasWithBehaviors`` in
``pkg/controller/podautoscaler/horizontal.go``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from gitopslab.machinery.objects import Object

DOWN_WINDOW = 300.0
"""Seconds of recommendations looked back on before scaling down (``--horizontal-pod-autoscaler-downscale-…``)."""

_UP_FACTOR, _UP_LEAST = 2, 4
_LONGEST_WINDOW = 3600.0  # the API allows no longer one
_LONGEST_PERIOD = 1800.0

_READY = ("ReadyForNewScale", "recommended size matches current size")
_WAS_HIGHER = (
    "ScaleDownStabilized", "recent recommendations were higher than current one, applying the highest recent "
    "recommendation",
)  # fmt: skip
_WAS_LOWER = (
    "ScaleUpStabilized", "recent recommendations were lower than current one, applying the lowest recent "
    "recommendation",
)  # fmt: skip
_WITHIN = ("DesiredWithinRange", "the desired count is within the acceptable range")
_TOO_MANY = ("TooManyReplicas", "the desired replica count is more than the maximum replica count")
_TOO_FEW = ("TooFewReplicas", "the desired replica count is less than the minimum replica count")
_UP_LIMIT = ("ScaleUpLimit", "the desired replica count is increasing faster than the maximum scale rate")
_DOWN_LIMIT = ("ScaleDownLimit", "the desired replica count is decreasing faster than the maximum scale rate")

Verdict = tuple[str, str]
"""Reason and message of a condition."""


@dataclass(slots=True)
class Past:
    """What an autoscaler wanted and did lately; times in epoch seconds.

    Attributes:
        recommendations: ``(replicas, when)``, before they were stabilised.
        added: ``(pods, when)`` of scaling up.
        removed: ``(pods, when)`` of scaling down.
    """

    recommendations: list[tuple[int, float]] = field(default_factory=list)
    added: list[tuple[int, float]] = field(default_factory=list)
    removed: list[tuple[int, float]] = field(default_factory=list)

    def recommend(self, replicas: int, now: float) -> None:
        """Remember what was wanted, and forget what no window reaches any more."""
        self.recommendations = [one for one in self.recommendations if one[1] >= now - _LONGEST_WINDOW]
        self.recommendations.append((replicas, now))

    def scale(self, before: int, after: int, now: float) -> None:
        """Remember what was done."""
        events = self.added if after > before else self.removed
        events[:] = [one for one in events if one[1] >= now - _LONGEST_PERIOD]
        events.append((abs(after - before), now))


@dataclass(frozen=True, slots=True)
class Limits:
    """What an autoscaler keeps to.

    Attributes:
        least: ``minReplicas``.
        most: ``maxReplicas``.
        behavior: ``spec.behavior`` with defaults; None when it has none.
    """

    least: int
    most: int
    behavior: Object | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """The replicas an autoscaler goes to.

    Attributes:
        replicas: This many.
        stable: Why this is, or is not, the newest recommendation (condition AbleToScale).
        limit: Whether and why it goes less far (condition ScalingLimited).
        limited: Whether it does.
    """

    replicas: int
    stable: Verdict
    limit: Verdict
    limited: bool


def limited(limits: Limits, past: Past, current: int, wanted: int, now: float) -> Outcome:
    """From the replicas that metrics ask for to those that may be; remembers the recommendation.

    Args:
        limits: Of the autoscaler.
        past: Its past; changed.
        current: The replicas there are.
        wanted: The replicas the metrics ask for.
        now: The time.
    """
    if limits.behavior is None:
        stable, verdict = _highest_recent(past, wanted, now), _WAS_HIGHER
        replicas, limit = _within_bounds(limits, current, stable)
    else:
        stable = _stabilized(limits.behavior, past, current, wanted, now)
        verdict = _WAS_LOWER if wanted >= current else _WAS_HIGHER
        replicas, limit = _within_rates(limits, limits.behavior, past, current, stable, now)
    past.recommend(wanted, now)
    return Outcome(replicas, _READY if stable == wanted else verdict, limit, replicas != stable)


def _highest_recent(past: Past, wanted: int, now: float) -> int:
    return max([wanted, *(replicas for replicas, when in past.recommendations if when >= now - DOWN_WINDOW)])


def _within_bounds(limits: Limits, current: int, wanted: int) -> tuple[int, Verdict]:
    most = max(_UP_FACTOR * current, _UP_LEAST)
    highest, verdict = (most, _UP_LIMIT) if limits.most > most else (limits.most, _TOO_MANY)
    if wanted < limits.least:
        return limits.least, _TOO_FEW
    return (highest, verdict) if wanted > highest else (wanted, _WITHIN)


def _stabilized(behavior: Object, past: Past, current: int, wanted: int, now: float) -> int:
    """As near to the present count as the recommendations within the two windows allow."""
    up = now - float(behavior["scaleUp"]["stabilizationWindowSeconds"])
    down = now - float(behavior["scaleDown"].get("stabilizationWindowSeconds", DOWN_WINDOW))
    lowest = min([wanted, *(replicas for replicas, when in past.recommendations if when > up)])
    highest = max([wanted, *(replicas for replicas, when in past.recommendations if when > down)])
    return min(max(current, lowest), highest)


def _within_rates(
    limits: Limits, behavior: Object, past: Past, current: int, wanted: int, now: float
) -> tuple[int, Verdict]:
    if wanted > current:
        rate = max(current, _rate_up(behavior["scaleUp"], past, current, now))
        highest, verdict = (rate, _UP_LIMIT) if limits.most > rate else (limits.most, _TOO_MANY)
        if wanted > highest:
            return highest, verdict
    elif wanted < current:
        rate = min(current, _rate_down(behavior["scaleDown"], past, current, now))
        lowest, verdict = (rate, _DOWN_LIMIT) if limits.least < rate else (limits.least, _TOO_FEW)
        if wanted < lowest:
            return lowest, verdict
    return wanted, _WITHIN


def _rate_up(rules: Object, past: Past, current: int, now: float) -> int:
    """The most replicas that the policies for scaling up allow now."""
    if rules["selectPolicy"] == "Disabled":
        return current
    select = min if rules["selectPolicy"] == "Min" else max
    proposals: list[int] = []
    for policy in rules["policies"]:
        begun = _at_period_start(past, current, policy, now)
        share = 1 + policy["value"] / 100
        proposals.append(begun + policy["value"] if policy["type"] == "Pods" else math.ceil(begun * share))
    return select(proposals)


def _rate_down(rules: Object, past: Past, current: int, now: float) -> int:
    """The fewest replicas that the policies for scaling down allow now."""
    if rules["selectPolicy"] == "Disabled":
        return current
    select = max if rules["selectPolicy"] == "Min" else min
    proposals: list[int] = []
    for policy in rules["policies"]:
        begun = _at_period_start(past, current, policy, now)
        share = 1 - policy["value"] / 100
        proposals.append(begun - policy["value"] if policy["type"] == "Pods" else int(begun * share))
    return select(proposals)


def _at_period_start(past: Past, current: int, policy: Object, now: float) -> int:
    """The replicas there were when a policy's period began."""
    since = now - float(policy["periodSeconds"])
    added = sum(pods for pods, when in past.added if when > since)
    removed = sum(pods for pods, when in past.removed if when > since)
    return current - added + removed
