"""Where a webhook is: what its ``clientConfig`` means in this cluster.

Upstream: ``apiserver/pkg/util/webhook/client.go`` and ``apiserver/pkg/util/proxy``.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from gitopslab.controlplane.server.admission.attributes import Reader
from gitopslab.machinery.objects import Object

_HTTPS = 443


@dataclass(frozen=True, slots=True)
class Destination:
    """A server that is asked over HTTPS.

    Attributes:
        host: The name or address of the URL; the server's certificate must be for it.
        port: Of the URL; None where it names none.
        path: Of the URL.
        authorities: The certificates it is trusted by, PEM; empty for those that this machine trusts.
        cluster_ip: Of the Service that leads there; empty when the URL itself does.
    """

    host: str
    port: int | None
    path: str
    authorities: str
    cluster_ip: str = ""

    @property
    def url(self) -> str:
        """As errors show it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"https://{host}{'' if self.port is None else f':{self.port}'}{self.path}"


def destination_of(config: Object) -> Destination:
    """The server that a ``clientConfig`` names; a Service's is not looked up yet."""
    authorities = base64.b64decode(config.get("caBundle") or "").decode("utf-8", "replace")
    service = config.get("service")
    if service is None:
        url = urlsplit(config["url"])
        return Destination(url.hostname or "", url.port, url.path or "/", authorities)
    host = f"{service['name']}.{service['namespace']}.svc"
    return Destination(host, service.get("port") or _HTTPS, f"/{(service.get('path') or '').lstrip('/')}", authorities)


def through_service(destination: Destination, config: Object, reader: Reader) -> Destination:
    """A destination with the address that its Service has now.

    Raises:
        LookupError: The Service leads nowhere; the message is upstream's.
    """
    wanted = config.get("service")
    if wanted is None:
        return destination
    service = reader.find("services", wanted["namespace"], wanted["name"])
    if service is None:
        raise LookupError(f'service "{wanted["name"]}" not found')
    spec = service["spec"]
    if spec.get("type") == "ExternalName":
        return replace(destination, cluster_ip=spec["externalName"])
    if spec.get("clusterIP") == "None":
        raise LookupError('cannot route to service with ClusterIP "None"')
    if not any(port["port"] == destination.port for port in spec.get("ports") or ()):
        raise LookupError(f'no service port {destination.port} found for service "{wanted["name"]}"')
    return replace(destination, cluster_ip=spec["clusterIP"])
