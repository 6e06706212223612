"""An Application, as the ``argocd`` command shows it: in a list, with what it is, its operation, its history.

Called by ``lab.argocd``; good on any cluster. Words, columns and labels are those of the real command line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from gitopslab.gitops.argocd.sources import sources_of
from gitopslab.gitops.argocd.state import Key
from gitopslab.gitops.argocd.windows import can_sync, is_active
from gitopslab.machinery.clock import seconds_of
from gitopslab.machinery.objects import Object, name_of
from gitopslab.views.argocd.resources import resources, states
from gitopslab.views.argocd.words import duration, labelled, moment, table
from gitopslab.views.grid import Grid

_SHORT = 7
_COLUMNS = ("Name", "Cluster", "Namespace", "Project", "Status", "Health", "SyncPolicy", "Conditions")
WIDE = ("Repo", "Path", "Target")
_SHA = re.compile(r"[0-9a-f]{7,40}")


def apps(objects: Sequence[Object], *, wide: bool = False) -> Grid:
    """``argocd app list``: a row an application."""
    columns = (*_COLUMNS, *WIDE) if wide else _COLUMNS
    return Grid(columns, tuple(_app(obj)[: len(columns)] for obj in objects))


def details(app: Object, health: Mapping[Key, str], windows: Sequence[Object] = (), now: float = 0.0) -> str:
    """``argocd app get``: what it is, what is wrong with it, and its resources.

    Args:
        app: The Application.
        health: Of its resources, as far as they have any.
        windows: The sync windows of its project that are about it.
        now: Seconds since the epoch.
    """
    lines = [_summary(app, windows, now)]
    conditions = (app.get("status") or {}).get("conditions") or []
    if conditions:
        rows = [(each["type"], each["message"], moment(each.get("lastTransitionTime"))) for each in conditions]
        lines += ["", table(("CONDITION", "MESSAGE", "LAST TRANSITION"), rows), ""]
    found = states(app, health)
    return "\n".join([*lines, "", resources(found)] if found else lines)


def operation(app: Object, now: float) -> str:
    """What the last operation did: the block below ``argocd app sync``; empty when there was none."""
    state = (app.get("status") or {}).get("operationState")
    if not state:
        return ""
    lines = []
    if state.get("syncResult"):
        result = state["syncResult"]
        revision = ", ".join(result.get("revisions") or [result.get("revision", "")])
        lines += [("Operation:", "Sync"), ("Sync Revision:", revision)]
    began, ended = state.get("startedAt"), state.get("finishedAt")
    lasted = (seconds_of(ended) if ended else now) - seconds_of(began) if began else 0.0
    lines += [("Phase:", state.get("phase", "")), ("Start:", moment(began)), ("Finished:", moment(ended))]
    lines += [("Duration:", duration(lasted))]
    return labelled([*lines, *([("Message:", state["message"])] if state.get("message") else [])])


def history(app: Object) -> str:
    """``argocd app history``: what was deployed, oldest first, by repository."""
    by_url: dict[str, list[tuple[str, str, str]]] = {}
    for entry in (app.get("status") or {}).get("history") or []:
        sources = entry.get("sources") or [entry.get("source") or {}]
        revisions = entry.get("revisions") or [entry.get("revision", "")] * len(sources)
        for source, revision in zip(sources, revisions, strict=False):
            target = source.get("targetRevision", "")
            shown = f"{target} ({revision[:_SHORT]})" if len(revision) >= _SHORT else target
            row = (str(entry.get("id", 0)), moment(entry.get("deployedAt")), shown)
            by_url.setdefault(source.get("repoURL", ""), []).append(row)
    return "\n\n".join(table(("ID", "DATE", "REVISION"), rows, f"SOURCE  {url}") for url, rows in by_url.items())


def short_status(app: Object) -> str:
    """How an application is, in half a sentence."""
    status = app.get("status") or {}
    sync, health = (status.get("sync") or {}).get("status", ""), (status.get("health") or {}).get("status", "")
    conditions = "".join(f"; {each['type']}: {each['message']}" for each in status.get("conditions") or [])
    return f"is {sync or 'not compared yet'}{f' and {health}' if health else ''}{conditions}"


def is_automated(app: Object) -> bool:
    """Whether an application syncs by itself."""
    automated = (app["spec"].get("syncPolicy") or {}).get("automated")
    return automated is not None and automated.get("enabled") is not False


def policy(app: Object) -> str:
    """How one that syncs by itself does so."""
    automated = (app["spec"].get("syncPolicy") or {}).get("automated") or {}
    return f"Automated{' (Prune)' if automated.get('prune') else ''}"


def source_lines(source: Object) -> list[tuple[str, str]]:
    """Labels and texts that tell of a source."""
    lines = [("- Repo:", source.get("repoURL", "")), ("  Target:", source.get("targetRevision", ""))]
    if source.get("path"):
        lines.append(("  Path:", source["path"]))
    if (source.get("helm") or {}).get("valueFiles"):
        lines.append(("  Helm Values:", ",".join(source["helm"]["valueFiles"])))
    if (source.get("kustomize") or {}).get("namePrefix"):
        lines.append(("  Name Prefix:", source["kustomize"]["namePrefix"]))
    return lines


def _summary(app: Object, windows: Sequence[Object], now: float) -> str:
    spec, status = app["spec"], app.get("status") or {}
    destination = spec.get("destination") or {}
    lines = [
        ("Name:", f"{app['metadata'].get('namespace', '')}/{name_of(app)}"),
        ("Project:", spec.get("project") or "default"),
        ("Server:", destination.get("server") or destination.get("name", "")),
        ("Namespace:", destination.get("namespace", "")),
        ("Sources:" if spec.get("sources") else "Source:", ""),
        *(line for source in sources_of(app["spec"]) for line in source_lines(source)),
        *_window(app, windows, now),
        ("Sync Policy:", policy(app) if is_automated(app) else "Manual"),
        ("Sync Status:", _sync_status(app)),
        ("Health Status:", (status.get("health") or {}).get("status", "")),
    ]
    return labelled(lines)


def _window(app: Object, windows: Sequence[Object], now: float) -> list[tuple[str, str]]:
    """Whether sync windows let an application be synced now, and which there are."""
    if not windows:
        return [("SyncWindow:", "Sync Allowed")]
    kinds = {window.get("kind") for window in windows if is_active(window, now)}
    is_closed = "deny" in kinds or ("allow" not in kinds and any(each.get("kind") == "allow" for each in windows))
    word = "Sync Allowed"
    if is_closed:
        word = "Manual Allowed" if can_sync(windows, app, now, manual=True) else "Sync Denied"
    told = (f"{window.get('kind')}:{window.get('schedule')}:{window.get('duration')}" for window in windows)
    return [("SyncWindow:", word), ("Assigned Windows:", ",".join(told))]


def _sync_status(app: Object) -> str:
    sync, target = (app.get("status") or {}).get("sync") or {}, sources_of(app["spec"])[0].get("targetRevision", "")
    status, revision = sync.get("status", ""), sync.get("revision", "")
    words = {"Synced": f"Synced to {target}", "OutOfSync": f"OutOfSync from {target}"}.get(status, status)
    return words if _SHA.fullmatch(target) or len(revision) <= _SHORT else f"{words} ({revision[:_SHORT]})"


def _app(app: Object) -> tuple[str, ...]:
    spec, status = app["spec"], app.get("status") or {}
    destination, source = spec.get("destination") or {}, sources_of(app["spec"])[0]
    automated = (spec.get("syncPolicy") or {}).get("automated") or {}
    return (
        f"{app['metadata'].get('namespace', '')}/{name_of(app)}",
        destination.get("server") or destination.get("name", ""),
        destination.get("namespace", ""),
        spec.get("project") or "default",
        (status.get("sync") or {}).get("status", ""),
        (status.get("health") or {}).get("status", ""),
        ("Auto-Prune" if automated.get("prune") else "Auto") if is_automated(app) else "Manual",
        _conditions(status.get("conditions") or []),
        source.get("repoURL", ""),
        source.get("path", ""),
        source.get("targetRevision", ""),
    )


def _conditions(conditions: Sequence[Object]) -> str:
    kinds = [condition["type"] for condition in conditions]
    counted = [f"{kind}({kinds.count(kind)})" if kinds.count(kind) > 1 else kind for kind in sorted(set(kinds))]
    return ",".join(counted) or "<none>"
