"""``portforward``: joins a client's streams to the ports of a pod.

``StreamEndpoint`` calls ``serve_portforward`` when it knows that the caller may. kubectl tunnels SPDY (``tunnel``);
other clients, the official one for Python among them, name their ports in the query and get two channels for each:
data on the even one, an error's text on the odd one after it, both beginning with the port's number. Upstream:
``k8s.io/cri-streaming/pkg/streaming/portforward/websocket.go``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from starlette.websockets import WebSocket

from gitopslab.controlplane.http.answers import Answer, text
from gitopslab.controlplane.http.streams.channels import GOING_AWAY, UNNAMED, V4, V4_BASE64, ChannelSocket, negotiated
from gitopslab.controlplane.http.streams.tunnel import SUBPROTOCOL, Connect, serve_tunnel
from gitopslab.controlplane.runtime.pumping import pump
from gitopslab.controlplane.runtime.streams import Connection, Ports, RefusedError, StartError
from gitopslab.errors import ApiError, bad_request

_MOST_PORTS = 64
_MOST_WAITING = 64  # messages of one port that its connection has not taken


async def serve_portforward(
    socket: WebSocket, kubelet: Ports, namespace: str, pod: str, asked: Sequence[str]
) -> Answer | None:
    """Forward ports of a pod to a client until it goes.

    Args:
        socket: Not yet accepted.
        kubelet: Connects to ports.
        namespace: Of the pod.
        pod: Its name.
        asked: The values of ``ports`` in the query; a tunnel names them later.

    Returns:
        What the kubelet answers instead of opening the connection, if it does not.

    Raises:
        ApiError: The client speaks none of our protocols.
    """

    async def connect(port: int) -> Connection:
        return await kubelet.connect(namespace, pod, port)

    protocols = socket.scope.get("subprotocols", [])
    is_tunnel = any(name.startswith("SPDY/3.1+") and name.endswith(".k8s.io") for name in protocols)
    try:
        ports = () if is_tunnel else _ports(asked)
        kubelet.check(namespace, pod)
    except RefusedError as error:
        return text(error.code, str(error))
    if not is_tunnel:
        await _Forwards(ChannelSocket(socket, negotiated(protocols, (V4, V4_BASE64, UNNAMED))), ports).run(connect)
        return None
    if SUBPROTOCOL not in protocols:
        offered = [name.removeprefix("SPDY/3.1+") for name in protocols]
        why = f"client supports {offered}, server accepts [portforward.k8s.io]"
        raise ApiError(403, "Forbidden", f"unable to upgrade: unable to negotiate protocol: {why}")
    await serve_tunnel(socket, connect)
    return None


def _ports(asked: Sequence[str]) -> tuple[int, ...]:
    words = [word for value in asked for word in value.split(",")]
    if not words:
        raise RefusedError(400, 'query parameter "port" is required')
    if len(words) > _MOST_PORTS:
        raise bad_request(f"at most {_MOST_PORTS} ports")
    for word in words:
        if not (word.isascii() and word.isdigit() and 0 < int(word[:9]) < 65536):
            raise RefusedError(400, f'unable to parse "{word}" as a port')
    return tuple(int(word) for word in words)


class _Forwards:
    """One connection of a client that named its ports."""

    def __init__(self, channels: ChannelSocket, ports: tuple[int, ...]) -> None:
        self._channels = channels
        self._ports = ports
        self._waiting: list[asyncio.Queue[bytes]] = [asyncio.Queue(_MOST_WAITING) for _ in ports]

    async def run(self, connect: Connect) -> None:
        await self._channels.accept()
        for index, port in enumerate(self._ports):
            for channel in (2 * index, 2 * index + 1):
                await self._channels.send(channel, port.to_bytes(2, "little"))
        receiving = asyncio.create_task(self._receive())
        forwards = [asyncio.create_task(self._forward(connect, index)) for index in range(len(self._ports))]
        code = 1000
        try:
            open_forwards: set[asyncio.Task[None]] = set(forwards)
            while open_forwards and not receiving.done():
                done, _ = await asyncio.wait({receiving, *open_forwards}, return_when=asyncio.FIRST_COMPLETED)
                open_forwards -= done
        except asyncio.CancelledError:
            code = GOING_AWAY
            raise
        finally:
            for task in (receiving, *forwards):
                task.cancel()
            await asyncio.gather(receiving, *forwards, return_exceptions=True)
            await self._channels.close(code)

    async def _receive(self) -> None:
        while (message := await self._channels.receive()) is not None:
            index, is_error = divmod(message.channel, 2)
            if index < len(self._ports) and not is_error and message.data:
                await self._waiting[index].put(message.data)

    async def _forward(self, connect: Connect, index: int) -> None:
        try:
            connection = await connect(self._ports[index])
        except (RefusedError, StartError) as error:
            await self._channels.send(2 * index + 1, str(error).encode())
            return
        await pump(connection, self._waiting[index].get, lambda piece: self._channels.send(2 * index, piece))
