"""Calls of webhooks over HTTPS: what ``server.webhookclients`` decides to ask, and of whom.

Only this machine is spoken to: a URL must lead to a loopback address, and a Service to what the lab has listening for
it. A call has an end: its time is that of the webhook, and an answer is read up to a size. Errors are in Go's words,
because learners meet them on real clusters. Calls are made in threads of their own (``runtime.strands``).

Simplified: a real API server calls any address.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable
from functools import partial

import orjson

from gitopslab.controlplane.runtime.loopback import Loopback
from gitopslab.controlplane.server.webhookclients import CallError, Destination, Review
from gitopslab.machinery.golang import go_kind
from gitopslab.machinery.objects import Object

_HTTPS = 443
_LARGEST = 3 * 1024 * 1024
_FINE = range(200, 207)
_AT_LEAST_BROKEN = 500
_JSON = "application/json"
_HEAD = 'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }'
_WORDS = {
    400: "the server rejected our request for an unknown reason",
    401: "the server has asked for the client to provide credentials",
    403: "unknown",
    404: "the server could not find the requested resource",
    405: "the server does not allow this method on the requested resource",
    406: "unknown",
    409: "the server reported a conflict",
    415: "unknown",
    422: "the server rejected our request due to an error in our request",
    429: "the server has received too many requests and has asked us to try again later",
    503: "the server is currently unable to handle the request",
    504: ("the server was unable to return a response in the time allotted, but may still be processing the request"),
}
"""What Go's client says of an answer that is no success."""

_OUTSIDE = "the lab asks webhooks on this machine only, and those that a Service of the cluster leads to"
_UNTRUSTED = "tls: failed to verify certificate: x509"
_EXPIRED = 10  # OpenSSL's number of that fault


class WebhookClient:
    """Speaks to webhooks.

    Args:
        loopback: What stands for the cluster's addresses; None where no Service leads anywhere.
    """

    def __init__(self, loopback: Loopback | None = None) -> None:
        self._loopback = loopback

    def prepared(self, destination: Destination, body: bytes, seconds: int, review: Review) -> Callable[[], Object]:
        """A call, ready to be made in another thread."""
        return partial(_asked, destination, self._place(destination), body, seconds, review)

    def _place(self, destination: Destination) -> tuple[str, int] | None:
        """Where to connect; None when nothing listens there."""
        port = destination.port or _HTTPS
        if not destination.cluster_ip:
            return destination.host, port
        if self._loopback is None or not self._loopback.is_used:
            return None
        found = self._loopback.real_port(destination.cluster_ip, port)
        return None if found is None else (self._loopback.place(destination.cluster_ip), found)


def _asked(
    destination: Destination, place: tuple[str, int] | None, body: bytes, seconds: int, review: Review
) -> Object:
    """What a webhook answers.

    Raises:
        CallError: Nothing that can be read.
    """
    whole = f"{destination.url}?timeout={seconds}s"
    try:
        code, answer = _posted(destination, place, body, seconds)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise CallError(f'Post "{whole}": {_said(error, destination, place)}') from error
    if code not in _FINE:
        raise CallError(f"{_status(code, answer)}")
    return _object(code, answer, review)


def _posted(destination: Destination, place: tuple[str, int] | None, body: bytes, seconds: int) -> tuple[int, bytes]:
    """The code and the body of an answer."""
    if place is None:
        raise ConnectionRefusedError
    with _connection(*place, seconds) as plain, plain.dup() as line:  # securing takes ``plain`` over
        overdue = threading.Event()
        timer = threading.Timer(seconds, _cut, (line, overdue))
        timer.start()
        try:
            with _secured(plain, destination) as secure:
                answer = _exchange(secure, destination, body, seconds)
        except (OSError, http.client.HTTPException, ValueError):
            if overdue.is_set():
                raise TimeoutError from None
            raise
        finally:
            timer.cancel()
    if overdue.is_set():  # being cut off can look like the end of an answer
        raise TimeoutError
    return answer


def _cut(connection: socket.socket, overdue: threading.Event) -> None:
    """End a call that takes too long, however its other end behaves."""
    overdue.set()
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        connection.close()


def _connection(host: str, port: int, seconds: int) -> socket.socket:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    if not all(ipaddress.ip_address(address[0]).is_loopback for *_, address in found):
        raise PermissionError
    refused: OSError = ConnectionRefusedError()
    for *_, address in found:  # what was looked at: a second look-up could lead elsewhere
        try:
            return socket.create_connection((str(address[0]), port), timeout=seconds)
        except OSError as error:
            refused = error
    raise refused


def _secured(plain: socket.socket, destination: Destination) -> ssl.SSLSocket:
    context = ssl.create_default_context(cadata=destination.authorities or None)
    context.check_hostname = False  # looked at below, to say what is wrong as Go says it
    secure = context.wrap_socket(plain, server_hostname=destination.host)
    _check_name(secure.getpeercert() or {}, destination.host)
    return secure


def _check_name(certificate: Object, host: str) -> None:
    """Whether a certificate is for a host, by its alternative names only."""
    names = [name for kind, name in certificate.get("subjectAltName") or () if kind == "DNS"]
    addresses = [name for kind, name in certificate.get("subjectAltName") or () if kind == "IP Address"]
    try:
        wanted = ipaddress.ip_address(host)
    except ValueError:
        if not any(_covers(name.lower(), host.lower()) for name in names):
            told = f"certificate is valid for {', '.join(names)}, not {host}"
            raise ValueError(f"{_UNTRUSTED}: {told if names else _nothing_for(host)}") from None
        return
    if not any(ipaddress.ip_address(address.strip()) == wanted for address in addresses):
        told = f"certificate is valid for {', '.join(addresses)}, not {host}"
        why = told if addresses else f"cannot validate certificate for {host} because it doesn't contain any IP SANs"
        raise ValueError(f"{_UNTRUSTED}: {why}")


def _nothing_for(host: str) -> str:
    return f"certificate is not valid for any names, but wanted to match {host}"


def _covers(pattern: str, host: str) -> bool:
    if not pattern.startswith("*."):
        return pattern == host
    return host.partition(".")[2] == pattern[2:] and bool(host.partition(".")[0])


def _exchange(secure: ssl.SSLSocket, destination: Destination, body: bytes, seconds: int) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(destination.host, destination.port or _HTTPS)
    connection.sock = secure
    headers = {"Content-Type": _JSON, "Accept": f"{_JSON}, */*"}
    connection.request("POST", f"{destination.path}?timeout={seconds}s", body, headers)
    answer = connection.getresponse()
    read = answer.read(_LARGEST + 1)
    if len(read) > _LARGEST:
        raise ValueError(f"the answer is larger than {_LARGEST} bytes")
    return answer.status, read


def _said(error: Exception, destination: Destination, place: tuple[str, int] | None) -> str:
    """An error of the network, as Go words it."""
    host, port = destination.cluster_ip or destination.host, destination.port or _HTTPS
    where = f"dial tcp {f'[{host}]' if ':' in host else host}:{port}"
    match error:
        case TimeoutError():
            return "context deadline exceeded"
        case ConnectionRefusedError():
            return f"{where}: connect: connection refused"
        case PermissionError():
            return f"{where}: {_OUTSIDE}"
        case socket.gaierror():
            return f"dial tcp: lookup {host}: no such host"
        case ssl.SSLCertVerificationError(verify_code=code) if code == _EXPIRED:
            return f"{_UNTRUSTED}: certificate has expired or is not yet valid"
        case ssl.SSLCertVerificationError():
            return f"{_UNTRUSTED}: certificate signed by unknown authority"
        case ssl.SSLError(reason="WRONG_VERSION_NUMBER" | "HTTP_REQUEST"):
            return "tls: first record does not look like a TLS handshake"
        case http.client.RemoteDisconnected() | ConnectionResetError() | ssl.SSLEOFError():
            return "EOF"
    return str(error)


def _status(code: int, answer: bytes) -> str:
    """An answer that refuses, as Go's client words it (``NewGenericServerResponse``)."""
    try:
        found = orjson.loads(answer)
    except ValueError:
        found = None
    if isinstance(found, dict) and found.get("kind") == "Status" and found.get("message"):
        return str(found["message"])
    if code in _WORDS:
        return _WORDS[code]
    if code >= _AT_LEAST_BROKEN:
        return 'an error on the server ("unknown") has prevented the request from succeeding'
    return f"the server responded with the status code {code} but did not return more information"


def _object(code: int, answer: bytes, review: Review) -> Object:
    """The object in an answer; what it says is the asker's question.

    Raises:
        CallError: There is none.
    """
    if not answer:
        raise CallError(f"0-length response with status code: {code} and content type: {_JSON}")
    try:
        found = orjson.loads(answer)
    except ValueError:
        found = ""  # Go takes it for YAML, and a text
    if not isinstance(found, dict):
        fault = f"json: cannot unmarshal {go_kind(found)} into Go value of type {_HEAD}"
        raise CallError(f"couldn't get version/kind; json parse error: {fault}")
    kind, version = found.get("kind", ""), found.get("apiVersion", "")
    if kind and version and (version.partition("/")[0] != review.group or kind != review.kind):
        fault = f'no kind "{kind}" is registered for version "{version}" in scheme "{review.scheme}"'
        raise CallError(f"{fault}")
    return found
