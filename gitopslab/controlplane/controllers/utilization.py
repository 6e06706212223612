"""How many replicas a measured resource asks for.

Pure functions; the HorizontalPodAutoscaler controller calls them with the pods behind the target and the samples that
``metrics.k8s.io`` gave. The rule is ``replicas * usage / target``, and most of the code is about the pods that cannot
be counted: not ready yet, without a sample, on their way out. Scaling limits and stabilisation are ``scalinglimits``.

Upstream: ``pkg/controller/podautoscaler/replica_calculator.go``. Amounts are in thousandths, as there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from gitopslab.controlplane.controllers.podstate import phase_of, ready_condition
from gitopslab.machinery import quantity
from gitopslab.machinery.clock import seconds_of
from gitopslab.machinery.objects import Object, is_terminating, name_of
from gitopslab.machinery.usage import effective

_STARTING_SECONDS = 300.0  # --horizontal-pod-autoscaler-cpu-initialization-period
_FIRST_READY_SECONDS = 30.0  # --horizontal-pod-autoscaler-initial-readiness-delay
_MILLI = 1000


class MetricError(Exception):
    """No replica count follows from a metric; the text is the controller's."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What one pod used, in thousandths, with when and over how long it was measured."""

    value: int
    taken: float
    window: float


Samples = Mapping[str, Sample]
"""By the pod's name."""


@dataclass(frozen=True, slots=True)
class Tolerances:
    """By how much usage may differ from its target before anything is done."""

    down: float = 0.1
    up: float = 0.1

    def cover(self, ratio: float) -> bool:
        """Whether a ratio of usage to target is near enough to 1."""
        return 1.0 - self.down <= ratio <= 1.0 + self.up


@dataclass(frozen=True, slots=True)
class Aim:
    """What one metric of an autoscaler is about.

    Attributes:
        resource: ``cpu`` or ``memory``.
        container: Only this container of each pod; empty for whole pods.
        current: The replicas the target has.
        tolerances: Of the autoscaler.
    """

    resource: str
    container: str
    current: int
    tolerances: Tolerances


@dataclass(frozen=True, slots=True)
class Proposal:
    """What one metric asks for.

    Attributes:
        replicas: This many.
        average: What a pod used on average, in thousandths.
        utilization: The same as a percentage of the request; None where the target is an amount.
    """

    replicas: int
    average: int
    utilization: int | None = None


@dataclass(frozen=True, slots=True)
class _Measured:
    """Usage against target: their ratio, the average, and the percentage where there is one."""

    ratio: float
    average: int
    utilization: int | None = None


Measure = Callable[[Mapping[str, int]], _Measured]
"""From the usage of pods, by name, to how that compares with the target."""


@dataclass(frozen=True, slots=True)
class _Groups:
    """The pods, told apart by what can be said of them; names, and the number of those that count."""

    ready: int
    unready: set[str]
    missing: set[str]
    usage: dict[str, int]


def samples_of(listed: Iterable[Object], resource: str, container: str) -> dict[str, Sample]:
    """The samples in PodMetrics; without those in which the resource or the container is missing."""
    found: dict[str, Sample] = {}
    for metrics in listed:
        entries = [one for one in metrics["containers"] if not container or one["name"] == container]
        values = [one["usage"].get(resource) for one in entries]
        if values and None not in values:
            total = sum(quantity.milli(value) for value in values)
            window = float(metrics["window"].removesuffix("s"))
            found[name_of(metrics)] = Sample(total, seconds_of(metrics["timestamp"]), window)
    return found


def by_utilization(aim: Aim, percentage: int, pods: list[Object], samples: Samples, now: float) -> Proposal:
    """The replicas at which the average is ``percentage`` of what the pods request.

    Raises:
        MetricError: There is nothing to count with.
    """
    groups = _grouped(aim, pods, samples, now)
    requests = {name_of(pod): _requested(pod, aim) for pod in pods}

    def measure(usage: Mapping[str, int]) -> _Measured:
        counted = [name for name in usage if name in requests]
        asked = sum(requests[name] for name in counted)
        if not asked:
            raise MetricError("no metrics returned matched known pods")
        total = sum(usage[name] for name in counted)
        used = total * 100 // asked
        return _Measured(used / percentage, total // len(counted), used)

    def assumed(name: str) -> int:
        return requests[name] * max(100, percentage) // 100

    return _proposed(aim, groups, measure, assumed)


def by_average(aim: Aim, target: int, pods: list[Object], samples: Samples, now: float) -> Proposal:
    """The replicas at which the average is ``target``, in thousandths.

    Raises:
        MetricError: There is nothing to count with.
    """
    groups = _grouped(aim, pods, samples, now)

    def measure(usage: Mapping[str, int]) -> _Measured:
        average = sum(usage.values()) // len(usage)
        return _Measured(average / target, average)

    return _proposed(aim, groups, measure, lambda name: target)


def _proposed(aim: Aim, groups: _Groups, measure: Measure, assumed: Callable[[str], int]) -> Proposal:
    """The rule for both kinds of target: pods that cannot be counted never change the direction."""
    seen = measure(groups.usage)
    stay = Proposal(aim.current, seen.average, seen.utilization)
    rises_unready = bool(groups.unready) and seen.ratio > 1.0
    if not rises_unready and not groups.missing:
        if aim.tolerances.cover(seen.ratio):
            return stay
        return Proposal(math.ceil(seen.ratio * groups.ready), seen.average, seen.utilization)
    usage = dict(groups.usage)
    if (
        seen.ratio < 1.0
    ):  # what is not known is taken for much where that keeps pods, and for nothing where it adds some
        usage |= {name: assumed(name) for name in groups.missing}
    elif seen.ratio > 1.0:
        usage |= dict.fromkeys(groups.missing, 0)
    if rises_unready:
        usage |= dict.fromkeys(groups.unready, 0)
    ratio = measure(usage).ratio
    if aim.tolerances.cover(ratio) or _is_turned(seen.ratio - 1.0, ratio - 1.0):
        return stay
    replicas = math.ceil(ratio * len(usage))
    if _is_turned(ratio - 1.0, replicas - aim.current):
        return stay
    return Proposal(replicas, seen.average, seen.utilization)


def _is_turned(one: float, other: float) -> bool:
    """Whether two changes point in opposite directions."""
    return one * other < 0


def _grouped(aim: Aim, pods: list[Object], samples: Samples, now: float) -> _Groups:
    if not pods:
        raise MetricError("no pods returned by selector while calculating replica count")
    usage = {name: sample.value for name, sample in samples.items()}
    unready, missing, ready = set[str](), set[str](), 0
    for pod in pods:
        name = name_of(pod)
        sample = samples.get(name)
        if is_terminating(pod) or phase_of(pod) == "Failed":
            usage.pop(name, None)
        elif phase_of(pod) == "Pending":
            unready.add(name)
        elif sample is None:
            missing.add(name)
        elif aim.resource == "cpu" and _is_unready(pod, sample, now):
            unready.add(name)
        else:
            ready += 1
    usage = {name: value for name, value in usage.items() if name not in unready}
    if not usage:
        raise MetricError("did not receive metrics for targeted pods (pods might be unready)")
    return _Groups(ready, unready, missing, usage)


def _is_unready(pod: Object, sample: Sample, now: float) -> bool:
    """Whether the CPU of a pod says nothing yet: programs that start use much."""
    condition, started = ready_condition(pod), pod["status"].get("startTime")
    if condition is None or started is None:
        return True
    is_false, changed = condition["status"] == "False", seconds_of(condition["lastTransitionTime"])
    if seconds_of(started) + _STARTING_SECONDS > now:
        return is_false or sample.taken < changed + sample.window
    return is_false and seconds_of(started) + _FIRST_READY_SECONDS > changed


def _requested(pod: Object, aim: Aim) -> int:
    """What a pod, or the container in question, requests."""
    spec = pod["spec"]
    if not aim.container and (spec.get("resources") or {}).get("requests"):
        whole = effective(spec, "requests").get(aim.resource)
        if whole is None:
            raise MetricError(f"missing pod-level request for {aim.resource} in Pod {name_of(pod)}")
        return math.ceil(whole.value * _MILLI)
    sidecars = (one for one in spec.get("initContainers") or () if one.get("restartPolicy") == "Always")
    containers = [one for one in (*spec["containers"], *sidecars) if aim.container in ("", one["name"])]
    if not containers:
        raise MetricError(f"container {aim.container} not found in Pod {name_of(pod)}")
    return sum(_requested_by(container, pod, aim.resource) for container in containers)


def _requested_by(container: Object, pod: Object, resource: str) -> int:
    requests = (container.get("resources") or {}).get("requests") or {}
    if resource not in requests:
        name = container["name"]
        raise MetricError(f"missing request for {resource} in container {name} of Pod {name_of(pod)}")
    return quantity.milli(requests[resource])
