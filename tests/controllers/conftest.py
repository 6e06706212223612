"""A cluster of API server and controllers only, with a stand-in that plays scheduler and kubelets."""

from __future__ import annotations

from itertools import count

import pytest

from gitopslab.controlplane.controllers import controllers
from gitopslab.controlplane.runtime.api import Api
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.controlplane.server.local import LocalApi
from gitopslab.controlplane.server.options import Caller
from gitopslab.controlplane.server.store import Store
from gitopslab.controlplane.server.verbs import Verbs
from gitopslab.errors import NotFoundError
from gitopslab.machinery.clock import JumpableClock, micro_timestamp, timestamp
from gitopslab.machinery.node_selector import required_nodes
from gitopslab.machinery.objects import Object, is_terminating, labels_of, name_of

ADMIN = Caller("admin", ("system:masters",), "test")


class Stage:
    """Puts every pod on a node that suits and makes it run, end or hang as its image says.

    ``broken`` never starts, ``slow`` starts when told by ``wake``, ``ok`` and ``fail`` end at once.
    """

    name = "stage"

    def __init__(self, api: Api, manager: Manager, clock: JumpableClock) -> None:
        self._api = api
        self._clock = clock
        self._pods = manager.informer("pods")
        self._nodes = manager.informer("nodes")
        self._turn = count()
        self.stuck: set[str] = set()
        self.sources: tuple[Source, ...] = (Source("pods"),)

    def reconcile(self, request: Request) -> Result:
        pod = self._pods.get(request.name, request.namespace)
        if pod is None or pod["spec"].get("nodeName") in self.stuck:
            return DONE
        if is_terminating(pod):
            if not pod["metadata"].get("finalizers"):
                self._api.delete("pods", request.name, request.namespace, grace_seconds=0)
        elif not pod["spec"].get("nodeName"):
            self._place(pod, request)
        elif pod["status"].get("phase") == "Pending":
            self._start(pod, request)
        return DONE

    def _place(self, pod: Object, request: Request) -> None:
        wanted = required_nodes(pod["spec"])
        fitting = [name_of(node) for node in self._nodes if wanted.matches(labels_of(node), name_of(node))]
        fitting = [name for name in fitting if name not in self.stuck]
        if fitting:
            self._api.bind(request.name, request.namespace, sorted(fitting)[next(self._turn) % len(fitting)])

    def _start(self, pod: Object, request: Request) -> None:
        image = pod["spec"]["containers"][0]["image"]
        if image == "broken":
            return
        phase = {"ok": "Succeeded", "fail": "Failed"}.get(image, "Running")
        now = timestamp(self._clock.now())
        ready = {"type": "Ready", "status": "True" if phase == "Running" else "False", "lastTransitionTime": now}
        terminated = {"exitCode": 1 if phase == "Failed" else 0, "startedAt": now, "finishedAt": now}
        state = {"running": {"startedAt": now}} if phase == "Running" else {"terminated": terminated}
        container = {"name": pod["spec"]["containers"][0]["name"], "state": state, "restartCount": 0}
        number = next(self._turn)
        status = {
            **pod["status"],
            "phase": phase,
            "podIP": f"10.244.{number // 250}.{number % 250 + 1}",
            "startTime": now,
            "containerStatuses": [container],
            "conditions": [*pod["status"].get("conditions", []), ready],
        }
        self._api.update({**pod, "status": {**status, "podIPs": [{"ip": status["podIP"]}]}}, "status")


class Heartbeat:
    """Renews the leases of nodes that are not ``silent``."""

    name = "heartbeat"

    def __init__(self, api: Api, manager: Manager, clock: JumpableClock) -> None:
        self._api = api
        self._clock = clock
        self.silent: set[str] = set()
        self.sources: tuple[Source, ...] = (Source("nodes"),)

    def reconcile(self, request: Request) -> Result:
        if request.name not in self.silent:
            spec = {"holderIdentity": request.name, "renewTime": micro_timestamp(self._clock.now())}
            self._api.patch("leases.coordination.k8s.io", request.name, {"spec": spec}, "kube-node-lease")
        return Result(10.0)


class Cluster:
    """Verbs for tests: ``apply`` objects, ``settle``, look."""

    def __init__(self, clock: JumpableClock, *, quick: bool = False) -> None:
        self.clock = clock
        self._store = Store(":memory:")
        self.verbs = Verbs(self._store, clock)
        self.api: Api = LocalApi(self.verbs, ADMIN)
        self.manager = Manager(self.api, clock)
        self._bootstrap()
        self.stage = Stage(self.api, self.manager, clock)
        self.heartbeat = Heartbeat(self.api, self.manager, clock)
        self.reconcilers = controllers(self._api_for, self.manager, clock, root_ca="CERTIFICATE", quick=quick)
        for reconciler in (*self.reconcilers, self.stage, self.heartbeat):
            self.manager.add(reconciler)
        self.settle()

    def _api_for(self, component: str) -> Api:
        return LocalApi(self.verbs, Caller(component, ("system:masters",), "kube-controller-manager"))

    def _bootstrap(self) -> None:
        for name in ("default", "kube-system", "kube-node-lease"):
            self.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        for index, zone in enumerate("abc"):
            self.add_node(f"n{index + 1}", zone=f"zone-{zone}")

    def add_node(self, name: str, *, zone: str = "zone-a", taints: list[Object] | None = None) -> None:
        ready = {
            "type": "Ready",
            "status": "True",
            "reason": "KubeletReady",
            "message": "kubelet is posting ready status",
        }
        labels = {"kubernetes.io/hostname": name, "topology.kubernetes.io/zone": zone}
        spec = {"taints": taints} if taints else {}
        status = {"conditions": [ready], "allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"}}
        self.create(
            {
                "apiVersion": "v1",
                "kind": "Node",
                "metadata": {"name": name, "labels": labels},
                "spec": spec,
                "status": status,
            }
        )
        lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease"}
        self.create({**lease, "metadata": {"name": name, "namespace": "kube-node-lease"}, "spec": {}})

    def create(self, obj: Object) -> Object:
        return self.api.create(obj)

    def settle(self) -> None:
        self.manager.settle()

    def advance(self, seconds: float) -> None:
        self.manager.advance(seconds)

    def get(self, resource: str, name: str, namespace: str = "default") -> Object:
        return self.api.get(resource, name, namespace)

    def has(self, resource: str, name: str, namespace: str = "default") -> bool:
        try:
            self.api.get(resource, name, namespace)
        except NotFoundError:
            return False
        return True

    def list(self, resource: str, namespace: str = "default", labels: str = "") -> list[Object]:
        return self.api.list(resource, namespace, labels=labels)

    def patch(self, resource: str, name: str, change: Object, namespace: str = "default") -> Object:
        found = self.api.patch(resource, name, change, namespace)
        self.settle()
        return found

    def delete(
        self, resource: str, name: str, namespace: str = "default", propagation: str | None = "Background"
    ) -> None:
        self.api.delete(resource, name, namespace, propagation=propagation)  # type: ignore[arg-type]
        self.settle()

    def events(self, kind: str, namespace: str = "default") -> list[tuple[str, str]]:
        """``(reason, message)`` of the events about one kind, in the order they were first written."""
        found = [event for event in self.list("events", namespace) if event["involvedObject"]["kind"] == kind]
        found.sort(key=lambda event: int(event["metadata"]["resourceVersion"]))
        return [(event["reason"], event["message"]) for event in found]

    def names(self, resource: str, namespace: str = "default") -> list[str]:
        """The names of what is there, in order."""
        return sorted(name_of(found) for found in self.list(resource, namespace))


@pytest.fixture
def cluster(clock: JumpableClock) -> Cluster:
    """Three ready nodes in three zones, settled."""
    return Cluster(clock)
