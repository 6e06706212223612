"""Requests that are a connection: whether they make sense, and who serves them.

``resources`` calls ``StreamEndpoint`` for ``exec``, ``attach``, ``portforward`` and ``proxy``. Here is what the API
server itself looks at: that the pod is there, has a node and such a container. The rest is the kubelet's, which an
``Exec`` and a ``Ports`` stand for. Upstream: ``registry/core/pod`` (``streamLocation``, ``rest/subresources.go``).

Simplified: streams are spoken over WebSockets only. The real server also upgrades to bare SPDY/3.1, which kubectl up
to 1.30 wants; later ones fall back to it, so that a refused WebSocket is asked for once more that way.
"""

from __future__ import annotations

from urllib.parse import parse_qsl

from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from gitopslab.controlplane.http.answers import Answer, text
from gitopslab.controlplane.http.log_lines import container_of
from gitopslab.controlplane.http.parameters import Query, truth
from gitopslab.controlplane.http.request import RequestInfo
from gitopslab.controlplane.http.streams.portforward import serve_portforward
from gitopslab.controlplane.http.streams.proxy import Proxy
from gitopslab.controlplane.http.streams.remotecommand import serve_attach, serve_exec, stream_options
from gitopslab.controlplane.runtime import strands
from gitopslab.controlplane.runtime.streams import Exec, Place, Ports, RefusedError
from gitopslab.controlplane.server.options import Caller
from gitopslab.controlplane.server.verbs import Verbs
from gitopslab.errors import ApiError, bad_request
from gitopslab.machinery.kinds import Resource
from gitopslab.machinery.objects import Object

UPGRADED = frozenset({"exec", "attach", "portforward"})
"""Subresources that are served over an upgraded connection. Whoever opens one needs the verb ``create``."""

CONNECTING = UPGRADED | {"proxy"}
"""Subresources that are a connection, not an object."""


class StreamEndpoint:
    """Serves the connections into pods.

    Args:
        verbs: Where pods, services and endpoints are read.
        exec: Starts processes; None when nothing runs pods.
        ports: Connects to ports; None when nothing runs pods.
    """

    def __init__(self, verbs: Verbs, exec: Exec | None, ports: Ports | None) -> None:
        self._verbs = verbs
        self._exec = exec
        self._ports = ports
        self._proxy = Proxy(verbs, ports)

    async def serve(
        self,
        who: Caller,
        resource: Resource,
        info: RequestInfo,
        query: Query,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> Answer | None:
        """Join the client to what it asks for.

        Returns:
            The answer of a request that opens no connection; None when one was served to its end.

        Raises:
            ApiError: There is nothing to be joined to.
        """
        wish = _wish(resource, info, query, scope)
        where = resource, info.subresource, info.namespace, info.name
        await strands.run(lambda: self._verbs.connect(who, *where, wish))
        if info.subresource == "proxy":
            return await self._proxy.serve(who, resource, info, scope, receive)
        if self._exec is None or self._ports is None:
            raise ApiError(501, "NotImplemented", f"nothing here runs pods: there is no {info.subresource}")
        pod = self._verbs.get(who, resource, info.namespace, info.name).object
        if info.subresource != "portforward":
            container = container_of(pod, query.get("container", ""))
        if not pod.get("spec", {}).get("nodeName"):
            raise bad_request(f"pod {info.name} does not have a host assigned")
        if scope["type"] != "websocket":
            return self._without_upgrade(info, scope)
        socket = WebSocket(scope, receive, send)
        if info.subresource == "portforward":
            return await serve_portforward(socket, self._ports, info.namespace, info.name, _repeated(scope, "ports"))
        place = Place(info.namespace, info.name, container)
        options = stream_options(query)
        if info.subresource == "attach":
            return await serve_attach(socket, self._exec, place, options)
        return await serve_exec(socket, self._exec, place, _repeated(scope, "command"), options)

    def _without_upgrade(self, info: RequestInfo, scope: Scope) -> Answer:
        """Tell what is wrong with the request; one whose WebSocket was refused comes here for the reason."""
        if info.subresource == "portforward" and self._ports is not None:
            try:
                self._ports.check(info.namespace, info.name)
            except RefusedError as error:
                return text(error.code, str(error))
        upgrade = dict(scope["headers"]).get(b"upgrade", b"").lower()
        if upgrade.startswith(b"spdy"):
            raise bad_request(f"{info.subresource} is served over WebSockets only; kubectl speaks them from 1.31 on")
        raise bad_request("Upgrade request required")


def _wish(resource: Resource, info: RequestInfo, query: Query, scope: Scope) -> Object:
    """What a client wants of a connection, as the object that admission is told of."""
    sub = resource.subresource(info.subresource)
    wish: Object = {"kind": sub.kind if sub is not None else "", "apiVersion": resource.api_version}
    if info.subresource == "proxy":
        return {**wish, "path": f"/{'/'.join(info.rest)}"}
    if info.subresource == "portforward":
        return {**wish, "ports": [int(port) for port in _repeated(scope, "ports") if port.isdecimal()]}
    wish |= {name: True for name in ("stdin", "stdout", "stderr", "tty") if truth(query, name)}
    given = {"container": query.get("container", ""), "command": _repeated(scope, "command")}
    return {**wish, **{name: value for name, value in given.items() if value}}


def _repeated(scope: Scope, name: str) -> list[str]:
    """All values of one name in the query, which ``query_of`` has found to be of a sane length."""
    pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    return [value for key, value in pairs if key == name]
