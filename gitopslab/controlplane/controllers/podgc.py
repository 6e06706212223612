"""Removes pods that nobody will ever finish: those of nodes that are gone, and terminating ones that never had a node.

The manager calls it when a node disappears or a pod changed. A lost node is given 40 seconds to come back.

Upstream: ``pkg/controller/podgc``. Simplified: it acts on events, the real one looks every 20 seconds; the threshold of
12500 terminated pods is not kept.
"""

from __future__ import annotations

from collections.abc import Iterable

from gitopslab.controlplane.controllers.conditions import put
from gitopslab.controlplane.controllers.podstate import is_terminal, node_of
from gitopslab.controlplane.runtime.api import Api, WatchEvent
from gitopslab.controlplane.runtime.informer import by_node
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.errors import NotFoundError
from gitopslab.machinery.clock import Clock, timestamp
from gitopslab.machinery.objects import Object, is_terminating, key_of, name_of, namespace_of

_QUARANTINE = 40.0


class PodGarbageCollector:
    """Reconciles pods."""

    name = "pod-garbage-collector-controller"

    def __init__(self, api: Api, manager: Manager, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self._pods = manager.informer("pods")
        self._nodes = manager.informer("nodes")
        self._missed: dict[str, float] = {}
        self.sources: tuple[Source, ...] = (Source("nodes", self._gone), Source("pods", self._lost))

    def reconcile(self, request: Request) -> Result:
        """Remove a pod that is lost, or look again once its node has been missed for long enough."""
        pod = self._pods.get(request.name, request.namespace)
        if pod is None:
            return DONE
        if not node_of(pod):
            if is_terminating(pod):
                self._remove(pod)
            return DONE
        if self._nodes.get(node_of(pod)) is not None:
            self._missed.pop(node_of(pod), None)
            return DONE
        left = self._missed.setdefault(node_of(pod), self._clock.now()) + _QUARANTINE - self._clock.now()
        if left > 0:
            return Result(left)
        self._remove(self._marked(pod))
        return DONE

    def _marked(self, pod: Object) -> Object:
        """Tell on the pod why it goes, unless it had ended before."""
        if is_terminal(pod):
            return pod
        target = {
            "type": "DisruptionTarget",
            "status": "True",
            "lastTransitionTime": timestamp(self._clock.now()),
            "reason": "DeletionByPodGC",
            "message": "PodGC: node no longer exists",
        }
        conditions = put(pod.get("status", {}).get("conditions") or [], target)
        status = {**pod.get("status", {}), "phase": "Failed", "conditions": conditions}
        return self._api.update({**pod, "status": status}, "status")

    def _remove(self, pod: Object) -> None:
        try:
            self._api.delete("pods", name_of(pod), namespace_of(pod), grace_seconds=0)
        except NotFoundError:
            return

    def _gone(self, event: WatchEvent) -> Iterable[Request]:
        """The pods of a node that was deleted."""
        pods = self._pods.indexed(by_node, name_of(event.object)) if event.type == "DELETED" else ()
        return [Request(*key_of(pod)) for pod in pods]

    def _lost(self, event: WatchEvent) -> Iterable[Request]:
        node = node_of(event.object)
        is_lost = self._nodes.get(node) is None if node else is_terminating(event.object)
        return (Request(*key_of(event.object)),) if is_lost else ()
