"""Readiness, liveness and startup probes."""

from __future__ import annotations

from typing import Any

import pytest
from kubelet_nodes import Nodes

from gitopslab.controlplane.kubelet.probes import Check, Tries, advance, begin, check_of
from gitopslab.controlplane.kubelet.programs import Program


@pytest.mark.parametrize(
    ("probe", "container", "message"),
    [
        pytest.param({"httpGet": {"path": "/", "port": 80}}, {}, None, id="port the image serves"),
        pytest.param(
            {"httpGet": {"path": "/", "port": 8080}}, {"ports": [{"containerPort": 8080}]}, None, id="declared port"
        ),
        pytest.param(
            {"httpGet": {"path": "/", "port": "http"}},
            {"ports": [{"name": "http", "containerPort": 80}]},
            None,
            id="named port",
        ),
        pytest.param(
            {"httpGet": {"path": "/", "port": 8081, "scheme": "HTTP"}},
            {},
            'Get "http://10.0.0.9:8081/": dial tcp 10.0.0.9:8081: connect: connection refused',
            id="wrong port",
        ),
        pytest.param({"tcpSocket": {"port": 81}}, {}, "dial tcp 10.0.0.9:81: connect: connection refused", id="tcp"),
        pytest.param(
            {"httpGet": {"path": "/broken", "port": 80}}, {}, "HTTP probe failed with statuscode: 404", id="wrong path"
        ),
        pytest.param({"tcpSocket": {"port": 81}}, {"image": "example.com/own:1"}, None, id="unknown image"),
        pytest.param({"exec": {"command": ["true"]}}, {}, None, id="command succeeds"),
        pytest.param({"exec": {"command": ["false"]}}, {}, "", id="command fails"),
        pytest.param(
            {"exec": {"command": ["cat", "/tmp/healthy"]}},
            {},
            "cat: can't open '/tmp/healthy': No such file or directory",
            id="file is missing",
        ),
        pytest.param({"exec": {"command": ["pg_isready"]}}, {}, None, id="unknown command"),
        pytest.param(
            {"exec": {"command": ["sleep", "5"]}},
            {},
            'command timed out: "sleep 5" timed out after 1s',
            id="command takes too long",
        ),
    ],
)
def test_one_try(probe: dict[str, Any], container: dict[str, Any], message: str | None) -> None:
    seen = check_of(probe, {"image": "nginx:1.27", **container}, Program(), 1.0, "10.0.0.9")
    assert seen.passed is (message is None)
    assert seen.message == (message or "")


def test_failures_count_up_to_the_threshold() -> None:
    probe = {"periodSeconds": 5, "failureThreshold": 2}
    first = advance(begin(probe, result=True), probe, lambda at: Check(False, "no"), 1)
    assert (first.result, first.failures, first.next) == (True, 1, 5.2)
    second = advance(first, probe, lambda at: Check(False, "no"), 6)
    assert (second.result, second.messages) == (False, ("no",))


def test_passing_probe_is_not_tried_again_until_it_may_change() -> None:
    probe = {"periodSeconds": 5}
    passed = advance(begin(probe, result=False), probe, lambda at: Check(True), 1)
    assert passed == Tries(next=None, passes=1, result=True)
    later = advance(begin(probe, result=False), probe, lambda at: Check(True, until=12.0), 1)
    assert later.next == pytest.approx(15.2)


def test_pod_is_ready_only_after_its_readiness_probe_passed(nodes: Nodes) -> None:
    nodes.run_container(readinessProbe={"httpGet": {"path": "/", "port": 80}, "initialDelaySeconds": 3})
    nodes.advance(2)
    assert nodes.container()["ready"] is False
    assert nodes.pod()["status"]["phase"] == "Running"
    nodes.advance(2)
    assert nodes.container()["ready"] is True


def test_failing_readiness_keeps_the_pod_running_and_says_so(nodes: Nodes) -> None:
    nodes.run_container(readinessProbe={"httpGet": {"path": "/", "port": 8080}})
    nodes.advance(40)
    assert nodes.container()["ready"] is False
    assert nodes.container()["restartCount"] == 0
    refused = 'Get "http://10.244.0.2:8080/": dial tcp 10.244.0.2:8080: connect: connection refused'
    assert nodes.events()[-1] == ("Warning", "Unhealthy", f"Readiness probe failed: {refused}")


def test_failing_liveness_restarts_the_container(nodes: Nodes) -> None:
    nodes.run_container(livenessProbe={"httpGet": {"path": "/broken", "port": 80}, "periodSeconds": 2})
    nodes.advance(8)
    assert nodes.container()["restartCount"] == 1
    events = nodes.events()
    assert ("Warning", "Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 404") in events
    assert ("Normal", "Killing", "Container c failed liveness probe, will be restarted") in events


def test_failing_startup_probe_restarts_the_container_that_never_started(nodes: Nodes) -> None:
    nodes.run_container(startupProbe={"tcpSocket": {"port": 81}, "periodSeconds": 1})
    nodes.advance(2)
    assert (nodes.container()["started"], nodes.container()["ready"]) == (False, False)
    nodes.advance(4)
    assert nodes.container()["restartCount"] == 1
    assert ("Normal", "Killing", "Container c failed startup probe, will be restarted") in nodes.events()


def test_passed_startup_probe_lets_the_container_be_ready(nodes: Nodes) -> None:
    nodes.run_container(startupProbe={"tcpSocket": {"port": 80}, "initialDelaySeconds": 2})
    nodes.advance(1.5)
    assert nodes.container()["ready"] is False
    nodes.advance(2)
    assert (nodes.container()["started"], nodes.container()["ready"]) == (True, True)


def test_file_that_the_script_removes_fails_the_liveness_probe_later(nodes: Nodes) -> None:
    nodes.run_container(
        image="busybox:1.36",
        command=["sh", "-c", "touch /tmp/healthy; sleep 30; rm -f /tmp/healthy; sleep 600"],
        livenessProbe={"exec": {"command": ["cat", "/tmp/healthy"]}, "initialDelaySeconds": 5, "periodSeconds": 5},
    )
    nodes.advance(30)
    assert nodes.container()["restartCount"] == 0
    nodes.advance(20)
    assert nodes.container()["restartCount"] == 1
