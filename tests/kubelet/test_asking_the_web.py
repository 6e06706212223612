"""Visitors of played containers ask the web servers of the cluster, as wget and curl do."""

from __future__ import annotations

import asyncio

import pytest
from exchange import play
from kubelet_nodes import Nodes

from gitopslab.controlplane.runtime.streams import Place

HELLO = "echo hello > /usr/share/nginx/html/index.html"


def visit(nodes: Nodes, pod: str, *command: str) -> tuple[str, int]:
    found: list[str] = []
    codes: list[int] = []

    async def story() -> None:
        process = await nodes.kubelets.exec.start(Place("default", pod, "c"), command, stdin=False, tty=False)
        while (piece := await process.read()) is not None:
            found.append(piece.data.decode())
        codes.append(await process.wait())

    play(story)
    return "".join(found), codes[0]


@pytest.fixture
def cluster(nodes: Nodes) -> Nodes:
    """A web server ``web`` behind a Service, and a pod ``box`` to ask from."""
    hook = {"postStart": {"exec": {"command": ["sh", "-c", HELLO]}}}
    container = {"name": "c", "image": "nginx:1.27", "lifecycle": hook}
    nodes.run("web", metadata={"labels": {"app": "web"}}, spec={"containers": [container]})
    nodes.run("box", spec={"containers": [{"name": "c", "image": "busybox:1.36", "command": ["sleep", "3600"]}]})
    ports = [{"port": 8080, "targetPort": 80}]
    metadata = {"name": "web", "namespace": "default"}
    spec = {"selector": {"app": "web"}, "ports": ports}
    nodes.api.create({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})
    nodes.advance(5)
    return nodes


def test_service_answers_by_its_name_and_address(cluster: Nodes) -> None:
    address = cluster.api.get("services", "web", "default")["spec"]["clusterIP"]
    for host in ("web", "web.default", "web.default.svc.cluster.local", address):
        assert visit(cluster, "box", "wget", "-qO-", f"http://{host}:8080") == ("hello\n", 0)


def test_pod_answers_by_its_address_and_itself(cluster: Nodes) -> None:
    address = cluster.pod("web")["status"]["podIP"]
    assert visit(cluster, "box", "wget", "-q", "-O", "-", f"{address}:80") == ("hello\n", 0)
    assert visit(cluster, "web", "curl", "-s", "localhost") == ("hello\n", 0)
    lines = [text for _, text in cluster.kubelets.logs.read("default", "web", "c") or []]
    assert "Wget" in lines[-2]
    assert "curl/" in lines[-1]


@pytest.mark.parametrize(
    ("command", "said", "code"),
    [
        pytest.param("wget -qO- http://nope", "wget: bad address 'nope'\n", 1, id="no such name"),
        pytest.param("wget -qO- web:81", "can't connect to remote host", 1, id="no such port"),
        pytest.param("wget -qO- web:8080/x", "wget: server returned error: HTTP/1.1 404 Not Found\n", 1, id="404"),
        pytest.param("wget web:8080; cat index.html", "'index.html' saved\nhello\n", 0, id="into a file"),
        pytest.param("wget -q --spider web:8080 && echo up", "up\n", 0, id="spider"),
    ],
)
def test_answers_of_wget(cluster: Nodes, command: str, said: str, code: int) -> None:
    shown, ended = visit(cluster, "box", "sh", "-c", command)
    assert said in shown
    assert ended == code


def test_curl_fails_with_its_own_codes(cluster: Nodes) -> None:
    refused = "curl: (7) Failed to connect to web port 80 after 0 ms: Could not connect to server\n"
    assert visit(cluster, "web", "curl", "-sS", "http://web") == (refused, 7)
    assert visit(cluster, "web", "curl", "-sf", "localhost/nope") == ("", 22)
    assert visit(cluster, "web", "curl", "nope") == ("curl: (6) Could not resolve host: nope\n", 6)


def test_pod_that_somebody_attends_asks_too(cluster: Nodes) -> None:
    asking = {"image": "busybox:1.36", "command": ["wget", "-qO-", "web:8080"], "stdin": True, "stdinOnce": True}
    cluster.run("tmp", spec={"containers": [{"name": "c", **asking}], "restartPolicy": "Never"})
    cluster.advance(3)
    found = []

    async def story() -> None:
        process = await cluster.kubelets.exec.attach(Place("default", "tmp", "c"), stdin=True)
        while (piece := await process.read()) is not None:
            found.append(piece.data.decode())
        await asyncio.sleep(0)

    play(story)
    cluster.advance(2)
    assert ("".join(found), cluster.pod("tmp")["status"]["phase"]) == ("hello\n", "Succeeded")
