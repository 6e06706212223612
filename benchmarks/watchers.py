"""Many watchers of one resource: how late an event reaches each of them, and whether all of them get every one.

The clients must cost less than the server that is measured: all watchers live in one process, which counts the events
in what it reads and looks into those of one watcher in ten, for their lag; the writers share another.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import re
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any

from connection import Connection

_EVENT = b'{"type":"MODIFIED"'
_SENT = re.compile(rb'"sent":"(\d+)"')
_WRITERS = 16  # so many that none has to hurry, however long a server takes for one write
_LOOKED_INTO = 10  # every so manieth watcher is
_PATIENCE = 30.0  # seconds of silence after which what has not come is lost


@dataclass(frozen=True)
class FanOut:
    """What came of it.

    Attributes:
        rate: Writes a second that were reached.
        median: Milliseconds from sending a write to having its event, half of all were faster.
        p99: As above, 99 of 100 were faster.
        lost: Deliveries that never came.
    """

    rate: float
    median: float
    p99: float
    lost: int


@dataclass
class Seen:
    """What one watcher saw.

    Attributes:
        events: How many.
        lags: Milliseconds from sending a write to having its event, where that is looked at.
    """

    events: int = 0
    lags: list[float] = field(default_factory=list)


def fan_out(kubeconfig: Path, namespace: str, *, watchers: int, rate: int, seconds: int) -> FanOut:
    """Write ``rate`` times a second while ``watchers``, in a process of their own, follow."""
    base = f"/api/v1/namespaces/{namespace}/configmaps"
    writers = [Connection(kubeconfig) for _ in range(_WRITERS)]
    for number, api in enumerate(writers):
        revision = api.request("POST", base, _beacon(number))["metadata"]["resourceVersion"]
    total = rate * seconds // _WRITERS * _WRITERS
    path = f"{base}?watch=true&resourceVersion={revision}&fieldSelector=metadata.name!%3Dkube-root-ca.crt"
    ours, theirs = multiprocessing.Pipe()
    follow = multiprocessing.get_context("spawn").Process(
        target=_follow, args=(kubeconfig, path, watchers, total, theirs), daemon=True
    )
    follow.start()
    ours.recv()
    with ThreadPoolExecutor(_WRITERS) as pool:
        begin = time.perf_counter()
        for number, api in enumerate(writers):
            pool.submit(_write, api, f"{base}/beacon-{number}", number, rate / _WRITERS, total // _WRITERS)
    took = time.perf_counter() - begin
    seen: list[Seen] = ours.recv()
    follow.join()
    lags = [lag for one in seen for lag in one.lags]
    lost = watchers * total - sum(one.events for one in seen)
    return FanOut(total / took, statistics.median(lags), statistics.quantiles(lags, n=100)[98], lost)


def _beacon(number: int) -> dict[str, Any]:
    data = {"sent": str(time.time_ns())}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"beacon-{number}"}, "data": data}


def _write(api: Connection, path: str, number: int, rate: float, count: int) -> None:
    """Change one object again and again, at an even pace."""
    begin = time.perf_counter() + number / rate / _WRITERS
    for step in range(count):
        time.sleep(max(0.0, begin + step / rate - time.perf_counter()))
        api.request("PUT", path, _beacon(number))


def _follow(kubeconfig: Path, path: str, watchers: int, total: int, parent: Pipe) -> None:
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        parent.send(runner.run(_watch(Connection(kubeconfig), path, watchers, total, parent)))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """The faster loop where it installs: the less the readers take of the machine, the less they disturb."""
    try:
        import uvloop
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


async def _watch(api: Connection, path: str, watchers: int, total: int, parent: Pipe) -> list[Seen]:
    host, port = api.address
    request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\n" + "".join(f"{k}: {v}\r\n" for k, v in api.headers.items())
    streams = []
    for _ in range(watchers):
        reader, writer = await asyncio.open_connection(host, port, ssl=api.tls)
        writer.write(f"{request}\r\n".encode())
        await reader.readuntil(b"\r\n\r\n")
        streams.append((reader, writer))
    parent.send("watching")
    reads = [_read(reader, total, number % _LOOKED_INTO == 0) for number, (reader, _) in enumerate(streams)]
    return await asyncio.gather(*reads)


async def _read(stream: asyncio.StreamReader, total: int, is_looked_into: bool) -> Seen:
    """Follow one watch until all has come, or nothing more comes."""
    seen = Seen()
    rest = b""
    while seen.events < total:
        try:
            read = await asyncio.wait_for(stream.read(1 << 20), _PATIENCE)
        except TimeoutError:
            break
        if not read:
            break
        now = time.time_ns()
        piece, _, rest = (rest + read).rpartition(b"\n")
        seen.events += piece.count(_EVENT)
        if is_looked_into:
            seen.lags += [(now - int(sent)) / 1e6 for sent in _SENT.findall(piece)]
    return seen
