from __future__ import annotations

from typing import Any

import pytest

from gitopslab.controlplane.controllers.utilization import (
    Aim,
    MetricError,
    Sample,
    Tolerances,
    by_average,
    by_utilization,
    samples_of,
)
from gitopslab.machinery.clock import timestamp
from gitopslab.machinery.objects import Object

NOW = 1_767_225_600.0


def running(
    name: str, request: str | None = "1", *, ready: str = "True", age: float = 600, since: float = 590
) -> Object:
    resources = {"requests": {"cpu": request}} if request else {}
    condition = {"type": "Ready", "status": ready, "lastTransitionTime": timestamp(NOW - since)}
    return {
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"containers": [{"name": "c", "resources": resources}]},
        "status": {"phase": "Running", "startTime": timestamp(NOW - age), "conditions": [condition]},
    }


def pending(name: str) -> Object:
    return {**running(name), "status": {"phase": "Pending"}}


def starting(name: str) -> Object:
    """Running for a minute, and not ready yet."""
    return running(name, ready="False", age=60, since=60)


def fresh(name: str) -> Object:
    """Ready, but not for as long as a sample covers."""
    return running(name, age=60, since=5)


def going(name: str) -> Object:
    found = running(name)
    return {**found, "metadata": {**found["metadata"], "deletionTimestamp": timestamp(NOW)}}


def proposed(pods: list[Object], usage: dict[str, int], *, percentage: int = 50, replicas: int | None = None) -> int:
    samples = {name: Sample(value, NOW, 30) for name, value in usage.items()}
    aim = Aim("cpu", "", len(pods) if replicas is None else replicas, Tolerances())
    return by_utilization(aim, percentage, pods, samples, NOW).replicas


A, B, C = running("a"), running("b"), running("c")


@pytest.mark.parametrize(
    ("pods", "usage", "replicas"),
    [
        pytest.param([A, B], {"a": 1000, "b": 1000}, 4, id="twice the target doubles"),
        pytest.param([A, B, C], {"a": 300, "b": 300, "c": 301}, 2, id="rounded up"),
        pytest.param([A, B], {"a": 540, "b": 540}, 2, id="within the tolerance above"),
        pytest.param([A, B], {"a": 460, "b": 460}, 2, id="within the tolerance below"),
        pytest.param([A, B, pending("p")], {"a": 600, "b": 600}, 3, id="pending pods count as idle when it rises"),
        pytest.param([A, B, starting("s")], {"a": 900, "b": 900, "s": 2000}, 4, id="starting pods are not measured"),
        pytest.param([A, B, fresh("f")], {"a": 900, "b": 900, "f": 2000}, 4, id="nor those ready for a moment"),
        pytest.param([A, B, C], {"a": 100, "b": 100}, 3, id="missing pods count as busy when it falls"),
        pytest.param([A, B, C], {"a": 10, "b": 10}, 3, id="so it does not fall past them"),
        pytest.param([A, B, C], {"a": 1000, "b": 1000}, 4, id="missing pods count as idle when it rises"),
        pytest.param([A, B, going("g")], {"a": 1000, "b": 1000, "g": 9000}, 4, id="leaving pods do not count"),
        pytest.param([A, B, C], {"a": 600, "b": 600}, 3, id="and never turn the direction"),
    ],
)
def test_replicas_follow_from_usage_and_target(pods: list[Object], usage: dict[str, int], replicas: int) -> None:
    assert proposed(pods, usage) == replicas


def test_a_pod_that_was_ready_once_counts_though_it_is_not_ready_now() -> None:
    unready = running("b", ready="False", age=900, since=30)
    assert proposed([A, unready], {"a": 1000, "b": 1000}) == 4


def test_a_pod_that_never_became_ready_does_not_count() -> None:
    never = running("b", ready="False", age=900, since=890)
    assert proposed([A, never], {"a": 1000, "b": 9000}) == 2


def test_averages_compare_with_an_amount() -> None:
    samples = {name: Sample(300, NOW, 30) for name in ("a", "b")}
    found = by_average(Aim("cpu", "", 2, Tolerances()), 100, [A, B], samples, NOW)
    assert (found.replicas, found.average, found.utilization) == (6, 300, None)


def test_memory_of_unready_pods_counts() -> None:
    samples = {"a": Sample(200, NOW, 30), "s": Sample(200, NOW, 30)}
    found = by_average(Aim("memory", "", 2, Tolerances()), 100, [A, starting("s")], samples, NOW)
    assert found.replicas == 4


def test_tolerances_differ_by_direction() -> None:
    samples = {"a": Sample(540, NOW, 30)}
    assert by_utilization(Aim("cpu", "", 1, Tolerances(up=0.05)), 50, [A], samples, NOW).replicas == 2


@pytest.mark.parametrize(
    ("pods", "usage", "container", "message"),
    [
        pytest.param([], {"a": 1}, "", "no pods returned by selector while calculating replica count", id="no pods"),
        pytest.param(
            [pending("a")], {"a": 1}, "", "did not receive metrics for targeted pods (pods might be unready)",
            id="none ready",
        ),
        pytest.param(
            [running("a", None)], {"a": 1}, "", "missing request for cpu in container c of Pod a", id="no request"
        ),
        pytest.param([A], {"a": 1}, "x", "container x not found in Pod a", id="no such container"),
        pytest.param([A], {"z": 1}, "", "no metrics returned matched known pods", id="samples of others"),
    ],
)  # fmt: skip
def test_what_cannot_be_counted_is_told(
    pods: list[Object], usage: dict[str, int], container: str, message: str
) -> None:
    samples = {name: Sample(value, NOW, 30) for name, value in usage.items()}
    with pytest.raises(MetricError) as caught:
        by_utilization(Aim("cpu", container, 1, Tolerances()), 50, pods, samples, NOW)
    assert str(caught.value) == message


def test_requests_of_the_whole_pod_come_before_those_of_its_containers() -> None:
    whole = running("a", "1")
    whole["spec"]["resources"] = {"requests": {"cpu": "4"}}
    found = by_utilization(Aim("cpu", "", 1, Tolerances()), 50, [whole], {"a": Sample(1000, NOW, 30)}, NOW)
    assert found.utilization == 25


def listed(*containers: tuple[str, dict[str, Any]]) -> list[Object]:
    entries = [{"name": name, "usage": usage} for name, usage in containers]
    metadata = {"name": "a"}
    return [{"metadata": metadata, "timestamp": timestamp(NOW), "window": "15s", "containers": entries}]


@pytest.mark.parametrize(
    ("container", "value"),
    [pytest.param("", 350, id="whole pod"), pytest.param("side", 100, id="one container")],
)
def test_samples_add_up_the_containers_asked_for(container: str, value: int) -> None:
    metrics = listed(("c", {"cpu": "250m"}), ("side", {"cpu": "100m"}))
    assert samples_of(metrics, "cpu", container) == {"a": Sample(value, NOW, 15)}


def test_a_sample_with_a_gap_is_none() -> None:
    assert samples_of(listed(("c", {"cpu": "250m"}), ("side", {})), "cpu", "") == {}
    assert samples_of(listed(("c", {"cpu": "250m"})), "cpu", "side") == {}
