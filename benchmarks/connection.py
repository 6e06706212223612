"""A keep-alive HTTPS connection from a kubeconfig, with nothing in between that would cost time."""

from __future__ import annotations

import base64
import http.client
import json
import ssl
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml


class Connection:
    """One connection to the current context of a kubeconfig.

    Args:
        kubeconfig: The file.

    Attributes:
        address: Host and port.
        headers: What every request carries.
        tls: How to speak to that address.
    """

    def __init__(self, kubeconfig: Path) -> None:
        config = yaml.safe_load(kubeconfig.read_text())
        context = _named(config["contexts"], config["current-context"])["context"]
        cluster = _named(config["clusters"], context["cluster"])["cluster"]
        user = _named(config["users"], context["user"])["user"]
        server = urlsplit(cluster["server"])
        assert server.hostname is not None, f"{kubeconfig}: no host in {cluster['server']}"
        self.headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if "token" in user:
            self.headers["Authorization"] = f"Bearer {user['token']}"
        self.tls = _tls(cluster, user)
        self.address = (server.hostname, server.port)
        self._http = http.client.HTTPSConnection(*self.address, context=self.tls, timeout=120)

    def request(self, method: str, path: str, body: Any = None, content_type: str = "application/json") -> Any:
        """Send and read one JSON answer; anything but a success raises RuntimeError."""
        response = self.open(method, path, body, content_type)
        answer = json.loads(response.read())
        if response.status >= 300:
            raise RuntimeError(f"{method} {path}: {response.status} {answer.get('message')}")
        return answer

    def open(
        self, method: str, path: str, body: Any = None, content_type: str = "application/json"
    ) -> http.client.HTTPResponse:
        """Send a request and return the response unread, as a watch needs it."""
        data = None if body is None else json.dumps(body).encode()
        self._http.request(method, path, data, {**self.headers, "Content-Type": content_type})
        return self._http.getresponse()


def _named(items: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(item for item in items if item["name"] == name)


def _tls(cluster: dict[str, Any], user: dict[str, Any]) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=_pem(cluster, "certificate-authority"))
    if "client-certificate-data" in user or "client-certificate" in user:
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as pair:
            pair.write(_pem(user, "client-certificate") + _pem(user, "client-key"))
            pair.flush()
            context.load_cert_chain(pair.name)
    return context


def _pem(holder: dict[str, Any], field: str) -> str:
    if f"{field}-data" in holder:
        return base64.b64decode(holder[f"{field}-data"]).decode()
    return Path(holder[field]).read_text()
