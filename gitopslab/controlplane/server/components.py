"""ComponentStatus: how the programs of the control plane are, made when somebody asks.

``verbs`` gets and lists them here. Upstream: ``pkg/registry/core/componentstatus``, which asks each program for its
health on the port where it listens on the machine of the API server; here whoever holds the switches of the programs
(``daemon.controls``) is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from gitopslab.controlplane.server.reading import Accept
from gitopslab.errors import not_found
from gitopslab.machinery.kinds import Resource
from gitopslab.machinery.objects import Object

STATUSES = "componentstatuses"
"""The key of the kind."""

_PROGRAMS = {
    "controller-manager": ("kube-controller-manager", 10257),
    "scheduler": ("kube-scheduler", 10259),
    "etcd-0": ("etcd", 2379),
}
"""By the name of the status: the program and its port. Without etcd nobody gets an answer at all."""


class ComponentStatuses:
    """Answers for the kind.

    Attributes:
        is_running: Whether a program runs, by its name as in ``kube-scheduler``; all do until somebody knows better.
    """

    def __init__(self) -> None:
        self.is_running: Callable[[str], bool] = lambda program: True

    def get(self, resource: Resource, namespace: str, name: str) -> Object:
        """The status of one program.

        Raises:
            NotFoundError: There is no such program.
        """
        if name not in _PROGRAMS:
            raise not_found("componentstatus", name)
        return self._of(resource, name)

    def list(self, resource: Resource, namespace: str, accept: Accept | None) -> Iterable[Object]:
        """The status of every program that passes the selectors.

        Simplified: always in the same order; the real server tells of whichever program answered first.
        """
        found = (self._of(resource, name) for name in _PROGRAMS)
        return [status for status in found if accept is None or accept(status)]

    def _of(self, resource: Resource, name: str) -> Object:
        program, port = _PROGRAMS[name]
        healthy = {"type": "Healthy", "status": "True", "message": "ok"}
        refused = f'Get "https://127.0.0.1:{port}/healthz": dial tcp 127.0.0.1:{port}: connect: connection refused'
        return {
            "kind": resource.kind,
            "apiVersion": resource.api_version,
            "metadata": {"name": name},
            "conditions": [healthy if self.is_running(program) else {**healthy, "status": "False", "message": refused}],
        }
