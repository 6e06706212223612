"""``pods/NAME/proxy`` and ``services/NAME/proxy``: an HTTP request passed on to what listens in a pod.

``StreamEndpoint`` calls it. The name may say more than a name: ``https:web:8080`` or ``web:http``. A request is sent on
its way over a connection of its own, and its answer comes back whole. Upstream: ``registry/core/pod`` and
``registry/core/service`` (``ResourceLocation``), ``apimachinery/pkg/util/proxy``.

Simplified: links in pages are not rewritten, WebSockets are not passed on, and a node's kubelet cannot be asked. The
real server does all three, and streams an answer while it comes.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from dataclasses import dataclass

import h11
from starlette.types import Receive, Scope

from gitopslab.controlplane.http.answers import Answer
from gitopslab.controlplane.http.body import read_body
from gitopslab.controlplane.http.request import RequestInfo
from gitopslab.controlplane.runtime.streams import Connection, Ports, RefusedError, StartError
from gitopslab.controlplane.server.options import Caller
from gitopslab.controlplane.server.verbs import Verbs
from gitopslab.errors import ApiError, bad_request
from gitopslab.machinery.kinds import Resource
from gitopslab.machinery.objects import Object, name_of

_PATIENCE = 60.0  # seconds for a whole answer
_LARGEST_ANSWER = 16 * 1024 * 1024
_HOP_BY_HOP = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade"}
)
_BEFORE_REST = len(["", "api", "v1", "namespaces", "NAMESPACE", "pods", "NAME", "proxy"])
_KEPT_BACK = _HOP_BY_HOP | {b"authorization", b"host", b"content-length", b"accept-encoding", b"expect"}


@dataclass(frozen=True, slots=True)
class _Target:
    pod: str
    port: int
    address: str


class Proxy:
    """Passes requests on.

    Args:
        verbs: Where pods, services and endpoints are read.
        ports: Connects to ports; None when nothing runs pods.
    """

    def __init__(self, verbs: Verbs, ports: Ports | None) -> None:
        self._verbs = verbs
        self._ports = ports

    async def serve(
        self, who: Caller, resource: Resource, info: RequestInfo, scope: Scope, receive: Receive
    ) -> Answer | None:
        """Pass one request on.

        Raises:
            ApiError: There is nobody to pass it on to.
        """
        if self._ports is None:
            raise ApiError(501, "NotImplemented", "nothing here runs pods: there is nobody to pass a request on to")
        if scope["type"] == "websocket" or resource.key not in ("pods", "services"):
            raise ApiError(404, "NotFound", f"the embedded cluster does not serve this kind of {resource.key}/proxy")
        targets = [self._pod(who, resource, info)] if resource.key == "pods" else self._service(who, resource, info)
        body = await read_body(receive, dict(scope["headers"]))
        target, connection = await self._connect(info.namespace, targets)
        try:
            async with asyncio.timeout(_PATIENCE):
                return await _exchange(connection, _request(info, scope, target, body), body)
        except TimeoutError:
            raise _unavailable("error trying to reach service: context deadline exceeded") from None
        except h11.RemoteProtocolError as error:
            raise _unavailable(f"error trying to reach service: {error}") from error
        finally:
            await connection.close()

    async def _connect(self, namespace: str, targets: list[_Target]) -> tuple[_Target, Connection]:
        """The first that takes a connection: one of a Service's pods may have ended a moment ago."""
        assert self._ports is not None, "asked before"
        for target in targets:
            try:
                return target, await self._ports.connect(namespace, target.pod, target.port)
            except (RefusedError, StartError):
                continue
        why = f"dial tcp {targets[0].address}:{targets[0].port}: connect: connection refused"
        raise _unavailable(f"error trying to reach service: {why}")

    def _pod(self, who: Caller, resource: Resource, info: RequestInfo) -> _Target:
        _, name, port = _split(info.name)
        pod = self._verbs.get(who, resource, info.namespace, name).object
        if not pod.get("status", {}).get("podIP"):
            raise bad_request("address not allowed")
        number = int(port) if port.isdigit() else next(_ports_of(pod), 80)
        return _Target(name, number, pod["status"]["podIP"])

    def _service(self, who: Caller, resource: Resource, info: RequestInfo) -> list[_Target]:
        """The endpoints of a Service, in any order."""
        _, name, port = _split(info.name)
        service = self._verbs.get(who, resource, info.namespace, name).object
        wanted = _port_name(service, port)
        found = list(self._endpoints(info.namespace, service, wanted)) if wanted is not None else []
        if not found:
            raise _unavailable(f'no endpoints available for service "{info.name}"')
        return random.sample(found, len(found))

    def _endpoints(self, namespace: str, service: Object, port_name: str) -> Iterator[_Target]:
        slices = self._verbs.catalog.at("discovery.k8s.io", "v1", "endpointslices")
        assert slices is not None, "endpoint slices are always served"
        labels = f"kubernetes.io/service-name={name_of(service)}"
        page = self._verbs.list(_READER, slices, namespace, labels=labels)
        for record in page.records:
            ports = [one["port"] for one in record.object.get("ports") or () if (one.get("name") or "") == port_name]
            for endpoint in record.object.get("endpoints") or ():
                pod = endpoint.get("targetRef") or {}
                if ports and endpoint.get("conditions", {}).get("ready") and pod.get("kind") == "Pod":
                    yield _Target(pod["name"], ports[0], endpoint["addresses"][0])


_READER = Caller("system:apiserver", ("system:masters",))


def _split(name: str) -> tuple[str, str, str]:
    """``[scheme:]name[:port]``.

    Raises:
        ApiError: 400 when it is none of these.
    """
    parts = name.split(":")
    if len(parts) == 3 and parts[0] in ("http", "https", ""):
        return parts[0], parts[1], parts[2]
    if len(parts) > 2:
        raise bad_request(f'invalid pod request "{name}"')
    return "", parts[0], parts[1] if len(parts) == 2 else ""


def _ports_of(pod: Object) -> Iterator[int]:
    for container in pod.get("spec", {}).get("containers") or ():
        for port in container.get("ports") or ():
            yield int(port["containerPort"])


def _port_name(service: Object, asked: str) -> str | None:
    """The name of the port that is meant: by number, by name, or the only one."""
    for port in service.get("spec", {}).get("ports") or ():
        if asked in ("", str(port["port"]), port.get("name")):
            return str(port.get("name") or "")
    return None


def _request(info: RequestInfo, scope: Scope, target: _Target, body: bytes) -> h11.Request:
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    rest = b"/" + b"/".join(path.split(b"/")[_BEFORE_REST:])
    query = b"?" + scope["query_string"] if scope["query_string"] else b""
    headers = [(name, value) for name, value in scope["headers"] if name not in _KEPT_BACK]
    headers += [(b"host", f"{target.address}:{target.port}".encode()), (b"connection", b"close")]
    headers += [(b"content-length", b"%d" % len(body))] if body else []
    return h11.Request(method=scope["method"], target=rest + query, headers=headers)


async def _exchange(connection: Connection, request: h11.Request, body: bytes) -> Answer:
    """Send the request and take the whole answer."""
    client = h11.Connection(h11.CLIENT)
    await connection.write(client.send(request) or b"")
    if body:
        await connection.write(client.send(h11.Data(data=body)) or b"")
    client.send(h11.EndOfMessage())
    head: h11.Response | None = None
    received = b""
    while True:
        event = client.next_event()
        if event is h11.NEED_DATA:
            client.receive_data(await connection.read())
        elif isinstance(event, h11.Response):
            head = event
        elif isinstance(event, h11.Data):
            received += event.data
            if len(received) > _LARGEST_ANSWER:
                raise _unavailable("error trying to reach service: its answer is too large")
        elif head is not None and (isinstance(event, h11.EndOfMessage) or event is h11.PAUSED):
            return _answer(head, received)


def _answer(head: h11.Response, body: bytes) -> Answer:
    kept = [(name, value) for name, value in head.headers if name not in _HOP_BY_HOP and name != b"content-length"]
    media_type = next((value for name, value in kept if name == b"content-type"), b"application/octet-stream")
    others = tuple((name, value) for name, value in kept if name != b"content-type")
    return Answer(head.status_code, body, media_type, headers=others)


def _unavailable(message: str) -> ApiError:
    return ApiError(503, "ServiceUnavailable", message)
