"""Gives every node a range of addresses for its pods.

The manager calls it with a node that changed. Nodes of the lab's topology come with a range; those that somebody adds
get the first one that is free. Which address a pod gets out of it is its kubelet's.

Upstream: ``pkg/controller/nodeipam``, with the ranges that kubeadm and kind configure.
"""

from __future__ import annotations

import ipaddress

from gitopslab.controlplane.runtime.api import Api
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.controlplane.runtime.recorder import Recorder
from gitopslab.machinery.clock import Clock
from gitopslab.machinery.objects import Object, is_terminating, name_of

CLUSTER = ipaddress.IPv4Network("10.244.0.0/16")
_PREFIX = 24  # ``--node-cidr-mask-size``


class NodeIpamController:
    """Reconciles nodes to their ``spec.podCIDR``."""

    name = "cidrAllocator"

    def __init__(self, api: Api, manager: Manager, clock: Clock) -> None:
        self._api = api
        self._recorder = Recorder(api, clock, self.name)
        self._nodes = manager.informer("nodes")
        self._giving: set[str] = set()  # what is being written, which may have to wait for a webhook
        self.sources: tuple[Source, ...] = (Source("nodes"),)

    def reconcile(self, request: Request) -> Result:
        """Give one node its range, once and for all."""
        node = self._nodes.get(request.name)
        if node is None or node["spec"].get("podCIDRs") or is_terminating(node):
            return DONE
        taken = {node["spec"].get("podCIDR") for node in self._nodes} | self._giving
        free = next((str(found) for found in CLUSTER.subnets(new_prefix=_PREFIX) if str(found) not in taken), None)
        if free is None:
            message = f"Node {request.name} status is now: CIDRNotAvailable"
            self._recorder.event(node, "Normal", "CIDRNotAvailable", message)
        else:
            self._give(node, free)
        return DONE

    def _give(self, node: Object, free: str) -> None:
        self._giving.add(free)
        try:
            self._api.patch("nodes", name_of(node), {"spec": {"podCIDR": free, "podCIDRs": [free]}})
        finally:
            self._giving.discard(free)
