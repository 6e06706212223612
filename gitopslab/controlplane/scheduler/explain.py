"""Explains a pod on any cluster: what the scheduler would decide, from nothing but plain objects.

Pure and without a cluster: the views use it on what they read from whatever API. The rules are those that really
schedule in the embedded cluster, so the explanation cannot disagree with it.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable
from functools import cache

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


def explain(
    pod: Object, nodes: Iterable[Object], pods: Iterable[Object], others: Iterable[Object] = (), *, seed: int = 0
) -> Decision:
    """What the default scheduler decides for a pod.

    A pod that already has a node is explained as if it had none yet, with all else as it is: why there?

    Args:
        pod: The pod.
        nodes: All nodes.
        pods: All pods; the pod itself may be among them.
        others: Other objects that have a say: services, ReplicaSets, namespaces, claims, volumes, budgets, …
        seed: Decides between equally good nodes.
    """
    incoming, profile = PodInfo(_unbound(pod)), _profile()
    if profile.pre_enqueue(incoming) is not SUCCESS:
        return Decision(incoming, message=GATED)
    others_here = [other for other in pods if key_of(other) != incoming.key]
    snapshot = snapshot_of(nodes, others_here)
    _nominate(snapshot, others_here)
    return Cycle(profile, snapshot, Objects(others), random.Random(seed)).schedule(incoming)


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
        waiting = PodInfo(pod)
        if waiting.nominated_node and not waiting.node_name:
            snapshot.nominate(waiting, waiting.nominated_node)
