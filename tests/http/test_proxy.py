"""The proxy subresource, on a whole cluster in memory."""

from __future__ import annotations

from typing import Any

import pytest
from builders import ADMIN
from exchange import TOKEN, Client, Response

from gitopslab.controlplane.daemon.assembly import ControlPlane
from gitopslab.controlplane.http.app import build_app

PODS, SERVICES = "/api/v1/namespaces/default/pods", "/api/v1/namespaces/default/services"


@pytest.fixture
def client(plane: ControlPlane) -> Client:
    """A cluster with a web server behind a Service."""
    port = {"name": "http", "containerPort": 80}
    container = {"name": "c", "image": "nginx:1.27", "ports": [port]}
    pod: Any = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "default"}}
    plane.api.create(
        {**pod, "metadata": {**pod["metadata"], "labels": {"app": "web"}}, "spec": {"containers": [container]}}
    )
    spec = {"selector": {"app": "web"}, "ports": [{"name": "front", "port": 8000, "targetPort": "http"}]}
    metadata = {"name": "web", "namespace": "default"}
    plane.api.create({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})
    plane.api.create(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {**metadata, "name": "bare"},
            "spec": {"ports": spec["ports"]},
        }
    )
    plane.advance(5)
    plane.verbs.tokens.know(TOKEN, ADMIN)
    return Client(build_app(plane.verbs, exec=plane.kubelets.exec, ports=plane.kubelets.ports))


def says_web(answer: Response) -> bool:
    return answer.code == 200 and b"This is pod web" in answer.body


@pytest.mark.parametrize(
    "target",
    [
        pytest.param(f"{PODS}/web/proxy/", id="a pod's first port"),
        pytest.param(f"{PODS}/web/proxy", id="without a path"),
        pytest.param(f"{PODS}/web:80/proxy/", id="a pod's port"),
        pytest.param(f"{PODS}/http:web:80/proxy/?a=b", id="a scheme and a query"),
        pytest.param(f"{SERVICES}/web/proxy/", id="a service's only port"),
        pytest.param(f"{SERVICES}/web:8000/proxy/", id="a service's port"),
        pytest.param(f"{SERVICES}/http:web:front/proxy/", id="a service's named port"),
    ],
)
def test_request_is_passed_on(client: Client, target: str) -> None:
    answer = client.get(target)
    assert says_web(answer)
    assert answer.headers["content-type"] == "text/html"


def test_any_method_and_a_body_are_passed_on(client: Client) -> None:
    assert says_web(client("POST", f"{PODS}/web/proxy/", b"hello"))


def test_answer_keeps_its_code(client: Client) -> None:
    answer = client.get(f"{PODS}/web/proxy/missing.html")
    assert (answer.code, b"404 Not Found" in answer.body) == (404, True)


@pytest.mark.parametrize(
    ("target", "code", "message"),
    [
        pytest.param(f"{PODS}/nope/proxy/", 404, 'pods "nope" not found', id="no such pod"),
        pytest.param(f"{PODS}/a:b:c:d/proxy/", 400, 'invalid pod request "a:b:c:d"', id="too many colons"),
        pytest.param(
            f"{SERVICES}/web:9/proxy/", 503, 'no endpoints available for service "web:9"', id="no such service port"
        ),
        pytest.param(
            f"{SERVICES}/bare/proxy/", 503, 'no endpoints available for service "bare"', id="nothing behind it"
        ),
        pytest.param("/api/v1/nodes/lab-worker/proxy/", 404, "the embedded cluster", id="a node"),
    ],
)
def test_nobody_to_pass_it_on_to(client: Client, target: str, code: int, message: str) -> None:
    answer = client.get(target)
    assert answer.code == code
    assert answer.json["message"].startswith(message)


def test_refused_port_is_worded_by_the_api_server(client: Client, plane: ControlPlane) -> None:
    address = plane.api.get("pods", "web", "default")["status"]["podIP"]
    message = f"error trying to reach service: dial tcp {address}:81: connect: connection refused"
    assert client.get(f"{PODS}/web:81/proxy/").json["message"] == message
