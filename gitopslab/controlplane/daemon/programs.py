"""What lets containers run as programs of this machine: their runtime, their addresses, and the service proxy.

The process of a cluster makes one and gives its runtime to the control plane; a plane without it, as tests on a
jumpable clock build one, only plays containers.
"""

from __future__ import annotations

from pathlib import Path

from gitopslab.controlplane.daemon.assembly import ControlPlane
from gitopslab.controlplane.daemon.registryimages import RegistryImages
from gitopslab.controlplane.kubelet.process.runtime import ProcessRuntime
from gitopslab.controlplane.kubeproxy import KubeProxy
from gitopslab.controlplane.runtime.images import Images
from gitopslab.controlplane.runtime.loopback import Loopback
from gitopslab.machinery.clock import Clock


class Programs:
    """The programs of one cluster.

    Args:
        clock: The time.
        folder: The cluster's; what is kept for programs is in folders of its own there.
        images: Where images come from; default the lab's registry.

    Attributes:
        loopback: What stands for the cluster's addresses.
        runtime: Runs containers.
    """

    def __init__(self, clock: Clock, folder: Path, images: Images | None = None) -> None:
        self.loopback = Loopback(folder / "network")
        images = images or RegistryImages(folder / "images")
        self.runtime = ProcessRuntime(clock, images, self.loopback, folder / "containers")
        self._proxy: KubeProxy | None = None

    def serve(self, plane: ControlPlane, api: int) -> None:
        """Have Services lead to pods, and that of the API to its port."""
        self._proxy = KubeProxy(plane.manager, self.loopback, plane.kubelets.ports, api)
        plane.components[self._proxy.name] = self._proxy.name
        plane.manager.add(self._proxy)

    async def close(self) -> None:
        """End every program."""
        if self._proxy is not None:
            await self._proxy.close()
        await self.runtime.close()
        self.loopback.close()
