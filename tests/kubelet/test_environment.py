from __future__ import annotations

from typing import Any

import pytest
from kubelet_nodes import Nodes

from gitopslab.controlplane.kubelet.fields import field
from gitopslab.controlplane.kubelet.substitution import substituted


def variables(nodes: Nodes, env: list[dict[str, Any]] | None = None, **pod: Any) -> dict[str, str]:
    """What a container of a new pod prints of its environment."""
    nodes.run_container(image="busybox", command=["sh", "-c", "env; sleep 1000"], env=env or [], **pod)
    nodes.advance(5)
    return dict(line.split("=", 1) for line in nodes.lines() or ())


def service(name: str, address: str, *ports: dict[str, Any]) -> dict[str, Any]:
    spec = {"clusterIP": address, "ports": list(ports)}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "default"}, "spec": spec}


def resource(variable: str, name: str, divisor: str | None = None) -> dict[str, Any]:
    reference = {"resource": name, **({"divisor": divisor} if divisor else {})}
    return {"name": variable, "valueFrom": {"resourceFieldRef": reference}}


@pytest.mark.parametrize(
    ("name", "divisor", "shown"),
    [
        pytest.param("limits.cpu", None, "2", id="whole processors, rounded up"),
        pytest.param("limits.cpu", "1m", "1250", id="thousandths"),
        pytest.param("requests.cpu", "0", "1", id="a divisor of nothing is one"),
        pytest.param("limits.memory", None, "67108864", id="bytes"),
        pytest.param("requests.memory", "1Mi", "32", id="mebibytes"),
        pytest.param("limits.ephemeral-storage", "1Gi", "1", id="rounded up to a gibibyte"),
    ],
)
def test_amounts_are_told_in_units_of_their_divisor(nodes: Nodes, name: str, divisor: str | None, shown: str) -> None:
    limits = {"cpu": "1250m", "memory": "64Mi", "ephemeral-storage": "1M"}
    requests = {"cpu": "250m", "memory": "32Mi"}

    found = variables(nodes, [resource("A", name, divisor)], resources={"limits": limits, "requests": requests})

    assert found["A"] == shown


def test_who_has_no_limit_may_use_all_of_the_node(nodes: Nodes) -> None:
    found = variables(nodes, [resource("A", "limits.cpu"), resource("B", "limits.memory", "1Gi")])

    allocatable = nodes.api.get("nodes", "one")["status"]["allocatable"]
    assert found["A"] == allocatable["cpu"]
    assert found["B"] == "8"


def test_amounts_and_labels_come_as_files_too(nodes: Nodes) -> None:
    items = [
        {"path": "cpu", "resourceFieldRef": {"containerName": "c", "resource": "limits.cpu", "divisor": "1m"}},
        {"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}},
        {"path": "tier", "fieldRef": {"fieldPath": "metadata.annotations['lab/tier']"}},
    ]
    nodes.run(
        metadata={"labels": {"b": "2", "a": "1"}, "annotations": {"lab/tier": "front"}},
        spec={
            "volumes": [{"name": "self", "downwardAPI": {"items": items}}],
            "containers": [
                {
                    "name": "c",
                    "image": "busybox",
                    "command": ["sh", "-c", "cat /self/cpu; echo; cat /self/labels; echo; cat /self/tier; sleep 1000"],
                    "resources": {"limits": {"cpu": "300m"}},
                    "volumeMounts": [{"name": "self", "mountPath": "/self"}],
                }
            ],
        },
    )
    nodes.advance(5)

    assert nodes.lines() == ["300", 'a="1"', 'b="2"', 'topology.kubernetes.io/zone="zone-a"', "front"]


def test_annotations_are_quoted_as_go_does() -> None:
    odd = 'a\x07\x08\x0b\x1b\x7f\x80\u2028\U000e0001 ä\n"\\'

    found = field({"metadata": {"annotations": {"odd": odd}}}, "metadata.annotations", {})

    assert found == r'''odd="a\a\b\v\x1b\x7f\u0080\u2028\U000e0001 ä\n\"\\"'''


def test_a_container_is_told_of_the_services_that_are_there_when_it_starts(nodes: Nodes) -> None:
    ports = {"name": "http", "port": 80, "protocol": "TCP"}, {"name": "dns-udp", "port": 53, "protocol": "UDP"}
    nodes.api.create(service("my-web", "10.96.0.7", *ports))
    found = variables(nodes)
    nodes.api.create(service("later", "10.96.0.8", {"port": 80}))
    nodes.advance(5)

    assert {name: value for name, value in found.items() if name.startswith("MY_WEB")} == {
        "MY_WEB_SERVICE_HOST": "10.96.0.7",
        "MY_WEB_SERVICE_PORT": "80",
        "MY_WEB_SERVICE_PORT_HTTP": "80",
        "MY_WEB_SERVICE_PORT_DNS_UDP": "53",
        "MY_WEB_PORT": "tcp://10.96.0.7:80",
        "MY_WEB_PORT_80_TCP": "tcp://10.96.0.7:80",
        "MY_WEB_PORT_80_TCP_PROTO": "tcp",
        "MY_WEB_PORT_80_TCP_PORT": "80",
        "MY_WEB_PORT_80_TCP_ADDR": "10.96.0.7",
        "MY_WEB_PORT_53_UDP": "udp://10.96.0.7:53",
        "MY_WEB_PORT_53_UDP_PROTO": "udp",
        "MY_WEB_PORT_53_UDP_PORT": "53",
        "MY_WEB_PORT_53_UDP_ADDR": "10.96.0.7",
    }
    again = nodes.restarted()
    again.advance(5)
    assert not any("LATER" in line for line in again.lines() or ())


def test_who_wants_no_service_links_is_told_of_the_api_only(nodes: Nodes) -> None:
    nodes.api.create(service("kubernetes", "10.96.0.1", {"name": "https", "port": 443}))
    nodes.api.create(service("web", "10.96.0.7", {"port": 80}))

    found = variables(nodes, spec={"enableServiceLinks": False})

    assert found["KUBERNETES_SERVICE_HOST"] == "10.96.0.1"
    assert found["KUBERNETES_PORT"] == "tcp://10.96.0.1:443"
    assert not any(name.startswith("WEB") for name in found)


def test_headless_services_have_no_address_to_tell(nodes: Nodes) -> None:
    nodes.api.create(service("db", "None", {"port": 5432}))

    assert not any(name.startswith("DB_") for name in variables(nodes))


def test_variables_refer_to_earlier_ones_and_to_services_and_have_the_last_word(nodes: Nodes) -> None:
    nodes.api.create(service("web", "10.96.0.7", {"port": 80}))
    env = [
        {"name": "URL", "value": "http://$(WEB_SERVICE_HOST):$(WEB_SERVICE_PORT)"},
        {"name": "TWICE", "value": "$(URL) $$(URL) $(LATER)"},
        {"name": "WEB_PORT", "value": "mine"},
        {"name": "LATER", "value": "x"},
    ]

    found = variables(nodes, env)

    assert found["URL"] == "http://10.96.0.7:80"
    assert found["TWICE"] == "http://10.96.0.7:80 $(URL) $(LATER)"
    assert found["WEB_PORT"] == "mine"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("$(A)$(B)", "ab"),
        ("$$(A)", "$(A)"),
        ("$$$(A)", "$a"),
        ("$(a.b-c)", "dotted"),
        ("$(C) $( $A $", "$(C) $( $A $"),
    ],
)
def test_references_are_filled_in_as_the_kubelet_does(text: str, shown: str) -> None:
    assert substituted(text, {"A": "a"}, {"A": "no", "B": "b", "a.b-c": "dotted"}) == shown
