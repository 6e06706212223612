"""What a HelmRelease says of itself: Released, TestSuccess, Remediated, Drifted, and Ready, which sums them up.

Source: ``helm-controller``'s ``internal/reconcile``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from gitopslab.controlplane.runtime.reconcile import Result
from gitopslab.gitops.flux import conditions
from gitopslab.gitops.flux.conditions import Condition
from gitopslab.gitops.flux.durations import seconds, spoken
from gitopslab.gitops.flux.helmdrift import Drift
from gitopslab.gitops.flux.kinds import FORCED_AT, HELM, RESET_AT, requested_at
from gitopslab.gitops.flux.loop import Loop, Turn
from gitopslab.gitops.flux.release import (
    INSTALL,
    ROLLBACK,
    TEST,
    UPGRADE,
    Wanted,
    added,
    is_asked,
    release_name,
    release_namespace,
    rollback_target,
)
from gitopslab.machinery.clock import Clock, timestamp
from gitopslab.machinery.objects import Object, condition_of, name_of, namespace_of

_RELEASED, _TESTED, _REMEDIATED, _DRIFTED = "Released", "TestSuccess", "Remediated", "Drifted"
_DONE = {
    INSTALL: (_RELEASED, "Install", "Helm install succeeded for release {full} with chart {chart}"),
    UPGRADE: (_RELEASED, "Upgrade", "Helm upgrade succeeded for release {full} with chart {chart}"),
    ROLLBACK: (_REMEDIATED, "Rollback", "Helm rollback to previous release {full} with chart {chart} succeeded"),
    "uninstall": (
        _REMEDIATED,
        "Uninstall",
        "Helm uninstall remediation for release {full} with chart {chart} succeeded",
    ),
    TEST: (_TESTED, "Test", "Helm test succeeded for release {full} with chart {chart}"),
}
_FAILED = {
    INSTALL: "Helm install failed for release {short} with chart {chart}: {why}",
    UPGRADE: "Helm upgrade failed for release {short} with chart {chart}: {why}",
    ROLLBACK: "Helm rollback to previous release {full} with chart {chart} failed: {why}",
    "uninstall": "Helm uninstall remediation for release {full} with chart {chart} failed: {why}",
    TEST: "Helm test failed for release {full} with chart {chart}: {why}",
}
_COUNTS = ("failures", "installFailures", "upgradeFailures")


class HelmReport:
    """Writes the status and the events of HelmReleases.

    Args:
        loop: Of their controller.
        clock: Dates everything.
    """

    def __init__(self, loop: Loop, clock: Clock) -> None:
        self._loop = loop
        self._clock = clock

    def begin(self, turn: Turn, wanted: Wanted) -> Turn:
        """Write down what is attempted; failures of something else no longer count."""
        status = dict(turn.obj.get("status") or {})
        attempt = {
            "lastAttemptedGeneration": turn.obj["metadata"]["generation"],
            "lastAttemptedRevision": wanted.chart.version,
            "lastAttemptedConfigDigest": wanted.digest,
        }
        is_reset = is_asked(turn.obj, RESET_AT, "lastHandledResetAt")
        if is_reset:
            status["lastHandledResetAt"] = requested_at(turn.obj)
        elif all(status.get(key) == value for key, value in attempt.items()):
            return turn
        for key in _COUNTS:
            status.pop(key, None)
        status |= attempt
        if "chart" in turn.obj["spec"]:
            source = turn.obj["spec"]["chart"]["spec"]["sourceRef"].get("namespace") or namespace_of(turn.obj)
            status["helmChart"] = f"{source}/{namespace_of(turn.obj)}-{name_of(turn.obj)}"
        gone = (conditions.STALLED,)
        status["conditions"] = conditions.without(status.get("conditions") or [], *gone)
        said = Condition.true(conditions.RECONCILING, "Progressing", "Fulfilling prerequisites")
        return replace(turn, obj=self._loop.write(turn.obj, status, said, is_over=False))

    def running(self, turn: Turn, action: str, timeout: float) -> Turn:
        """An action goes on."""
        message = f"Running '{action}' action with timeout of {spoken(timeout)}"
        said = [Condition.true(conditions.RECONCILING, "Progressing", message)]
        if action in (INSTALL, UPGRADE):
            said.append(Condition.unknown(conditions.READY, "Progressing", message))
        status = dict(turn.obj.get("status") or {})
        if action in (INSTALL, UPGRADE):
            status["lastAttemptedReleaseAction"] = action
        if is_asked(turn.obj, FORCED_AT, "lastHandledForceAt"):
            status["lastHandledForceAt"] = requested_at(turn.obj)
        return replace(turn, obj=self._loop.write(turn.obj, status, *said, is_over=False))

    def acted(
        self, turn: Turn, action: str, wanted: Wanted, error: str, before: Sequence[Object], history: Sequence[Object]
    ) -> Result:
        """An action ended; look again at once what is next."""
        status = dict(turn.obj.get("status") or {})
        snapshots = list(status.get("history") or [])
        is_new = bool(history) and (not before or history[-1]["revision"] != before[-1]["revision"])
        target = rollback_target(snapshots)
        if is_new:
            of = target if action == ROLLBACK and target else None
            snapshots = self._recorded(turn.obj, wanted, history, [] if action == INSTALL else snapshots, of)
        elif snapshots and action == "uninstall" and not error:
            snapshots[0] = {**snapshots[0], "status": "uninstalled"}
        elif snapshots and action == TEST:
            phase = "Failed" if error else "Succeeded"
            snapshots[0] = {**snapshots[0], "testHooks": {"tests": {"phase": phase}}}
        status["history"] = snapshots
        message, said = self._told(turn.obj, action, wanted, error, target if action == ROLLBACK else None, snapshots)
        if action in (INSTALL, UPGRADE):
            for key in ("observedPostRenderersDigest", "observedCommonMetadataDigest"):
                status.pop(key, None)
            status |= added(turn.obj)
        if error:
            status["failures"] = int(status.get("failures") or 0) + 1
            counted = status.get("lastAttemptedReleaseAction") if action == TEST else action
            if counted in (INSTALL, UPGRADE) and (is_new or action == TEST):
                status[f"{counted}Failures"] = int(status.get(f"{counted}Failures") or 0) + 1
        gone = [_REMEDIATED, _TESTED] if action in (INSTALL, UPGRADE) else []
        status["conditions"] = conditions.without(status.get("conditions") or [], *gone)
        is_good = not error and said.type != _REMEDIATED
        ready = Condition(conditions.READY, "True" if is_good else "False", said.reason, message)
        self._loop.write(turn.obj, status, said, ready, is_over=False)
        revision = {f"{HELM}/revision": wanted.chart.version}
        self._loop.event(turn.obj, "Warning" if error else "Normal", said.reason, message, revision)
        if error and not is_new and action in (INSTALL, UPGRADE):
            return self._loop.schedule.failed(turn.request, turn.cause)
        return self._loop.schedule.done(turn.request, turn.cause, 0.0)

    def in_sync(self, turn: Turn, *, is_drifted: bool = False) -> Result:
        """Nothing is left to be done."""
        status = dict(turn.obj.get("status") or {})
        status["observedGeneration"] = turn.obj["metadata"]["generation"]
        known = status.get("conditions") or []
        said = []
        if not is_drifted:
            is_watched = (turn.obj["spec"].get("driftDetection") or {}).get("mode") in ("enabled", "warn")
            if is_watched:
                message = "No drift detected against the cluster state"
                said.append(Condition.false(_DRIFTED, "NoDriftDetected", message))
            else:
                known = conditions.without(known, _DRIFTED)
        released = condition_of(turn.obj, _TESTED) or condition_of(turn.obj, _RELEASED) or {}
        remedied = condition_of(turn.obj, _REMEDIATED)
        if released.get("status") == "True" and remedied is None:
            said.append(Condition.true(conditions.READY, released["reason"], released["message"]))
        status["conditions"] = conditions.without(known, conditions.RECONCILING, conditions.STALLED)
        self._loop.write(turn.obj, status, *said)
        return self._loop.schedule.done(turn.request, turn.cause, seconds(turn.obj["spec"]["interval"]))

    def given_up(self, turn: Turn, why: str) -> Result:
        """It has failed too often; Ready keeps what went wrong."""
        reason = "MissingRollbackTarget" if "rollback" in why else "RetriesExceeded"
        status = dict(turn.obj.get("status") or {})
        status["observedGeneration"] = turn.obj["metadata"]["generation"]
        status["conditions"] = conditions.without(status.get("conditions") or [], conditions.RECONCILING)
        self._loop.write(turn.obj, status, Condition.true(conditions.STALLED, reason, why))
        return self._loop.schedule.idle(turn.request, turn.cause)

    def stalled(self, turn: Turn, reason: str, message: str) -> Result:
        """It is wrong as it is written."""
        self._loop.failed(turn, reason, message, is_stalled=True)
        return self._loop.schedule.idle(turn.request, turn.cause)

    def not_yet(self, turn: Turn, reason: str, message: str, again: float) -> Result:
        """Something is missing: the source, a dependency, values, helm."""
        status = dict(turn.obj.get("status") or {})
        status["conditions"] = conditions.without(status.get("conditions") or [], conditions.STALLED)
        said = (
            Condition.false(conditions.READY, reason, message),
            Condition.true(conditions.RECONCILING, "ProgressingWithRetry", "Fulfilling prerequisites"),
        )
        before = condition_of(turn.obj, conditions.READY) or {}
        self._loop.write(turn.obj, status, *said)
        if before.get("message") != message and reason != "SourceNotReady":
            kind: Any = "Normal" if reason == "DependencyNotReady" else "Warning"
            self._loop.event(turn.obj, kind, reason, message)
        schedule = self._loop.schedule
        return schedule.done(turn.request, turn.cause, again) if again else schedule.failed(turn.request, turn.cause)

    def drifted(self, turn: Turn, found: Sequence[Drift]) -> Turn:
        """The cluster is not as the release says."""
        snapshot = (turn.obj["status"].get("history") or [{}])[0]
        lines = "\n".join(map(str, found))
        message = f"Cluster state of release {_full(turn.obj, snapshot)} has drifted from the desired state:\n{lines}"
        said = Condition.true(_DRIFTED, "DriftDetected", message)
        self._loop.event(turn.obj, "Warning", "DriftDetected", message)
        status = dict(turn.obj.get("status") or {})
        return replace(turn, obj=self._loop.write(turn.obj, status, said, is_over=False))

    def corrected(self, turn: Turn, told: Sequence[tuple[Drift, str]]) -> None:
        """The drift was put right, or could not be."""
        snapshot = (turn.obj["status"].get("history") or [{}])[0]
        failed = [f"{drift.object['kind']}: {why}" for drift, why in told if why]
        of = f"cluster state of release {_full(turn.obj, snapshot)}"
        if failed:
            self._loop.event(
                turn.obj, "Warning", "DriftCorrectionFailed", "\n".join([f"Failed to correct {of}:", *failed])
            )
            return
        lines = [str(drift).replace(" removed", " created").partition(" changed (")[0] for drift, _ in told]
        message = "\n".join([f"Cluster state of release {_full(turn.obj, snapshot)} has been corrected:", *lines])
        self._loop.event(turn.obj, "Normal", "DriftCorrected", message)

    def not_uninstalled(self, obj: Object, why: str) -> None:
        """It cannot be uninstalled."""
        snapshot = (obj["status"].get("history") or [{}])[0]
        message = f"Helm uninstall failed for release {_full(obj, snapshot)} with chart {_chart(snapshot)}: {why}"
        said = [Condition.false(kind, "UninstallFailed", message) for kind in (conditions.READY, _RELEASED)]
        self._loop.write(obj, dict(obj.get("status") or {}), *said)
        self._loop.event(obj, "Warning", "UninstallFailed", message)

    def _told(
        self, obj: Object, action: str, wanted: Wanted, error: str, target: Object | None, snapshots: Sequence[Object]
    ) -> tuple[str, Condition]:
        kind, word, done = _DONE[action]
        snapshot = target or (snapshots[0] if snapshots else {})
        facts = {
            "full": _full(obj, snapshot),
            "short": f"{release_namespace(obj)}/{release_name(obj)}",
            "chart": _chart(snapshot)
            if snapshot and action not in (INSTALL, UPGRADE)
            else f"{wanted.chart.name}@{wanted.chart.version}",
            "why": error,
        }
        if error:
            message = _FAILED[action].format(**facts)
            return message, Condition.false(kind, f"{word}Failed", message)
        message = done.format(**facts)
        return message, Condition.true(kind, f"{word}Succeeded", message)

    def _recorded(
        self, obj: Object, wanted: Wanted, history: Sequence[Object], known: Sequence[Object], of: Object | None
    ) -> list[Object]:
        """The snapshots with that of a new release in front."""
        latest, now = history[-1], timestamp(self._clock.now())
        chart = of or {"chartName": wanted.chart.name, "chartVersion": wanted.chart.version,
                       "appVersion": wanted.chart.app_version, "configDigest": wanted.digest}  # fmt: skip
        made = {
            key: chart[key] for key in ("chartName", "chartVersion", "appVersion", "configDigest") if chart.get(key)
        }
        told_apart = f"{latest['revision']}{latest['updated']}{latest['status']}".encode()
        first = known[0]["firstDeployed"] if known else now
        snapshot = {
            **made,
            "digest": f"sha256:{hashlib.sha256(told_apart).hexdigest()}",
            "firstDeployed": first,
            "lastDeployed": now,
            "name": release_name(obj),
            "namespace": release_namespace(obj),
            "status": latest["status"],
            "version": latest["revision"],
        }
        told = {each["revision"]: each["status"] for each in history}
        older = [{**each, "status": told.get(each["version"], each["status"])} for each in known]
        return [snapshot, *older][: int(obj["spec"].get("maxHistory", 5)) or 5]


def _full(obj: Object, snapshot: Object) -> str:
    return f"{release_namespace(obj)}/{release_name(obj)}.v{snapshot.get('version', 0)}"


def _chart(snapshot: Object) -> str:
    return f"{snapshot.get('chartName', '')}@{snapshot.get('chartVersion', '')}"
