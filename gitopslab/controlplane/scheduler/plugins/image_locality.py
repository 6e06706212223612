"""ImageLocality: a node that already has the pod's images starts it sooner."""

from __future__ import annotations

from gitopslab.controlplane.scheduler.cluster_events import ClusterEvent
from gitopslab.controlplane.scheduler.framework import MAX_NODE_SCORE, CycleState
from gitopslab.controlplane.scheduler.nodeinfo import NodeInfo
from gitopslab.controlplane.scheduler.podinfo import PodInfo

NAME = "ImageLocality"
_MEBIBYTE = 1024 * 1024
LEAST = 23 * _MEBIBYTE
MOST_PER_CONTAINER = 1000 * _MEBIBYTE


def normalized_image(image: str) -> str:
    """An image name with its tag, as nodes report it."""
    return image if image.rfind(":") > image.rfind("/") else f"{image}:latest"


def scaled_size(size: int, nodes_with_it: int, nodes: int) -> int:
    """An image's size, counted less the fewer nodes have it, lest one node attract all its pods."""
    return int(float(size) * (nodes_with_it / nodes))


def locality(total: int, containers: int) -> int:
    """The score of so many bytes for so many containers, 0 to 100."""
    most = MOST_PER_CONTAINER * containers
    return MAX_NODE_SCORE * (min(max(total, LEAST), most) - LEAST) // (most - LEAST)


class ImageLocality:
    """Scores by the sizes of the images that are there."""

    name = NAME

    def score(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> int:
        """The images on the node that the pod needs."""
        if not node.images:
            return 0
        containers = [*(pod.spec.get("initContainers") or ()), *(pod.spec.get("containers") or ())]
        images = [container.get("image") or "" for container in containers]
        # Image volumes add bytes but do not count as containers: so in 1.36.0, mended upstream later.
        images += [
            volume["image"].get("reference") or "" for volume in pod.spec.get("volumes") or () if "image" in volume
        ]
        total, nodes = 0, len(state.snapshot.nodes)
        for image in map(normalized_image, images):
            if image in node.images:
                total += scaled_size(node.images[image], state.snapshot.image_nodes[image], nodes)
        return locality(total, len(containers)) if containers else 0

    def awaits(self, pod: PodInfo, event: ClusterEvent) -> bool:
        """Never: scoring rejects nobody."""
        return False
