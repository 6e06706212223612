"""The lane of Flux: what source-controller and kustomize-controller tell of each commit. Pure.

Facts: a GitRepository keeps only its newest artifact, a Kustomization at most five entries of history, and events an
hour. What none of them tells is ``untold``; without ``spec.wait`` nobody looks whether what was applied works. An entry
of history is of what was rendered, with the newest commit that renders so: its first time may be an older commit's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gitopslab.gitops.flux.durations import seconds
from gitopslab.machinery.clock import seconds_of
from gitopslab.machinery.objects import Object, annotations_of, condition_of, is_condition_true, uid_of
from gitopslab.views.flux import short
from gitopslab.views.lanes.model import Lane, Step
from gitopslab.views.news import when_of
from gitopslab.views.reconciler import FLUX, Reconciler, commit_of

_SUCCEEDED, _UNHEALTHY = "ReconciliationSucceeded", "HealthCheckFailed"
_REVISION = "source.toolkit.fluxcd.io/revision"
_EARLY = ("ArtifactFailed", "DependencyNotReady")
_PASSED = "Health check passed in "
_UNASKED = Step("healthy", "unasked", note="without spec.wait nobody looks: Ready means applied")


def lane(flux: Reconciler) -> Lane:
    """How a Kustomization stands now."""
    ready = condition_of(flux.object, "Ready") or {}
    state = {"True": "ready", "False": "failed"}.get(ready.get("status", ""), "running")
    return Lane(FLUX, flux.title, state, short(ready.get("message") or "not reconciled yet"), _facts(flux))


def steps(flux: Reconciler, events: Iterable[Object], sha: str, subject: str, *, is_newest: bool) -> tuple[Step, ...]:
    """What became of one commit."""
    fetched = _fetched(flux, events, sha, subject, is_newest=is_newest)
    applied = _applied(flux, sha, fetched.seconds)
    if fetched.outcome in ("waiting", "untold") and applied.outcome != "waiting":
        fetched = Step("fetched", "done", note="it was applied")
    if applied.outcome == "waiting":
        applied = _not_applied(flux, fetched, is_newest=is_newest)
    return fetched, applied, _healthy(flux, sha, applied, fetched.seconds)


def _facts(flux: Reconciler) -> tuple[str, ...]:
    spec, source = flux.object["spec"], (flux.source or {}).get("spec", {})
    return tuple(
        filter(
            None,
            (
                f"asks Git every {source['interval']}" if source.get("interval") else "its source is not there",
                f"repairs every {spec.get('interval', '')}",
                "prunes" if spec.get("prune") else "does not prune",
                "suspended" if spec.get("suspend") else "",
            ),
        )
    )


def _fetched(flux: Reconciler, events: Iterable[Object], sha: str, subject: str, *, is_newest: bool) -> Step:
    source = flux.source
    if source is None:
        return Step("fetched", "failed" if is_newest else "untold", note="its source is not there")
    artifact = (source.get("status") or {}).get("artifact") or {}
    if commit_of(artifact.get("revision") or "") == sha:
        return Step("fetched", "done", seconds_of(artifact["lastUpdateTime"]))
    told = [_stored(each) for each in events if _tells_of(each, source, sha, subject)]
    if told:
        return Step("fetched", "done", max(told))
    if not is_newest:
        return Step("fetched", "untold", note="overtaken by a newer commit, or too long ago")
    if is_condition_true(source, "FetchFailed"):
        return Step("fetched", "failed", note=short((condition_of(source, "FetchFailed") or {}).get("message", "")))
    suspended = source["spec"].get("suspend")
    return Step("fetched", "waiting", note="its source is suspended" if suspended else "Git is asked once an interval")


def _tells_of(event: Object, source: Object, sha: str, subject: str) -> bool:
    """Whether an event is of this commit: by its revision, or where it has none by its words, which several share."""
    if event.get("reason") != "NewArtifact" or (event.get("involvedObject") or {}).get("uid") != uid_of(source):
        return False
    revision = annotations_of(event).get(_REVISION)
    return commit_of(revision) == sha if revision else event.get("message") == f"stored artifact for commit '{subject}'"


def _stored(event: Object) -> float:
    """When: events with the same words are counted in one, which keeps the revision and the first time of the first."""
    first = event.get("firstTimestamp") if annotations_of(event).get(_REVISION) else None
    return seconds_of(first) if first else when_of(event)


def _applied(flux: Reconciler, sha: str, fetched: float) -> Step:
    """As far as the Kustomization itself tells; ``waiting`` when it does not."""
    status, ready = flux.object.get("status") or {}, condition_of(flux.object, "Ready") or {}
    entry = _entry(status.get("history") or (), sha)
    if flux.revision == sha:
        return Step("applied", "done", _not_before(fetched, _before_checks(flux), _first(entry), _since(ready)))
    if commit_of(status.get("lastAttemptedRevision") or "") == sha:
        if ready.get("status") == "False" and ready.get("reason") not in _EARLY:
            return Step("applied", "failed", _since(ready), short(ready.get("message", "")))
        doing = (condition_of(flux.object, "Reconciling") or {}).get("message", "")
        return Step("applied", "now", _since(ready), short(doing))
    if entry and entry["lastReconciledStatus"] in (_SUCCEEDED, _UNHEALTHY):
        return Step("applied", "done", _not_before(fetched, _first(entry)))
    if entry:
        return Step("applied", "failed", _not_before(fetched, _first(entry)), entry["lastReconciledStatus"])
    return Step("applied", "waiting")


def _not_applied(flux: Reconciler, fetched: Step, *, is_newest: bool) -> Step:
    if not is_newest:
        return Step("applied", "untold", note=fetched.note or "overtaken by a newer commit, or too long ago")
    ready = condition_of(flux.object, "Ready") or {}
    if flux.object["spec"].get("suspend"):
        return Step("applied", "waiting", note="it is suspended")
    if ready.get("status") == "False" and fetched.outcome == "done":
        return Step("applied", "waiting", note=short(ready.get("message", "")))
    return Step("applied", "waiting", note="" if fetched.outcome == "done" else "after it is fetched")


def _healthy(flux: Reconciler, sha: str, applied: Step, fetched: float) -> Step:
    spec, status = flux.object["spec"], flux.object.get("status") or {}
    if not (spec.get("wait") or spec.get("healthChecks")):
        return _UNASKED
    if applied.outcome != "done":
        return Step("healthy", "untold" if applied.outcome == "untold" else "waiting", note="after it is applied")
    if commit_of(status.get("lastAttemptedRevision") or "") == sha:
        told = condition_of(flux.object, "Healthy") or {}
        outcome = {"True": "done", "False": "failed"}.get(told.get("status", ""), "now")
        return Step("healthy", outcome, _since(told), short(told.get("message", "")))
    entry = _entry(status.get("history") or (), sha)
    if entry is None:
        return Step("healthy", "untold")
    outcome = "failed" if entry["lastReconciledStatus"] == _UNHEALTHY else "done"
    return Step("healthy", outcome, _not_before(fetched, _first(entry)))


def _before_checks(flux: Reconciler) -> float:
    """When the health checks began: everything was applied by then."""
    healthy = condition_of(flux.object, "Healthy") or {}
    if healthy.get("status") == "Unknown":
        return _since(healthy)
    took = healthy.get("message", "").removeprefix(_PASSED)
    return _since(healthy) - seconds(took) if healthy.get("status") == "True" and took else 0.0


def _entry(history: Sequence[Object], sha: str) -> Object | None:
    return next(
        (each for each in history if commit_of((each.get("metadata") or {}).get("revision") or "") == sha), None
    )


def _first(entry: Object | None) -> float:
    return seconds_of(entry["firstReconciled"]) if entry else 0.0


def _not_before(fetched: float, *times: float) -> float:
    """The first of these times that can be the commit's own; 0 when none can. They are told in whole seconds."""
    return next((time for time in times if time and time > fetched - 1), 0.0)


def _since(condition: Object) -> float:
    text = condition.get("lastTransitionTime")
    return seconds_of(text) if text else 0.0
