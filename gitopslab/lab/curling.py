"""``lab.curl``: a page of something in the cluster, as a program inside would ask for it.

A part of ``Lab``. The notebook is outside, where the cluster's names and addresses mean nothing; the API server's proxy
leads in, on every kind of cluster. Leaves to others: which pod answers, and on which port it listens.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from ipaddress import ip_address
from typing import Any
from urllib.parse import SplitResult, urlsplit

import orjson

from gitopslab import errors
from gitopslab.clusters.client import Client
from gitopslab.machinery.objects import Object, name_of, namespace_of


@dataclass(frozen=True, slots=True)
class Page:
    """An answer over HTTP; a cell shows its text.

    Attributes:
        status: The status code.
        headers: By name, as they were written.
        text: The body.
    """

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def ok(self) -> bool:
        """Whether the status code says that it went well."""
        return self.status < 400

    def json(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.text)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return self.text if self.ok else f"HTTP {self.status} {_phrase(self.status)}\n\n{self.text}"


class Curling:
    """Pages of the cluster.

    Attributes:
        client: Its API.
        current_namespace: Where a short name is looked up.
    """

    client: Client
    current_namespace: str

    def curl(
        self, url: str, *, method: str = "GET", data: str | bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Page:
        """Ask for a page of a Service or a pod, by the name or address that it has inside of the cluster.

        Args:
            url: ``http://waal-web.waal/path``; the port is 80 if none is given.
            method: The HTTP method.
            data: The body of the request.
            headers: What else to send.

        Raises:
            ApiError: There is no such Service, nobody is behind it, or nobody answers.

        Example:
            >>> lab.curl("http://waal-web.waal")
            <h1>Waal</h1>
        """
        parts = urlsplit(url if "//" in url else f"http://{url}")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise errors.LabError(f"{url!r} is no address of a page", 'write it as lab.curl("http://NAME.NAMESPACE")')
        kind, namespace, name = self._target(parts.hostname)
        path = f"/api/v1/namespaces/{namespace}/{kind}/{_named(parts, name)}/proxy{parts.path or '/'}"
        body = data.encode() if isinstance(data, str) else data
        answer = self.client.connection.send(
            method, f"{path}?{parts.query}" if parts.query else path, body=body or None,
            headers={"Accept": "*/*", **(headers or {})}, refused=False,
        )  # fmt: skip
        if answer.status >= 400 and (status := _status_of(answer.data)) is not None:
            raise errors.from_status(status)
        return Page(answer.status, dict(answer.headers), answer.data.decode(errors="replace"))

    def _target(self, host: str) -> tuple[str, str, str]:
        """Kind, namespace and name of what a host is."""
        if _is_address(host):
            return self._at(host)
        words = host.removesuffix(".").removesuffix(".cluster.local").removesuffix(".svc").split(".")
        if len(words) > 2:
            raise errors.LabError(
                f"{host} is no name of the cluster", "a Service is NAME, NAME.NAMESPACE or NAME.NAMESPACE.svc"
            )
        return "services", words[1] if len(words) == 2 else self.current_namespace, words[0]

    def _at(self, address: str) -> tuple[str, str, str]:
        for service in self.client.list("services"):
            if address in (service["spec"].get("clusterIPs") or ()):
                return "services", *_key(service)
        for pod in self.client.list("pods"):
            if pod.get("status", {}).get("podIP") == address and not pod["spec"].get("hostNetwork"):
                return "pods", *_key(pod)
        raise errors.LabError(f"no Service and no pod has the address {address}", 'lab.list("services") shows them')


def _key(obj: Object) -> tuple[str, str]:
    return namespace_of(obj), name_of(obj)


def _named(parts: SplitResult, name: str) -> str:
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return f"{parts.scheme}:{name}:{port}" if parts.scheme == "https" else f"{name}:{port}"


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _status_of(body: bytes) -> Object | None:
    """The API server's own word, if it is that and not the page of a program."""
    try:
        status = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return status if isinstance(status, dict) and status.get("kind") == "Status" else None


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else ""
