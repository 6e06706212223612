"""What an exercise about Flux stands on: Flux itself, the lab's Git server under its one URL, and a login there.

Called by ``stage``. A cluster that has them keeps them as they are.
"""

from __future__ import annotations

from collections.abc import Callable

from gitopslab.clusters.client import Client
from gitopslab.clusters.forge import USER, Address
from gitopslab.errors import NotFoundError
from gitopslab.gitops.place import NAMESPACE, SERVICE

_KINDS = (
    "gitrepositories.source.toolkit.fluxcd.io",
    "kustomizations.kustomize.toolkit.fluxcd.io",
    "imageupdateautomations.image.toolkit.fluxcd.io",
)
_LOGIN = "git"


def prepare_flux(client: Client, install: Callable[[], None], forge: Address, namespace: str) -> None:
    """Have Flux in the cluster, and in a namespace a Secret ``git`` with which it may push.

    Args:
        client: The cluster's API.
        install: Installs Flux with image automation, and leads the cluster to the Git server.
        forge: The Git server.
        namespace: The exercise's.

    Raises:
        LabError: Flux cannot be installed there.
    """
    wanted = [("customresourcedefinitions.apiextensions.k8s.io", kind, "") for kind in _KINDS]
    wanted.append(("services", SERVICE, NAMESPACE))
    if not all(_is_there(client, *each) for each in wanted):
        install()
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
