"""Where an address inside the cluster is on this machine.

Manifests name the lab's Git server as pods would: ``http://git.gitopslab.svc.cluster.local/waal/waal-web.git``. On a
real cluster DNS and kube-proxy lead there; the embedded controllers are no pods, so they look up what those two would:
the Service, and the EndpointSlice behind it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from urllib.parse import urlsplit, urlunsplit

from gitopslab.machinery.objects import Object, labels_of

_SERVICE = "kubernetes.io/service-name"
_PORTS = {"http": 80, "https": 443}


class Slices(Protocol):
    """The EndpointSlices of a cluster, as an informer has them."""

    def list(self, namespace: str = "") -> Sequence[Object]:
        """Those of one namespace."""
        ...


class Services(Protocol):
    """The Services of a cluster, as an informer has them."""

    def get(self, name: str, namespace: str = "") -> Object | None:
        """One, or None."""
        ...


def resolved(url: str, services: Services, slices: Slices) -> str:
    """The URL with the address behind a Service of the cluster; any other URL as it is."""
    parts = urlsplit(url)
    name, _, rest = (parts.hostname or "").rstrip(".").partition(".")
    namespace, _, domain = rest.partition(".")
    if domain not in ("svc", "svc.cluster.local"):
        return url
    service = services.get(name, namespace)
    port = parts.port or _PORTS.get(parts.scheme, 80)
    place = _endpoint(service, port, slices.list(namespace)) if service is not None else None
    return url if place is None else urlunsplit(parts._replace(netloc=place))


def _endpoint(service: Object, port: int, slices: Sequence[Object]) -> str | None:
    wanted = next((each for each in service["spec"].get("ports") or () if each.get("port") == port), None)
    if wanted is None:
        return None
    for each in slices:
        if labels_of(each).get(_SERVICE) != service["metadata"]["name"]:
            continue
        ports = [p for p in each.get("ports") or () if (p.get("name") or "") == (wanted.get("name") or "")]
        addresses = [address for endpoint in each.get("endpoints") or () for address in endpoint.get("addresses") or ()]
        if ports and addresses:
            return f"{addresses[0]}:{ports[0]['port']}"
    return None
