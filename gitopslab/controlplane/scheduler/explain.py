"""Explains a pod on any cluster: what the scheduler would decide, from nothing but plain objects.

Pure and without a cluster: the views use it on what they read from whatever API. The rules are those that really
schedule in the embedded cluster, so the explanation cannot disagree with it.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property

from gitopslab.controlplane.scheduler.cycle import Cycle
from gitopslab.controlplane.scheduler.decision import Decision
from gitopslab.controlplane.scheduler.framework import SUCCESS
from gitopslab.controlplane.scheduler.plugins.scheduling_gates import GATED
from gitopslab.controlplane.scheduler.podinfo import PodInfo
from gitopslab.controlplane.scheduler.profile import Profile
from gitopslab.controlplane.scheduler.snapshot import Snapshot, snapshot_of
from gitopslab.machinery.kinds import Catalog
from gitopslab.machinery.objects import Object, copy_of, key_of, namespace_of

_CATALOG = Catalog()


class Objects:
    """A lister over plain objects of any kinds.

    Args:
        objects: What there is; kinds the scheduler does not read are harmless.
    """

    def __init__(self, objects: Iterable[Object] = ()) -> None:
        self._objects: dict[str, dict[tuple[str, str], Object]] = defaultdict(dict)
        for obj in objects:
            resource = _CATALOG.of(obj)
            if resource is not None:
                self._objects[resource.key][key_of(obj)] = obj

    def get(self, resource: str, name: str, namespace: str = "") -> Object | None:
        """One object, or None."""
        return self._objects[resource].get((namespace, name))

    def list(self, resource: str, namespace: str = "") -> Iterable[Object]:
        """All objects of a resource, of one namespace or (empty) of all."""
        found = self._objects[resource].values()
        return [obj for obj in found if not namespace or namespace_of(obj) == namespace]


@dataclass(frozen=True)
class Scene:
    """Everything a decision about one pod is made from.

    Attributes:
        pod: The pod. One that has a node already is judged as if it had none yet, with all else as it is: why there?
        nodes: All nodes.
        pods: All pods; the pod itself may be among them.
        others: Other objects that have a say: services, ReplicaSets, namespaces, claims, volumes, budgets, …
    """

    pod: Object
    nodes: Sequence[Object]
    pods: Sequence[Object]
    others: Sequence[Object] = ()

    def decide(self, seed: int = 0) -> Decision:
        """What the default scheduler decides.

        Args:
            seed: Decides between equally good nodes.
        """
        incoming, profile = PodInfo(_unbound(self.pod)), _profile()
        if profile.pre_enqueue(incoming) is not SUCCESS:
            return Decision(incoming, message=GATED)
        return Cycle(profile, self._snapshot, self._lister, random.Random(seed)).schedule(incoming)

    def with_pod(self, pod: Object) -> Scene:
        """The same scene for a pod that was changed; what is known of the nodes is kept."""
        scene = replace(self, pod=pod)
        if key_of(pod) == key_of(self.pod):
            scene.__dict__["_snapshot"] = self._snapshot
        return scene

    @cached_property
    def _snapshot(self) -> Snapshot:
        own = key_of(self.pod)
        others_here = [other for other in self.pods if key_of(other) != own]
        snapshot = snapshot_of(self.nodes, others_here)
        _nominate(snapshot, others_here)
        return snapshot

    @cached_property
    def _lister(self) -> Objects:
        return Objects(self.others)


def explain(
    pod: Object, nodes: Iterable[Object], pods: Iterable[Object], others: Iterable[Object] = (), *, seed: int = 0
) -> Decision:
    """What the default scheduler decides for a pod, as ``Scene.decide``."""
    return Scene(pod, list(nodes), list(pods), list(others)).decide(seed)


@cache
def _profile() -> Profile:
    return Profile()


def _unbound(pod: Object) -> Object:
    if not (pod.get("spec") or {}).get("nodeName"):
        return pod
    pod = copy_of(pod)
    del pod["spec"]["nodeName"]
    return pod


def _nominate(snapshot: Snapshot, pods: Iterable[Object]) -> None:
    for pod in pods:
        node = (pod.get("status") or {}).get("nominatedNodeName")
        if node and not (pod.get("spec") or {}).get("nodeName"):
            snapshot.nominate(PodInfo(pod), node)
