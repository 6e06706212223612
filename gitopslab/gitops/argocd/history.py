"""``status.history``: what was deployed when, oldest first, and not more than ``revisionHistoryLimit`` of it.

Source: ``persistRevisionHistory`` in ``controller/state.go``.
"""

from __future__ import annotations

from gitopslab.gitops.argocd.kinds import NO_SOURCE
from gitopslab.machinery.clock import timestamp
from gitopslab.machinery.objects import Object

_LIMIT = 10


def recorded(app: Object, state: Object, now: float) -> list[Object]:
    """The history with one deployment more.

    Args:
        app: The Application.
        state: Of the operation that has succeeded.
        now: Seconds since the epoch.
    """
    known = (app.get("status") or {}).get("history") or []
    result = state["syncResult"]
    entry = {
        "id": known[-1]["id"] + 1 if known else 0,
        **{field: result[field] for field in ("revision", "revisions", "source", "sources") if result.get(field)},
        **({"source": NO_SOURCE} if result.get("sources") else {}),
        "deployStartedAt": state["startedAt"],
        "deployedAt": timestamp(now),
        "initiatedBy": state["operation"].get("initiatedBy") or {},
    }
    return trimmed([*known, entry], app["spec"].get("revisionHistoryLimit"))


def trimmed(history: list[Object], limit: int | None) -> list[Object]:
    """The newest entries; ten of them when nobody says how many."""
    kept = max(_LIMIT if limit is None else limit, 0)
    return history[max(len(history) - kept, 0) :]
