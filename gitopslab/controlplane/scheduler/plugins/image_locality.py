"""ImageLocality: a node that already has the pod's images starts it sooner."""

from __future__ import annotations

from collections.abc import Sequence

from gitopslab.controlplane.scheduler.cluster_events import ClusterEvent
from gitopslab.controlplane.scheduler.framework import MAX_NODE_SCORE, SUCCESS, CycleState, Status
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
    most = MOST_PER_CONTAINER * max(1, containers)
    return MAX_NODE_SCORE * (min(max(total, LEAST), most) - LEAST) // (most - LEAST)


class ImageLocality:
    """Scores by the sizes of the images that are there."""

    name = NAME

    def pre_score(self, state: CycleState, pod: PodInfo, nodes: Sequence[NodeInfo]) -> Status:
        """Name the images once."""
        containers = [*(pod.spec.get("initContainers") or ()), *(pod.spec.get("containers") or ())]
        images = [container.get("image") or "" for container in containers]
        # Image volumes add bytes but do not count as containers, as in Kubernetes 1.36.
        volumes = pod.spec.get("volumes") or ()
        images += [volume["image"].get("reference") or "" for volume in volumes if "image" in volume]
        state.data[NAME] = ([normalized_image(image) for image in images], len(containers))
        return SUCCESS

    def score(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> int:
        """The images on the node that the pod needs."""
        if not node.images:
            return 0
        images, containers = state.data[NAME]
        nodes = len(state.snapshot.nodes)
        here = [state.snapshot.images[image] for image in images if image in node.images]
        total = sum(scaled_size(image.size, image.nodes, nodes) for image in here)
        return locality(total, containers)

    def awaits(self, pod: PodInfo, event: ClusterEvent) -> bool:
        """Never: scoring rejects nobody."""
        return False
