"""Clusters of k3d: k3s, a real and small Kubernetes, whose nodes are Docker containers.

Everything general is in ``external``; here is only how k3d is called. k3d changes the user's kubeconfig unless it is
told not to, so it is told, and the kubeconfig is asked for and written by the lab.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

import yaml

from gitopslab.background.files import write_private
from gitopslab.clusters.base import Capability, Progress, Way, silent
from gitopslab.clusters.containers import connected
from gitopslab.clusters.external import ExternalCluster, topology_of
from gitopslab.clusters.failures import explain
from gitopslab.clusters.programs import DOCKER, K3D
from gitopslab.clusters.state import Record
from gitopslab.controlplane.daemon.topology import CONTROL_PLANE, ROLE_LABEL, WORKER, NodeShape, Topology

_REGISTRIES = "/var/lib/rancher/k3s/agent/etc/containerd/certs.d"


class K3dCluster(ExternalCluster):
    """A cluster of k3d."""

    kind = "k3d"
    tool = K3D
    capabilities = frozenset({Capability.LOAD_IMAGE, Capability.STOP})

    def exists(self) -> bool:
        """Whether ``k3d cluster list`` has it."""
        return self._listed() is not None

    def create(self, record: Record, progress: Progress) -> None:
        """``k3d cluster create`` with a configuration made from the topology; the kubeconfig is asked for."""
        config = self.written("k3d.yaml", configuration(topology_of(record)))
        arguments = ["cluster", "create", self.name, "--config", str(config), "--timeout", "600s"]
        self.created([*arguments, "--kubeconfig-update-default=false", "--kubeconfig-switch-context=false"], progress)
        write_private(self.kubeconfig, self.must(["kubeconfig", "get", self.name]))

    def start(self, progress: Progress) -> None:
        """``k3d cluster start``."""
        self.must(["cluster", "start", self.name, "--timeout", "180s"], progress, timeout=200)

    def stop(self, progress: Progress) -> None:
        """``k3d cluster stop``."""
        self.must(["cluster", "stop", self.name], progress)

    def delete(self, progress: Progress) -> None:
        """``k3d cluster delete``, which is content when there is none."""
        self.must(["cluster", "delete", self.name], progress)

    def is_running(self) -> bool:
        """Whether all its servers and agents run."""
        listed = self._listed() or {}
        return bool(listed.get("serversCount")) and all(
            listed.get(f"{role}Running", 0) == listed.get(f"{role}Count", 0) for role in ("servers", "agents")
        )

    def load_image(self, image: str, progress: Progress = silent) -> None:
        """Copy an image of this machine's Docker, or an archive of images, onto every node."""
        arguments = ["image", "import", image, "--cluster", self.name]
        answer = self.call(arguments, progress, timeout=300)
        # k3d 5 says in words, not by its exit code, that an image is not there
        if not answer.ok or "couldn't be found" in answer.text or "Failed to import" in answer.text:
            raise explain(self.tool.name, arguments, answer, self.kind, self.name)

    def connect(self, port: int, progress: Progress = silent) -> Way:
        """By the cluster's network of Docker."""
        docker = partial(self.must, program=DOCKER)
        labels = ["--filter", f"label=k3d.cluster={self.name}", "--filter", "label=k3d.role"]
        told = docker(["ps", *labels, "--format", '{{.Names}} {{.Label "k3d.role"}}']).splitlines()
        nodes = [line.split()[0] for line in told if line.endswith((" server", " agent"))]
        return connected(docker, f"k3d-{self.name}", nodes, _REGISTRIES, port)

    def _listed(self) -> Mapping[str, Any] | None:
        clusters = json.loads(self.must(["cluster", "list", "-o", "json"]) or "[]")
        return next((cluster for cluster in clusters if cluster["name"] == self.name), None)


def configuration(topology: Topology) -> str:
    """The configuration file of k3d for a topology; names and sizes are Docker's to give."""
    servers = [shape for shape in topology.shapes if shape.role == CONTROL_PLANE]
    agents = [shape for shape in topology.shapes if shape.role == WORKER]
    named = [(f"server:{at}", shape) for at, shape in enumerate(servers)]
    named += [(f"agent:{at}", shape) for at, shape in enumerate(agents)]
    labels = [
        {"label": f"{key}={value}", "nodeFilters": [node]} for node, shape in named for key, value in _labels(shape)
    ]
    taints = [
        {"arg": f"--node-taint={taint['key']}={taint.get('value', '')}:{taint['effect']}", "nodeFilters": [node]}
        for node, shape in named
        for taint in shape.taints
    ]
    if agents:  # without workers the server must carry the pods itself
        taints.append({"arg": f"--node-taint={ROLE_LABEL}:NoSchedule", "nodeFilters": ["server:*"]})
    kubeconfig = {"updateDefaultKubeconfig": False, "switchCurrentContext": False}
    document = {
        "apiVersion": "k3d.io/v1alpha5",
        "kind": "Simple",
        "servers": max(1, len(servers)),
        "agents": len(agents),
        "kubeAPI": {"host": "127.0.0.1", "hostIP": "127.0.0.1"},
        "options": {"kubeconfig": kubeconfig, "k3s": {"nodeLabels": labels, "extraArgs": taints}},
    }
    return yaml.safe_dump(document, sort_keys=False)


def _labels(shape: NodeShape) -> list[tuple[str, str]]:
    zone = {"topology.kubernetes.io/zone": shape.zone} if shape.zone else {}
    return list({**zone, **shape.labels}.items())
