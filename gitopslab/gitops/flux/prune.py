"""Deletes what a Kustomization owned and no longer has in Git.

Each candidate is looked at first: it is left alone unless its labels still name this Kustomization, and where it says
that it is not to be pruned. Source: ``kustomize-controller``'s ``prune`` and ``fluxcd/pkg/ssa/manager_delete.go``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from gitopslab.errors import ApiError
from gitopslab.gitops.flux.apply import DELETED, SKIPPED, Action, Applier
from gitopslab.gitops.flux.marks import is_owned, says, spoken
from gitopslab.gitops.flux.order import in_order
from gitopslab.gitops.inventory import Entry
from gitopslab.machinery.objects import Object


@dataclass(slots=True)
class Pruned:
    """What came of it.

    Attributes:
        actions: What was deleted, is gone already, or was skipped.
        refused: What would not go; it stays in the inventory.
        errors: Why not.
    """

    actions: list[Action] = field(default_factory=list)
    refused: list[Entry] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def message(self) -> str:
        """Flux's words for what went wrong."""
        return "delete failed, errors: " + "".join(f"{error};" for error in self.errors)


def prune(applier: Applier, kustomization: Object, entries: Sequence[Entry]) -> Pruned:
    """Delete the objects of inventory entries, those applied last first."""
    found = Pruned()
    by_object = {spoken(entry.object) + entry.id: entry for entry in entries}
    for obj in reversed(in_order(entry.object for entry in by_object.values())):
        doing = "query"
        try:
            live = applier.looked_up(obj)
            is_left = live is not None and (not is_owned(live, kustomization) or _is_kept(live))
            doing = "delete"
            if live is not None and not is_left:
                applier.delete(live)
        except ApiError as error:
            found.refused.append(Entry.of(obj))
            found.errors.append(f"{spoken(obj)} {doing} failed: {error.message}")
            continue
        found.actions.append(Action(live or obj, SKIPPED if is_left else DELETED))
    return found


def _is_kept(live: Object) -> bool:
    return says(live, "prune", "disabled") or says(live, "reconcile", "disabled") or says(live, "ssa", "Ignore")
