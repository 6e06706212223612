"""Deletes pods from nodes with ``NoExecute`` taints that they do not tolerate, or no longer.

The manager calls it for pods whose node has such taints. A pod that tolerates them for a while (300 s for
``not-ready`` and ``unreachable``, by default) is deleted when that while has passed, unless the taint is gone by
then. Tainting is ``nodelifecycle``'s; replacing the pod is its owner's.

Upstream: ``pkg/controller/tainteviction``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from gitopslab.controlplane.controllers.conditions import put
from gitopslab.controlplane.runtime.api import Api, WatchEvent
from gitopslab.controlplane.runtime.informer import by_node
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.controlplane.runtime.recorder import Recorder
from gitopslab.errors import NotFoundError
from gitopslab.machinery.clock import Clock, timestamp
from gitopslab.machinery.objects import Object, is_terminating, key_of, name_of, namespace_of
from gitopslab.machinery.taints import is_tolerated, tolerates


def evicting(node: Object | None) -> list[Object]:
    """The taints of a node that drive pods away."""
    taints: list[Object] = (node or {}).get("spec", {}).get("taints") or []
    return [taint for taint in taints if taint.get("effect") == "NoExecute"]


def tolerated_seconds(taints: list[Object], tolerations: list[Object]) -> float:
    """How long a pod may stay with these taints: 0 when it must go at once, infinity when it may stay for ever."""
    if not all(is_tolerated(taint, tolerations) for taint in taints):
        return 0.0
    used = [toleration for toleration in tolerations if any(tolerates(toleration, taint) for taint in taints)]
    limits = [used_one["tolerationSeconds"] for used_one in used if used_one.get("tolerationSeconds") is not None]
    return max(0.0, float(min(limits))) if limits else math.inf


class TaintEvictionController:
    """Reconciles pods on tainted nodes."""

    name = "taint-eviction-controller"

    def __init__(self, api: Api, manager: Manager, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self._recorder = Recorder(api, clock, self.name)
        self._nodes = manager.informer("nodes")
        self._pods = manager.informer("pods")
        self._since: dict[Request, float] = {}
        self.sources: tuple[Source, ...] = (
            Source("nodes", self._on_node, previous=True),
            Source("pods", self._on_tainted),
        )

    def reconcile(self, request: Request) -> Result:
        """Delete a pod whose time on its node is up, or come back when it will be."""
        pod = self._pods.get(request.name, request.namespace)
        if pod is None:
            self._cancel(request)
            return DONE
        if is_terminating(pod):
            return DONE
        taints = evicting(self._nodes.get(pod["spec"].get("nodeName", "")))
        stay = tolerated_seconds(taints, pod["spec"].get("tolerations") or []) if taints else math.inf
        if math.isinf(stay):
            self._cancel(request)
            return DONE
        left = self._since.setdefault(request, self._clock.now()) + stay - self._clock.now()
        if left > 0:
            return Result(left)
        self._evict(request, pod)
        self._since.pop(request, None)
        return DONE

    def _cancel(self, request: Request) -> None:
        """Say of a pod that was to go later that it is not, because it may stay or is gone already."""
        if self._since.pop(request, None) is not None:
            self._say(request, "Cancelling deletion of Pod")

    def _evict(self, request: Request, pod: Object) -> None:
        self._say(request, "Marking for deletion Pod")
        target = {
            "type": "DisruptionTarget",
            "status": "True",
            "lastProbeTime": None,
            "lastTransitionTime": timestamp(self._clock.now()),
            "reason": "DeletionByTaintManager",
            "message": "Taint manager: deleting due to NoExecute taint",
        }
        change = {"status": {"conditions": put(pod.get("status", {}).get("conditions") or [], target)}}
        try:
            self._api.patch("pods", name_of(pod), change, namespace_of(pod), subresource="status")
            self._api.delete("pods", name_of(pod), namespace_of(pod))
        except NotFoundError:
            return

    def _say(self, request: Request, what: str) -> None:
        namespace, name = request
        about = {"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": namespace, "name": name}}  # and no uid
        self._recorder.event(about, "Normal", "TaintManagerEviction", f"{what} {namespace}/{name}")

    def _on_node(self, event: WatchEvent) -> Iterable[Request]:
        """The pods of a node that has or had taints to evict by."""
        if not evicting(event.object):
            return ()
        return [Request(*key_of(pod)) for pod in self._pods.indexed(by_node, name_of(event.object))]

    def _on_tainted(self, event: WatchEvent) -> Iterable[Request]:
        request = Request(*key_of(event.object))
        node = self._nodes.get(event.object["spec"].get("nodeName", ""))
        return (request,) if request in self._since or evicting(node) else ()
