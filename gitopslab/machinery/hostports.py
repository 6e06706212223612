"""The ports of a node's own address that pods claim with ``hostPort``.

Asked by the scheduler, which looks for a node on which they are free, and by a kubelet, which takes no pod whose ports
are not. Upstream: ``HostPortInfo`` of the scheduler's framework.
"""

from __future__ import annotations

from typing import NamedTuple

from gitopslab.machinery.objects import Object

ANY_ADDRESS = "0.0.0.0"
"""All addresses of the node."""


class HostPort(NamedTuple):
    """A port on a node's own address."""

    ip: str
    protocol: str
    port: int

    def clashes(self, other: HostPort) -> bool:
        """Whether two pods cannot have both on one node."""
        same = (self.port, self.protocol) == (other.port, other.protocol)
        return same and (self.ip == other.ip or ANY_ADDRESS in (self.ip, other.ip))


def host_ports(spec: Object) -> tuple[HostPort, ...]:
    """The node ports that a pod's containers (and sidecars) claim."""
    containers = [*(spec.get("containers") or ())]
    containers += [each for each in spec.get("initContainers") or () if each.get("restartPolicy") == "Always"]
    return tuple(
        HostPort(port.get("hostIP") or ANY_ADDRESS, port.get("protocol") or "TCP", port["hostPort"])
        for container in containers
        for port in container.get("ports") or ()
        if port.get("hostPort")
    )
