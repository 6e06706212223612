"""How exercises get the tools of GitOps that they need: by ``lab.flux.install`` and ``lab.argocd.install``."""

from __future__ import annotations

from gitopslab.clusters import Cluster
from gitopslab.clusters.client import Client
from gitopslab.course.tools import Install


def tools_for(client: Client, cluster: Cluster) -> Install:
    """What installs each tool on a cluster.

    Args:
        client: The cluster's API.
        cluster: Which one.
    """

    def flux() -> None:
        from gitopslab.lab.flux.flux import Flux

        Flux(client, cluster).install(image_automation=True)

    def argocd() -> None:
        from gitopslab.lab.argocd.argocd import ArgoCD

        ArgoCD(client, cluster).install()

    return {"flux": flux, "argocd": argocd}
