"""``exec``, ``attach``, ``portforward`` and ``proxy``: the connections that reach into a pod.

Called by ``resources`` when a request names one of them; what goes through them would be the kubelet's. The seam is
``connect``: it has the ASGI channel of the request and everything that was read from its path and query.

Simplified: none of them is served yet; the real API server upgrades the connection (WebSocket) and joins it to the
kubelet.
"""

from __future__ import annotations

from starlette.types import Receive, Scope, Send

from gitopslab.controlplane.http.parameters import Query
from gitopslab.controlplane.http.request import RequestInfo
from gitopslab.errors import ApiError

CONNECTING = frozenset({"exec", "attach", "portforward", "proxy"})
"""Subresources that are a connection, not an object."""


async def connect(info: RequestInfo, query: Query, scope: Scope, receive: Receive, send: Send) -> None:
    """Join the client to what it asks for.

    Raises:
        ApiError: 501, always.
    """
    message = f"the embedded cluster does not serve {info.resource}/{info.subresource} yet; on a real cluster it works"
    raise ApiError(501, "NotImplemented", message)
