"""Calls of webhooks over HTTPS, held against servers that really listen."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from webhook_server import Answer, WebhookServer, webhook_server

from gitopslab.controlplane.http.webhooks import WebhookClient
from gitopslab.controlplane.server.webhookclients import CallError, Destination, Review, Shape, destination_of
from gitopslab.machinery.objects import Object

REVIEW = Review("admission.k8s.io", "AdmissionReview", "webhooks.go", Shape("v1.AdmissionResponse", "object"))
_REVIEW = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"}


def destination(server: WebhookServer, host: str = "127.0.0.1") -> Destination:
    return Destination(host, server.port, "/check", base64.b64decode(server.bundle).decode())


def called(where: Destination, seconds: int = 5) -> Object:
    return WebhookClient().prepared(where, b"{}", seconds, REVIEW)()


def refusal(where: Destination, seconds: int = 5) -> str:
    with pytest.raises(CallError) as failed:
        called(where, seconds)
    return str(failed.value)


def answering(body: bytes) -> Answer:
    return lambda request: body


def test_the_review_comes_back(tmp_path: Path) -> None:
    with webhook_server(tmp_path, answering(json.dumps(_REVIEW).encode())) as server:
        assert called(destination(server)) == _REVIEW


def test_what_is_written_between_certificates_does_not_matter(tmp_path: Path) -> None:
    with webhook_server(tmp_path, answering(json.dumps(_REVIEW).encode())) as server:
        bundle = base64.b64encode("# Ünser CA\n".encode() + base64.b64decode(server.bundle)).decode()
        config = {"url": f"https://127.0.0.1:{server.port}/check", "caBundle": bundle}
        assert called(destination_of(config)) == _REVIEW


def test_a_server_that_nobody_vouches_for_is_not_spoken_to(tmp_path: Path) -> None:
    with webhook_server(tmp_path, answering(b"{}")) as server:
        stranger = Destination("127.0.0.1", server.port, "/check", "")
        assert refusal(stranger) == (
            f'Post "https://127.0.0.1:{server.port}/check?timeout=5s": '
            "tls: failed to verify certificate: x509: certificate signed by unknown authority"
        )


@pytest.mark.parametrize(
    ("names", "host", "said"),
    [
        (
            ("elsewhere.example.com",),
            "127.0.0.1",
            "cannot validate certificate for 127.0.0.1 because it doesn't",
        ),
        (("elsewhere.example.com",), "localhost", "certificate is valid for elsewhere.example.com, not localhost"),
        (("127.0.0.2",), "127.0.0.1", "certificate is valid for 127.0.0.2, not 127.0.0.1"),
    ],
)
def test_a_certificate_must_be_for_the_host(tmp_path: Path, names: tuple[str, ...], host: str, said: str) -> None:
    with webhook_server(tmp_path, answering(b"{}"), *names) as server:
        assert f"tls: failed to verify certificate: x509: {said}" in refusal(destination(server, host))


def test_a_slow_server_is_left_when_its_time_is_over(tmp_path: Path) -> None:
    over = threading.Event()

    def wait(body: bytes) -> bytes:
        over.wait(30)
        return b"{}"

    with webhook_server(tmp_path, wait) as server:
        assert refusal(destination(server), 1).endswith('?timeout=1s": context deadline exceeded')
        over.set()


def test_a_server_that_goes_on_and_on_is_left_when_its_time_is_over(tmp_path: Path) -> None:
    over = threading.Event()

    def drip(body: bytes) -> Iterator[bytes]:
        while not over.wait(0.3):
            yield b"x"

    with webhook_server(tmp_path, drip) as server:
        assert refusal(destination(server), 1).endswith('?timeout=1s": context deadline exceeded')
        over.set()


def test_a_huge_answer_is_not_read_to_its_end(tmp_path: Path) -> None:
    with webhook_server(tmp_path, answering(b'"' + b"x" * 4_000_000 + b'"')) as server:
        assert refusal(destination(server)).endswith("the answer is larger than 3145728 bytes")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "0-length response with status code: 200"),
        (b"[]", "couldn't get version/kind; json parse error: json: cannot unmarshal array into Go value"),
        pytest.param(b"[" * 2_000_000, "couldn't get version/kind; json parse error: ", id="deep"),
        (b'{"response": "\\ud800"}', "couldn't get version/kind; json parse error: "),
        (b'{"apiVersion":"v1","kind":"Pod"}', 'no kind "Pod" is registered for version "v1"'),
    ],
)
def test_what_is_no_review_is_told(tmp_path: Path, body: bytes, said: str) -> None:
    with webhook_server(tmp_path, answering(body)) as server:
        assert said in refusal(destination(server))


def test_nothing_outside_of_this_machine_is_called() -> None:
    told = refusal(Destination("192.0.2.1", 443, "/", ""))
    assert "dial tcp 192.0.2.1:443: the lab asks webhooks on this machine only" in told


def test_a_service_that_nothing_listens_for_refuses_connections() -> None:
    told = refusal(Destination("hook.default.svc", 443, "/", "", cluster_ip="10.96.7.7"))
    assert told.endswith(
        'Post "https://hook.default.svc:443/?timeout=5s": dial tcp 10.96.7.7:443: connect: connection refused'
    )
