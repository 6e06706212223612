"""Device classes, claims, templates and slices: filled in and refused as by the real server; no node has devices."""

from __future__ import annotations

from typing import Any

import pytest
from builders import pod

from gitopslab.controlplane.daemon.assembly import ControlPlane
from gitopslab.controlplane.server.local import LocalApi
from gitopslab.errors import InvalidError
from gitopslab.machinery.objects import Object, find_condition


def device(kind: str, name: str = "a", **spec: Any) -> Object:
    metadata = {"name": name} | ({"namespace": "default"} if "Claim" in kind else {})
    return {"apiVersion": "resource.k8s.io/v1", "kind": kind, "metadata": metadata, "spec": spec}


def claim(*requests: Object, **devices: Any) -> Object:
    return device("ResourceClaim", devices={"requests": list(requests), **devices})


_GPU = {"name": "gpu", "exactly": {"deviceClassName": "gpu"}}


def test_a_request_is_for_one_device_unless_it_says_how_many(api: LocalApi) -> None:
    both = {"name": "any", "firstAvailable": [{"name": "all", "deviceClassName": "x", "allocationMode": "All"}]}
    requests = api.create(claim(_GPU, both))["spec"]["devices"]["requests"]
    assert requests[0]["exactly"] == {"deviceClassName": "gpu", "allocationMode": "ExactCount", "count": 1}
    assert requests[1]["firstAvailable"] == [{"name": "all", "deviceClassName": "x", "allocationMode": "All"}]


@pytest.mark.parametrize(
    ("obj", "cause"),
    [
        (
            claim({"name": "x"}),
            "spec.devices.requests[0]: Required value: exactly one of `exactly` or `firstAvailable`",
        ),
        (claim({"name": "x", "exactly": {}}), "spec.devices.requests[0].exactly.deviceClassName: Required value"),
        (claim(_GPU, constraints=[{"requests": ["none"]}]), 'constraints[0].requests[0]: Invalid value: "none"'),
        (claim(_GPU, _GPU), 'spec.devices.requests[1]: Duplicate value: "gpu"'),
        (
            claim(_GPU, constraints=[{"matchAttribute": "model"}]),
            'matchAttribute: Invalid value: "model": a fully qualified name must be a domain and a name separated',
        ),
        (
            claim(_GPU, constraints=[{"matchAttribute": "example.com/a-b"}]),
            'matchAttribute: Invalid value: "a-b": a valid C identifier must start with alphabetic character',
        ),
        (claim(_GPU, constraints=[{"matchAttribute": "/a"}]), 'Invalid value: "": the domain must not be empty'),
        (device("DeviceClass", selectors=[{}]), "spec.selectors[0].cel: Required value"),
        (device("DeviceClass", extendedResourceName="cpu"), "must be a valid extended resource name"),
        (device("ResourceSlice", driver="gpu.example.com"), "spec.pool.name: Required value"),
        (
            device("ResourceSlice", driver="x.y", nodeName="n", allNodes=True),
            'spec: Invalid value: "{`nodeName`, `allNodes`}": exactly one of `nodeName`, `nodeSelector`, `allNodes`',
        ),
    ],
)
def test_what_makes_no_sense_is_refused(api: LocalApi, obj: Object, cause: str) -> None:
    with pytest.raises(InvalidError) as refused:
        api.create(obj)
    assert cause in refused.value.message


def test_what_is_claimed_stays(api: LocalApi) -> None:
    made = api.create(claim(_GPU))
    made["spec"]["devices"]["requests"][0]["exactly"]["count"] = 2
    with pytest.raises(InvalidError) as refused:
        api.update(made)
    assert refused.value.message.endswith(": field is immutable")
    assert '{"Devices":{"Requests":[{"Name":"gpu","Exactly":{"DeviceClassName":"gpu"' in refused.value.message


def test_a_pod_with_a_claim_finds_no_node(plane: ControlPlane) -> None:
    plane.api.create(claim(_GPU))
    wanting = pod("p")
    wanting["spec"]["resourceClaims"] = [{"name": "gpu", "resourceClaimName": "a"}]
    plane.api.create(wanting)
    plane.settle()
    found = plane.api.get("pods", "p", "default")
    scheduled = find_condition(found["status"]["conditions"], "PodScheduled")
    assert scheduled is not None
    assert "3 cannot allocate all claims. still not schedulable" in scheduled["message"]
