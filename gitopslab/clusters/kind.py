"""Clusters of kind: real Kubernetes whose nodes are Docker containers.

Everything general is in ``external``; here is only how kind is called. kind cannot stop a cluster, Docker can: its
nodes are containers, and kind's documentation promises that they survive a restart.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import yaml

from gitopslab.clusters.base import Capability, Progress, Way, silent
from gitopslab.clusters.containers import connected
from gitopslab.clusters.external import ExternalCluster, topology_of
from gitopslab.clusters.programs import DOCKER, KIND
from gitopslab.clusters.state import Record
from gitopslab.controlplane.daemon.topology import WORKER, NodeShape, Topology


class KindCluster(ExternalCluster):
    """A cluster of kind."""

    kind = "kind"
    tool = KIND
    capabilities = frozenset({Capability.LOAD_IMAGE, Capability.STOP})

    def exists(self) -> bool:
        """Whether ``kind get clusters`` has it."""
        return self.name in self.must(["get", "clusters"]).split()

    def create(self, record: Record, progress: Progress) -> None:
        """``kind create cluster`` with a configuration made from the topology."""
        config = self.written("kind.yaml", configuration(topology_of(record)))
        arguments = ["create", "cluster", "--name", self.name, "--kubeconfig", str(self.kubeconfig)]
        self.created([*arguments, "--config", str(config), "--wait", "3m"], progress)

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
        """Copy an image of this machine's Docker, or an archive of images, onto every node."""
        what = "image-archive" if Path(image).is_file() else "docker-image"
        self.must(["load", what, image, "--name", self.name], progress, timeout=300)

    def connect(self, port: int, progress: Progress = silent) -> Way:
        """By Docker's network, which all clusters of kind share."""
        docker = partial(self.must, program=DOCKER)
        return connected(docker, "kind", self._containers(), "/etc/containerd/certs.d", port)

    def _containers(self) -> list[str]:
        return self.must(["get", "nodes", "--name", self.name]).split()


def configuration(topology: Topology) -> str:
    """The configuration file of kind for a topology; names and sizes are Docker's to give."""
    nodes = [_node(shape) for shape in topology.shapes]
    document = {"kind": "Cluster", "apiVersion": "kind.x-k8s.io/v1alpha4", "nodes": nodes}
    return yaml.safe_dump(document, sort_keys=False)


def _node(shape: NodeShape) -> dict[str, Any]:
    zone = {"topology.kubernetes.io/zone": shape.zone} if shape.zone else {}
    node: dict[str, Any] = {"role": shape.role, "labels": {**zone, **shape.labels}}
    if shape.taints and shape.role == WORKER:
        joining = {"kind": "JoinConfiguration", "nodeRegistration": {"taints": [dict(taint) for taint in shape.taints]}}
        node["kubeadmConfigPatches"] = [yaml.safe_dump(joining, sort_keys=False)]
    return node
