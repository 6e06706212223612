"""Gives every namespace what its pods take for granted: a ``default`` ServiceAccount and the cluster's root CA.

The manager calls both controllers when a namespace appears and when one of these objects is changed or deleted. Tokens
are the API server's: pods get theirs through a projected volume.

Upstream: ``pkg/controller/serviceaccount`` and ``pkg/controller/certificates/rootcacertpublisher``.
"""

from __future__ import annotations

from collections.abc import Iterable

from gitopslab.controlplane.controllers.podcontrol import is_namespace_terminating
from gitopslab.controlplane.runtime.api import Api, WatchEvent
from gitopslab.controlplane.runtime.informer import Informer
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.errors import AlreadyExistsError, ApiError, NotFoundError
from gitopslab.machinery.clock import Clock
from gitopslab.machinery.objects import Object, annotations_of, is_terminating, name_of, namespace_of

DEFAULT = "default"
ROOT_CA = "kube-root-ca.crt"
_ABOUT = {
    "kubernetes.io/description": "Contains a CA bundle that can be used to verify the kube-apiserver when using "
    "internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed "
    "across distributions of Kubernetes clusters."
}


def _has_active(namespaces: Informer, name: str) -> bool:
    namespace = namespaces.get(name)
    return namespace is not None and not is_terminating(namespace)


def _create(api: Api, obj: Object) -> None:
    try:
        api.create(obj)
    except (AlreadyExistsError, NotFoundError):
        return
    except ApiError as error:
        if not is_namespace_terminating(error):
            raise


class ServiceAccountController:
    """Reconciles namespaces to their ``default`` ServiceAccount."""

    name = "service-account-controller"

    def __init__(self, api: Api, manager: Manager, clock: Clock) -> None:
        self._api = api
        self._namespaces = manager.informer("namespaces")
        self._accounts = manager.informer("serviceaccounts")
        self.sources: tuple[Source, ...] = (Source("namespaces"), Source("serviceaccounts", self._lost))

    def reconcile(self, request: Request) -> Result:
        """Create the account of a namespace that has none."""
        if _has_active(self._namespaces, request.name) and self._accounts.get(DEFAULT, request.name) is None:
            metadata = {"name": DEFAULT, "namespace": request.name}
            _create(self._api, {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata})
        return DONE

    @staticmethod
    def _lost(event: WatchEvent) -> Iterable[Request]:
        is_loss = event.type == "DELETED" and name_of(event.object) == DEFAULT
        return (Request("", namespace_of(event.object)),) if is_loss else ()


class RootCaPublisher:
    """Reconciles namespaces to their ``kube-root-ca.crt`` ConfigMap.

    Args:
        api: Creates and restores it.
        manager: Gives the informers.
        clock: Unused; every reconciler is built alike.
        root_ca: The certificate authority of the API server, in PEM.
    """

    name = "root-ca-certificate-publisher-controller"

    def __init__(self, api: Api, manager: Manager, clock: Clock, root_ca: str) -> None:
        self._api = api
        self._data = {"ca.crt": root_ca}
        self._namespaces = manager.informer("namespaces")
        self._config_maps = manager.informer("configmaps")
        self.sources: tuple[Source, ...] = (Source("namespaces"), Source("configmaps", self._concerned))

    def reconcile(self, request: Request) -> Result:
        """Create the ConfigMap, or write its content back."""
        if not _has_active(self._namespaces, request.name):
            return DONE
        found = self._config_maps.get(ROOT_CA, request.name)
        if found is None:
            metadata = {"name": ROOT_CA, "namespace": request.name, "annotations": _ABOUT}
            _create(self._api, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": self._data})
        elif found.get("data") != self._data or not _ABOUT.items() <= annotations_of(found).items():
            metadata = {**found["metadata"], "annotations": {**annotations_of(found), **_ABOUT}}
            self._api.update({**found, "metadata": metadata, "data": self._data})
        return DONE

    @staticmethod
    def _concerned(event: WatchEvent) -> Iterable[Request]:
        return (Request("", namespace_of(event.object)),) if name_of(event.object) == ROOT_CA else ()
