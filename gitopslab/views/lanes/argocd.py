"""The lane of Argo CD: what the application controller tells of each commit. Pure.

Facts: ``status.sync.revision`` is the commit that was compared, ``status.history`` the last ten that were deployed,
``operationState`` the newest sync. An earlier comparison leaves no trace of its own.
"""

from __future__ import annotations

from collections.abc import Sequence

from gitopslab.machinery.clock import seconds_of
from gitopslab.machinery.objects import Object
from gitopslab.views.lanes.model import Drifted, Lane, Step
from gitopslab.views.reconciler import ARGO, Reconciler

_HEALTH = {
    "Healthy": "done", "Progressing": "now", "Suspended": "now", "Degraded": "failed", "Missing": "waiting",
    "Unknown": "failed",
}  # fmt: skip
_UNFINISHED = ("Running", "Terminating")
_OVERTAKEN = "overtaken by a newer commit, or too long ago"


def lane(argo: Reconciler) -> Lane:
    """How an Application stands now."""
    status = argo.object.get("status") or {}
    synced, health = (status.get("sync") or {}).get("status", ""), (status.get("health") or {}).get("status", "")
    errors = [each["message"] for each in status.get("conditions") or () if each.get("type", "").endswith("Error")]
    revision = (status.get("sync") or {}).get("revision") or ""
    words = f"{synced} {'to' if synced == 'Synced' else 'from'} {revision[:8]}, {health}" if synced else ""
    return Lane(
        ARGO, argo.title, _state(synced, health, errors), (errors or [words or "not compared yet"])[0], _facts(argo)
    )


def drifted(argo: Reconciler) -> tuple[Drifted, ...]:
    """What Argo CD itself says is not as in Git, object by object."""
    found = [
        each for each in (argo.object.get("status") or {}).get("resources") or () if each.get("status") == "OutOfSync"
    ]
    return tuple(
        Drifted("/".join(filter(None, (each.get("kind"), each.get("namespace"), each.get("name")))), "",
                "is not in Git" if each.get("requiresPruning") else "OutOfSync", "", "")
        for each in found
    )  # fmt: skip


def steps(argo: Reconciler, sha: str, *, is_newest: bool) -> tuple[Step, ...]:
    """What became of one commit."""
    synced = _synced(argo, sha, is_newest=is_newest)
    return _compared(argo, sha, synced, is_newest=is_newest), synced, _healthy(argo, sha, synced)


def _state(synced: str, health: str, errors: Sequence[str]) -> str:
    if errors or health in ("Degraded", "Unknown") or synced == "Unknown":
        return "failed"
    if health in ("Progressing", "Suspended"):
        return "running"
    return "ready" if synced == "Synced" else "notready"


def _facts(argo: Reconciler) -> tuple[str, ...]:
    automated = ((argo.object.get("spec") or {}).get("syncPolicy") or {}).get("automated")
    if automated is None or automated.get("enabled") is False:
        return ("compares every 2 to 3 minutes", "syncs are manual")
    return (
        "compares every 2 to 3 minutes",
        "syncs by itself",
        "prunes" if automated.get("prune") else "does not prune",
        "heals itself" if automated.get("selfHeal") else "does not heal itself",
    )


def _compared(argo: Reconciler, sha: str, synced: Step, *, is_newest: bool) -> Step:
    status = argo.object.get("status") or {}
    if (status.get("sync") or {}).get("revision") == sha:
        # reconciledAt moves with every comparison; the sync that followed the first one tells more.
        began = _began(argo, sha)
        now = status.get("reconciledAt")
        return Step("compared", "done", began or (seconds_of(now) if now else 0.0))
    if synced.outcome in ("done", "now", "failed"):
        return Step("compared", "done", _began(argo, sha))
    if not is_newest:
        return Step("compared", "untold", note=_OVERTAKEN)
    error = next((each for each in status.get("conditions") or () if each.get("type") == "ComparisonError"), None)
    if error is not None:
        return Step("compared", "failed", note=error["message"])
    return Step("compared", "waiting", note="at the next refresh")


def _synced(argo: Reconciler, sha: str, *, is_newest: bool) -> Step:
    status = argo.object.get("status") or {}
    operation = status.get("operationState") or {}
    phase = operation.get("phase", "")
    if _revision(operation) == sha and phase != "Succeeded":
        began, ended = operation.get("startedAt"), operation.get("finishedAt")
        outcome = "now" if phase in _UNFINISHED else "failed"
        text = began if outcome == "now" else ended or began
        return Step("synced", outcome, seconds_of(text) if text else 0.0, operation.get("message", ""))
    entry = _entry(status.get("history") or (), sha)
    if entry is not None:
        return Step("synced", "done", seconds_of(entry["deployedAt"]))
    if _revision(operation) == sha and operation.get("finishedAt"):
        return Step("synced", "done", seconds_of(operation["finishedAt"]), operation.get("message", ""))
    sync = status.get("sync") or {}
    if sync.get("revision") == sha and sync.get("status") == "Synced":
        return Step("synced", "done", note="it changes nothing here")
    if not is_newest:
        return Step("synced", "untold", note=_OVERTAKEN)
    if sync.get("revision") != sha:
        return Step("synced", "waiting", note="after it is compared")
    return Step("synced", "waiting", note="" if argo.repair.is_done else argo.repair.words)


def _healthy(argo: Reconciler, sha: str, synced: Step) -> Step:
    status = argo.object.get("status") or {}
    if synced.outcome == "untold" or (synced.outcome == "done" and (status.get("sync") or {}).get("revision") != sha):
        return Step("healthy", "untold", note="Argo CD tells only of the commit that is there now")
    if synced.outcome != "done":
        return Step("healthy", "waiting", note="after it is synced")
    health = status.get("health") or {}
    word = health.get("status", "")
    text = health.get("lastTransitionTime")
    changed = seconds_of(text) if text else 0.0
    return Step("healthy", _HEALTH.get(word, "now"), max(changed, synced.seconds), "" if word == "Healthy" else word)


def _began(argo: Reconciler, sha: str) -> float:
    status = argo.object.get("status") or {}
    entry = _entry(status.get("history") or (), sha)
    text = (entry or {}).get("deployStartedAt")
    operation = status.get("operationState") or {}
    if not text and _revision(operation) == sha:
        text = operation.get("startedAt")
    return seconds_of(text) if text else 0.0


def _revision(operation: Object) -> str:
    """The commit of a sync: what it brought, or while it runs what it is to bring."""
    done = (operation.get("syncResult") or {}).get("revision")
    asked = ((operation.get("operation") or {}).get("sync") or {}).get("revision")
    return str(done or asked or "")


def _entry(history: Sequence[Object], sha: str) -> Object | None:
    return next((each for each in reversed(history) if each.get("revision") == sha), None)
