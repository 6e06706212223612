from __future__ import annotations

from typing import Any

import pytest

from gitopslab.controlplane.controllers.scalinglimits import Limits, Outcome, Past, limited
from gitopslab.machinery.objects import Object

NOW = 10_000.0


def rules(*policies: Object, select: str = "Max", window: int | None = 0) -> Object:
    found: Object = {"selectPolicy": select, "policies": list(policies)}
    return found if window is None else {**found, "stabilizationWindowSeconds": window}


def pods(value: int, period: int = 60) -> Object:
    return {"type": "Pods", "value": value, "periodSeconds": period}


def percent(value: int, period: int = 60) -> Object:
    return {"type": "Percent", "value": value, "periodSeconds": period}


FREE = rules(pods(100), percent(900))


def behaving(*, up: Object = FREE, down: Object = FREE) -> Limits:
    return Limits(1, 100, {"scaleUp": up, "scaleDown": down})


def go(limits: Limits, current: int, wanted: int, **past: Any) -> Outcome:
    return limited(limits, Past(**past), current, wanted, NOW)


PLAIN = Limits(2, 10, None)


@pytest.mark.parametrize(
    ("current", "wanted", "replicas", "reason", "is_limited"),
    [
        pytest.param(3, 5, 5, "DesiredWithinRange", False, id="free"),
        pytest.param(3, 9, 6, "ScaleUpLimit", True, id="at most double"),
        pytest.param(1, 9, 4, "ScaleUpLimit", True, id="but four at least"),
        pytest.param(5, 30, 10, "TooManyReplicas", True, id="at most the maximum"),
        pytest.param(3, 1, 2, "TooFewReplicas", True, id="at least the minimum"),
    ],
)
def test_without_behavior_bounds_and_doubling_limit(
    current: int, wanted: int, replicas: int, reason: str, is_limited: bool
) -> None:
    found = go(PLAIN, current, wanted)
    assert (found.replicas, found.limit[0], found.limited) == (replicas, reason, is_limited)


@pytest.mark.parametrize(
    ("age", "replicas", "reason"),
    [
        pytest.param(299, 6, "ScaleDownStabilized", id="within the window"),
        pytest.param(300, 6, "ScaleDownStabilized", id="at its very end"),
        pytest.param(301, 3, "ReadyForNewScale", id="past it"),
    ],
)
def test_scaling_down_waits_for_the_highest_of_five_minutes(age: float, replicas: int, reason: str) -> None:
    found = go(PLAIN, 6, 3, recommendations=[(6, NOW - age)])
    assert (found.replicas, found.stable[0]) == (replicas, reason)


def test_a_recommendation_is_remembered_before_it_is_held_back() -> None:
    past = Past()
    assert limited(PLAIN, past, 3, 30, NOW).replicas == 6
    assert past.recommendations == [(30, NOW)]


@pytest.mark.parametrize(
    ("limits", "current", "wanted", "past", "replicas", "reason"),
    [
        pytest.param(behaving(up=rules(pods(2))), 4, 9, {}, 6, "ScaleUpLimit", id="two pods a minute"),
        pytest.param(
            behaving(up=rules(pods(2))), 6, 9, {"added": [(2, NOW - 30)]}, 6, "ScaleUpLimit", id="both came already"
        ),
        pytest.param(
            behaving(up=rules(pods(2))), 6, 9, {"added": [(2, NOW - 60)]}, 8, "ScaleUpLimit", id="a new minute"
        ),
        pytest.param(behaving(up=rules(percent(50))), 3, 9, {}, 5, "ScaleUpLimit", id="per cent are rounded up"),
        pytest.param(behaving(up=rules(pods(1), percent(100))), 4, 20, {}, 8, "ScaleUpLimit", id="the most of all"),
        pytest.param(
            behaving(up=rules(pods(1), percent(100), select="Min")), 4, 20, {}, 5, "ScaleUpLimit", id="the least of all"
        ),
        pytest.param(behaving(up=rules(pods(9), select="Disabled")), 4, 9, {}, 4, "ScaleUpLimit", id="up is disabled"),
        pytest.param(behaving(), 60, 120, {}, 100, "TooManyReplicas", id="at most the maximum"),
        pytest.param(behaving(down=rules(pods(1))), 9, 2, {}, 8, "ScaleDownLimit", id="one pod a minute"),
        pytest.param(
            behaving(down=rules(percent(50))), 9, 2, {}, 4, "ScaleDownLimit", id="per cent of what stays, rounded down"
        ),
        pytest.param(
            behaving(down=rules(pods(1), percent(50), select="Min")), 9, 2, {}, 8, "ScaleDownLimit", id="the least"
        ),
        pytest.param(
            behaving(down=rules(pods(3))), 9, 2, {"removed": [(2, NOW - 10)]}, 8, "ScaleDownLimit", id="two went"
        ),
        pytest.param(
            behaving(down=rules(pods(9), select="Disabled")), 9, 2, {}, 9, "ScaleDownLimit", id="down is disabled"
        ),
        pytest.param(Limits(3, 9, {"scaleUp": FREE, "scaleDown": FREE}), 5, 1, {}, 3, "TooFewReplicas", id="minimum"),
        pytest.param(behaving(), 5, 5, {}, 5, "DesiredWithinRange", id="nothing to do"),
    ],
)  # fmt: skip
def test_policies_limit_the_change_within_a_period(
    limits: Limits, current: int, wanted: int, past: dict[str, Any], replicas: int, reason: str
) -> None:
    found = go(limits, current, wanted, **past)
    assert (found.replicas, found.limit[0]) == (replicas, reason)


def test_a_window_for_scaling_up_takes_the_lowest_recommendation() -> None:
    limits = behaving(up=rules(pods(100), window=60))
    found = go(limits, 4, 9, recommendations=[(5, NOW - 59), (4, NOW - 60)])
    assert (found.replicas, found.stable[0]) == (5, "ScaleUpStabilized")


def test_scaling_down_without_a_window_of_its_own_looks_five_minutes_back() -> None:
    limits = behaving(down=rules(pods(100), window=None))
    assert go(limits, 6, 3, recommendations=[(6, NOW - 299)]).replicas == 6
    assert go(limits, 6, 3, recommendations=[(6, NOW - 300)]).replicas == 3


def test_scaling_is_remembered_by_direction() -> None:
    past = Past()
    past.scale(2, 5, NOW)
    past.scale(5, 4, NOW + 1)
    assert (past.added, past.removed) == ([(3, NOW)], [(1, NOW + 1)])
