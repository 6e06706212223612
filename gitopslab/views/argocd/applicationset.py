"""An ApplicationSet, as ``argocd appset`` shows it."""

from __future__ import annotations

from collections.abc import Sequence

from gitopslab.gitops.argocd.sources import sources_of
from gitopslab.machinery.objects import Object, name_of
from gitopslab.views.argocd.application import WIDE, is_automated, policy, source_lines
from gitopslab.views.argocd.words import labelled, moment, table
from gitopslab.views.grid import Grid


def appsets(objects: Sequence[Object], *, wide: bool = False) -> Grid:
    """``argocd appset list``: a row an ApplicationSet."""
    usual = ("Name", "Project", "SyncPolicy", "Health", "Conditions")
    columns = (*usual, *WIDE) if wide else usual
    return Grid(columns, tuple(_appset(obj)[: len(columns)] for obj in objects))


def details(appset: Object) -> str:
    """``argocd appset get``: its template, and its conditions."""
    template = {"metadata": appset["metadata"], "spec": appset["spec"]["template"].get("spec") or {}}
    spec, destination = template["spec"], template["spec"].get("destination") or {}
    health = ((appset.get("status") or {}).get("health") or {}).get("status", "")
    lines = [
        ("Name:", f"{appset['metadata'].get('namespace', '')}/{name_of(appset)}"),
        ("Project:", spec.get("project") or "default"),
        ("Server:", destination.get("server") or destination.get("name", "")),
        ("Namespace:", destination.get("namespace", "")),
        ("Health Status:", health),
        ("Source:", ""),
        *(line for source in sources_of(template["spec"]) for line in source_lines(source)),
        ("SyncPolicy:", policy(template) if is_automated(template) else "<none>"),
    ]
    conditions = (appset.get("status") or {}).get("conditions") or []
    rows = [
        (each["type"], each["status"], each["message"], moment(each.get("lastTransitionTime"))) for each in conditions
    ]
    told = table(("CONDITION", "STATUS", "MESSAGE", "LAST TRANSITION"), rows)
    return f"{labelled(lines)}\n\n{told}" if rows else labelled(lines)


def _appset(appset: Object) -> tuple[str, ...]:
    spec, status = appset["spec"], appset.get("status") or {}
    template = spec["template"].get("spec") or {}
    source = sources_of(template)[0]
    true = [each["type"] for each in status.get("conditions") or [] if each["status"] == "True"]
    return (
        f"{appset['metadata'].get('namespace', '')}/{name_of(appset)}",
        template.get("project", ""),
        (spec.get("syncPolicy") or {}).get("applicationsSync") or "<none>",
        (status.get("health") or {}).get("status", ""),
        ",".join(true) or "<none>",
        source.get("repoURL", ""),
        source.get("path", ""),
        source.get("targetRevision", ""),
    )
