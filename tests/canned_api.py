"""An API server of canned answers, for tests of what goes over the wire; the answers are a test's own."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Answer = Callable[["Request"], Any]

DISCOVERY: dict[str, Any] = {
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/apis": {
        "kind": "APIGroupList",
        "groups": [
            {
                "name": "apps",
                "versions": [{"version": "v1beta1"}, {"version": "v1"}],
                "preferredVersion": {"version": "v1"},
            }
        ],
    },
    "/api/v1": {
        "resources": [
            {"name": "pods", "singularName": "pod", "kind": "Pod", "namespaced": True, "shortNames": ["po"]},
            {"name": "pods/log", "kind": "Pod", "namespaced": True, "verbs": ["get"]},
            {"name": "nodes", "singularName": "node", "kind": "Node", "namespaced": False, "shortNames": ["no"]},
        ]
    },
    "/apis/apps/v1": {
        "resources": [
            {"name": "deployments", "singularName": "deployment", "kind": "Deployment", "namespaced": True,
             "shortNames": ["deploy"]},
            {"name": "deployments/scale", "kind": "Scale", "group": "autoscaling", "version": "v1", "namespaced": True},
        ]
    },
    "/apis/apps/v1beta1": {"resources": [{"name": "deployments", "kind": "Deployment", "namespaced": True}]},
}  # fmt: skip
"""The older form of discovery, which every server still speaks."""


class Request:
    """One request as it came."""

    def __init__(self, method: str, target: str, headers: dict[str, str], body: bytes) -> None:
        parts = urlsplit(target)
        self.method = method
        self.path = parts.path
        self.query = dict(parse_qsl(parts.query))
        self.headers = headers
        self.body = json.loads(body) if body else None


class Refused(Exception):
    """Raised by an answer: this code and Status go back."""

    def __init__(self, code: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.status = {"kind": "Status", "code": code, "reason": reason, "message": message}


class Stream:
    """An answer in pieces, each sent at once; ends when the pieces do."""

    def __init__(self, pieces: Iterator[Any]) -> None:
        self.pieces = pieces


class CannedApi:
    """What the server answers, and what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[tuple[str, str], Any] = {("GET", path): answer for path, answer in DISCOVERY.items()}
        self.requests: list[Request] = []
        self.warnings: list[str] = []

    def on(self, method: str, path: str, answer: Any) -> None:
        """Answer a path: with a value, or with what a function of the request gives."""
        self.answers[method, path] = answer

    def answer(self, request: Request) -> Any:
        """The value for a request."""
        self.requests.append(request)
        found = self.answers.get((request.method, request.path))
        if found is None:
            raise Refused(404, "NotFound", f'"{request.path}" not found')
        return found(request) if callable(found) else found


@contextmanager
def served(api: CannedApi) -> Iterator[str]:
    """The address at which the answers can be had."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 65536  # head and body in one packet: the client would wait 40 ms between two

        def do(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            code, value = 200, None
            try:
                value = api.answer(Request(self.command, self.path, dict(self.headers), body))
            except Refused as refused:
                code, value = refused.code, refused.status
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            for warning in api.warnings:
                self.send_header("Warning", f'299 - "{warning}"')
            if isinstance(value, Stream):
                self._pieces(value)
            else:
                data = json.dumps(value).encode()
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        def _pieces(self, stream: Stream) -> None:
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for piece in stream.pieces:
                data = json.dumps(piece).encode() + b"\n"
                self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
                self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")

        do_GET = do_POST = do_PATCH = do_DELETE = do  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:
            """Tests print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def kubeconfig(folder: Path, address: str) -> Path:
    """A kubeconfig for an address."""
    file = folder / "kubeconfig"
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": address}}],
        "users": [{"name": "u", "user": {"token": "secret"}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    file.write_text(json.dumps(config))
    return file
