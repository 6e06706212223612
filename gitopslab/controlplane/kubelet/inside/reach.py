"""Who answers at a host and port of the cluster, for the requests of visitors: pods by address, Services by name.

``sessions`` makes one of the informers; ``simulated`` asks it, and has the runs that it finds answer. Leaves to others:
what they answer (``servers``).

Simplified: of a Service the first ready pod answers, and named target ports are looked up in that pod alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gitopslab.controlplane.kubelet.runs import Runs
from gitopslab.controlplane.kubelet.runtime import Task
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.machinery.objects import Object, is_condition_true, labels_of, namespace_of


class Reach:
    """Finds who answers.

    Args:
        manager: Its pods and Services are read.
        runs: Finds their containers.
    """

    def __init__(self, manager: Manager, runs: Runs) -> None:
        self._pods = manager.informer("pods")
        self._services = manager.informer("services")
        self._runs = runs

    def at(self, asking: Object, host: str, port: int) -> Iterator[tuple[Task, int]]:
        """Running containers at a host as a pod sees it, with the port to ask; the first that listens answers."""
        service = self._service(asking, host)
        if service is not None:
            yield from self._of_service(service, port)
            return
        pods: Iterable[Object] = self._pods
        for pod in [asking] if host in ("localhost", "127.0.0.1") else pods:
            if pod is asking or pod.get("status", {}).get("podIP") == host:
                yield from ((task, port) for task in self._tasks(pod))

    def _service(self, asking: Object, host: str) -> Object | None:
        for service in self._services:
            if host != "None" and host == service["spec"].get("clusterIP"):
                return service
        name, _, rest = host.removesuffix(".").removesuffix(".cluster.local").removesuffix(".svc").partition(".")
        return self._services.get(name, rest or namespace_of(asking))

    def _of_service(self, service: Object, port: int) -> Iterator[tuple[Task, int]]:
        headless = service["spec"].get("clusterIP") == "None"
        entry = next((one for one in service["spec"].get("ports") or () if one["port"] == port), None)
        selector = service["spec"].get("selector")
        for pod in self._pods if selector and (entry or headless) else ():
            beside = namespace_of(pod) == namespace_of(service) and is_condition_true(pod, "Ready")
            if beside and selector.items() <= labels_of(pod).items():
                number = _number(pod, port if headless or entry is None else entry.get("targetPort", port))
                yield from ((task, number) for task in self._tasks(pod))

    def _tasks(self, pod: Object) -> Iterator[Task]:
        for container in [*pod["spec"].get("initContainers", ()), *pod["spec"]["containers"]]:
            run = self._runs.find(pod, container["name"])
            if run is not None and run.goes_on:
                yield run.task


def _number(pod: Object, port: int | str) -> int:
    if isinstance(port, int):
        return port
    ports = (one for container in pod["spec"]["containers"] for one in container.get("ports") or ())
    return next((int(one["containerPort"]) for one in ports if one.get("name") == port), 0)
