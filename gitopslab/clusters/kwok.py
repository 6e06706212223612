"""Clusters of kwok: a real API server, scheduler and controllers, with nodes that only pretend.

Everything general is in ``external``; here is only how kwokctl is called. It makes no nodes by itself: the lab adds
those of the default topology, so that scheduling lessons show the same machines as on the embedded cluster.

kwokctl would let the whole network in, also to its etcd, which asks nobody who they are; so it is told to stay on
loopback. With Docker beneath it publishes the API's port alone, on every address of the machine and without a choice;
that one asks for a client certificate.
"""

from __future__ import annotations

from typing import Any

import yaml

from gitopslab.clusters.base import Capability, Progress
from gitopslab.clusters.external import ExternalCluster, topology_of
from gitopslab.clusters.kubectl import Kubectl
from gitopslab.clusters.ports import LOOPBACK
from gitopslab.clusters.programs import KWOKCTL
from gitopslab.clusters.state import Record
from gitopslab.controlplane.daemon.topology import CONTROL_PLANE, ROLE_LABEL, NodeShape


class KwokCluster(ExternalCluster):
    """A cluster of kwokctl."""

    kind = "kwok"
    tool = KWOKCTL
    capabilities = frozenset({Capability.STOP})

    def exists(self) -> bool:
        """Whether ``kwokctl get clusters`` has it."""
        return self.name in self.must(["get", "clusters"]).split()

    def create(self, record: Record, progress: Progress) -> None:
        """Make the control plane, then add the nodes of the topology."""
        config = self.written("kwok.yaml", configuration())
        arguments = ["create", "cluster", "--name", self.name, "--kubeconfig", str(self.kubeconfig)]
        self.created([*arguments, "--config", str(config), "--wait", "120s"], progress)
        nodes = yaml.safe_dump_all(map(node, topology_of(record).shapes), sort_keys=False)
        Kubectl(self.kubeconfig, self._environment).must(["apply", "-f", "-"], progress=progress, given=nodes)

    def start(self, progress: Progress) -> None:
        """``kwokctl start cluster``."""
        self.must(["start", "cluster", "--name", self.name, "--wait", "120s"], progress, timeout=180)

    def stop(self, progress: Progress) -> None:
        """``kwokctl stop cluster``."""
        self.must(["stop", "cluster", "--name", self.name], progress)

    def delete(self, progress: Progress) -> None:
        """``kwokctl delete cluster``, which is content when there is none."""
        self.must(["delete", "cluster", "--name", self.name, "--kubeconfig", str(self.kubeconfig)], progress)

    def is_running(self) -> bool:
        """Whether none of its components is stopped."""
        told = self.must(["get", "components", "--name", self.name, "-o", "wide"])
        return "Stopped" not in told.split()


def configuration() -> str:
    """The configuration file of kwokctl."""
    options = {"bindAddress": LOOPBACK}
    document = {"apiVersion": "config.kwok.x-k8s.io/v1alpha1", "kind": "KwokctlConfiguration", "options": options}
    return yaml.safe_dump(document, sort_keys=False)


def node(shape: NodeShape) -> dict[str, Any]:
    """A Node object that kwok keeps Ready, of this name and size."""
    labels = {"kubernetes.io/hostname": shape.name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}
    labels |= {"type": "kwok", **({"topology.kubernetes.io/zone": shape.zone} if shape.zone else {}), **shape.labels}
    taints = [dict(taint) for taint in shape.taints]
    if shape.role == CONTROL_PLANE:
        labels[ROLE_LABEL] = ""
        taints.append({"key": ROLE_LABEL, "effect": "NoSchedule"})
    size = {"cpu": shape.cpu, "memory": shape.memory, "pods": "110"}
    annotations = {"kwok.x-k8s.io/node": "fake", "node.alpha.kubernetes.io/ttl": "0"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": shape.name, "labels": labels, "annotations": annotations},
        "spec": {"taints": taints} if taints else {},
        "status": {"allocatable": size, "capacity": size},
    }
