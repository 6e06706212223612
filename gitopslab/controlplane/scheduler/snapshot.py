"""All nodes and the pods on them, kept up to date change by change.

``reconciler`` feeds it from informers, ``explain`` fills one from plain objects; plugins read it during a cycle. There
is no copy a cycle: the core is synchronous, so nothing moves while a cycle runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

from gitopslab.controlplane.scheduler.nodeinfo import NodeInfo
from gitopslab.controlplane.scheduler.podinfo import Appearance, PodInfo
from gitopslab.machinery.objects import Object, name_of
from gitopslab.machinery.selectors import Selector


@dataclass(slots=True)
class Image:
    """An image that lies on nodes: its size in bytes, as the first of them told, and on how many it lies."""

    size: int
    nodes: int = 0


class Snapshot:
    """The nodes by name, with what their pods use.

    Attributes:
        nominated: Pods for which preemption is making room, by node and then by key.
        images: What lies on nodes, by image name.
    """

    def __init__(self) -> None:
        self._nodes: dict[str, NodeInfo] = {}
        self._places: dict[tuple[str, str], str] = {}
        self._listed: list[NodeInfo] | None = None
        self.nominated: dict[str, dict[tuple[str, str], PodInfo]] = {}
        self.images: dict[str, Image] = {}

    @property
    def nodes(self) -> list[NodeInfo]:
        """Every node there is, in order of arrival.

        Simplified: the real scheduler lists nodes zone by zone in turn, which matters from a hundred nodes on.
        """
        if self._listed is None:
            self._listed = [info for info in self._nodes.values() if info.node is not None]
        return self._listed

    def node(self, name: str) -> NodeInfo | None:
        """One node, or None."""
        info = self._nodes.get(name)
        return info if info is not None and info.node is not None else None

    def set_node(self, node: Object) -> None:
        """Take in a node that is new or has changed."""
        info = self._info(name_of(node))
        self._forget_images(info)
        if info.node is None:
            self._listed = None
        info.set_node(node)
        self._add_images(info)

    def remove_node(self, name: str) -> None:
        """Forget a node; its pods stay counted until they are gone too."""
        info = self._nodes.get(name)
        if info is None:
            return
        self._forget_images(info)
        info.node, info.images = None, {}
        self._listed = None
        self._drop_if_empty(info)

    def set_pod(self, pod: PodInfo) -> None:
        """Take in a pod that is on a node, new or changed."""
        self.remove_pod(pod.key)
        self._info(pod.node_name).add(pod)
        self._places[pod.key] = pod.node_name

    def remove_pod(self, key: tuple[str, str]) -> PodInfo | None:
        """Forget a pod; gives it back, or None when it was on no node."""
        place = self._places.pop(key, None)
        if place is None:
            return None
        info = self._nodes[place]
        pod = info.remove(key)
        self._drop_if_empty(info)
        return pod

    def pod(self, key: tuple[str, str]) -> PodInfo | None:
        """A pod that is on a node, or None."""
        place = self._places.get(key)
        return self._nodes[place].pods[key] if place is not None else None

    def nominate(self, pod: PodInfo, node: str) -> None:
        """Remember that room is being made for a pod; an empty node forgets it."""
        for pods in self.nominated.values():
            pods.pop(pod.key, None)
        if node:
            self.nominated.setdefault(node, {})[pod.key] = pod

    def _info(self, name: str) -> NodeInfo:
        if name not in self._nodes:
            self._nodes[name] = NodeInfo(name)
        return self._nodes[name]

    def _drop_if_empty(self, info: NodeInfo) -> None:
        if info.node is None and not info.pods:
            self._nodes.pop(info.name, None)

    def _add_images(self, info: NodeInfo) -> None:
        for name, size in info.images.items():
            self.images.setdefault(name, Image(size)).nodes += 1

    def _forget_images(self, info: NodeInfo) -> None:
        for name in info.images:
            self.images[name].nodes -= 1
            if not self.images[name].nodes:
                del self.images[name]


@lru_cache(maxsize=4096)
def _labels(appearance: Appearance) -> dict[str, str]:
    return dict(appearance.labels)


def counter(matches: Callable[[Appearance, dict[str, str]], bool]) -> Callable[[NodeInfo], int]:
    """A function that counts the pods on a node that match; each appearance is judged once."""
    verdicts: dict[Appearance, bool] = {}

    def count(node: NodeInfo) -> int:
        total = 0
        for appearance, number in node.appearances.items():
            verdict = verdicts.get(appearance)
            if verdict is None:
                verdict = verdicts[appearance] = matches(appearance, _labels(appearance))
            if verdict:
                total += number
        return total

    return count


def counter_of(selector: Selector | None, namespace: str) -> Callable[[NodeInfo], int]:
    """Counts pods of a namespace that a selector selects (``countPodsMatchSelector``).

    Terminating pods do not count, and a selector without terms, which elsewhere selects everything, counts nobody.
    """
    if selector is None or not selector.requirements:
        return lambda node: 0
    return counter(
        lambda seen, labels: not seen.is_terminating and seen.namespace == namespace and selector.matches(labels)
    )


def snapshot_of(nodes: Iterable[Object], pods: Iterable[Object]) -> Snapshot:
    """A snapshot of plain objects; pods without a node or that have ended are left out."""
    snapshot = Snapshot()
    for node in nodes:
        snapshot.set_node(node)
    for pod in pods:
        if occupies_node(pod):
            snapshot.set_pod(PodInfo(pod))
    return snapshot


def occupies_node(pod: Object) -> bool:
    """Whether a pod is on a node and has not ended: only then it counts."""
    phase = (pod.get("status") or {}).get("phase")
    return bool((pod.get("spec") or {}).get("nodeName")) and phase not in ("Succeeded", "Failed")
