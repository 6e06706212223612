"""Starts Flux's controllers, each one when its kind is there: a cluster without Flux has nothing of it.

The daemon adds it to its manager. The rest of this package is imported only when the first of Flux's kinds comes, so
that a cluster without them starts fast and stays small.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from gitopslab.controlplane.runtime.api import WatchEvent
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.reconcile import DONE, Reconciler, Request, Result, Source
from gitopslab.machinery.objects import Object, is_condition_true, name_of

_DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io"
_FLUX = ".toolkit.fluxcd.io"


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


class FluxStarter:
    """Adds a controller for each of Flux's kinds that the cluster has.

    Args:
        manager: Runs them.
        rows: Gives a row for each controller there is; asked when the first of Flux's kinds comes.
    """

    name = "flux-starter"

    def __init__(self, manager: Manager, rows: Callable[[], Sequence[Row]]) -> None:
        self._manager = manager
        self._rows = rows
        self._known: Sequence[Row] = ()
        self._definitions = manager.informer(_DEFINITIONS)
        self._started: set[str] = set()
        self.sources: tuple[Source, ...] = (Source(_DEFINITIONS, _if_flux),)

    def reconcile(self, request: Request) -> Result:
        """Start what has become possible."""
        there = {name_of(each) for each in self._definitions if _is_there(each)}
        self._known = self._known or self._rows()
        for row in self._known:
            if there.issuperset(row.needs) and row.name not in self._started:
                self._started.add(row.name)
                self._manager.add(row.make())
        return DONE


def _if_flux(event: WatchEvent) -> Iterable[Request]:
    return (Request("", "flux"),) if name_of(event.object).endswith(_FLUX) and _is_there(event.object) else ()


def _is_there(definition: Object) -> bool:
    return is_condition_true(definition, "Established")
