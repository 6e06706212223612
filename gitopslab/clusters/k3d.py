"""Clusters of k3d: k3s, a real and small Kubernetes, whose nodes are Docker containers.

Everything general is in ``external``; here is only how k3d is called. k3d changes the user's kubeconfig unless it is
told not to, so it is told, and the kubeconfig is asked for and written by the lab.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import yaml

from gitopslab.clusters.base import Capability, Progress, silent
from gitopslab.clusters.external import ExternalCluster, workers_of, zone_of
from gitopslab.clusters.failures import explain
from gitopslab.clusters.state import Record, write_private
from gitopslab.clusters.tool import Tool

K3D = Tool(
    "k3d",
    {
        "linux": "curl -s https://raw.githubusercontent.com/k3d-io/k3d/main/install.sh | bash",
        "darwin": "brew install k3d",
        "win32": "winget install k3d.k3d",
    },
)


class K3dCluster(ExternalCluster):
    """A cluster of k3d."""

    kind = "k3d"
    tool = K3D
    capabilities = frozenset({Capability.LOAD_IMAGE, Capability.STOP})

    def exists(self) -> bool:
        """Whether ``k3d cluster list`` has it."""
        return self._listed() is not None

    def create(self, record: Record, progress: Progress) -> None:
        """Make it with the default topology's zones and number of workers, then write its kubeconfig."""
        config = record.config or str(self.written("k3d.yaml", configuration(record)))
        arguments = ["cluster", "create", self.name, "--config", config, "--timeout", "600s"]
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
        """Copy an image of this machine's Docker onto every node."""
        arguments = ["image", "import", image, "--cluster", self.name]
        answer = self.call(arguments, progress, timeout=300)
        # k3d 5 says in words, not by its exit code, that an image is not there
        if not answer.ok or "couldn't be found" in answer.text or "Failed to import" in answer.text:
            raise explain(self.tool.name, arguments, answer, self.kind, self.name)

    def _listed(self) -> Mapping[str, Any] | None:
        clusters = json.loads(self.must(["cluster", "list", "-o", "json"]) or "[]")
        return next((cluster for cluster in clusters if cluster["name"] == self.name), None)


def configuration(record: Record) -> str:
    """The configuration file of k3d for a record: one server, the workers as agents, each with its zone."""
    workers = workers_of(record)
    filters = [("zone-a", "server:0")] + [(zone_of(number), f"agent:{number}") for number in range(workers)]
    labels = [{"label": f"topology.kubernetes.io/zone={zone}", "nodeFilters": [node]} for zone, node in filters]
    taint = "--node-taint=node-role.kubernetes.io/control-plane:NoSchedule"
    # without workers the server must carry the pods itself
    extra = [{"arg": taint, "nodeFilters": ["server:*"]}] if workers else []
    return yaml.safe_dump(
        {
            "apiVersion": "k3d.io/v1alpha5",
            "kind": "Simple",
            "servers": 1,
            "agents": workers,
            "kubeAPI": {"host": "127.0.0.1", "hostIP": "127.0.0.1"},
            "options": {
                "kubeconfig": {"updateDefaultKubeconfig": False, "switchCurrentContext": False},
                "k3s": {"nodeLabels": labels, "extraArgs": extra},
            },
        },
        sort_keys=False,
    )
