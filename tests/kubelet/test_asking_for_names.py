"""Played programs that ask for the names of Services: ``nslookup`` and ``getent``, and waiting with them."""

from __future__ import annotations

from typing import Any

import pytest
from builders import pod

from gitopslab.controlplane.daemon.assembly import ControlPlane
from gitopslab.machinery.objects import Object

OWN_NAMESPACE = "$(cat /var/run/secrets/kubernetes.io/serviceaccount/namespace)"


def waiting_for(name: str) -> str:
    """The script of the Kubernetes documentation."""
    host = f"{name}.{OWN_NAMESPACE}.svc.cluster.local"
    return f"until nslookup {host}; do echo waiting for {name}; sleep 2; done"


def run(plane: ControlPlane, *inits: str, command: str = "sleep 3600", **spec: Any) -> None:
    def container(name: str, text: str) -> Object:
        return {"name": name, "image": "busybox:1.28", "command": ["sh", "-c", text]}

    first = [container(f"init-{number}", text) for number, text in enumerate(inits)]
    plane.api.create(pod("app", spec={"containers": [container("c", command)], "initContainers": first, **spec}))
    plane.settle()


def service(plane: ControlPlane, name: str, **spec: Any) -> None:
    base = {"ports": [{"port": 80}], "selector": {"app": name}, **spec}
    plane.api.create(
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "default"}, "spec": base}
    )
    plane.settle()


def status(plane: ControlPlane) -> Object:
    found: Object = plane.api.get("pods", "app", "default")["status"]
    return found


def finished(plane: ControlPlane) -> list[bool]:
    """Which init containers have done their work."""
    return ["terminated" in entry["state"] for entry in status(plane)["initContainerStatuses"]]


def test_init_containers_wait_for_their_services(plane: ControlPlane) -> None:
    run(plane, waiting_for("myservice"), waiting_for("mydb"))
    plane.advance(60)
    assert (status(plane)["phase"], finished(plane)) == ("Pending", [False, False])
    service(plane, "mydb")
    plane.advance(10)
    assert finished(plane) == [False, False]
    service(plane, "myservice")
    plane.advance(10)
    assert (status(plane)["phase"], finished(plane)) == ("Running", [True, True])


def test_service_that_was_there_before_is_found_at_once(plane: ControlPlane) -> None:
    service(plane, "myservice")
    run(plane, waiting_for("myservice"))
    plane.advance(3)
    assert status(plane)["phase"] == "Running"


def test_service_that_comes_late_is_found(plane: ControlPlane) -> None:
    run(plane, waiting_for("myservice"))
    plane.advance(1800)
    service(plane, "myservice")
    plane.advance(5)
    assert status(plane)["phase"] == "Running"


@pytest.mark.parametrize("after", [5.0, 5.4, 5.8, 6.2, 6.6])
def test_log_that_is_read_meanwhile_agrees_with_the_end(plane: ControlPlane, after: float) -> None:
    run(plane, waiting_for("myservice"))
    plane.advance(after)
    before = lines(plane)
    service(plane, "myservice")
    plane.advance(10)
    found = lines(plane)
    assert found[: len(before)] == before
    assert "waiting for myservice" in before
    assert found[-2].startswith("Address: ")
    assert status(plane)["initContainerStatuses"][0]["state"]["terminated"]["exitCode"] == 0


def lines(plane: ControlPlane) -> list[str]:
    found = plane.kubelets.logs.read("default", "app", "init-0") or []
    return [text for _, text in found]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        pytest.param("web", 0, id="short"),
        pytest.param("web.default", 0, id="with its namespace"),
        pytest.param("web.default.svc.cluster.local.", 0, id="whole"),
        pytest.param("web.kube-system", 1, id="in another namespace"),
        pytest.param("nope", 1, id="no such Service"),
        pytest.param("nope.default.svc", 1, id="no such Service, longer"),
        pytest.param("web.web", 1, id="in a namespace of its name"),
        pytest.param("peers", 1, id="headless without addresses"),
    ],
)
def test_name(plane: ControlPlane, name: str, code: int) -> None:
    if name == "web.web":
        plane.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "web"}})
    service(plane, "web")
    service(plane, "peers", clusterIP="None")
    run(plane, command=f"nslookup {name}", restartPolicy="Never")
    plane.advance(5)
    assert status(plane)["containerStatuses"][0]["state"]["terminated"]["exitCode"] == code


def test_headless_service_leads_to_a_ready_pod(plane: ControlPlane) -> None:
    service(plane, "peers", clusterIP="None")
    run(plane, command="until getent hosts app.peers > /tmp/found; do sleep 1; done; cat /tmp/found; sleep 100")
    plane.api.patch("pods", "app", {"metadata": {"labels": {"app": "peers"}}}, "default")
    plane.advance(5)
    found = plane.kubelets.logs.read("default", "app", "c") or []
    assert [text.split() for _, text in found] == [[status(plane)["podIP"], "app.peers"]]


def test_name_outside_of_the_cluster_is_not_played(plane: ControlPlane) -> None:
    run(plane, command="nslookup example.com || exit 7", restartPolicy="Never")
    plane.advance(5)
    assert status(plane)["phase"] == "Succeeded"
