"""Warnings about Deployments, ReplicaSets, StatefulSets, DaemonSets and PodTemplates."""

from __future__ import annotations

from collections.abc import Iterable

from gitopslab.controlplane.server.equality import same
from gitopslab.controlplane.server.warnings.pods import of_name, of_template
from gitopslab.controlplane.server.warnings.storage import of_claim_spec
from gitopslab.machinery.objects import Object


def changed(obj: Object, before: Object | None) -> bool:
    """Whether the wish is a new one, which is what a look at the template is worth."""
    return before is None or obj["metadata"].get("generation") != before["metadata"].get("generation")


def of_named(workload: Object, before: Object | None) -> Iterable[str]:
    """A kind whose name is part of its pods' names."""
    if before is None:
        yield from of_name(workload, "Pod names and hostnames")
    if changed(workload, before):
        yield from of_template(workload["spec"].get("template") or {}, "spec.template")


def of_pod_template(found: Object, before: Object | None) -> Iterable[str]:
    """The template, when it is a new one."""
    if changed(found, before):
        yield from of_template(found.get("template") or {}, "template")


def of_daemon_set(daemon_set: Object, before: Object | None) -> Iterable[str]:
    """Only the template, when it is a new one."""
    template = daemon_set["spec"].get("template") or {}
    if before is None or not same(template, before["spec"].get("template")):
        yield from of_template(template, "spec.template")


def of_stateful_set(stateful_set: Object, before: Object | None) -> Iterable[str]:
    """The template, the claims and the history."""
    spec = stateful_set["spec"]
    if changed(stateful_set, before):
        yield from of_template(spec.get("template") or {}, "spec.template")
    for index, claim in enumerate(spec.get("volumeClaimTemplates") or ()):
        path = f"spec.volumeClaimTemplates[{index}]{'.Spec' if before is not None else ''}"
        yield from of_claim_spec(claim.get("spec") or {}, path)
    if (spec.get("revisionHistoryLimit") or 0) < 0:
        yield (
            "spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended"
        )
