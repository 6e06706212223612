"""Asks for what one metric of an autoscaler says, and words it when it says nothing.

The HorizontalPodAutoscaler controller calls ``Measurements.of`` for each entry of ``spec.metrics``. Resources are read
from ``metrics.k8s.io``; the count that follows is ``utilization``'s.

Simplified: metrics of pods, objects and outside systems need an adapter that serves ``custom.metrics.k8s.io`` or
``external.metrics.k8s.io``. Here there never is one, and the answer is that of a real cluster without it.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from gitopslab.controlplane.controllers.utilization import (
    Aim,
    MetricError,
    Proposal,
    Sample,
    Tolerances,
    by_average,
    by_utilization,
    samples_of,
)
from gitopslab.controlplane.runtime.api import Api
from gitopslab.errors import ApiError
from gitopslab.machinery import quantity, selectors
from gitopslab.machinery.kinds import POD_METRICS
from gitopslab.machinery.objects import Object
from gitopslab.machinery.usage import Amount

_FIELDS = {"Resource": "resource", "ContainerResource": "containerResource"}
_NO_CUSTOM = "unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered"


class MetricFailure(Exception):
    """A metric says nothing; the text is that of the event and of the condition.

    Attributes:
        reason: Of both.
        prefix: What stands before the text where the controller sums up what failed.
    """

    def __init__(self, reason: str, text: str, prefix: str) -> None:
        super().__init__(text)
        self.reason = reason
        self.prefix = prefix


@dataclass(frozen=True, slots=True)
class Behind:
    """What stands behind an autoscaler's target.

    Attributes:
        namespace: Of all of it.
        selector: Of the pods, as text.
        pods: Those it selects.
        replicas: How many the target has.
        tolerances: Of the autoscaler.
        now: The time.
    """

    namespace: str
    selector: str
    pods: list[Object]
    replicas: int
    tolerances: Tolerances
    now: float


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a metric says.

    Attributes:
        replicas: It asks for this many.
        title: What it is called in events and conditions.
        status: Its entry in ``status.currentMetrics``.
    """

    replicas: int
    title: str
    status: Object


class Measurements:
    """Measures for all autoscalers.

    Args:
        api: Serves the metrics.
    """

    def __init__(self, api: Api) -> None:
        self._api = api

    def of(self, spec: Object, behind: Behind) -> Measurement:
        """What one entry of ``spec.metrics`` says.

        Raises:
            MetricFailure: Nothing.
        """
        kind = spec["type"]
        if kind not in _FIELDS:
            raise _unserved(kind, spec, behind.namespace)
        source = spec[_FIELDS[kind]]
        container, name = source.get("container", ""), source["name"]
        aim = Aim(name, container, behind.replicas, behind.tolerances)
        try:
            proposal = self._proposal(aim, source["target"], behind)
        except MetricError as error:
            is_amount = source["target"].get("averageValue") is not None
            text = f"failed to get {name} {'usage' if is_amount else 'utilization'}: {error}"
            title = f"{container} container" if container else f"{name} resource"
            raise MetricFailure(f"FailedGet{kind}Metric", text, f"failed to get {title} metric value: ") from error
        shown = {"name": name, **({"container": container} if container else {}), "current": _shown(name, proposal)}
        return Measurement(proposal.replicas, _title(aim, proposal), {"type": kind, _FIELDS[kind]: shown})

    def _proposal(self, aim: Aim, target: Object, behind: Behind) -> Proposal:
        try:
            samples = self._samples(aim, behind)
        except MetricError as error:
            raise MetricError(f"unable to get metrics for resource {aim.resource}: {error}") from error
        if target.get("averageValue") is not None:
            return by_average(aim, quantity.milli(target["averageValue"]), behind.pods, samples, behind.now)
        return by_utilization(aim, target["averageUtilization"], behind.pods, samples, behind.now)

    def _samples(self, aim: Aim, behind: Behind) -> dict[str, Sample]:
        try:
            listed = self._api.list(POD_METRICS.key, behind.namespace, labels=behind.selector)
        except ApiError as error:
            text = f"unable to fetch metrics from resource metrics API: {error.message} (get {POD_METRICS.key})"
            raise MetricError(text) from error
        if not listed:
            raise MetricError("no metrics returned from resource metrics API")
        return samples_of(listed, aim.resource, aim.container)


def _title(aim: Aim, proposal: Proposal) -> str:
    if proposal.utilization is None:
        return f"{aim.resource} resource"
    return f"{aim.resource} {'container ' if aim.container else ''}resource utilization (percentage of request)"


def _shown(name: str, proposal: Proposal) -> Object:
    shown: Object = {"averageValue": _amount(name, proposal.average)}
    return shown if proposal.utilization is None else {"averageUtilization": proposal.utilization, **shown}


def _amount(name: str, thousandths: int) -> str:
    """As metrics-server spells it: memory in powers of two."""
    if name != "memory":
        return quantity.canonical(f"{thousandths}m")
    return str(Amount(Decimal(-(-thousandths // 1000)), "Ki" if thousandths >= 1_024_000 else ""))


# -- what nothing serves ----------------------------------------------------------------------------------------------


def _unserved(kind: str, spec: Object, namespace: str) -> MetricFailure:
    if kind == "External":
        return _no_external(spec["external"], namespace)
    if kind == "Pods":
        text = f"unable to get metric {spec['pods']['metric']['name']}: {_NO_CUSTOM}"
        return MetricFailure("FailedGetPodsMetric", text, "failed to get pods metric value: ")
    source = spec["object"]
    name, described = source["metric"]["name"], source["describedObject"]
    where = f"{described['kind']} {namespace}/{described['name']}"
    average = f"failed to get {name} object metric: " if source["target"]["type"] == "AverageValue" else ""
    text = f"unable to get metric {name}: {_NO_CUSTOM} on {where}"
    return MetricFailure("FailedGetObjectMetric", text, f"failed to get object metric value: {average}")


def _no_external(source: Object, namespace: str) -> MetricFailure:
    name = source["metric"]["name"]
    which = f"{namespace}/{name}/{selectors.go_text(source['metric'].get('selector'))}"
    missing = f"the server could not find the requested resource (get {name}.external.metrics.k8s.io)"
    text = f"unable to get external metric {which}: unable to fetch metrics from external metrics API: {missing}"
    is_average = source["target"].get("averageValue") is not None
    inner = f"failed to get {name} external metric: " if is_average else f"failed to get external metric {name}: "
    return MetricFailure("FailedGetExternalMetric", text, f"failed to get {name} external metric value: {inner}")
