"""What listens where alerts are sent, and the objects of Flux that send them there."""

from __future__ import annotations

import http.server
import json
import threading
from typing import Any

from flux_cluster import Flux

API = "notification.toolkit.fluxcd.io/v1beta3"
ALL = ({"kind": "GitRepository", "name": "*"}, {"kind": "Kustomization", "name": "*"})


class Ear:
    """A web server that keeps what is posted to it.

    Attributes:
        url: Where it listens.
        status: What it answers.
        says: And with which words.
        location: Where else it sends whoever asks; empty for nowhere.
        heard: Headers and bodies.
    """

    def __init__(self) -> None:
        self.heard: list[tuple[dict[str, str], bytes]] = []
        self.status = 200
        self.says = b""
        self.location = ""
        ear = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                ear.heard.append(({key.lower(): value for key, value in self.headers.items()}, body))
                self.send_response(ear.status)
                if ear.location:
                    self.send_header("location", ear.location)
                self.end_headers()
                self.wfile.write(ear.says)

            def do_GET(self) -> None:
                self.do_POST()

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def events(self) -> list[dict[str, Any]]:
        """What was heard, as JSON."""
        return [json.loads(body) for _, body in self.heard]


def provider(flux: Flux, ear: Ear, **spec: Any) -> None:
    """Create the Provider that leads to an ear."""
    flux.create(API, "Provider", "ear", {"type": "generic", "address": ear.url} | spec)


def alert(flux: Flux, *sources: dict[str, Any], name: str = "all", **spec: Any) -> None:
    """Create an Alert that has everything sent there, or only what is about some sources."""
    wanted = {"providerRef": {"name": "ear"}, "eventSources": list(sources or ALL)}
    flux.create(API, "Alert", name, wanted | spec)
