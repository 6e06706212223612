"""APIServices: one for every group version that is served, and none for what is not."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from held_lab import Lab

from gitopslab.controlplane.daemon.apiservices import SERVICES
from gitopslab.errors import InvalidError
from gitopslab.machinery.kinds import BUILT_IN
from gitopslab.machinery.objects import Object, condition_of, name_of

CAKES = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "cakes.shop.example.com"},
    "spec": {
        "group": "shop.example.com",
        "scope": "Namespaced",
        "names": {"plural": "cakes", "kind": "Cake"},
        "versions": [
            {"name": name, "served": served, "storage": served, "schema": {"openAPIV3Schema": {"type": "object"}}}
            for name, served in (("v1", True), ("v1alpha1", False))
        ],
    },
}


@pytest.fixture
def lab() -> Iterator[Lab]:
    made = Lab()
    yield made
    made.plane.close()


def names(lab: Lab) -> set[str]:
    return {name_of(service) for service in lab.api.list(SERVICES)}


def service(**spec: object) -> Object:
    whole = {"group": "x.example.com", "version": "v1", "groupPriorityMinimum": 1000, "versionPriority": 10, **spec}
    whole = {key: value for key, value in whole.items() if value is not None}
    metadata = {"name": "v1.x.example.com"}
    return {"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": metadata, "spec": whole}


def test_every_group_version_that_is_served_is_registered_and_available(lab: Lab) -> None:
    served = {f"{row.version}.{row.group}" for row in BUILT_IN}
    assert names(lab) == served - {"v1.apiregistration.k8s.io"}  # the real one does not register itself either
    core = lab.api.get(SERVICES, "v1.")
    assert core["spec"] == {"version": "v1", "groupPriorityMinimum": 18000, "versionPriority": 1}
    assert core["metadata"]["labels"] == {"kube-aggregator.kubernetes.io/automanaged": "onstart"}
    available = condition_of(core, "Available")
    assert available is not None
    told = (available["status"], available["reason"], available["message"])
    assert told == ("True", "Local", "Local APIServices are always available")


def test_a_custom_resources_group_is_registered_as_long_as_it_is_served(lab: Lab) -> None:
    before = names(lab)
    lab.api.create(CAKES)
    lab.plane.settle()
    assert names(lab) - before == {"v1.shop.example.com"}
    lab.api.delete(SERVICES, "v1.shop.example.com")
    lab.plane.settle()
    assert "v1.shop.example.com" in names(lab), "it comes back while the group is served"
    lab.api.delete("customresourcedefinitions.apiextensions.k8s.io", "cakes.shop.example.com")
    lab.advance(10)
    assert names(lab) == before


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"group": "y.example.com"}, 'must be `spec.version+"."+spec.group`: "v1.y.example.com"'),
        ({"groupPriorityMinimum": 0}, "Invalid value: 0: must be positive and less than 20000"),
        ({"versionPriority": 1001}, "spec.versionPriority: Invalid value: 1001: must be positive and less than 1000"),
        ({"insecureSkipTLSVerify": True}, "local APIServices may not have insecureSkipTLSVerify"),
        ({"caBundle": "YWJj"}, 'spec.caBundle: Invalid value: "3 bytes": local APIServices may not have a caBundle'),
        ({"service": {"name": "x"}}, "spec.service.namespace: Required value"),
        ({"service": {"namespace": "a", "name": "b", "port": 0}}, "Invalid value: 0: port is not valid"),
    ],
)  # fmt: skip
def test_what_no_service_may_say(lab: Lab, spec: Object, message: str) -> None:
    with pytest.raises(InvalidError, match=re.escape(message)):
        lab.api.create(service(**spec))


def unavailable(lab: Lab) -> tuple[str, str]:
    lab.plane.settle()
    found = condition_of(lab.api.get(SERVICES, "v1.x.example.com"), "Available")
    assert found is not None
    assert found["status"] == "False"
    return found["reason"], found["message"]


def test_an_api_server_that_cannot_be_reached_is_not_available(lab: Lab) -> None:
    lab.api.create(
        service(
            service={"name": "metrics", "namespace": "default", "port": 6443},
            insecureSkipTLSVerify=True,
        )
    )
    assert unavailable(lab) == ("ServiceNotFound", 'service/metrics in "default" is not present')
    assert "v1.x.example.com" in names(lab), "it is kept"
    metadata = {"name": "metrics", "namespace": "default"}
    backend = {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"ports": [{"port": 443}]}}
    made = lab.api.create(backend)
    text = 'service/metrics in "default" is not listening on port 6443'
    assert unavailable(lab) == ("ServicePortError", text)
    ports = [{"port": 6443, "name": "https", "protocol": "TCP", "targetPort": 6443}]
    lab.api.update({**made, "spec": {**made["spec"], "ports": ports}})
    text = 'cannot find endpointslices for service/metrics in "default"'
    assert unavailable(lab) == ("EndpointsNotFound", text)
    endpoint_slice = lab.api.create(
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {**metadata, "labels": {"kubernetes.io/service-name": "metrics"}},
            "addressType": "IPv4",
            "endpoints": [{"addresses": ["10.1.2.3"], "conditions": {"ready": False}}],
            "ports": [{"name": "https", "port": 6443}],
        }
    )
    text = 'endpointslices for service/metrics in "default" have no addresses with port name "https"'
    assert unavailable(lab) == ("MissingEndpoints", text)
    lab.api.update({**endpoint_slice, "endpoints": [{"addresses": ["10.1.2.3"]}]})
    assert unavailable(lab)[0] == "FailedDiscoveryCheck"
