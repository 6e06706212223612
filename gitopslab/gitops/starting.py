"""Starts GitOps controllers, each one when its kind is there: a cluster without Flux or Argo CD has nothing of them.

The daemon adds a starter for each of the two to its manager. The packages ``flux`` and ``argocd`` are imported only
when the first of their kinds comes, so that a cluster without them starts fast and stays small.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from gitopslab.controlplane.runtime.api import WatchEvent
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.reconcile import DONE, Reconciler, Request, Result, Source
from gitopslab.machinery.objects import Object, is_condition_true, name_of

_DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io"


@dataclass(frozen=True, slots=True)
class Row:
    """A controller that may be started.

    Attributes:
        name: Of the controller.
        needs: The resources that must be there.
        make: Makes it.
    """

    name: str
    needs: tuple[str, ...]
    make: Callable[[], Reconciler]


class GitOpsStarter:
    """Adds a controller for each kind of a tool that the cluster has.

    Args:
        tool: ``flux`` or ``argocd``; the starter is named after it.
        groups: How the names of the tool's definitions end.
        manager: Runs the controllers.
        rows: Gives a row for each controller there is; asked when the first of the tool's kinds comes.
    """

    def __init__(self, tool: str, groups: str, manager: Manager, rows: Callable[[], Sequence[Row]]) -> None:
        self.name = f"{tool}-starter"
        self._request = Request("", tool)
        self._groups = groups
        self._manager = manager
        self._rows = rows
        self._known: Sequence[Row] = ()
        self._definitions = manager.informer(_DEFINITIONS)
        self._started: set[str] = set()
        self.sources: tuple[Source, ...] = (Source(_DEFINITIONS, self._asked),)

    def reconcile(self, request: Request) -> Result:
        """Start what has become possible."""
        there = {name_of(each) for each in self._definitions if _is_there(each)}
        self._known = self._known or self._rows()
        for row in self._known:
            if there.issuperset(row.needs) and row.name not in self._started:
                self._started.add(row.name)
                self._manager.add(row.make())
        return DONE

    def _asked(self, event: WatchEvent) -> Iterable[Request]:
        is_ours = name_of(event.object).endswith(self._groups) and _is_there(event.object)
        return (self._request,) if is_ours else ()


def _is_there(definition: Object) -> bool:
    return is_condition_true(definition, "Established")
