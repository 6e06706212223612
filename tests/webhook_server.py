"""A webhook as somebody writes one: an HTTPS server with a certificate of an authority of its own."""

from __future__ import annotations

import base64
import ipaddress
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Answer = Callable[[bytes], bytes | Iterator[bytes]]
"""What it answers; in pieces, of which there are more to come than ever do."""


class WebhookServer:
    """The server.

    Attributes:
        port: On 127.0.0.1.
        bundle: The certificate of its authority, as a ``caBundle``.
    """

    def __init__(self, folder: Path, answer: Answer, *names: str) -> None:
        certificate, key = _certificate(names or ("127.0.0.1",))
        self.bundle = base64.b64encode(certificate).decode()
        (folder / "server.pem").write_bytes(certificate + key)

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = answer(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.send_header("Content-Length", str(len(body) if isinstance(body, bytes) else 1_000_000))
                self.end_headers()
                for piece in [body] if isinstance(body, bytes) else body:
                    self.wfile.write(piece)

            def log_message(self, format: str, *args: Any) -> None:
                """Nobody reads it."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "server.pem")
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self._server.handle_error = lambda request, address: None  # type: ignore[method-assign,assignment]
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)


@contextmanager
def webhook_server(folder: Path, answer: Answer, *names: str) -> Iterator[WebhookServer]:
    """Serve an answer; the certificate is for these names and addresses, by default the one it serves on."""
    server = WebhookServer(folder, answer, *names)
    try:
        yield server
    finally:
        server.close()


def reviewing(decide: Callable[[Any], dict[str, Any]]) -> Answer:
    """Answers reviews; ``decide`` makes the response of a request, without the uid."""

    def answer(body: bytes) -> bytes:
        review = json.loads(body)
        response = {"uid": review["request"]["uid"], **decide(review["request"])}
        return json.dumps({**{key: review[key] for key in ("kind", "apiVersion")}, "response": response}).encode()

    return answer


def _certificate(names: tuple[str, ...]) -> tuple[bytes, bytes]:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "webhook")])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([_alternative(name) for name in names]), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    return made.public_bytes(serialization.Encoding.PEM), key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain
    )


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
