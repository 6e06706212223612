"""``metrics.k8s.io``: NodeMetrics and PodMetrics, made when somebody asks from what the kubelets report.

``verbs`` gets and lists them here like any other kind; ``daemon`` decides whether a cluster serves them. Samples are
those of every fifteenth second, so a container that has just started is not in them yet. Upstream: metrics-server's
``pkg/storage`` and ``pkg/api``.

Simplified: metrics-server is a program of its own that scrapes on its own schedule; here all kubelets are asked at
once, for the moment of the last sample.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gitopslab.controlplane.runtime.metrics import Metrics, Usage
from gitopslab.controlplane.server.admission.attributes import Reader
from gitopslab.controlplane.server.reading import Accept
from gitopslab.errors import not_found
from gitopslab.machinery import quantity
from gitopslab.machinery.clock import Clock, seconds_of, timestamp
from gitopslab.machinery.kinds import NODE_METRICS, POD_METRICS, Resource
from gitopslab.machinery.objects import Object, key_of, labels_of, name_of, namespace_of

_RESOLUTION = 15.0  # seconds between samples
_LEAST_AGE = 10.0  # of a container's first sample; a younger one would be inaccurate
_STATUSES = ("containerStatuses", "initContainerStatuses")


class ResourceMetrics:
    """Answers for both kinds.

    Args:
        reader: The pods and nodes there are.
        metrics: What they use.
        clock: The time.
    """

    def __init__(self, reader: Reader, metrics: Metrics, clock: Clock) -> None:
        self._reader = reader
        self._metrics = metrics
        self._clock = clock

    def get(self, resource: Resource, namespace: str, name: str) -> Object:
        """The metrics of one pod or node.

        Raises:
            NotFoundError: There is no such pod or node, or no sample of it yet.
        """
        subject = self._reader.find(resource.plural, namespace, name)
        if subject is None:
            raise not_found(resource.plural, name)
        found = self._of(resource, subject)
        if found is None:
            raise not_found(resource.key, f"{namespace}/{name}" if namespace else name)
        return found

    def list(self, resource: Resource, namespace: str, accept: Accept | None) -> Iterable[Object]:
        """The metrics of all pods or nodes that pass the selectors and have a sample, by namespace and name."""
        subjects = sorted(self._reader.all(resource.plural, namespace), key=key_of)
        for subject in subjects:
            if (accept is None or accept(subject)) and (found := self._of(resource, subject)) is not None:
                yield found

    def _of(self, resource: Resource, subject: Object) -> Object | None:
        return self._of_node(subject) if resource is NODE_METRICS else self._of_pod(subject)

    def _of_node(self, node: Object) -> Object | None:
        at = self._sampled()
        usage = self._metrics.node(node, at)
        return None if usage is None else {**self._head(NODE_METRICS, node, at, _RESOLUTION), "usage": _spelled(usage)}

    def _of_pod(self, pod: Object) -> Object | None:
        at = self._sampled()
        usage = self._metrics.containers(pod, at)
        ages = [at - started for name, started in _started(pod) if name in usage]
        if not ages or min(ages) < _LEAST_AGE:
            return None
        listed = [{"name": name, "usage": _spelled(used)} for name, used in usage.items()]
        return {**self._head(POD_METRICS, pod, at, min(*ages, _RESOLUTION)), "containers": listed}

    def _sampled(self) -> float:
        return self._clock.now() // _RESOLUTION * _RESOLUTION

    def _head(self, resource: Resource, subject: Object, at: float, window: float) -> Object:
        metadata: Object = {"name": name_of(subject)}
        if namespace_of(subject):
            metadata["namespace"] = namespace_of(subject)
        metadata["creationTimestamp"] = timestamp(self._clock.now())
        if labels_of(subject):
            metadata["labels"] = labels_of(subject)
        return {
            "kind": resource.kind,
            "apiVersion": resource.api_version,
            "metadata": metadata,
            "timestamp": timestamp(at),
            "window": f"{window:g}s",
        }


def _started(pod: Object) -> Iterable[tuple[str, float]]:
    """When each running container began."""
    for field in _STATUSES:
        for entry in pod.get("status", {}).get(field) or ():
            if running := entry.get("state", {}).get("running"):
                yield entry["name"], seconds_of(running["startedAt"])


def _spelled(usage: Usage) -> Mapping[str, str]:
    cpu, memory = f"{usage.cpu}n", f"{usage.memory // 1024}Ki"
    return {"cpu": quantity.canonical(cpu), "memory": quantity.canonical(memory)}
