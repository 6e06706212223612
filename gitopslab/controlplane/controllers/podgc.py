"""Removes pods that nobody will ever finish: those of nodes that are gone, and terminating ones that never had a node.

The manager calls it when a node or a pod changed. A lost node is given 40 seconds to come back; the pods of one that is
silent and out of service need only be terminating.

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
from gitopslab.machinery.objects import Object, is_condition_true, is_terminating, key_of, name_of, namespace_of

_QUARANTINE = 40.0
_OUT_OF_SERVICE = "node.kubernetes.io/out-of-service"


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
        if self._is_given_up(pod):
            self._remove(self._failed(pod))
        if not node_of(pod):
            return DONE
        if self._nodes.get(node_of(pod)) is not None:
            self._missed.pop(node_of(pod), None)
            return DONE
        left = self._missed.setdefault(node_of(pod), self._clock.now()) + _QUARANTINE - self._clock.now()
        if left > 0:
            return Result(left)
        self._remove(self._failed(pod, self._target(pod)))
        return DONE

    def _is_given_up(self, pod: Object) -> bool:
        """Whether a pod is to go and no kubelet sees to it."""
        if not is_terminating(pod):
            return False
        node = self._nodes.get(node_of(pod)) if node_of(pod) else None
        return not node_of(pod) or (node is not None and _is_out_of_service(node))

    def _failed(self, pod: Object, condition: Object | None = None) -> Object:
        """The pod as one that failed, unless it had ended before: what counts it waits for its end."""
        if is_terminal(pod):
            return pod
        status = {
            **pod.get("status", {}),
            "phase": "Failed",
            "observedGeneration": pod["metadata"].get("generation", 1),
        }
        if condition is not None:
            status["conditions"] = put(status.get("conditions") or [], condition)
        return self._api.update({**pod, "status": status}, "status")

    def _target(self, pod: Object) -> Object:
        return {
            "type": "DisruptionTarget",
            "observedGeneration": pod["metadata"].get("generation", 1),
            "status": "True",
            "lastTransitionTime": timestamp(self._clock.now()),
            "reason": "DeletionByPodGC",
            "message": "PodGC: node no longer exists",
        }

    def _remove(self, pod: Object) -> None:
        try:
            self._api.delete("pods", name_of(pod), namespace_of(pod), grace_seconds=0)
        except NotFoundError:
            return

    def _gone(self, event: WatchEvent) -> Iterable[Request]:
        """The pods of a node that was deleted or is out of service."""
        is_lost = event.type == "DELETED" or _is_out_of_service(event.object)
        pods = self._pods.indexed(by_node, name_of(event.object)) if is_lost else ()
        return [Request(*key_of(pod)) for pod in pods]

    def _lost(self, event: WatchEvent) -> Iterable[Request]:
        node = node_of(event.object)
        is_lost = (node and self._nodes.get(node) is None) or self._is_given_up(event.object)
        return (Request(*key_of(event.object)),) if is_lost else ()


def _is_out_of_service(node: Object) -> bool:
    """Whether somebody has said of a silent node that it will not come back."""
    taints = node.get("spec", {}).get("taints") or ()
    return not is_condition_true(node, "Ready") and any(taint["key"] == _OUT_OF_SERVICE for taint in taints)
