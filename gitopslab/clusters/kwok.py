"""Clusters of kwok: a real API server, scheduler and controllers, with nodes that only pretend.

Everything general is in ``external``; here is only how kwokctl is called. It makes no nodes by itself: the lab adds
those of the default topology, so that scheduling lessons show the same machines as on the embedded cluster.
"""

from __future__ import annotations

from typing import Any

import yaml

from gitopslab.clusters.base import Capability, Progress
from gitopslab.clusters.external import ExternalCluster, workers_of, zone_of
from gitopslab.clusters.kubectl import Kubectl
from gitopslab.clusters.state import Record
from gitopslab.clusters.tool import Tool

_URL = "https://github.com/kubernetes-sigs/kwok/releases/download/v0.8.0/kwokctl-linux-amd64"
KWOKCTL = Tool(
    "kwokctl",
    {
        "linux": f"mkdir -p ~/.local/bin && curl -Lo ~/.local/bin/kwokctl {_URL} && chmod +x ~/.local/bin/kwokctl",
        "darwin": "brew install kwok",
        "win32": "winget install Kubernetes.kwokctl",
    },
)


class KwokCluster(ExternalCluster):
    """A cluster of kwokctl."""

    kind = "kwok"
    tool = KWOKCTL
    capabilities = frozenset({Capability.STOP})

    def exists(self) -> bool:
        """Whether ``kwokctl get clusters`` has it."""
        return self.name in self.must(["get", "clusters"]).split()

    def create(self, record: Record, progress: Progress) -> None:
        """Make the control plane, then add the nodes."""
        arguments = ["create", "cluster", "--name", self.name, "--kubeconfig", str(self.kubeconfig), "--wait", "120s"]
        self.created([*arguments, *(["--config", record.config] if record.config else [])], progress)
        nodes = yaml.safe_dump_all(machines(self.name, workers_of(record)), sort_keys=False)
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
        """Whether its API answers; kwokctl itself does not say whether a cluster is stopped."""
        return self.kubeconfig.exists() and Kubectl(self.kubeconfig, self._environment).nodes() is not None


def machines(name: str, workers: int) -> list[dict[str, Any]]:
    """The nodes of the default topology as Node objects that kwok keeps Ready."""
    nodes = [_machine(f"{name}-control-plane", "zone-a", "control-plane", cpu="4", memory="8Gi")]
    for number in range(workers):
        ending = str(number + 1) if number else ""
        small = number % 3 == 2  # the third of the default topology is half the size of the others
        size = {"cpu": "2", "memory": "4Gi"} if small else {"cpu": "4", "memory": "8Gi"}
        nodes.append(_machine(f"{name}-worker{ending}", zone_of(number), "worker", **size))
    return nodes


def _machine(name: str, zone: str, role: str, *, cpu: str, memory: str) -> dict[str, Any]:
    labels = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}
    labels |= {"topology.kubernetes.io/zone": zone, "type": "kwok"}
    spec: dict[str, Any] = {}
    if role == "control-plane":
        labels["node-role.kubernetes.io/control-plane"] = ""
        spec["taints"] = [{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}]
    size = {"cpu": cpu, "memory": memory, "pods": "110"}
    annotations = {"kwok.x-k8s.io/node": "fake", "node.alpha.kubernetes.io/ttl": "0"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels, "annotations": annotations},
        "spec": spec,
        "status": {"allocatable": size, "capacity": size},
    }
