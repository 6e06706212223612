"""What an exercise about Flux stands on: Flux itself, the lab's Git server under its one URL, and a login there.

Called by ``stage``. A cluster that has Flux keeps it as it is; one without gets what ``flux install`` applies.
"""

from __future__ import annotations

from gitopslab.clusters.client import Client
from gitopslab.clusters.forge import USER, Address
from gitopslab.clusters.waiting import wait_until
from gitopslab.errors import NotFoundError, WaitTimeoutError
from gitopslab.machinery.objects import Object, is_condition_true

_SECONDS = 60.0
_DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io"
_LOGIN = "git"


def prepare_flux(client: Client, forge: Address, namespace: str) -> None:
    """Have Flux in the cluster, and in a namespace a Secret ``git`` with which it may push.

    Args:
        client: The cluster's API.
        forge: The Git server.
        namespace: The exercise's.

    Raises:
        WaitTimeoutError: The cluster does not take Flux's kinds.
    """
    from gitopslab.gitops.flux import installation
    from gitopslab.gitops.flux.definitions import definitions
    from gitopslab.gitops.place import NAMESPACE, SERVICE, git_service

    names = [definition["metadata"]["name"] for definition in definitions(extra=True)]
    if not all(_is_there(client, _DEFINITIONS, name) for name in names):
        for obj in installation.components(extra=True):
            client.apply(obj, manager="flux")
    if not _is_there(client, "services", SERVICE, NAMESPACE):
        for obj in git_service(forge.port):
            client.apply(obj)
    _wait_for(client, names)
    client.discovery(fresh=True)
    login = {"username": USER, "password": forge.token}
    metadata = {"name": _LOGIN, "namespace": namespace}
    client.apply({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": login})


def _is_there(client: Client, kind: str, name: str, namespace: str = "default") -> bool:
    try:
        client.get(kind, name, namespace)
    except NotFoundError:
        return False
    return True


def _wait_for(client: Client, names: list[str]) -> None:
    def read() -> list[Object]:
        return [client.get(_DEFINITIONS, name) for name in names]

    reached, _ = wait_until(read, lambda obj: is_condition_true(obj, "Established"), _SECONDS)
    if not reached:
        raise WaitTimeoutError("Flux's kinds are not established", "kubectl get crds tells more")
