"""Probes of real containers: a request, a connection or a command, and what came of it.

``runtime`` makes a try when one is due and hands its result on when it is over. Upstream: ``pkg/probe`` (``http``,
``tcp``, ``exec``), whose words a failure has.

Simplified: a ``grpc`` probe only connects, and TLS is not spoken: an ``HTTPS`` probe connects, too.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import h11

from gitopslab.controlplane.kubelet.probes import Check
from gitopslab.controlplane.runtime.streams import Output, StartError
from gitopslab.machinery.objects import Object

if TYPE_CHECKING:
    from gitopslab.controlplane.kubelet.process.runs import Run

_LARGEST_OUTPUT = 10 * 1024
_LARGEST_BODY = 10 * 1024
_SETTLES = 5.0
_GLANCE = 0.05
_OWN = {"httpGet", "tcpSocket", "grpc"}


class HookError(Exception):
    """A request or connection came to nothing; the text is the kubelet's."""


async def look(run: Run, probe: Object, seconds: float) -> Check:
    """Make one try of a probe, so many seconds after the container's start.

    Simplified: in the first five seconds a try waits until the program listens. A kubelet's first try hits or misses by
    chance, and a miss costs a whole period.
    """
    deadline = asyncio.get_running_loop().time() + _SETTLES - seconds
    while True:
        seen = await _try(run, probe)
        if seen.answered or run.is_over or asyncio.get_running_loop().time() >= deadline:
            return seen
        await asyncio.sleep(_GLANCE)


async def _try(run: Run, probe: Object) -> Check:
    limit = float(probe.get("timeoutSeconds") or 1)
    try:
        if "exec" in probe:
            return await _command(run, probe["exec"].get("command") or [], limit)
        if "httpGet" in probe and probe["httpGet"].get("scheme") != "HTTPS":
            return await _request(run, probe["httpGet"], limit)
        return await _connection(run, probe, limit)
    except HookError as error:
        return Check(False, str(error), answered=False)


async def ask_http(run: Run, target: Object) -> tuple[int, bytes]:
    """A GET as the kubelet sends it; the status code and the beginning of the body.

    Raises:
        HookError: There was no answer.
    """
    port = _port(run, target)
    url = f"http://{run.task.address}:{port}{target.get('path', '/')}"
    connection = await run.connect(port)
    if connection is None:
        raise HookError(f'Get "{url}": dial tcp {run.task.address}:{port}: connect: connection refused')
    client = h11.Connection(h11.CLIENT)
    headers = [("Host", f"{run.task.address}:{port}"), ("User-Agent", "kube-probe/1.36"), ("Accept", "*/*")]
    headers += [(one["name"], one["value"]) for one in target.get("httpHeaders") or ()]
    request = h11.Request(method="GET", target=target.get("path") or "/", headers=[*headers, ("Connection", "close")])
    try:
        await connection.write((client.send(request) or b"") + (client.send(h11.EndOfMessage()) or b""))
        code, body = 0, b""
        while len(body) < _LARGEST_BODY:
            event = client.next_event()
            if event is h11.NEED_DATA:
                client.receive_data(await connection.read())
            elif isinstance(event, h11.Response):
                code = event.status_code
            elif isinstance(event, h11.Data):
                body += event.data
            elif code:
                break
        return code, body
    except h11.RemoteProtocolError:
        raise HookError(f'Get "{url}": EOF') from None
    finally:
        await connection.close()


async def _request(run: Run, target: Object, limit: float) -> Check:
    try:
        async with asyncio.timeout(limit):
            code, _ = await ask_http(run, target)
    except TimeoutError:
        url = f"http://{run.task.address}:{_port(run, target)}{target.get('path', '/')}"
        waited = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
        return Check(False, f'Get "{url}": {waited}', answered=False)
    return Check(200 <= code < 400, "" if 200 <= code < 400 else f"HTTP probe failed with statuscode: {code}")


async def _connection(run: Run, probe: Object, limit: float) -> Check:
    target = next(probe[kind] for kind in probe if kind in _OWN)
    port = _port(run, target)
    try:
        async with asyncio.timeout(limit):
            connection = await run.connect(port)
    except TimeoutError:
        raise HookError(f"dial tcp {run.task.address}:{port}: i/o timeout") from None
    if connection is None:
        raise HookError(f"dial tcp {run.task.address}:{port}: connect: connection refused")
    await connection.close()
    return Check(True)


async def _command(run: Run, words: list[str], limit: float) -> Check:
    try:
        process = await run.execute(words, stdin=False, tty=False)
    except StartError as error:
        return Check(False, f"rpc error: code = Unknown desc = {error}")
    said = b""
    try:
        async with asyncio.timeout(limit):
            while (piece := await process.read()) is not None:
                said = _kept(said, piece)
            code = await process.wait()
    except TimeoutError:
        return Check(False, f'command timed out: "{" ".join(words)}" timed out after {limit:g}s')
    finally:
        await process.close()
    return Check(code == 0, said.decode("utf-8", "replace").rstrip("\n"))


def _kept(said: bytes, piece: Output) -> bytes:
    return (said + piece.data)[:_LARGEST_OUTPUT]


def _port(run: Run, target: Object) -> int:
    """A port by number, or by its name in the container.

    Raises:
        HookError: There is no such name.
    """
    port = target.get("port", 80)
    named = {entry.get("name"): entry["containerPort"] for entry in run.task.container.get("ports") or ()}
    if isinstance(port, int):
        return port
    if port in named:
        return int(named[port])
    if str(port).isdigit():
        return int(port)
    raise HookError(f'strconv.Atoi: parsing "{port}": invalid syntax')
