"""The programs of others that the lab can drive, and the one command a platform that installs each.

The kinds of cluster run them, ``gitopslab doctor`` looks for them. None is needed for the embedded cluster.
"""

from __future__ import annotations

from gitopslab.clusters.tool import Tool


def _downloaded(name: str, url: str) -> str:
    return f"mkdir -p ~/.local/bin && curl -Lo ~/.local/bin/{name} {url} && chmod +x ~/.local/bin/{name}"


DOCKER = Tool(
    "docker",
    {
        "linux": "curl -fsSL https://get.docker.com | sh",
        "darwin": "brew install --cask docker",
        "win32": "winget install Docker.DockerDesktop",
    },
)
KIND = Tool(
    "kind",
    {
        "linux": _downloaded("kind", "https://kind.sigs.k8s.io/dl/v0.33.0/kind-linux-amd64"),
        "darwin": "brew install kind",
        "win32": "winget install Kubernetes.kind",
    },
)
K3D = Tool(
    "k3d",
    {
        "linux": "curl -s https://raw.githubusercontent.com/k3d-io/k3d/main/install.sh | bash",
        "darwin": "brew install k3d",
        "win32": "winget install k3d.k3d",
    },
)
KWOKCTL = Tool(
    "kwokctl",
    {
        "linux": _downloaded(
            "kwokctl", "https://github.com/kubernetes-sigs/kwok/releases/download/v0.8.0/kwokctl-linux-amd64"
        ),
        "darwin": "brew install kwok",
        "win32": "winget install Kubernetes.kwokctl",
    },
)
