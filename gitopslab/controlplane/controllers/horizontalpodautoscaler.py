"""Scales a workload to what its pods use.

The manager calls it when a HorizontalPodAutoscaler changed; it acts every 15 seconds from then on, however often it is
called. In the order of its story:

1. read the target's Scale, and find the pods behind its selector,
2. ask each metric for the replicas it wants, and take the most (``scalingmetrics``, ``utilization``),
3. hold that back by stabilisation, rates and bounds (``scalinglimits``),
4. write the Scale when it differs, then conditions and metrics to the status, once and last.

What it remembers of the past is in memory, as in the real controller, and a restart forgets it. It leaves pods to the
target's own controller, and measuring to ``metrics.k8s.io``.

Upstream: ``pkg/controller/podautoscaler``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NoReturn

from gitopslab.controlplane.controllers.scalinglimits import Limits, Past, limited
from gitopslab.controlplane.controllers.scalingmetrics import Behind, Measurement, Measurements, MetricFailure
from gitopslab.controlplane.controllers.utilization import Tolerances
from gitopslab.controlplane.runtime.api import Api
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.controlplane.runtime.recorder import Recorder
from gitopslab.errors import ApiError
from gitopslab.machinery import quantity, selectors
from gitopslab.machinery.clock import Clock, timestamp
from gitopslab.machinery.kinds import Catalog, Resource
from gitopslab.machinery.objects import Object, copy_of, find_condition, group_of, labels_of

_RESOURCE = "horizontalpodautoscalers.autoscaling"
_SYNC_SECONDS = 15.0  # --horizontal-pod-autoscaler-sync-period
_UNABLE_TO_GET = "the HPA controller was unable to get the target's current scale: "
_UNABLE_TO_COMPUTE = "the HPA was unable to compute the replica count: "
_NOTHING = Measurement(-1, "", {"type": ""})  # what a failed metric leaves in the status
_WAYS = (("down", "scaleDown"), ("up", "scaleUp"))


class _Unable(Exception):
    """A round ends here.

    Attributes:
        reason: Of an event with the text, once the status is written; empty when everything was said already.
    """

    def __init__(self, message: str, reason: str = "") -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(slots=True)
class _Round:
    """One look at one autoscaler, and what comes of it.

    Attributes:
        request: Its key.
        autoscaler: Shared, not changed.
        now: When.
        conditions: Copies, changed by ``say``.
        current: The replicas the target has.
        metrics: For ``status.currentMetrics``; None while nothing was measured.
    """

    request: Request
    autoscaler: Object
    now: float
    conditions: list[Object]
    current: int = 0
    metrics: list[Object] | None = None

    def say(self, kind: str, status: Literal["True", "False"], reason: str, message: str) -> None:
        """Set a condition; its time changes with its status only."""
        known = find_condition(self.conditions, kind)
        if known is None:
            known = {"type": kind}
            self.conditions.append(known)
        if known.get("status") != status:
            known["lastTransitionTime"] = timestamp(self.now)
        known |= {"status": status, "reason": reason, "message": message}


@dataclass(slots=True)
class _Memory:
    """What is kept of one autoscaler between two rounds.

    Attributes:
        due: When it is looked at next.
        past: What it wanted and did; None before the first round.
        selector: Of its pods; None before they were first looked for.
    """

    due: float
    past: Past | None = None
    selector: selectors.Selector | None = field(default=None)


class HorizontalController:
    """Reconciles HorizontalPodAutoscalers."""

    name = "horizontal-pod-autoscaler"

    def __init__(self, api: Api, manager: Manager, clock: Clock, catalog: Catalog) -> None:
        self._api = api
        self._clock = clock
        self._catalog = catalog
        self._recorder = Recorder(api, clock, self.name)
        self._autoscalers = manager.informer(_RESOURCE)
        self._pods = manager.informer("pods")
        self._measurements = Measurements(api)
        self._memory: dict[Request, _Memory] = {}
        self.sources: tuple[Source, ...] = (Source(_RESOURCE),)

    def reconcile(self, request: Request) -> Result:
        """Look at the target once every 15 seconds, the first time 15 seconds after the autoscaler was made."""
        found, now = self._autoscalers.get(request.name, request.namespace), self._clock.now()
        if found is None:
            self._memory.pop(request, None)
            return DONE
        memory = self._memory.setdefault(request, _Memory(now + _SYNC_SECONDS))
        if now < memory.due:
            return Result(memory.due - now)
        memory.due = now + _SYNC_SECONDS
        known = copy_of(found.get("status", {}).get("conditions") or [])
        self._sync(_Round(request, found, now, known), memory)
        return Result(_SYNC_SECONDS)

    def _sync(self, turn: _Round, memory: _Memory) -> None:
        try:
            resource, scale = self._target(turn)
            turn.current = scale["spec"].get("replicas", 0)
            memory.past = past = memory.past or Past([(turn.current, turn.now)])
            wanted, reason = self._wanted(turn, scale, memory, past)
            if wanted != turn.current:
                self._rescale(turn, resource, wanted, reason)
                past.scale(turn.current, wanted, turn.now)
        except _Unable as error:
            self._write(turn, turn.autoscaler.get("status", {}).get("desiredReplicas", 0))
            if error.reason:
                self._recorder.event(turn.autoscaler, "Warning", error.reason, str(error))
        else:
            self._write(turn, wanted, is_rescaled=wanted != turn.current)

    def _write(self, turn: _Round, desired: int, *, is_rescaled: bool = False) -> None:
        known = turn.autoscaler.get("status", {})
        scaled = timestamp(turn.now) if is_rescaled else known.get("lastScaleTime")
        status = {
            **({"currentReplicas": turn.current} if turn.current else {}),
            "desiredReplicas": desired,
            **({"lastScaleTime": scaled} if scaled else {}),
            "currentMetrics": turn.metrics,
            "conditions": turn.conditions,
        }
        if status != known:
            self._api.update({**turn.autoscaler, "status": status}, "status")

    # -- the target ---------------------------------------------------------------------------------------------------

    def _target(self, turn: _Round) -> tuple[Resource, Object]:
        """The target's type and its Scale."""
        reference = turn.autoscaler["spec"]["scaleTargetRef"]
        try:
            resource = self._type_of(reference)
            scale = self._scale_of(resource, reference["name"], turn.request.namespace)
        except _Unable as error:
            self._recorder.event(turn.autoscaler, "Warning", "FailedGetScale", str(error))
            turn.say("AbleToScale", "False", "FailedGetScale", f"{_UNABLE_TO_GET}{error}")
            known = turn.autoscaler.get("status", {})  # which otherwise stays as it is
            turn.current, turn.metrics = known.get("currentReplicas", 0), known.get("currentMetrics")
            raise
        message = "the HPA controller was able to get the target's current scale"
        turn.say("AbleToScale", "True", "SucceededGetScale", message)
        return resource, scale

    def _type_of(self, reference: Object) -> Resource:
        version, kind = reference.get("apiVersion", ""), reference["kind"]
        if version.count("/") > 1:
            raise _Unable(f"unexpected GroupVersion string: {version}")
        resource = self._catalog.of_reference({"apiVersion": version, "kind": kind})
        if resource is None:
            raise _Unable(f'no matches for kind "{kind}" in group "{group_of(version)}"')
        return resource

    def _scale_of(self, resource: Resource, name: str, namespace: str) -> Object:
        if resource.subresource("scale") is None:
            raise _Unable("the server could not find the requested resource")
        try:
            return self._api.get(resource.key, name, namespace, subresource="scale")
        except ApiError as error:
            raise _Unable(error.message) from error

    def _rescale(self, turn: _Round, resource: Resource, wanted: int, reason: str) -> None:
        name, size = turn.autoscaler["spec"]["scaleTargetRef"]["name"], f"New size: {wanted}; reason: {reason}"
        change = {"spec": {"replicas": wanted}}
        try:
            self._api.patch(resource.key, name, change, turn.request.namespace, subresource="scale")
        except ApiError as error:
            self._recorder.event(turn.autoscaler, "Warning", "FailedRescale", f"{size}; error: {error.message}")
            message = f"the HPA controller was unable to update the target scale: {error.message}"
            turn.say("AbleToScale", "False", "FailedUpdateScale", message)
            raise _Unable(message) from error
        message = f"the HPA controller was able to update the target scale to {wanted}"
        turn.say("AbleToScale", "True", "SucceededRescale", message)
        self._recorder.event(turn.autoscaler, "Normal", "SuccessfulRescale", size)

    # -- how many replicas --------------------------------------------------------------------------------------------

    def _wanted(self, turn: _Round, scale: Object, memory: _Memory, past: Past) -> tuple[int, str]:
        """The replicas to go to, and why.

        Simplified: a target at zero stays there; scaling to and from zero is an alpha feature, off by default.
        """
        spec, current = turn.autoscaler["spec"], turn.current
        least, most = int(spec.get("minReplicas", 1)), int(spec["maxReplicas"])
        if current == 0:
            message = "scaling is disabled since the replica count of the target is zero"
            turn.say("ScalingActive", "False", "ScalingDisabled", message)
            return 0, ""
        if current > most:
            return most, "Current number of replicas above Spec.MaxReplicas"
        if current < least:
            return least, "Current number of replicas below Spec.MinReplicas"
        found = self._measured(turn, scale, memory)
        outcome = limited(Limits(least, most, spec.get("behavior")), past, current, found.replicas, turn.now)
        turn.say("AbleToScale", "True", *outcome.stable)
        turn.say("ScalingLimited", "True" if outcome.limited else "False", *outcome.limit)
        rises = found.replicas > current
        return outcome.replicas, f"{found.title} above target" if rises else "All metrics below target"

    def _measured(self, turn: _Round, scale: Object, memory: _Memory) -> Measurement:
        """The metric that asks for most; one that fails is left out, unless fewer replicas might come of that."""
        behind = self._behind(turn, scale, memory)
        specs: list[Object] = turn.autoscaler["spec"].get("metrics") or []
        found, failures, turn.metrics = _NOTHING, list[MetricFailure](), []
        for spec in specs:
            try:
                measurement = self._measurements.of(spec, behind)
            except MetricFailure as failure:
                self._recorder.event(turn.autoscaler, "Warning", failure.reason, str(failure))
                failures.append(failure)
                measurement = _NOTHING
            turn.metrics.append(measurement.status)
            found = max(found, measurement, key=lambda one: one.replicas)
        if failures and (len(failures) == len(specs) or found.replicas < turn.current):
            first, count = failures[0], f"{len(failures)} invalid out of {len(specs)}"
            turn.say("ScalingActive", "False", first.reason, f"{_UNABLE_TO_COMPUTE}{first}")
            message = f"invalid metrics ({count}), first error is: {first.prefix}{first}"
            raise _Unable(message, "FailedComputeMetricsReplicas")
        message = f"the HPA was able to successfully calculate a replica count from {found.title}"
        turn.say("ScalingActive", "True", "ValidMetricFound", message)
        return found

    def _behind(self, turn: _Round, scale: Object, memory: _Memory) -> Behind:
        """The pods of the target, which no other autoscaler may have."""
        text = scale.get("status", {}).get("selector", "")
        if not text:
            message = "the HPA target's scale is missing a selector"
            self._refuse(turn, "SelectorRequired", "selector is required", "InvalidSelector", message)
        try:
            memory.selector = selectors.parse_labels(text)
        except ValueError as error:
            message = f"couldn't convert selector into a corresponding internal selector object: {error}"
            self._refuse(turn, "InvalidSelector", message, "InvalidSelector", message)
        namespace = turn.request.namespace
        pods = [pod for pod in self._pods.list(namespace) if memory.selector.matches(labels_of(pod))]
        rivals = sorted(other for other in self._memory if other.namespace == namespace and self._has(other, pods))
        if len(rivals) > 1:
            listed = " ".join(f"{rival.namespace}/{rival.name}" for rival in rivals)
            message = f"pods by selector {text} are controlled by multiple HPAs: [{listed}]"
            self._refuse(turn, "AmbiguousSelector", message, "AmbiguousSelector", message)
        return Behind(namespace, text, pods, turn.current, _tolerances(turn.autoscaler), turn.now)

    def _refuse(self, turn: _Round, event: str, text: str, reason: str, message: str) -> NoReturn:
        self._recorder.event(turn.autoscaler, "Warning", event, text)
        turn.say("ScalingActive", "False", reason, message)
        raise _Unable(text, "FailedComputeMetricsReplicas")

    def _has(self, other: Request, pods: list[Object]) -> bool:
        """Whether an autoscaler's selector, as last seen, selects any of these pods."""
        selector = self._memory[other].selector
        return selector is not None and any(selector.matches(labels_of(pod)) for pod in pods)


def _tolerances(autoscaler: Object) -> Tolerances:
    behavior = autoscaler["spec"].get("behavior") or {}
    given = {way: (behavior.get(field) or {}).get("tolerance") for way, field in _WAYS}
    return Tolerances(**{way: float(quantity.parse(value)) for way, value in given.items() if value is not None})
