"""How much work arrives at each simulated pod through the Services that select it.

Work comes from an annotation of the Service, and from pods that call it without end, as the load generator of the
autoscaling walk-through does. It is spread evenly over the ready pods, so more replicas have less to do each: what an
autoscaler needs to be seen at work. ``metrics`` asks; pods and Services are read from informers.

Simplified: requests are not sent, and each caller counts the same however fast it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from gitopslab.controlplane.kubelet.images import parse, table
from gitopslab.controlplane.kubelet.usage import command_of, nanocores
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.machinery.objects import Object, annotations_of, is_condition_true, key_of, labels_of, namespace_of

LOAD = "gitopslab.dev/load"
"""Annotation of a Service: the CPU that all requests to it cost together, as in ``800m``."""

_TARGET = re.compile(r"https?://([a-z0-9-]+)(?:\.([a-z0-9-]+))?")
_LOOP = re.compile(r"\b(?:while|until|for|watch|xargs)\b")


def by_target(pod: Object) -> Iterable[str]:
    """The index of running pods by the Services, as ``NAMESPACE/NAME``, that they call without end."""
    if pod.get("status", {}).get("phase") != "Running":
        return ()
    containers: Iterable[Object] = pod["spec"].get("containers") or ()
    return {target for container in containers for target in _targets(container, namespace_of(pod))}


def _targets(container: Object, namespace: str) -> Iterable[str]:
    command, facts = command_of(container), table()["load"]
    image = parse(container.get("image", ""))
    words = {word.rpartition("/")[2] for word in re.split(r"[\s;|&()\"']+", command)}
    is_tool = words & set(facts["tools"]) or (image is not None and image.short in facts["tools"])
    if is_tool or (words & set(facts["clients"]) and _LOOP.search(command)):
        for found in _TARGET.finditer(command):
            yield f"{found[2] or namespace}/{found[1]}"


class Load:
    """The work at each pod.

    Args:
        manager: Its pods and Services are read.
    """

    def __init__(self, manager: Manager) -> None:
        self._pods = manager.informer("pods")
        self._services = manager.informer("services")
        self._known: tuple[float, dict[tuple[str, str], int]] = (0.0, {})

    def on(self, pod: Object, at: float) -> int:
        """The nanocores that requests cost a pod at a moment."""
        if not _is_ready(pod):
            return 0
        services = self._services.list(namespace_of(pod))
        return sum(self._each(service, at) for service in services if _selects(service, pod))

    def _each(self, service: Object, at: float) -> int:
        """What each ready pod of a Service gets; counted once a moment, since a list asks for every pod."""
        if self._known[0] != at:
            self._known = (at, {})
        known, key = self._known[1], key_of(service)
        if key not in known:
            whole = self._whole(service)
            pods = self._pods.list(key[0]) if whole else ()
            known[key] = whole // max(1, sum(_is_ready(pod) and _selects(service, pod) for pod in pods))
        return known[key]

    def _whole(self, service: Object) -> int:
        callers = len(self._pods.indexed(by_target, "/".join(key_of(service))))
        return _annotated(service) + callers * nanocores(table()["load"]["each"])


def _annotated(service: Object) -> int:
    try:
        return max(0, nanocores(annotations_of(service).get(LOAD, "0")))
    except ValueError:
        return 0


def _selects(service: Object, pod: Object) -> bool:
    selector: dict[str, str] = service["spec"].get("selector") or {}
    return bool(selector) and selector.items() <= labels_of(pod).items()


def _is_ready(pod: Object) -> bool:
    return is_condition_true(pod, "Ready")
