"""Requests that come to nothing, in the words of Go's HTTP client, which all of Flux's controllers speak with."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit


def reason(url: str, error: object) -> str:
    """What Go says after ``Get "URL": ``.

    Args:
        url: That was asked for.
        error: What Python says.
    """
    text, parts = str(error), urlsplit(url)
    if "refused" in text:
        port = parts.port or {"https": 443}.get(parts.scheme, 80)
        return f"dial tcp {_address(parts.hostname or '', port)}: connect: connection refused"
    if "Failed to resolve" in text or "Name or service not known" in text:
        return f"dial tcp: lookup {parts.hostname}: no such host"
    if "WRONG_VERSION_NUMBER" in text or "record layer failure" in text:
        return "http: server gave HTTP response to HTTPS client"
    if "timed out" in text:
        return "context deadline exceeded"
    return text or type(error).__name__


def _address(host: str, port: int) -> str:
    """Where Go would have dialled first."""
    address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][4][0]
    return f"[{address}]:{port}" if ":" in str(address) else f"{address}:{port}"
