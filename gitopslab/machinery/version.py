"""Which Kubernetes the embedded control plane speaks, told in one place to its server, its kubelets and its users."""

from __future__ import annotations

MAJOR = "1"
MINOR = "36"

KUBERNETES = f"v{MAJOR}.{MINOR}.3"
"""The upstream release whose behaviour is followed; kubelets report it as their version."""

RELEASE = f"{MAJOR}.{MINOR}"
"""As documents of the API name it."""

SERVER = f"{KUBERNETES}+gitopslab"
"""What the API server answers at ``/version``: build metadata after ``+``, as k3s marks its own."""
