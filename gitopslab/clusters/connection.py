"""HTTPS to one API server, with the identity of one kubeconfig.

Called by ``client`` and ``watch``; it stands on the official ``kubernetes`` package, which reads the kubeconfig, holds
the certificates and renews tokens, and on that package's own connection pool. The package's models are not used:
the lab talks dictionaries and bytes.
What the bytes mean, and which path belongs to which object, is left to ``client``.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import orjson
import urllib3
import yaml

from gitopslab import errors

USER_AGENT = "gitopslab"
_CONNECT_SECONDS = 5.0
_READ_SECONDS = 60.0
_POOL_SIZE = 32  # one connection a watch, and room for calls


class Connection:
    """A pool of connections to one API server; safe to use from several threads.

    Args:
        kubeconfig: The file to read. No other file and no environment variable is looked at.
        context: The context in it; empty for its current one.

    Raises:
        SetupError: The file is missing, is no kubeconfig, or has no such context.
    """

    def __init__(self, kubeconfig: Path, context: str = "") -> None:
        self._api = _api_client(kubeconfig, context)
        self._pool: urllib3.PoolManager = self._api.rest_client.pool_manager
        self.server: str = self._api.configuration.host.rstrip("/")

    @property
    def authority(self) -> str:
        """The certificate authority of the server, PEM; empty for one that everybody knows."""
        file = self._api.configuration.ssl_ca_cert
        return Path(file).read_text(encoding="ascii") if file else ""

    def send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        stream: bool = False,
        read_seconds: float = _READ_SECONDS,
        refused: bool = True,
    ) -> urllib3.BaseHTTPResponse:
        """Send one request and return the answer, whole or (``stream``) still arriving.

        Args:
            method: The HTTP method.
            path: On the server.
            query: What stands behind the question mark.
            body: What is sent along.
            headers: Beside those of every request.
            stream: Whether the answer is to be read while it arrives.
            read_seconds: How long a piece of it may take.
            refused: Whether an answer of 400 and above is an error; False for those who pass on what others say.

        Raises:
            SetupError: The server cannot be reached, or its certificate is not the kubeconfig's.
            ApiError: It answered with an error.
        """
        url = self.server + path + ("?" + urlencode(query) if query else "")
        # A read that broke half-way may be repeated; a write may have been done.
        retries = urllib3.Retry(
            total=2, connect=0, read=2 if method == "GET" and not stream else 0, redirect=0, other=0, status=0
        )
        try:
            answer = self._pool.request(
                method,
                url,
                body=body,
                headers={"User-Agent": USER_AGENT, **self._credentials(), **(headers or {})},
                preload_content=not stream,
                timeout=urllib3.Timeout(connect=_CONNECT_SECONDS, read=read_seconds),
                retries=retries,
            )
        except urllib3.exceptions.HTTPError as error:
            raise _unreachable(self.server, error) from error
        if refused and answer.status >= 400:
            raise _refusal(answer.status, answer.data)
        return answer

    def is_refused(self) -> bool:
        """Whether nothing listens at the server's address; only known of this machine, where nobody stands between."""
        address = urlsplit(self.server)
        if not _is_loopback(self.server) or address.port is None:
            return False
        try:
            socket.create_connection((address.hostname or "", address.port), _CONNECT_SECONDS).close()
        except ConnectionRefusedError:
            return True
        except OSError:
            return False  # whoever connects in earnest is told
        return False

    def close(self) -> None:
        """Drop every idle connection."""
        self._pool.clear()

    def _credentials(self) -> dict[str, str]:
        # Asked for at every request, because the package renews an expired token here.
        token = self._api.configuration.auth_settings().get("BearerToken") or {}
        return {"Authorization": token["value"]} if token.get("value") else {}


def _api_client(kubeconfig: Path, context: str) -> Any:
    # Heavy (about a second), so it is imported when a cluster is really used.
    from kubernetes.client import ApiClient, Configuration
    from kubernetes.config import ConfigException, load_kube_config

    if not kubeconfig.is_file():
        raise errors.SetupError(
            f"there is no kubeconfig at {kubeconfig}", "`gitopslab up` starts a cluster and writes one"
        )
    configuration = Configuration()
    try:
        load_kube_config(
            config_file=str(kubeconfig),
            context=context or None,
            client_configuration=configuration,
            persist_config=False,
        )
    except (ConfigException, yaml.YAMLError, ValueError, TypeError, KeyError) as error:
        raise errors.SetupError(
            f"{kubeconfig} cannot be used as a kubeconfig: {error}", "`gitopslab up` writes the lab's own ones anew"
        ) from error
    if _is_loopback(configuration.host):
        configuration.proxy = None
    configuration.connection_pool_maxsize = _POOL_SIZE
    return ApiClient(configuration=configuration)


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def _unreachable(server: str, error: Exception) -> errors.SetupError:
    cause = getattr(error, "reason", None) or error
    if isinstance(cause, urllib3.exceptions.SSLError):
        return errors.SetupError(
            f"{server} is not the cluster this kubeconfig was made for: {cause}",
            "another program may have taken its port; `gitopslab status` tells which clusters run",
        )
    if isinstance(cause, urllib3.exceptions.NewConnectionError):
        cause = "nothing listens there"
    elif isinstance(cause, urllib3.exceptions.TimeoutError):
        cause = "it took too long"
    return errors.SetupError(
        f"the cluster at {server} does not answer: {cause}",
        "`gitopslab.open()` in a cell or `gitopslab up` in a terminal starts it, `gitopslab list` tells which run",
    )


def _refusal(code: int, body: bytes) -> errors.ApiError:
    with contextlib.suppress(orjson.JSONDecodeError):
        status = orjson.loads(body)
        if isinstance(status, dict) and status.get("kind") == "Status":
            return errors.from_status(status)
    text = body.decode(errors="replace").strip() or f"the server answered with HTTP status {code}"
    if code == 404:  # the router's own answer to a path nobody registered; this is how kubectl says it
        text = "the server could not find the requested resource"
    return errors.from_status({"code": code, "message": text[:500]})
