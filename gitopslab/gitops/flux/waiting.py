"""Waits for what a Kustomization applied, as kstatus sees it: one look at a time, until all are current.

Source: ``fluxcd/pkg/ssa/manager_wait.go``. A look that finds a failed object ends the wait at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gitopslab.gitops.flux.apply import Applier
from gitopslab.gitops.flux.marks import spoken
from gitopslab.gitops.health.kstatus import Status, health_of
from gitopslab.machinery.objects import Object

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


def look(applier: Applier, objects: Iterable[Object]) -> Look:
    """How objects are now."""
    waiting, failed = [], []
    for obj in objects:
        status = health_of(applier.live(obj)).status
        if status is Status.CURRENT:
            continue
        words = f"{spoken(obj)} status: '{status}'"
        waiting.append(words)
        if status is Status.FAILED:
            failed.append(words)
    return Look(tuple(waiting), tuple(failed))


def watched(kustomization: Object, applied: Iterable[Object]) -> list[Object]:
    """What a Kustomization waits for: all it applied (``wait``), or what ``healthChecks`` names; never itself."""
    spec = kustomization["spec"]
    found = applied if spec.get("wait") else _named(spec)
    return [obj for obj in found if spoken(obj) != spoken(kustomization)]


def _named(spec: Object) -> list[Object]:
    return [
        {
            "apiVersion": check.get("apiVersion") or _APPS,
            "kind": check["kind"],
            "metadata": {"name": check["name"], "namespace": check.get("namespace", "")},
        }
        for check in spec.get("healthChecks") or ()
    ]
