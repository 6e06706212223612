"""Which endpoint of a Service's port the next connection goes to.

``listeners`` asks for one; ``proxier`` says which there are. Turns are taken, and with ``sessionAffinity: ClientIP`` a
client comes back to where it was. No clock of the cluster: affinity is a matter of the machine's seconds.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A port of a pod; of this machine where no pod is named."""

    namespace: str
    pod: str
    port: int


class Balancer:
    """The endpoints behind one port.

    Args:
        affinity: Seconds for which a client keeps its endpoint; 0 for none.
    """

    def __init__(self, affinity: float = 0.0) -> None:
        self.affinity = affinity
        self._endpoints: Sequence[Endpoint] = ()
        self._turn = 0
        self._kept: dict[str, tuple[float, Endpoint]] = {}

    def know(self, endpoints: Sequence[Endpoint]) -> None:
        """These are the endpoints now."""
        self._endpoints = endpoints
        self._kept = {client: kept for client, kept in self._kept.items() if kept[1] in endpoints}

    def choices(self, client: str) -> Iterator[Endpoint]:
        """The endpoints in the order in which a client tries them: whoever does not answer is passed over."""
        endpoints = list(self._endpoints)
        if not endpoints:
            return
        self._turn = (self._turn + 1) % len(endpoints)
        ordered = endpoints[self._turn :] + endpoints[: self._turn]
        moment, known = self._kept.get(client, (0.0, ordered[0]))
        if self.affinity and time.monotonic() - moment < self.affinity and known in ordered:
            ordered.remove(known)
            ordered.insert(0, known)
        for endpoint in ordered:
            if self.affinity:
                self._kept[client] = (time.monotonic(), endpoint)
            yield endpoint
