"""Webhooks as programs to call: where a ``clientConfig`` leads in this cluster, and how one is asked.

Admission (``admission.webhooks``) and custom resources (``custom.conversion``) ask; the network is ``http``'s, which
gives a ``Client``. A request is laid aside while it waits (``runtime.strands``). Upstream:
``apiserver/pkg/util/webhook/client.go`` and ``apiserver/pkg/util/proxy``.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol
from urllib.parse import urlsplit

from gitopslab.controlplane.runtime.strands import elsewhere
from gitopslab.machinery.golang import go_kind
from gitopslab.machinery.objects import Object

if TYPE_CHECKING:
    from gitopslab.controlplane.server.admission.attributes import Reader

_HTTPS = 443


class CallError(Exception):
    """A webhook could not be asked, or gave no answer that can be read; the message is upstream's."""


class Shape(NamedTuple):
    """What a value in an answer has to be; null is as good as nothing.

    Attributes:
        go: Go's name of its type.
        kind: What Go's JSON errors call such a value.
        fields: Of an object, what those are that somebody reads.
        items: Of an array, what each in it is.
    """

    go: str
    kind: str
    fields: Mapping[str, Shape] = {}
    items: Shape | None = None


TEXT = Shape("string", "string")
STATUS = Shape("v1.Status", "object", {
    "status": TEXT, "message": TEXT, "reason": Shape("v1.StatusReason", "string"), "code": Shape("int32", "number"),
    "details": Shape("v1.StatusDetails", "object"),
})  # fmt: skip


class Review(NamedTuple):
    """The kind of object that goes out and comes back.

    Attributes:
        group: Its group.
        kind: Its kind.
        scheme: Where upstream keeps such kinds; it says so when another one comes back.
        response: What its ``response`` is.
    """

    group: str
    kind: str
    scheme: str
    response: Shape


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


class Client(Protocol):
    """Speaks HTTPS."""

    def prepared(self, destination: Destination, body: bytes, seconds: int, review: Review) -> Callable[[], Object]:
        """A call that can be made in another thread, and gives the object that is answered.

        It raises a ``CallError`` when there is none.
        """
        ...


def ask(config: Object, body: bytes, seconds: int, review: Review, reader: Reader, client: Client | None) -> Object:
    """What a webhook answers.

    Args:
        config: Its ``clientConfig``.
        body: What it is sent.
        seconds: How long it may take.
        review: What is sent, and wanted back.
        reader: Finds its Service.
        client: Speaks to it; None where nothing can.

    Raises:
        CallError: It could not be asked.
    """
    try:
        destination = destination_of(config)
    except ValueError as error:
        raise CallError(str(error)) from error
    try:
        found = through_service(destination, config, reader)
    except LookupError as error:
        raise CallError(f'Post "{destination.url}?timeout={seconds}s": {error.args[0]}') from error
    if client is None:
        raise CallError("nothing in this process speaks HTTPS")
    answered = elsewhere(client.prepared(found, body, seconds, review))
    shape = Shape(review.kind, "object", {"apiVersion": TEXT, "kind": TEXT, "response": review.response})
    if problem := _problem_of(answered, shape, "", ""):
        raise CallError(f"json: cannot unmarshal {problem}")
    return answered


def _problem_of(value: Any, shape: Shape, owner: str, path: str) -> str:
    """Why a value is not what it has to be, in the words of Go's JSON errors; empty when it is."""
    if value is None:
        return ""
    if go_kind(value) != shape.kind or isinstance(value, float):
        return f"{go_kind(value)} into Go struct field {owner}.{path} of type {shape.go}"
    name = shape.go.rpartition(".")[2]
    for field, inner in shape.fields.items():
        if problem := _problem_of(value.get(field), inner, name, f"{path}.{field}".lstrip(".")):
            return problem
    if shape.items is None:
        return ""
    return next((problem for item in value if (problem := _problem_of(item, shape.items, owner, path))), "")


def destination_of(config: Object) -> Destination:
    """The server that a ``clientConfig`` names; a Service's is not looked up yet.

    Raises:
        ValueError: Its URL cannot be read.
    """
    # Between certificates there may be anything, in any script; OpenSSL takes ASCII only.
    authorities = base64.b64decode(config.get("caBundle") or "").decode("ascii", "ignore")
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
