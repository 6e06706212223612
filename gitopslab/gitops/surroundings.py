"""What every GitOps controller is given, whichever tool it is of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gitopslab.controlplane.runtime.api import Api
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.gitops.source.names import resolved
from gitopslab.gitops.work import Work
from gitopslab.machinery.clock import Clock
from gitopslab.machinery.kinds import Catalog


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a controller works with.

    Attributes:
        api_for: Gives the Api with a component's identity.
        manager: Gives informers.
        clock: The lab's time.
        catalog: Which kinds the cluster has.
        work: Does what takes long.
    """

    api_for: Callable[[str], Api]
    manager: Manager
    clock: Clock
    catalog: Catalog
    work: Work

    def url(self, url: str) -> str:
        """A URL as it is reached from this machine."""
        return resolved(
            url, self.manager.informer("services"), self.manager.informer("endpointslices.discovery.k8s.io")
        )
