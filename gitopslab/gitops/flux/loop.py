"""What the reconciles of most of Flux's kinds begin with (is it there, is it paused, is it due) and end with."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result
from gitopslab.controlplane.runtime.recorder import Recorder
from gitopslab.gitops.flux import conditions
from gitopslab.gitops.flux.conditions import Condition
from gitopslab.gitops.flux.kinds import is_suspended, requested_at
from gitopslab.gitops.flux.schedule import Schedule
from gitopslab.gitops.flux.surroundings import (
    Surroundings,
    add_finalizer,
    drop_finalizer,
    has_finalizer,
    write_status,
)
from gitopslab.machinery.objects import Object, condition_of, is_terminating, uid_of

IN_PROGRESS = "reconciliation in progress"


@dataclass(frozen=True, slots=True)
class Turn:
    """An object whose turn it is.

    Attributes:
        request: Its name.
        obj: As it was read; shared, do not change it.
        cause: Why it is its turn.
    """

    request: Request
    obj: Object
    cause: Hashable


class Loop:
    """Finds out whose turn it is, and writes down how it went.

    Args:
        given: What every controller works with.
        component: Whose identity and events these are.
        resource: Of the kind.
        forget: Told of an object that is being deleted, before it goes; when to ask again while that takes long.
        summarizes: Whether Ready is said anew of the spec that a paused object has, as source-controller does.
    """

    def __init__(
        self,
        given: Surroundings,
        component: str,
        resource: str,
        forget: Callable[[Object], Result | None] = lambda obj: None,
        *,
        summarizes: bool = False,
    ) -> None:
        self._summarizes = summarizes
        self._given = given
        self._forget = forget
        self._resource = resource
        self.api = given.api_for(component)
        self._recorder = Recorder(self.api, given.clock, component)
        self.schedule = Schedule(given.clock)
        self.objects = given.manager.informer(resource)

    def turn(self, request: Request, *more: Hashable) -> Turn | Result:
        """The object if it is its turn, else what to return.

        Args:
            request: Which object.
            more: What else asks for a reconcile when it changes.
        """
        obj = self.objects.get(request.name, request.namespace)
        if obj is None:
            self.schedule.forget(request)
            return DONE
        if is_terminating(obj):
            if has_finalizer(obj):
                if (going := self._forget(obj)) is not None:
                    return going
                drop_finalizer(self.api, self._resource, obj)
            return DONE
        if not has_finalizer(obj):
            add_finalizer(self.api, self._resource, obj)
            return DONE
        if is_suspended(obj):
            self.schedule.forget(request)
            self._rest(obj)
            return DONE
        cause = (uid_of(obj), obj["metadata"].get("generation"), requested_at(obj), *more)
        return Turn(request, obj, cause) if self.schedule.is_due(request, cause) else self.schedule.later(request)

    def begin(self, turn: Turn) -> Turn:
        """Say what is begun, where there is something to say: a turn that finds nothing is not worth a write."""
        generation, status = turn.obj["metadata"]["generation"], turn.obj.get("status") or {}
        observed, told = status.get("observedGeneration", -1), condition_of(turn.obj, conditions.RECONCILING) or {}
        if told.get("observedGeneration") == generation:
            return turn
        if observed != generation:
            return self.progress(turn, f"processing object: new generation {observed} -> {generation}")
        if requested_at(turn.obj) != status.get("lastHandledReconcileAt", ""):
            return self.progress(turn, IN_PROGRESS)
        return turn

    def progress(
        self, turn: Turn, message: str, *more: Condition, drift: bool = False, status: Object | None = None
    ) -> Turn:
        """It goes on; Ready says so unless it is known, and still true.

        Args:
            turn: Whose it is.
            message: What is done now.
            more: What else is to be said.
            drift: Whether what was true is not any more.
            status: The whole new status; default as it is.
        """
        said = [Condition.true(conditions.RECONCILING, "Progressing", message), *more]
        ready = condition_of(turn.obj, conditions.READY)
        if drift or ready is None or ready["status"] == "Unknown":
            said.append(Condition.unknown(conditions.READY, "Progressing", message))
        status = dict(turn.obj.get("status") or {}) if status is None else status
        return replace(turn, obj=self.write(turn.obj, status, *said, is_over=False))

    def _rest(self, obj: Object) -> None:
        """Nothing is done, and yet a request has been dealt with, and the spec was seen."""
        status = dict(obj.get("status") or {})
        ready = condition_of(obj, conditions.READY)
        if ready is None:
            return
        said = []
        if self._summarizes:
            status["conditions"] = conditions.without(status["conditions"], conditions.STALLED)
            said.append(Condition(conditions.READY, ready["status"], ready["reason"], ready["message"]))
        if self._summarizes or "True" in (ready["status"], (condition_of(obj, conditions.STALLED) or {}).get("status")):
            status["observedGeneration"] = obj["metadata"]["generation"]
        self.write(obj, status, *said)

    def succeeded(self, turn: Turn, status: Object, message: str) -> None:
        """Ready, and nothing else is to be said."""
        status = {**status, "observedGeneration": turn.obj["metadata"]["generation"]}
        gone = (conditions.RECONCILING, conditions.STALLED)
        status["conditions"] = conditions.without(status.get("conditions") or [], *gone)
        self.write(turn.obj, status, Condition.true(conditions.READY, "Succeeded", message))

    def failed(
        self, turn: Turn, reason: str, message: str, *, is_stalled: bool = False, told: Mapping[str, str] = {}
    ) -> None:
        """Not Ready; stalled where only a change of the object can mend it.

        Args:
            turn: Whose it is.
            reason: Of the conditions.
            message: Of the conditions, and of the event.
            is_stalled: Whether only a change of the object can mend it.
            told: More for the status.
        """
        status = {**(turn.obj.get("status") or {}), **told}
        said = [Condition.false(conditions.READY, reason, message)]
        if is_stalled:
            status["observedGeneration"] = turn.obj["metadata"]["generation"]
            status["conditions"] = conditions.without(status.get("conditions") or [], conditions.RECONCILING)
            said.append(Condition.true(conditions.STALLED, reason, message))
        else:
            status["conditions"] = conditions.without(status.get("conditions") or [], conditions.STALLED)
            doing = (condition_of(turn.obj, conditions.RECONCILING) or {}).get("message", IN_PROGRESS)
            said.append(Condition.true(conditions.RECONCILING, "ProgressingWithRetry", doing))
        self.write(turn.obj, status, *said)
        self.event(turn.obj, "Warning", reason, message)

    def event(
        self,
        obj: Object,
        kind: Literal["Normal", "Warning"],
        reason: str,
        message: str,
        annotations: Mapping[str, str] | None = None,
    ) -> None:
        """Say something about an object; alerts tell the annotations along."""
        self._recorder.event(obj, kind, reason, message, annotations=annotations)

    def write(self, obj: Object, status: Object, *said: Condition, is_over: bool = True) -> Object:
        """Write a status with these conditions in it; the object as it is then.

        Args:
            obj: As it was read.
            status: The whole new status.
            said: Conditions to be put into it.
            is_over: Whether a request for a reconcile has been dealt with; else it only goes on.
        """
        generation, now = obj["metadata"]["generation"], self._given.clock.now()
        token = requested_at(obj)
        handled = {"lastHandledReconcileAt": token} if token and is_over else {}
        told = conditions.put(status.get("conditions") or [], *said, generation=generation, now=now)
        return write_status(self.api, self._resource, obj, {**status, **handled, "conditions": told})
