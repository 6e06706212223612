"""``kr8s`` inside of pods: what is served, run and written there."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kr8s
import pytest
from kr8s.objects import Pod, Service

pytestmark = [
    pytest.mark.process,
    pytest.mark.filterwarnings("ignore:Kubernetes version .* is not supported"),
]


@pytest.fixture
def web(kubeconfig: Path, namespace: str) -> Iterator[Pod]:
    """A pod of the test's own namespace that serves a page on port 80."""
    api: Any = kr8s.api(kubeconfig=str(kubeconfig))
    api.namespace = namespace
    metadata = {"name": "web", "namespace": namespace, "labels": {"app": "web"}}
    spec = {"containers": [{"name": "c", "image": "nginx:1.27", "ports": [{"containerPort": 80}]}]}
    made = Pod({"metadata": metadata, "spec": spec}, api=api)
    made.create()
    made.wait("condition=Ready", timeout=60)
    yield made
    made.delete(grace_period=0)


def ask(port: int, path: str) -> str:
    """The status of the answer to one request."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n".encode())
        with connection.makefile("rb") as answer:
            return answer.readline().decode().strip()


def test_ports_are_forwarded_and_what_was_asked_is_in_the_log(web: Pod) -> None:
    spec = {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 80}]}
    service = Service({"metadata": {"name": "web", "namespace": web.namespace}, "spec": spec}, api=web.api)
    service.create()
    with web.portforward(remote_port=80, local_port=None) as port:
        assert [ask(port, "/first"), ask(port, "/")] == ["HTTP/1.1 404 Not Found", "HTTP/1.1 200 OK"]
    with service.portforward(remote_port=80, local_port=None) as port:
        assert ask(port, "/last") == "HTTP/1.1 404 Not Found"
    asked = [line.split('"')[1].split()[1] for line in web.logs() if '"GET ' in line]
    assert asked == ["/first", "/", "/last"]
    [last] = web.logs(tail_lines=1, timestamps=True)
    assert '"GET /last ' in last
    assert last[:4].isdigit()
    with pytest.raises(kr8s.ServerError, match="container nope is not valid for pod web"):
        list(web.logs(container="nope"))


def test_a_log_is_followed_as_it_is_written(web: Pod) -> None:
    lines = web.logs(follow=True, timeout=60)
    with web.portforward(remote_port=80, local_port=None) as port:
        ask(port, "/now")
        assert any('"GET /now ' in line for line in lines)


def test_a_command_runs_in_a_container_and_tells_how_it_ended(web: Pod, monkeypatch: pytest.MonkeyPatch) -> None:
    done = web.exec(["sh", "-c", "echo out; echo err >&2"])
    assert (done.returncode, done.stdout, done.stderr) == (0, b"out\n", b"err\n")
    assert web.exec(["hostname"]).stdout == b"web\n"
    assert web.exec(["sh", "-c", "exit 3"], check=False).returncode == 3
    # kr8s 0.20 asks for v4, whose stdin cannot be closed, and then refuses to send any: no cluster could feed it
    monkeypatch.setattr("kr8s._exec.EXEC_PROTOCOL", "v5.channel.k8s.io")
    assert web.exec(["cat"], stdin="fed\n").stdout == b"fed\n"
