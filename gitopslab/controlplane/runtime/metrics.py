"""The Metrics protocol: what containers and nodes use, as their kubelets see it.

The kubelets of the embedded cluster implement it; the API server's ``metrics.k8s.io`` reads it, as metrics-server
scrapes ``/metrics/resource`` of every kubelet. Neither knows the other. Nothing is measured until somebody asks, and
nothing is kept. How often samples are taken, and what they look like in the API, is left to the reader.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from gitopslab.machinery.objects import Object


@dataclass(frozen=True, slots=True)
class Usage:
    """What something uses.

    Attributes:
        cpu: Cores, in billionths (nanocores).
        memory: Working set, in bytes.
    """

    cpu: int
    memory: int

    def __add__(self, other: Usage) -> Usage:
        """Both together."""
        return Usage(self.cpu + other.cpu, self.memory + other.memory)


class Metrics(Protocol):
    """The usage of everything that runs on the nodes."""

    def containers(self, pod: Object, at: float) -> Mapping[str, Usage]:
        """What the running containers of a pod use.

        Args:
            pod: Shared, not changed.
            at: The moment, in epoch seconds; not after now, and at most some seconds before.

        Returns:
            Usage by the container's name; empty when none runs, or the kubelet does not answer.
        """
        ...

    def node(self, node: Object, at: float) -> Usage | None:
        """What a node uses with everything on it; None when its kubelet does not answer."""
        ...
