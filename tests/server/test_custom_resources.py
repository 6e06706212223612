"""Custom resources: what a definition may say, and how its objects look in each version."""

from __future__ import annotations

from typing import Any

import pytest
from builders import merged

from gitopslab.controlplane.server.local import LocalApi
from gitopslab.controlplane.server.verbs import Verbs
from gitopslab.errors import InvalidError
from gitopslab.machinery.objects import Object

TEXT = {"type": "string"}


def version(name: str, properties: Object, **overrides: Any) -> Object:
    """A served version whose objects have these properties."""
    schema = {"openAPIV3Schema": {"type": "object", "properties": properties}}
    return {"name": name, "served": True, "storage": False, "schema": schema, **overrides}


def definition(*versions: Object, **spec: Any) -> Object:
    """The definition of ``widgets.example.com``."""
    base = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": "widgets", "singular": "widget", "kind": "Widget"},
            "versions": list(versions),
        },
    }
    return merged(base, {"spec": spec})


def establish(api: LocalApi, wanted: Object) -> None:
    """Create a definition and accept it, as its controller would."""
    made = api.create(wanted)
    names = {**made["spec"]["names"], "listKind": "WidgetList"}
    conditions = [{"type": "Established", "status": "True"}, {"type": "NamesAccepted", "status": "True"}]
    api.update({**made, "status": {**made["status"], "acceptedNames": names, "conditions": conditions}}, "status")


def refused(api: LocalApi, wanted: Object) -> str:
    """What a definition is refused with."""
    with pytest.raises(InvalidError) as caught:
        api.create(wanted)
    return str(caught.value)


def test_an_object_is_completed_by_the_version_it_is_kept_in_and_pruned_by_the_one_it_is_shown_in(
    verbs: Verbs, api: LocalApi
) -> None:
    kept = version("v1", {"a": {**TEXT, "default": "x"}}, storage=True)
    establish(api, definition(kept, version("v2", {"a": TEXT, "b": {**TEXT, "default": "y"}})))
    metadata = {"name": "w", "namespace": "default"}
    made = api.create({"apiVersion": "example.com/v2", "kind": "Widget", "metadata": metadata, "b": "z"})
    assert (made["apiVersion"], made["a"], made.get("b")) == ("example.com/v2", "x", None)
    newest = verbs.catalog.at("example.com", "v2", "widgets")
    assert newest is not None
    shown = verbs.reader.find(newest.key, "default", "w")
    assert shown is not None
    assert (shown["apiVersion"], shown["a"], "b" in shown) == ("example.com/v1", "x", False)


def test_the_version_objects_are_stored_in_cannot_be_forgotten(api: LocalApi) -> None:
    establish(api, definition(version("v1", {"a": TEXT}, storage=True)))
    made = api.get("customresourcedefinitions.apiextensions.k8s.io", "widgets.example.com")
    kept = api.update({**made, "status": {**made["status"], "storedVersions": []}}, "status")
    assert kept["status"]["storedVersions"] == ["v1"]


def test_faults_of_a_definition_are_told_as_go_prints_them(api: LocalApi) -> None:
    assert "spec.versions: Invalid value: []: must have exactly one version" in refused(api, definition())
    empty = version("v1", {"a": {**TEXT, "dependencies": {}, "definitions": {}}}, storage=True)
    told = refused(api, definition(empty))
    assert "properties[a].dependencies: Forbidden: dependencies is not supported" in told
    assert "definitions is not" not in told
    scale = {"labelSelectorPath": ".status.l", "specReplicasPath": ".spec.r", "statusReplicasPath": ".status.r"}
    scaled = {**version("v1", {"a": TEXT}, storage=False), "subresources": {"scale": scale}}
    paths = '{"SpecReplicasPath":".spec.r","StatusReplicasPath":".status.r","LabelSelectorPath":".status.l"}'
    told = refused(api, definition(scaled, version("v2", {"a": TEXT}, storage=False)))
    assert f'"Subresources":{{"Status":null,"Scale":{paths}}}' in told
    rule = {**TEXT, "x-kubernetes-validations": [{"rule": "self.foo"}]}
    told = refused(api, definition(version("v1", {"a": rule}, storage=True)))
    assert "ERROR: <input>:1:5: type 'string' does not support field selection" in told


def test_a_list_in_the_place_of_a_struct_is_refused_by_the_schema(api: LocalApi) -> None:
    spec = {"type": "object", "properties": {"size": TEXT}}
    establish(api, definition(version("v1", {"spec": spec}, storage=True)))
    metadata = {"name": "w", "namespace": "default"}
    made = api.create({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": metadata, "spec": {"size": "S"}})
    with pytest.raises(InvalidError, match='spec in body must be of type object: "array"'):
        api.update({**made, "spec": []})
