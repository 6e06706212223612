"""Clusters of kind: real Kubernetes whose nodes are Docker containers.

Everything general is in ``external``; here is only how kind is called. kind cannot stop a cluster, Docker can: its
nodes are containers, and kind's documentation promises that they survive a restart.
"""

from __future__ import annotations

from typing import Any

import yaml

from gitopslab.clusters.base import Capability, Progress, silent
from gitopslab.clusters.external import ExternalCluster, workers_of, zone_of
from gitopslab.clusters.state import Record
from gitopslab.clusters.tool import Tool

_URL = "https://kind.sigs.k8s.io/dl/v0.33.0/kind-linux-amd64"
KIND = Tool(
    "kind",
    {
        "linux": f"mkdir -p ~/.local/bin && curl -Lo ~/.local/bin/kind {_URL} && chmod +x ~/.local/bin/kind",
        "darwin": "brew install kind",
        "win32": "winget install Kubernetes.kind",
    },
)
DOCKER = Tool(
    "docker",
    {
        "linux": "curl -fsSL https://get.docker.com | sh",
        "darwin": "brew install --cask docker",
        "win32": "winget install Docker.DockerDesktop",
    },
)


class KindCluster(ExternalCluster):
    """A cluster of kind."""

    kind = "kind"
    tool = KIND
    capabilities = frozenset({Capability.LOAD_IMAGE, Capability.STOP})

    def exists(self) -> bool:
        """Whether ``kind get clusters`` has it."""
        return self.name in self.must(["get", "clusters"]).split()

    def create(self, record: Record, progress: Progress) -> None:
        """Make it with the default topology's node names, zones and number of workers."""
        config = record.config or str(self.written("kind.yaml", configuration(record)))
        arguments = ["create", "cluster", "--name", self.name, "--kubeconfig", str(self.kubeconfig)]
        self.created([*arguments, "--config", config, "--wait", "3m"], progress)

    def start(self, progress: Progress) -> None:
        """Start its node containers."""
        self.must(["start", *self._containers()], progress, program=DOCKER)

    def stop(self, progress: Progress) -> None:
        """Stop its node containers."""
        self.must(["stop", *self._containers()], progress, program=DOCKER)

    def delete(self, progress: Progress) -> None:
        """``kind delete cluster``, which is content when there is none."""
        self.must(["delete", "cluster", "--name", self.name, "--kubeconfig", str(self.kubeconfig)], progress)

    def is_running(self) -> bool:
        """Whether Docker runs all its node containers."""
        label = f"label=io.x-k8s.kind.cluster={self.name}"
        states = self.must(["ps", "-a", "--filter", label, "--format", "{{.State}}"], program=DOCKER).split()
        return bool(states) and all(state == "running" for state in states)

    def load_image(self, image: str, progress: Progress = silent) -> None:
        """Copy an image of this machine's Docker onto every node."""
        self.must(["load", "docker-image", image, "--name", self.name], progress, timeout=300)

    def _containers(self) -> list[str]:
        return self.must(["get", "nodes", "--name", self.name]).split()


def configuration(record: Record) -> str:
    """The configuration file of kind for a record: one control plane, the workers, each with its zone."""
    nodes: list[dict[str, Any]] = [{"role": "control-plane", "labels": _labels("zone-a")}]
    nodes += [{"role": "worker", "labels": _labels(zone_of(number))} for number in range(workers_of(record))]
    return yaml.safe_dump({"kind": "Cluster", "apiVersion": "kind.x-k8s.io/v1alpha4", "nodes": nodes}, sort_keys=False)


def _labels(zone: str) -> dict[str, str]:
    return {"topology.kubernetes.io/zone": zone}
