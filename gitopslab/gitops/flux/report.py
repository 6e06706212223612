"""What a Kustomization says of itself: conditions, revisions, inventory, history and events.

``observedGeneration`` moves only with success: after a failure it stays where it was, so that nobody takes an old
success for a new one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from gitopslab.controlplane.runtime.api import Api
from gitopslab.controlplane.runtime.recorder import Recorder
from gitopslab.errors import LabError
from gitopslab.gitops.flux import conditions
from gitopslab.gitops.flux.apply import Action
from gitopslab.gitops.flux.conditions import Condition
from gitopslab.gitops.flux.durations import seconds, spoken
from gitopslab.gitops.flux.history import Ended, with_entry
from gitopslab.gitops.flux.kinds import KUSTOMIZATIONS, KUSTOMIZE, is_suspended, requested_at
from gitopslab.gitops.flux.run import Run, Step
from gitopslab.gitops.flux.surroundings import write_status
from gitopslab.gitops.inventory import inventory_of
from gitopslab.machinery.clock import Clock
from gitopslab.machinery.objects import Object, condition_of, is_condition_true

_TERMINAL = "Reconciliation failed terminally due to configuration error"
_COMMIT_STATUS = f"{KUSTOMIZE}/commit_status"


class Failure(LabError):
    """Why a reconcile ends without success.

    Attributes:
        reason: Of ``Ready``.
        again: Seconds until the next try; 0 for the retry interval.
        doing: What was under way; empty for what is with this reason.
        told: What the event says; empty for the message.
    """

    def __init__(self, reason: str, message: str, *, again: float = 0.0, doing: str = "", told: str = "") -> None:
        super().__init__(message)
        self.reason = reason
        self.again = again
        self.doing = doing
        self.told = told


class EarlyFailure(Failure):
    """The source, its artifact or a dependency is not there yet: nothing was attempted."""


class TerminalError(Failure):
    """Only a change of the Kustomization can mend it, so it is not tried again.

    Attributes:
        is_observed: Whether ``observedGeneration`` tells that it was seen: not where access is denied.
    """

    def __init__(self, reason: str, message: str, *, is_denied: bool = False) -> None:
        super().__init__(reason, message if is_denied else f"{_TERMINAL}: {message}")
        self.is_observed = not is_denied


class HealthFailure(Failure):
    """What was waited for did not become healthy.

    Attributes:
        words: Why, as ``Healthy`` says it; ``Ready`` says how long it took, too.
    """

    def __init__(self, after: float, words: str) -> None:
        super().__init__("HealthCheckFailed", f"health check failed after {spoken(after)}: {words}")
        self.words = words


class Report:
    """Writes the status and the events of Kustomizations.

    Args:
        api: With the identity that writes status.
        recorder: Of kustomize-controller.
        clock: Dates everything.
    """

    def __init__(self, api: Api, recorder: Recorder, clock: Clock) -> None:
        self._api = api
        self._recorder = recorder
        self._clock = clock

    def steps(self, run: Run, *doing: str) -> None:
        """It goes on, and this is what it does, one after the other."""
        for words in doing:
            run.latest = self._progress(run.latest, run, words)

    def _progress(self, obj: Object, run: Run, doing: str) -> Object:
        message = f"{doing} revision {run.revision} with a timeout of {spoken(run.timeout(obj))}"
        said = [
            Condition.true(conditions.RECONCILING, "Progressing", message),
            Condition.unknown(conditions.READY, "Progressing", "Reconciliation in progress"),
        ]
        if run.checked_since:
            said.append(Condition.unknown(conditions.HEALTHY, "Progressing", message))
        is_found = run.step is not Step.BUILD or doing == "Detecting drift for"
        return self._write(obj, self._attempted(obj, run, is_found=is_found), *said, is_over=False)

    def succeeded(self, obj: Object, run: Run) -> None:
        """Everything is applied, and healthy where that was asked for."""
        status = self._attempted(obj, run)
        is_new = run.revision != status.get("lastAppliedRevision")
        status["lastAppliedRevision"] = run.revision
        status.pop("lastAppliedOriginRevision", None)
        if run.origin:
            status["lastAppliedOriginRevision"] = run.origin
        status["observedGeneration"] = obj["metadata"]["generation"]
        status["history"] = self._history(obj, run, "ReconciliationSucceeded")
        message = f"Applied revision: {run.revision}"
        said = [Condition.true(conditions.READY, "ReconciliationSucceeded", message)]
        gone = [conditions.RECONCILING, conditions.STALLED]
        if run.healthy_after is not None:
            passed = f"Health check passed in {spoken(run.healthy_after)}"
            said.append(Condition.true(conditions.HEALTHY, "Succeeded", passed))
            if not run.was_healthy or (is_new and run.changes):
                self._event(obj, run, "Normal", "Progressing", passed)
        else:
            gone.append(conditions.HEALTHY)
        status["conditions"] = conditions.without(status.get("conditions") or [], *gone)
        self._write(obj, status, *said)
        self._finished(obj, run, "ReconciliationSucceeded")

    def suspended(self, obj: Object) -> None:
        """Nothing is done, and yet a request has been dealt with; one that was ready is so for its new spec, too."""
        status = dict(obj.get("status") or {})
        if not status.get("conditions"):
            return
        if is_condition_true(obj, conditions.READY):
            status["observedGeneration"] = obj["metadata"]["generation"]
        self._write(obj, status)

    def gone(self, obj: Object) -> None:
        """It goes; where it was well, Flux says once more that it has finished, and when it would go on."""
        if is_condition_true(obj, conditions.READY) and not is_suspended(obj):
            self._finished(obj, _last(obj, self._clock.now()), _reason(obj))

    def _finished(self, obj: Object, run: Run, reason: str) -> None:
        took, following = spoken(self._clock.now() - run.started), spoken(seconds(obj["spec"]["interval"]))
        words = f"Reconciliation finished in {took}, next run in {following}"
        self._event(obj, run, "Normal", reason, words, {_COMMIT_STATUS: "update"})

    def failed(self, obj: Object, run: Run, failure: Failure) -> None:
        """It did not come off; it will be tried again."""
        status = self._attempted(obj, run, is_found=failure.reason != "ArtifactFailed")
        if run.digest:
            status["history"] = self._history(obj, run, failure.reason)
        said = [
            Condition.false(conditions.READY, failure.reason, failure.message),
            Condition.true(conditions.RECONCILING, "ProgressingWithRetry", self._doing(obj, run, failure)),
        ]
        if isinstance(failure, HealthFailure):
            said.append(Condition.false(conditions.HEALTHY, failure.reason, failure.words))
        self._write(obj, status, *said)
        self._event(obj, run, "Warning", failure.reason, failure.told or failure.message)

    def stalled(self, obj: Object, run: Run, failure: TerminalError) -> None:
        """It is wrong as it is written."""
        status = dict(obj.get("status") or {})
        if failure.is_observed:
            status["observedGeneration"] = obj["metadata"]["generation"]
        status["conditions"] = conditions.without(status.get("conditions") or [], conditions.RECONCILING)
        said = (
            Condition.false(conditions.READY, failure.reason, failure.message),
            Condition.true(conditions.STALLED, failure.reason, failure.message),
        )
        self._write(obj, status, *said)
        self._event(obj, run, "Warning", failure.reason, failure.message)

    def trouble(self, obj: Object, message: str) -> None:
        """Something goes wrong while it is being deleted, which has no condition."""
        self._event(obj, _last(obj), "Warning", _reason(obj), message)

    def not_begun(self, obj: Object, run: Run, failure: EarlyFailure) -> None:
        """It waits for others, which is a condition; only a dependency is an event, too."""
        said = [Condition.false(conditions.READY, failure.reason, failure.message)]
        if known := condition_of(obj, conditions.RECONCILING):
            said.append(Condition.true(conditions.RECONCILING, "ProgressingWithRetry", known["message"]))
        self._write(obj, dict(obj.get("status") or {}), *said)
        if failure.reason == "DependencyNotReady":
            message = f"Dependencies do not meet ready condition, retrying in {spoken(failure.again)}"
            self._event(obj, run, "Normal", failure.reason, message)

    def changes(self, obj: Object, run: Run, actions: Sequence[Action]) -> None:
        """What was done to the cluster, one line an object."""
        if actions:
            self._event(obj, run, "Normal", "Progressing", "\n".join(str(action) for action in actions))

    def deleted(self, obj: Object, actions: Sequence[Action]) -> None:
        """What went away with the Kustomization."""
        if actions:
            self._event(obj, _last(obj), "Normal", _reason(obj), "\n".join(str(action) for action in actions))

    def _attempted(self, obj: Object, run: Run, *, is_found: bool = True) -> Object:
        """The status with what is known whatever comes of the run; a revision counts once its path was found."""
        status = dict(obj.get("status") or {})
        if run.revision and is_found:
            status["lastAttemptedRevision"] = run.revision
        if run.inventory is not None:
            status["inventory"] = inventory_of(run.inventory)
        return status

    def _event(
        self,
        obj: Object,
        run: Run,
        kind: Literal["Normal", "Warning"],
        reason: str,
        message: str,
        more: Mapping[str, str] = {},
    ) -> None:
        """Say something about a revision; alerts tell it along."""
        told = dict(more)
        told |= {f"{KUSTOMIZE}/revision": run.revision} if run.revision else {}
        told |= {f"{KUSTOMIZE}/originRevision": run.origin} if run.origin else {}
        self._recorder.event(obj, kind, reason, message, annotations=told)

    def _history(self, obj: Object, run: Run, reason: str) -> list[Object]:
        known = (obj.get("status") or {}).get("history") or []
        return with_entry(known, Ended(run.digest, run.revision, run.origin, reason, run.started, self._clock.now()))

    def _doing(self, obj: Object, run: Run, failure: Failure) -> str:
        steps = {
            "BuildFailed": "Building manifests for",
            "ReconciliationFailed": "Detecting drift for",
            "PruneFailed": "Detecting drift for",
            "HealthCheckFailed": "Running health checks for",
        }
        doing = failure.doing or steps.get(failure.reason, "Fetching manifests for")
        return f"{doing} revision {run.revision} with a timeout of {spoken(run.timeout(obj))}"

    def _write(self, obj: Object, status: Object, *said: Condition, is_over: bool = True) -> Object:
        generation, now = obj["metadata"]["generation"], self._clock.now()
        token = requested_at(obj)
        handled = {"lastHandledReconcileAt": token} if token and is_over else {}
        told = conditions.put(status.get("conditions") or [], *said, generation=generation, now=now)
        return write_status(self._api, KUSTOMIZATIONS, obj, {**status, **handled, "conditions": told})


def is_news(obj: Object, run: Run) -> bool:
    """Whether a reconcile is about something new, so that its steps are worth telling."""
    status = obj.get("status") or {}
    return bool(
        run.revision != status.get("lastAppliedRevision")
        or obj["metadata"].get("generation") != status.get("observedGeneration")
        or requested_at(obj) != status.get("lastHandledReconcileAt", "")
    )


def _last(obj: Object, started: float = 0.0) -> Run:
    """A run that has come as far as the last one that succeeded."""
    status = obj.get("status") or {}
    revision, origin = (str(status.get(f"lastApplied{kind}Revision") or "") for kind in ("", "Origin"))
    return Run(None, obj, started, revision=revision, origin=origin)


def _reason(obj: Object) -> str:
    return str((condition_of(obj, conditions.READY) or {}).get("reason", "info"))
