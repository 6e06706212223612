"""What the kubelets know of their nodes: which are simulated, what was stopped as a fault, which images each has.

Agent and heartbeat share one ``Nodes``. Images are remembered in ``status.images`` of the node, written by the
heartbeat, and read from there after a restart. Leaves to others: writing anything.

Simplified: what was stopped is kept in memory, so a restart of the cluster starts it all.
"""

from __future__ import annotations

from gitopslab.controlplane.kubelet.images import Image, parse
from gitopslab.machinery.objects import Object, annotations_of, name_of

SIMULATED = "gitopslab.dev/kubelet"
"""Annotation, with the value ``simulated``: this node's kubelet is one of ours."""


class Nodes:
    """The simulated nodes.

    Attributes:
        broken: Components of the control plane whose static pods cannot run, by the name of their container.
    """

    def __init__(self) -> None:
        self.broken: set[str] = set()
        self._stopped: set[str] = set()
        self._images: dict[str, dict[str, Image]] = {}

    @staticmethod
    def are_ours(node: Object) -> bool:
        """Whether a node has a simulated kubelet."""
        return annotations_of(node).get(SIMULATED) == "simulated"

    def is_running(self, name: str) -> bool:
        """Whether the kubelet of a node runs."""
        return name not in self._stopped

    def stop(self, name: str) -> None:
        """Stop a kubelet: its lease is not renewed and its pods do not change any more."""
        self._stopped.add(name)

    def start(self, name: str) -> None:
        """Start a stopped kubelet again."""
        self._stopped.discard(name)

    def has_image(self, node: Object, image: Image) -> bool:
        """Whether an image is on a node; one of the lab's registry by its name, since only a pull tells its digest."""
        known = self._known(node)
        return image.id in known or (image.is_held and any(one.name == image.name for one in known.values()))

    def keep_image(self, node: Object, image: Image) -> None:
        """Remember that an image is on a node."""
        self._known(node)[image.id] = image

    def images(self, node: Object) -> list[Image]:
        """The images on a node, the largest first, as ``status.images`` lists them."""
        return sorted(self._known(node).values(), key=lambda image: (-image.size, image.name))

    def _known(self, node: Object) -> dict[str, Image]:
        name = name_of(node)
        if name not in self._images:
            listed = node.get("status", {}).get("images") or ()
            self._images[name] = {image.id: image for entry in listed if (image := _listed(entry))}
        return self._images[name]


def _listed(entry: Object) -> Image | None:
    return next((image for name in entry.get("names") or () if "@" not in name and (image := parse(name))), None)
