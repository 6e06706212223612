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


def selecting(expression: str) -> Object:
    return {"cel": {"expression": expression}}


def wish(**wanted: Any) -> Object:
    return claim({"name": "r", "exactly": {"deviceClassName": "gpu", **wanted}})


def sliced(**more: Any) -> Object:
    pool = {"name": "p", "generation": 1, "resourceSliceCount": 1}
    return device("ResourceSlice", driver="d.x", allNodes=True, pool=pool, devices=[{"name": "d", **more}])


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
        (
            wish(tolerations=[{"operator": "X"}]),
            'Unsupported value: "X": supported values: "Equal", "Exists"',
        ),
        (wish(tolerations=[{"operator": "Exists", "value": "v"}]), "must be empty for operator `Exists`"),
        (wish(tolerations=[{"operator": "Exists", "effect": "Y"}]), '"NoExecute", "NoSchedule", "None"'),
        (wish(selectors=[selecting("1")]), "must evaluate to bool or the unknown type, not int"),
        (claim(_GPU, config=[{"opaque": {"driver": "d.x", "parameters": [1]}}]), "must be a valid JSON object"),
        (
            device("ResourceClaimTemplate", metadata={"name": "x"}, spec={"devices": {"requests": [_GPU]}}),
            "spec.metadata.name: Forbidden: cannot be set",
        ),
        (device("DeviceClass", selectors=[selecting("device.foo == 1")]), "undefined field 'foo'"),
        (
            device("DeviceClass", selectors=[selecting("device.driver")]),
            "must evaluate to bool or the unknown type, not string",
        ),
        (
            device("DeviceClass", selectors=[selecting("dev ice")]),
            "compilation failed: ERROR: <input>:1:5: Syntax",
        ),
        (sliced(attributes={"a": {}}), 'attributes[a]: Invalid value: "": exactly one value must be specified'),
        (sliced(attributes={"a": {"int": 1, "bool": True}}), '{"IntValue":1,"BoolValue":true,"StringValue":null,'),
        (sliced(attributes={"a": {"version": "1.x"}}), "must be a string compatible with semver.org spec 2.0.0"),
        (sliced(taints=[{"key": "", "effect": "X"}]), 'taints[0].key: Invalid value: "": name part must be non-empty'),
        (sliced(nodeName="n"), "`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection`"),
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


def test_what_selects_devices_may_look_at_all_that_drivers_tell(api: LocalApi) -> None:
    told = 'device.attributes["x.io"].model == "a" && device.capacity["x.io"].mem.compareTo(quantity("1Gi")) > 0'
    assert api.create(device("DeviceClass", selectors=[selecting(f"{told} && device.allowMultipleAllocations")]))


def test_a_claim_without_devices_is_reserved_for_nobody(api: LocalApi) -> None:
    api.create(claim(_GPU))
    status = {"reservedFor": [{"resource": "pods", "name": "x", "uid": "1"}]}
    with pytest.raises(InvalidError, match="may not be specified when `allocated` is not set"):
        api.patch("resourceclaims.resource.k8s.io", "a", {"status": status}, "default", subresource="status")


def test_names_of_attributes_are_judged_up_to_one_slash(api: LocalApi) -> None:
    assert api.create(sliced(attributes={"x.io/a": {"int": 1}, "x/y/z": {"int": 1}}))
    with pytest.raises(InvalidError, match="a valid C identifier"):
        api.create(sliced(attributes={"x.io/a-b": {"int": 1}}))
