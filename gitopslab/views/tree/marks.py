"""The two marks of an object: whether it works, and whether it is as in Git; each as its own tool answers. Pure.

Flux asks kstatus whether an object is what its spec asks for, and knows no sync status: that mark is what a comparison
with Git says. Argo CD answers both; a kind without a rule has no health.
"""

from __future__ import annotations

from gitopslab.gitops.health import argocd, kstatus
from gitopslab.machinery.objects import Object
from gitopslab.views.drift import Compared, Drift
from gitopslab.views.reconciler import FLUX, Reconciler
from gitopslab.views.tree.model import NOTHING, Mark

_HEALTH = {
    "Healthy": "ready", "Current": "ready",
    "Progressing": "notready", "InProgress": "notready",
    "Suspended": "pending", "Missing": "pending", "NotFound": "pending",
    "Degraded": "failed", "Failed": "failed",
    "Terminating": "terminating", "Unknown": "terminating",
}  # fmt: skip
_SYNC = {"Synced": "ready", "OutOfSync": "notready", "Unknown": "terminating"}
_SILENT = ("Resource is current", "Resource is always ready")


def health(tool: str, obj: Object | None) -> Mark:
    """Whether an object works, in the words of a tool; None is one that is not there."""
    if tool == FLUX:
        found = kstatus.health_of(obj)
        return Mark(_HEALTH[found.status], found.status, "" if found.message in _SILENT else found.message)
    if obj is None:
        return Mark(_HEALTH["Missing"], "Missing")
    told = argocd.health_of(obj)
    return NOTHING if told is None else Mark(_HEALTH[told.status], told.status, told.message)


def sync(reconciler: Reconciler, obj: Object, drift: Drift | None) -> Mark:
    """Whether an object that is owned is as in Git."""
    if reconciler.tool != FLUX:
        return _argo_sync(reconciler, obj)
    compared = _compared(obj, drift)
    if drift is None or not drift.commit or compared is None:
        return Mark("succeeded", "applied", "it is in the inventory; Git was not compared")
    differences = compared.drifted
    if not differences:
        return Mark("ready", "as in Git")
    if all(row.fate == "coming" for row in differences):
        return Mark("running", "a commit is coming")
    if any(row.state == "extra" and not row.path for row in differences):
        return Mark("notready", "not in Git", differences[0].outlook)
    return Mark("notready", "drifted", differences[0].outlook)


def differs(obj: Object, drift: Drift | None) -> tuple[str, ...]:
    """The fields of an object that are not as in Git."""
    compared = _compared(obj, drift)
    rows = compared.drifted if compared else ()
    return tuple(f"{row.path or 'the object'}: {row.git or 'nothing'} → {row.live or 'nothing'}" for row in rows)


def application_marks(application: Object) -> tuple[Mark, Mark]:
    """Health and sync of an Application, as it says itself."""
    status = application.get("status") or {}
    word = (status.get("health") or {}).get("status") or "Unknown"
    told = (status.get("sync") or {}).get("status") or "Unknown"
    errors = [each.get("message", "") for each in status.get("conditions") or ()]
    return Mark(_HEALTH.get(word, "terminating"), word), Mark(_SYNC.get(told, "terminating"), told, "; ".join(errors))


def _argo_sync(reconciler: Reconciler, obj: Object) -> Mark:
    resources = (reconciler.object.get("status") or {}).get("resources") or ()
    wanted = (obj.get("kind"), obj["metadata"].get("namespace"), obj["metadata"].get("name"))
    for each in resources:
        if (each.get("kind"), each.get("namespace"), each.get("name")) == wanted:
            word = each.get("status") or ""
            why = "it is not in Git any more" if each.get("requiresPruning") else ""
            return Mark(_SYNC.get(word, "terminating"), word, why) if word else NOTHING
    return NOTHING


def _compared(obj: Object, drift: Drift | None) -> Compared | None:
    wanted = (obj.get("kind"), obj["metadata"].get("namespace", ""), obj["metadata"].get("name"))
    several = drift.objects if drift else ()
    return next((each for each in several if (each.kind, each.namespace, each.name) == wanted), None)
