"""The floor: a Starlette route that does one SQLite statement, behind the same TLS and the same client."""

from __future__ import annotations

import asyncio
import base64
import socket
import sqlite3
import statistics
import tempfile
import threading
import time
from pathlib import Path

import yaml
from connection import Connection
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gitopslab.controlplane.http.certificates import new_ca, server_certificate
from gitopslab.controlplane.http.serve import serve

BODY = b'{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"c"},"data":{"key":"value"}}'


def _app(folder: Path) -> Starlette:
    database = sqlite3.connect(folder / "bare.db", isolation_level=None, check_same_thread=False)
    database.executescript(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; CREATE TABLE t (id INTEGER PRIMARY KEY, b)"
    )

    async def read(request: Request) -> Response:
        row = database.execute("SELECT b FROM t ORDER BY id DESC LIMIT 1").fetchone()
        return Response(row[0], media_type="application/json")

    async def write(request: Request) -> Response:
        database.execute("INSERT INTO t (b) VALUES (?)", (await request.body(),))
        return Response(BODY, media_type="application/json")

    return Starlette(routes=[Route("/object", read), Route("/object", write, methods=["POST"])])


def _serve(folder: Path, listener: socket.socket) -> None:
    files = {"certfile": folder / "crt", "keyfile": folder / "key", "ca": folder / "ca"}
    asyncio.run(serve(_app(folder), listener, **files))


def bare_route(rounds: int) -> dict[str, float]:
    """Median milliseconds of one insert (beside create and patch) and one select (beside get)."""
    with tempfile.TemporaryDirectory() as folder:
        return _measured(Path(folder), rounds)


def _measured(folder: Path, rounds: int) -> dict[str, float]:
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    ca = new_ca()
    pair = server_certificate(ca)
    (folder / "crt").write_bytes(pair.certificate)
    (folder / "key").write_bytes(pair.key)
    (folder / "ca").write_bytes(ca.certificate)
    threading.Thread(target=_serve, args=(folder, listener), daemon=True).start()
    api = Connection(_kubeconfig(folder, listener.getsockname()[1], ca.certificate))
    write = _median(api, "POST", rounds)
    return {"create": write, "get": _median(api, "GET", rounds), "patch": write}


def _median(api: Connection, method: str, rounds: int) -> float:
    times = []
    for _ in range(rounds):
        begin = time.perf_counter()
        api.request(method, "/object", {"key": "value"} if method == "POST" else None)
        times.append((time.perf_counter() - begin) * 1000)
    return statistics.median(times)


def _kubeconfig(folder: Path, port: int, ca: bytes) -> Path:
    cluster = {"server": f"https://127.0.0.1:{port}", "certificate-authority-data": base64.b64encode(ca).decode()}
    config = {
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": {}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    return path
