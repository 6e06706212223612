"""The status of an admission policy in a whole cluster."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from held_lab import Lab

from gitopslab.machinery.objects import Object

_POLICIES = "validatingadmissionpolicies.admissionregistration.k8s.io"


@pytest.fixture
def lab() -> Iterator[Lab]:
    made = Lab()
    yield made
    made.plane.close()


def policy(expression: str) -> Object:
    rule = {"apiGroups": ["x.io"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["foos"]}
    spec = {"matchConstraints": {"resourceRules": [rule]}, "validations": [{"expression": expression}]}
    head = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy"}
    return {**head, "metadata": {"name": "p"}, "spec": spec}


def definition() -> Object:
    fields = {"spec": {"type": "object", "properties": {"a": {"type": "integer"}}}}
    schema = {"openAPIV3Schema": {"type": "object", "properties": fields}}
    version = {"name": "v1", "served": True, "storage": True, "schema": schema}
    names = {"plural": "foos", "kind": "Foo"}
    spec = {"group": "x.io", "names": names, "scope": "Namespaced", "versions": [version]}
    head = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"}
    return {**head, "metadata": {"name": "foos.x.io"}, "spec": spec}


def test_what_cannot_be_of_a_custom_resource_is_told_in_the_status(lab: Lab) -> None:
    lab.api.create(definition())
    lab.plane.settle()
    lab.api.create(policy("object.spec.a == 'x'"))
    lab.plane.settle()
    status = lab.api.get(_POLICIES, "p")["status"]
    assert status["observedGeneration"] == 1
    [warning] = status["typeChecking"]["expressionWarnings"]
    assert warning["warning"].startswith(
        "x.io/v1, Kind=Foo: ERROR: <input>:1:15: found no matching overload for '_==_'"
    )
    changed = policy("object.spec.a == 1 && object.metadata.name != ''")["spec"]
    lab.api.patch(_POLICIES, "p", {"spec": changed})
    lab.plane.settle()
    assert lab.api.get(_POLICIES, "p")["status"] == {"observedGeneration": 2}
