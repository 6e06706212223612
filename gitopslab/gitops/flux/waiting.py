"""Waits for what a Kustomization applied, as kstatus sees it: one look at a time, until all are current.

Source: ``fluxcd/pkg/ssa/manager_wait.go``. A look that finds a failed object ends the wait at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gitopslab.gitops.flux.apply import Applier
from gitopslab.gitops.flux.checks import NONE, Checks
from gitopslab.gitops.flux.marks import spoken
from gitopslab.gitops.health.kstatus import Status
from gitopslab.machinery.objects import Object, group_of

_APPS = "apps/v1"


@dataclass(frozen=True, slots=True)
class Look:
    """What one look found.

    Attributes:
        waiting: Objects that are not current yet, as ``Deployment/shop/web status: 'InProgress'``.
        failed: Those of them that have failed.
    """

    waiting: tuple[str, ...]
    failed: tuple[str, ...]

    @property
    def is_over(self) -> bool:
        """Whether everything is current."""
        return not self.waiting


def look(applier: Applier, objects: Iterable[Object], now: float, checks: Checks = NONE) -> Look:
    """How objects are now, in epoch seconds; kinds that ``checks`` has no rule for are as kstatus sees them."""
    waiting, failed = [], []
    for obj in objects:
        health = checks.health(applier.live(obj), now)
        status = health.status
        if status is Status.CURRENT or (status is Status.NOT_FOUND and is_passing(obj)):
            continue
        words = f"{spoken(obj)} status: '{status}'" + (f": {health.message}" if status is Status.UNKNOWN else "")
        waiting.append(words)
        if status is Status.FAILED:
            failed.append(words)
    return Look(tuple(waiting), tuple(failed))


def is_passing(obj: Object) -> bool:
    """Whether an object goes away by itself when it is done: a Job with a time to live."""
    return obj.get("kind") == "Job" and (obj.get("spec") or {}).get("ttlSecondsAfterFinished") is not None


def watched(kustomization: Object, applied: Iterable[Object]) -> list[Object]:
    """What a Kustomization waits for: all it applied (``wait``), or what ``healthChecks`` names; never itself."""
    spec = kustomization["spec"]
    there = list(applied)
    known = {(*_kind(obj), spoken(obj)): obj for obj in there}
    found = there if spec.get("wait") else [known.get((*_kind(obj), spoken(obj)), obj) for obj in _named(spec)]
    return [obj for obj in found if spoken(obj) != spoken(kustomization)]


def _kind(obj: Object) -> tuple[str, str]:
    return group_of(str(obj.get("apiVersion", ""))), str(obj.get("kind", ""))


def _named(spec: Object) -> list[Object]:
    return [
        {
            "apiVersion": check.get("apiVersion") or _APPS,
            "kind": check["kind"],
            "metadata": {"name": check["name"], "namespace": check.get("namespace", "")},
        }
        for check in spec.get("healthChecks") or ()
    ]
