"""Finds runs of containers: from a pod's name to the ``Task`` that the runtime knows.

``logs`` and ``inside.sessions`` ask here; both begin with names that a client gave. Everything is read off the pods'
specs and statuses, so a run can be found again after a restart.
"""

from __future__ import annotations

from dataclasses import dataclass

from gitopslab.controlplane.kubelet.config import ConfigError, Lookup, mounted
from gitopslab.controlplane.kubelet.environment import before, environment
from gitopslab.controlplane.kubelet.mounts import Mounted, identities
from gitopslab.controlplane.kubelet.network import internal_ip
from gitopslab.controlplane.kubelet.runtime import Settings, Task
from gitopslab.controlplane.kubelet.tokens import PodTokens
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.machinery.clock import seconds_of
from gitopslab.machinery.objects import Object, namespace_of

_FIELDS = (
    ("containers", "containerStatuses"),
    ("initContainers", "initContainerStatuses"),
    ("ephemeralContainers", "ephemeralContainerStatuses"),
)


@dataclass(frozen=True, slots=True)
class Run:
    """A run of a container.

    Attributes:
        task: As the runtime knows it.
        ended: When it ended, in epoch seconds; infinity while it runs.
    """

    task: Task
    ended: float

    @property
    def goes_on(self) -> bool:
        """Whether it runs."""
        return self.ended == float("inf")


class Runs:
    """Finds runs.

    Args:
        manager: Its pods and nodes are read.
        lookup: Finds ConfigMaps, Secrets and claims.
        tokens: Issues tokens of service accounts.
    """

    def __init__(self, manager: Manager, lookup: Lookup, tokens: PodTokens) -> None:
        self._manager = manager
        self._lookup = lookup
        self._pod_tokens = tokens

    def pod(self, namespace: str, name: str) -> Object | None:
        """A pod."""
        return self._manager.informer("pods").get(name, namespace)

    def find(self, pod: Object, container: str, *, previous: bool = False) -> Run | None:
        """The present (or last) run of a container, or the one before it; None when there was none."""
        spec, entry = of_container(pod, container)
        if spec is None or entry is None:
            return None
        state, last = entry.get("state", {}), (entry.get("lastState") or {}).get("terminated")
        count = int(entry.get("restartCount", 0))
        present = state.get("running") or state.get("terminated")
        if previous or present is None:
            attempt = count if present is None else count - 1
            return (
                None if last is None else Run(self._task(pod, spec, attempt, last), seconds_of(last["finishedAt"]) + 1)
            )
        ended = seconds_of(present["finishedAt"]) + 1 if "finishedAt" in present else float("inf")
        return Run(self._task(pod, spec, count, present), ended)

    def _task(self, pod: Object, container: Object, attempt: int, state: Object) -> Task:
        node = self._manager.informer("nodes").get(pod["spec"].get("nodeName", ""))
        address = pod.get("status", {}).get("podIP", "")
        host = internal_ip(node) if node else ""

        started = seconds_of(state["startedAt"])

        def settings() -> Settings:
            services = before(self._manager.informer("services").list(namespace_of(pod)), started)
            try:
                variables = environment(pod, container, self._lookup, services=services, pod_ip=address, host_ip=host)
                return variables, mounted(pod, container, self._lookup, variables)
            except ConfigError:  # taken away since the start
                return {}, {}

        def volumes() -> dict[str, Mounted]:
            return identities(pod, container, lambda: settings()[0], self._lookup)

        def tokens() -> dict[str, str]:
            return self._pod_tokens.of(pod, container)

        return Task(pod, container, attempt, started, settings, address, volumes, tokens, self._lookup)


def of_container(pod: Object, name: str) -> tuple[Object | None, Object | None]:
    """A container's entries in spec and status."""
    for field, shown in _FIELDS:
        spec = next((one for one in pod["spec"].get(field) or () if one["name"] == name), None)
        if spec is not None:
            entries = pod.get("status", {}).get(shown) or ()
            return spec, next((one for one in entries if one["name"] == name), None)
    return None, None
