"""The rules of metadata, the same for every kind."""

from __future__ import annotations

from typing import Any

import pytest
from builders import config_map, merged
from validation_tools import NAME, change_problems, ids_of, problems

from gitopslab.machinery.objects import Object

SUBDOMAIN = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
KEY = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character "
    "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
OWNER = {"apiVersion": "v1", "kind": "ConfigMap", "name": "o", "uid": "u"}


def config(**metadata: Any) -> Object:
    return config_map("c", metadata=metadata)


def named(kind: str, name: str, api_version: str = "v1", **fields: Any) -> Object:
    return merged({"apiVersion": api_version, "kind": kind, "metadata": {"name": name}}, fields)


ROWS: list[tuple[Object, list[str]]] = [
    (config(), []),
    (config(name="a.b-c"), []),
    (config(name="Waal_Web"), [f'metadata.name: Invalid value: "Waal_Web": {SUBDOMAIN}']),
    (config(name="a" * 254), [f'metadata.name: Invalid value: "{"a" * 254}": must be no more than 253 characters']),
    (config(generateName="web-"), []),
    (config(generateName="Web-"), [f'metadata.generateName: Invalid value: "Web-": {SUBDOMAIN}']),
    (named("Namespace", "Bad_Name"), [f'metadata.name: Invalid value: "Bad_Name": {NAME}']),
    (named("Namespace", "a.b"), ['metadata.name: Invalid value: "a.b": must not contain dots']),
    (named("ClusterRole", "system:node", "rbac.authorization.k8s.io/v1"), []),
    (named("ClusterRole", "a/b", "rbac.authorization.k8s.io/v1"),
     ['metadata.name: Invalid value: "a/b": may not contain \'/\'']),
    (named("Event", "web.17abc", metadata={"namespace": "default"}, involvedObject={"namespace": "default"}), []),
    (config(labels={"app": "web", "example.com/tier": ""}), []),
    (config(labels={"a": "b c"}),
     ['metadata.labels: Invalid value: "b c": a valid label must be an empty string or consist of alphanumeric '
      "characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or "
      "'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"]),
    (config(labels={"a/b/c": "d"}),
     [f'metadata.labels: Invalid value: "a/b/c": a valid label key {KEY} with an optional DNS subdomain prefix and '
      "'/' (e.g. 'example.com/MyName')"]),
    (config(labels={"/b": "d"}), ['metadata.labels: Invalid value: "/b": prefix part must be non-empty']),
    (config(labels={"a": "b" * 64}),
     [f'metadata.labels: Invalid value: "{"b" * 64}": must be no more than 63 bytes']),
    (config(annotations={"Some.Thing/Key": "any text: at all!"}), []),
    (config(annotations={"a b": ""}), [f'metadata.annotations: Invalid value: "a b": name part {KEY}']),
    (config(annotations={"a": "b" * 262144}), ["metadata.annotations: Too long: may not be more than 262144 bytes"]),
    (config(finalizers=["example.com/hold", "foregroundDeletion"]), []),
    (config(finalizers=["hold"]),
     ['metadata.finalizers[0]: Invalid value: "hold": name is neither a standard finalizer name nor is it fully '
      "qualified"]),
    (config(ownerReferences=[OWNER]), []),
    (config(ownerReferences=[{}]),
     ['metadata.ownerReferences.apiVersion: Invalid value: "": version must not be empty',
      'metadata.ownerReferences.kind: Invalid value: "": must not be empty',
      'metadata.ownerReferences.name: Invalid value: "": must not be empty',
      'metadata.ownerReferences.uid: Invalid value: "": must not be empty']),
]  # fmt: skip


@pytest.mark.parametrize(("obj", "expected"), ROWS, ids=ids_of(ROWS))
def test_metadata_is_refused_in_the_apis_words(obj: Object, expected: list[str]) -> None:
    assert problems(obj) == expected


def test_an_object_has_one_controller_at_most() -> None:
    owners = [{**OWNER, "controller": True}, {**OWNER, "name": "p", "uid": "v", "controller": True}]
    (problem,) = problems(config(ownerReferences=owners))
    assert problem.endswith(
        'Only one reference can have Controller set to true. Found "true" in references for ConfigMap/o and ConfigMap/p'
    )


CHANGES: list[tuple[dict[str, Any], list[str]]] = [
    ({"metadata.labels": {"a": "b"}}, []),
    ({"metadata.name": "d"}, ['metadata.name: Invalid value: "d": field is immutable']),
    ({"metadata.uid": "u-2"}, ['metadata.uid: Invalid value: "u-2": field is immutable']),
    ({"metadata.labels": {"a": "-"}},
     ['metadata.labels: Invalid value: "-": a valid label must be an empty string or consist of alphanumeric '
      "characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or "
      "'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"]),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "expected"), CHANGES, ids=ids_of(CHANGES))
def test_what_may_change_in_metadata(changes: dict[str, Any], expected: list[str]) -> None:
    assert list(dict.fromkeys(change_problems(config(), changes))) == expected


@pytest.mark.parametrize(
    ("kind", "api_version", "expected"),
    [
        ("ConfigMap", "v1", "labels uid labels uid labels labels"),
        ("Event", "v1", "labels uid labels"),
        ("LimitRange", "v1", "labels uid labels labels"),
        ("ResourceQuota", "v1", "labels uid labels uid labels"),
        ("RuntimeClass", "node.k8s.io/v1", "labels uid labels labels uid labels"),
        ("CSINode", "storage.k8s.io/v1", "labels uid labels labels"),
    ],
)
def test_a_fault_in_metadata_is_told_as_often_as_the_rules_of_a_kind_look_there(
    kind: str, api_version: str, expected: str
) -> None:
    made = {"apiVersion": api_version, "kind": kind, "metadata": {"name": "x"}, "spec": {}, "handler": "h"}
    found = change_problems(made, {"metadata.labels": {"a_": "b"}, "metadata.uid": "u-2"})
    fields = [problem.partition(":")[0] for problem in found]
    assert [field for field in fields if field.startswith("metadata.")] == [f"metadata.{x}" for x in expected.split()]


def test_faults_are_told_in_the_order_in_which_a_change_is_judged() -> None:
    head = {"apiVersion": "storage.k8s.io/v1", "metadata": {"name": "x"}}
    old_class = {**head, "kind": "StorageClass", "provisioner": "d.io"}
    label = {"metadata.labels": {"a_": "b"}}
    found = change_problems(old_class, {"provisioner": "", **label})
    fields = [problem.partition(":")[0].removeprefix("metadata.") for problem in found]
    assert fields == ["labels", "labels", "labels", "provisioner", "labels", "provisioner"]
    attributes = {**head, "kind": "VolumeAttributesClass", "driverName": "d.io", "parameters": {"a": "b"}}
    found = change_problems(attributes, {"driverName": "", **label})
    fields = [problem.partition(":")[0].removeprefix("metadata.") for problem in found]
    assert fields == ["labels", "labels", "labels", "driverName", "labels", "driverName"]


def test_an_object_that_is_being_deleted_gets_no_new_finalizers() -> None:
    going = config(finalizers=["example.com/hold"], deletionTimestamp="2026-01-01T00:00:00Z")
    found = change_problems(going, {"metadata.finalizers": ["example.com/more", "example.com/hold"]})
    assert list(dict.fromkeys(found)) == [
        "metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, "
        'found new finalizers []string{"example.com/more"}'
    ]
    assert change_problems(going, {"metadata.finalizers": []}) == []
