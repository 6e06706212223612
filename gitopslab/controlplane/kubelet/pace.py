"""How long kubelets take for what depends on their machines and networks, not on the pod.

``daemon.assembly`` chooses one for a cluster. How long a container's own stages take is in ``stages.yaml``.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds of a kubelet's work.

    Attributes:
        sandbox: Making a pod's sandbox with its network.
        pull: Pulling an image that is not on the node.
        check: Asking the registry whether the image on the node is still the newest.
    """

    sandbox: float
    pull: float
    check: float


LAB = Pace(sandbox=0.1, pull=0.4, check=0.1)
"""Quick, so that nobody waits, but slow enough to see an image being pulled."""

PLAIN = Pace(sandbox=0.15, pull=0.1, check=0.1)
"""A bare cluster's: less than half a second from bound to Running whatever the image, as on the cluster that the
recordings in ``tests/conformance`` were taken on. Some of them look at a rollout that is under way."""
