"""What exercises about GitOps stand on: Flux or Argo CD, the lab's Git server under its one URL, and a login there.

Called by ``stage``. A cluster that has them keeps them as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from gitopslab.clusters.client import Client
from gitopslab.clusters.forge import USER, Address
from gitopslab.errors import NotFoundError
from gitopslab.gitops.place import NAMESPACE, SERVICE

Tool = Literal["flux", "argocd"]
Install = Mapping[Tool, Callable[[], None]]
"""Installs a tool, Flux with image automation, and leads the cluster to the Git server."""

KINDS: Mapping[Tool, tuple[str, ...]] = {
    "flux": (
        "gitrepositories.source.toolkit.fluxcd.io",
        "kustomizations.kustomize.toolkit.fluxcd.io",
        "imageupdateautomations.image.toolkit.fluxcd.io",
    ),
    "argocd": ("applications.argoproj.io", "applicationsets.argoproj.io", "appprojects.argoproj.io"),
}
"""The kinds by which one sees that a cluster has a tool."""

_LOGIN = "git"


def prepare(tool: Tool, client: Client, install: Install, forge: Address, namespace: str) -> None:
    """Have a tool in the cluster, and in a namespace a Secret ``git`` with which it may push.

    Args:
        tool: Which one.
        client: The cluster's API.
        install: Installs it.
        forge: The Git server.
        namespace: The exercise's.

    Raises:
        LabError: It cannot be installed there.
    """
    wanted = [("customresourcedefinitions.apiextensions.k8s.io", kind, "") for kind in KINDS[tool]]
    wanted.append(("services", SERVICE, NAMESPACE))
    if not all(_is_there(client, *each) for each in wanted):
        install[tool]()
        client.discovery(fresh=True)
    metadata = {"name": _LOGIN, "namespace": namespace}
    login = {"username": USER, "password": forge.token}
    client.apply({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": login})


def _is_there(client: Client, kind: str, name: str, namespace: str) -> bool:
    try:
        client.get(kind, name, namespace)
    except NotFoundError:
        return False
    return True
