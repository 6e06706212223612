"""``exec`` and ``attach`` over a WebSocket: joins a client's channels to a process.

``StreamEndpoint`` calls ``serve_exec`` and ``serve_attach`` when it knows that the caller may; the process comes from
an ``Exec`` (the kubelets). Data flow: stdin and sizes come from the client's channels 0 and 4, stdout and stderr go
out on 1 and 2, and the last word, a ``Status`` with the exit code, on 3.

Real clusters have two roads, and so two ways to word a failure: ``v5.channel.k8s.io`` is translated by the API server,
which accepts the connection before it asks the kubelet; older protocols go straight to the kubelet, which answers the
request itself. Upstream: ``apiserver/pkg/util/proxy``, ``k8s.io/cri-streaming/pkg/streaming/remotecommand``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.websockets import WebSocket

from gitopslab.controlplane.http.answers import Answer, text
from gitopslab.controlplane.http.parameters import Query, truth
from gitopslab.controlplane.http.streams.channels import (
    GOING_AWAY,
    UNNAMED,
    V1,
    V1_BASE64,
    V4,
    V4_BASE64,
    V5,
    ChannelProtocol,
    ChannelSocket,
    negotiated,
)
from gitopslab.controlplane.runtime.streams import Exec, Place, Process, RefusedError, StartError
from gitopslab.machinery.objects import Object

_STDIN, _STDOUT, _STDERR, _ERROR, _RESIZE = range(5)
_TAKES_INPUT = 60.0  # seconds a process may leave its input unread before we give up, as the client does
_LARGEST_SIDE = 65_535  # rows or columns of a terminal


@dataclass(frozen=True, slots=True)
class StreamOptions:
    """What ``PodExecOptions`` and ``PodAttachOptions`` have in common.

    stdout is always there and stderr unless a terminal joins the two: the API's defaults, which no client can undo.
    """

    stdin: bool
    tty: bool


def stream_options(query: Query) -> StreamOptions:
    """Read the options from a query."""
    return StreamOptions(stdin=truth(query, "stdin") or False, tty=truth(query, "tty") or False)


def protocol_of(socket: WebSocket) -> ChannelProtocol:
    """The protocol of a connection.

    Raises:
        ApiError: 403 when the client speaks none of ours.
    """
    asked = socket.scope.get("subprotocols", [])
    served = (V5,) if V5.name in asked else (V4, V4_BASE64, V1, V1_BASE64, UNNAMED)
    return negotiated(asked, served)


async def serve_exec(
    socket: WebSocket, kubelet: Exec, place: Place, command: list[str], options: StreamOptions
) -> Answer | None:
    """Run a command in a container for a client.

    Returns:
        What the kubelet answers instead of opening the connection, if it does not.
    """

    async def start() -> Process:
        return await kubelet.start(place, command, stdin=options.stdin, tty=options.tty)

    def ended(code: int, translated: bool) -> Object:
        how = f"command terminated with exit code {code}" if translated else ""
        how = how or f"error executing command [{' '.join(command)}], exit code {code}"
        return _ended(code, how)

    return await _serve(socket, start, options, ended, "error executing command in container")


async def serve_attach(socket: WebSocket, kubelet: Exec, place: Place, options: StreamOptions) -> Answer | None:
    """Join a client to a container's own program; its exit code is told by the pod's status alone.

    Returns:
        What the kubelet answers instead of opening the connection, if it does not.
    """

    async def start() -> Process:
        return await kubelet.attach(place, stdin=options.stdin)

    return await _serve(socket, start, options, lambda code, translated: _SUCCESS, "error attaching to container")


async def _serve(
    socket: WebSocket,
    start: Callable[[], Awaitable[Process]],
    options: StreamOptions,
    ended: Callable[[int, bool], Object],
    failing: str,
) -> Answer | None:
    channels = ChannelSocket(socket, protocol_of(socket))
    translated = channels.protocol is V5
    process, status = None, None
    try:
        process = await start()
    except RefusedError as error:
        if not translated:
            return text(error.code, str(error))
        status = _internal(f"unable to upgrade connection: {error}")
    except StartError as error:
        status = _internal(f"{failing}: {error}")
        status = _internal(status["message"]) if translated else status
    try:
        await channels.accept()
        await channels.send(_STDOUT, b"")  # tells the client that the connection is there
        if process is not None:
            code = await _join(channels, process, options)
            status = None if code is None else ended(code, translated)
        if status is not None:
            await _tell(channels, status)
        await channels.close()
    except asyncio.CancelledError:
        await channels.close(GOING_AWAY)
        raise
    finally:
        if process is not None:
            await process.close()
    return None


async def _join(channels: ChannelSocket, process: Process, options: StreamOptions) -> int | None:
    """Carry both directions until the process has ended; its exit code, or None when the client is gone."""
    feeding = asyncio.create_task(_feed(channels, process, options))
    showing = asyncio.create_task(_show(channels, process))
    try:
        await asyncio.wait((feeding, showing), return_when=asyncio.FIRST_COMPLETED)
        return await showing if showing.done() else None
    finally:
        feeding.cancel()
        showing.cancel()
        await asyncio.gather(feeding, showing, return_exceptions=True)


async def _show(channels: ChannelSocket, process: Process) -> int:
    while (output := await process.read()) is not None:
        await channels.send(int(output.source), output.data)
    return await process.wait()


async def _feed(channels: ChannelSocket, process: Process, options: StreamOptions) -> None:
    if not options.stdin:
        process.end_input()
    while (message := await channels.receive()) is not None:
        if message.channel == _STDIN and options.stdin:
            if message.closed:
                process.end_input()
            else:
                async with asyncio.timeout(_TAKES_INPUT):
                    await process.write(message.data)
        elif message.channel == _RESIZE:
            _resize(process, message.data)


def _resize(process: Process, data: bytes) -> None:
    try:
        size = orjson.loads(data)
        columns, rows = size["Width"], size["Height"]
    except (ValueError, TypeError, KeyError):
        return  # no size: upstream stops listening to them then
    if all(isinstance(side, int) and 0 < side <= _LARGEST_SIDE for side in (columns, rows)):
        process.resize(columns, rows)


async def _tell(channels: ChannelSocket, status: Object) -> None:
    if channels.protocol.structured:
        await channels.send(_ERROR, orjson.dumps(status))
    elif status is not _SUCCESS:
        await channels.send(_ERROR, status["message"].encode())


_SUCCESS: Object = {"metadata": {}, "status": "Success"}


def _ended(code: int, how: str) -> Object:
    if code == 0:
        return _SUCCESS
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: {how}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
    }


def _internal(message: str) -> dict[str, Any]:
    """``apierrors.NewInternalError``."""
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"Internal error occurred: {message}",
        "reason": "InternalError",
        "details": {"causes": [{"message": message}]},
        "code": 500,
    }
