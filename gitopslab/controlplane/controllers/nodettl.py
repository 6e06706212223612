"""Tells kubelets, in an annotation of their nodes, how long they may keep Secrets and ConfigMaps without asking again.

The more nodes, the longer. The manager calls it with a node that changed. Upstream: ``pkg/controller/ttl``.
"""

from __future__ import annotations

from collections.abc import Iterable

from gitopslab.controlplane.runtime.api import Api, WatchEvent
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source, own_key
from gitopslab.machinery.clock import Clock
from gitopslab.machinery.objects import annotations_of, is_terminating, name_of

_ANNOTATION = "node.alpha.kubernetes.io/ttl"
_STEPS = ((100, 0), (500, 15), (1000, 30), (2000, 60))
_LONGEST = 300  # seconds


class NodeTtlController:
    """Reconciles nodes to the annotation."""

    name = "ttl-controller"

    def __init__(self, api: Api, manager: Manager, clock: Clock) -> None:
        self._api = api
        self._nodes = manager.informer("nodes")
        self.sources: tuple[Source, ...] = (Source("nodes", self._asking),)

    def reconcile(self, request: Request) -> Result:
        """Write the annotation of one node."""
        node = self._nodes.get(request.name)
        wanted = str(self._seconds())
        if node is not None and not is_terminating(node) and annotations_of(node).get(_ANNOTATION) != wanted:
            self._api.patch("nodes", request.name, {"metadata": {"annotations": {_ANNOTATION: wanted}}})
        return DONE

    def _seconds(self) -> int:
        """Simplified: the real one changes back only when there are ten per cent fewer nodes."""
        count = sum(1 for _ in self._nodes)
        return next((seconds for most, seconds in _STEPS if count <= most), _LONGEST)

    def _asking(self, event: WatchEvent) -> Iterable[Request]:
        """A node that changed; all of them when there are more or fewer."""
        if event.type == "MODIFIED":
            return own_key(event)
        return [Request("", name_of(node)) for node in self._nodes]
