"""The kubelets' main loop: the pods of all simulated nodes.

The manager calls it for every pod that changed or whose time has come. It plays the pod (``play``), writes the status
when it changed, says the events, and removes a pod that has stopped. What it keeps in memory can be lost: after a
restart it goes on from the status of the pods. Leaves to others: nodes and their leases (``heartbeat``), which pod
goes where (the scheduler).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import cycle
from typing import Any

from gitopslab.controlplane.kubelet.admission import refusal, shortage
from gitopslab.controlplane.kubelet.config import Lookup
from gitopslab.controlplane.kubelet.life import NEVER, Happening, Life, Scene
from gitopslab.controlplane.kubelet.network import Addresses, internal_ip
from gitopslab.controlplane.kubelet.nodes import Nodes
from gitopslab.controlplane.kubelet.pace import Pace
from gitopslab.controlplane.kubelet.play import Turn, play
from gitopslab.controlplane.kubelet.runtime import Runtime
from gitopslab.controlplane.kubelet.stages import Stage
from gitopslab.controlplane.kubelet.status import FINAL
from gitopslab.controlplane.kubelet.tokens import PodTokens
from gitopslab.controlplane.runtime.api import Api, WatchEvent
from gitopslab.controlplane.runtime.informer import by_node
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.controlplane.runtime.recorder import Recorder
from gitopslab.errors import ApiError, NotFoundError
from gitopslab.machinery.clock import Clock
from gitopslab.machinery.objects import Object, annotations_of, copy_of, name_of, namespace_of, uid_of

MIRROR = "kubernetes.io/config.mirror"
"""Annotation of the pods that show a node's static pods in the API."""

_REMEMBERED = 4096  # events of all nodes together; client-go keeps as many for each kubelet

# Real nodes never act in lockstep: pods that arrive together start some moments apart, so that whoever watches them
# sees each one come, also on a busy machine. The same every time, so that a replay is the same.
_LATE = tuple(step * 0.01 for step in (0, 4, 1, 5, 2, 6, 3, 7))


def _bound(event: WatchEvent) -> Iterable[Request]:
    """Only pods on a node concern a kubelet."""
    pod = event.object
    return (Request(namespace_of(pod), name_of(pod)),) if pod["spec"].get("nodeName") else ()


class Agent:
    """Runs the pods of the simulated nodes.

    Args:
        api: Writes pods and events, as the kubelet.
        manager: Its informers are read.
        clock: The time.
        runtime: Runs the containers.
        lookup: Finds ConfigMaps, Secrets and claims.
        tokens: Issues tokens of service accounts.
        nodes: Which nodes are ours and alive, and their images.
        stages: The table of a container's life.
        pace: How long the kubelets' own work takes.
    """

    name = "kubelet"

    def __init__(
        self,
        api: Api,
        manager: Manager,
        clock: Clock,
        *,
        runtime: Runtime,
        lookup: Lookup,
        tokens: PodTokens,
        nodes: Nodes,
        stages: tuple[Stage, ...],
        pace: Pace,
    ) -> None:
        self.sources: tuple[Source, ...] = (
            Source("pods", _bound),
            Source("services", self._waiting),
            Source("endpoints", self._waiting),
        )
        self._api = api
        self._manager = manager
        self._clock = clock
        self._runtime = runtime
        self._lookup = lookup
        self._tokens = tokens
        self._nodes = nodes
        self._stages = stages
        self._pace = pace
        self._pods = manager.informer("pods")
        self._node_informer = manager.informer("nodes")
        self._services = manager.informer("services")
        self._addresses = Addresses()
        self._lives: dict[str, Life] = {}
        self._seen: dict[Request, Object] = {}
        self._recorder = Recorder(api, clock, "kubelet", remembered=_REMEMBERED)
        self._late = cycle(_LATE)

    def _waiting(self, event: WatchEvent) -> Iterable[Request]:
        """Pods whose programs wait for a name, of whatever Service."""
        return [Request(namespace_of(pod), name_of(pod)) for pod in self._runtime.waiting()]

    def reconcile(self, request: Request) -> Result:
        """Bring one pod forward to now."""
        pod = self._pods.get(request.name, request.namespace)
        known = self._seen.get(request)
        if known is not None and (pod is None or uid_of(pod) != uid_of(known)):
            self._forget(request, known)
        if pod is None or not pod["spec"].get("nodeName"):
            return DONE
        node = self._node_informer.get(pod["spec"]["nodeName"])
        if node is None or not self._nodes.are_ours(node):
            return DONE
        if not self._nodes.is_running(name_of(node)):
            return DONE  # ``look_around`` comes when it runs again
        self._seen[request] = pod
        return self._play(pod, node)

    def look_again(self, pod: Object) -> None:
        """Somebody was inside of a pod: play it now, and try again the probes that seemed settled."""
        life = self._lives.get(uid_of(pod))
        if life is not None:
            life.rearm(self._clock.now())
        self._manager.ask(self.name, Request(namespace_of(pod), name_of(pod)))

    def look_around(self, node: str, *, lost: bool = False) -> None:
        """A kubelet runs again: play the pods of its node, whose containers have ended if power was ``lost``."""
        for pod in self._pods.indexed(by_node, node):
            if lost:
                self._lives[uid_of(pod)] = Life(late=next(self._late), lost=True)
            elif (life := self._lives.get(uid_of(pod))) is not None:
                life.restoring = self._clock.now()
            self._manager.ask(self.name, Request(namespace_of(pod), name_of(pod)))

    def go_dark(self, node: str) -> None:
        """A node has no power any more: what runs on it ends, and nobody is there to say so."""
        for pod in self._pods.indexed(by_node, node):
            self._runtime.cut(uid_of(pod))

    def breaks(self, component: str) -> None:
        """The manifest of a static pod was spoiled: its container ends, and ends again after every restart."""
        self._nodes.broken.add(component)
        for pod in self._static(component):
            self._manager.ask(self.name, Request(namespace_of(pod), name_of(pod)))

    def mend(self, component: str) -> None:
        """The manifest is as it was; a kubelet that finds a changed one makes the pod anew."""
        self._nodes.broken.discard(component)
        for pod in self._static(component):
            if self._nodes.is_running(pod["spec"]["nodeName"]) and _is_down(pod):
                self._remove(pod)

    def _static(self, component: str) -> list[Object]:
        return [pod for pod in self._pods if _is_static(pod, component)]

    def address_of(self, pod: Object) -> str:
        """The address of a pod, also before its status shows it."""
        life = self._lives.get(uid_of(pod))
        address: str = pod.get("status", {}).get("podIP") or (life.address if life else "")
        return address

    def _play(self, pod: Object, node: Object) -> Result:
        life = self._lives.get(uid_of(pod))
        if life is None:
            life = self._lives[uid_of(pod)] = Life(late=next(self._late))
        turn = play(pod, life, self._scene(pod, node))
        try:
            self._write(pod, turn)
        except ApiError:
            self._lives.pop(uid_of(pod), None)  # begin again from what is stored
            raise
        for happening in turn.events:
            self._say(pod, node, happening)
        if turn.gone:
            self._remove(pod)
        elif pod.get("status", {}).get("phase") in FINAL:
            self._release(pod)
        return DONE if turn.due == NEVER else Result(requeue_after=max(0.0, turn.due - self._clock.now()))

    def _scene(self, pod: Object, node: Object) -> Scene:
        name = name_of(node)
        return Scene(
            now=self._clock.now(),
            host=internal_ip(node),
            runtime=self._runtime,
            stages=self._stages,
            pace=self._pace,
            lookup=self._lookup,
            services=self._services.list,
            tokens=self._tokens,
            present=lambda image: self._nodes.has_image(node, image),
            keep=lambda image: self._nodes.keep_image(node, image),
            address=self._address_giver(pod, node, name),
            refusal=lambda: None if MIRROR in annotations_of(pod) else refusal(pod, node, self._beside(pod, name)),
            shortage=lambda: shortage(pod, node, self._beside(pod, name)),
            broken=any(_is_static(pod, component) for component in self._nodes.broken),
        )

    def _beside(self, pod: Object, node: str) -> list[Object]:
        """The other pods of the node that its kubelet has taken and that have not finished."""
        return [
            other
            for other in self._pods.indexed(by_node, node)
            if uid_of(other) != uid_of(pod) and other.get("status", {}).get("phase") not in FINAL and self._took(other)
        ]

    def _took(self, pod: Object) -> bool:
        life = self._lives.get(uid_of(pod))
        return bool(pod.get("status", {}).get("startTime")) or (life is not None and life.taken)

    def _address_giver(self, pod: Object, node: Object, name: str) -> Callable[[], str]:
        def give() -> str:
            if pod["spec"].get("hostNetwork"):
                return internal_ip(node)
            if not self._addresses.knows(name):
                self._addresses.read(name, self._pods.indexed(by_node, name))
            return self._addresses.give(node, uid_of(pod))

        return give

    def _write(self, pod: Object, turn: Turn) -> None:
        if turn.status is not None:
            self._api.update({**pod, "status": turn.status}, "status")

    def _say(self, pod: Object, node: Object, happening: Happening) -> None:
        recorder = self._recorder.at(name_of(node))
        recorder.event(pod, happening.type, happening.reason, happening.message, field=happening.field)

    def _remove(self, pod: Object) -> None:
        """Confirm that a pod has stopped; a static pod is shown anew, since its file is still on the node."""
        try:
            self._api.delete("pods", name_of(pod), namespace_of(pod), grace_seconds=0, uid=uid_of(pod))
        except NotFoundError:
            return
        if MIRROR in annotations_of(pod) and not pod["metadata"].get("finalizers"):
            self._api.create(_shown_anew(pod))

    def _forget(self, request: Request, pod: Object) -> None:
        del self._seen[request]
        self._lives.pop(uid_of(pod), None)
        self._runtime.forget(uid_of(pod))
        self._tokens.forget(uid_of(pod))
        self._release(pod)

    def _release(self, pod: Object) -> None:
        """Give the address back; a pod that has finished holds none, though its status goes on showing it."""
        self._addresses.free(pod["spec"]["nodeName"], uid_of(pod))


def _is_static(pod: Object, component: str) -> bool:
    return MIRROR in annotations_of(pod) and pod["spec"]["containers"][0]["name"] == component


def _is_down(pod: Object) -> bool:
    states = [entry.get("state", {}) for entry in pod.get("status", {}).get("containerStatuses") or ()]
    return any(
        "terminated" in state or state.get("waiting", {}).get("reason") == "CrashLoopBackOff" for state in states
    )


def _shown_anew(pod: Object) -> Object:
    """The mirror pod of the same static pod."""
    kept = ("name", "namespace", "labels", "annotations", "ownerReferences")
    metadata: dict[str, Any] = {key: pod["metadata"][key] for key in kept if key in pod["metadata"]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": copy_of(metadata), "spec": copy_of(pod["spec"])}
