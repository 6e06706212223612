"""A policy's status follows its generations."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Cluster

POLICIES = "validatingadmissionpolicies.admissionregistration.k8s.io"


def test_every_generation_of_a_policy_is_looked_at(cluster: Cluster) -> None:
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
    spec = {"matchConstraints": {"resourceRules": [rule]}, "validations": [{"expression": "true"}]}
    kind = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy"}
    cluster.create({**kind, "metadata": {"name": "p"}, "spec": spec})
    cluster.settle()
    policy = cluster.get(POLICIES, "p", "")
    assert policy["status"] == {"observedGeneration": 1, "typeChecking": {}}
    cluster.patch(POLICIES, "p", {"spec": {"failurePolicy": "Ignore"}}, "")
    cluster.settle()
    assert cluster.get(POLICIES, "p", "")["status"]["observedGeneration"] == 2
