"""Sets of fields, as they stand in ``managedFields``."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gitopslab.controlplane.daemon.assembly import ControlPlane
from gitopslab.controlplane.server.fieldset import in_order


def test_steps_are_written_by_name_by_key_by_value_and_by_place() -> None:
    ports = {'k:{"containerPort":443,"protocol":"TCP"}': {}, 'k:{"containerPort":80,"protocol":"TCP"}': {}, ".": {}}
    mixed = {'v:"b"': {}, 'v:"a"': {}, "v:10": {}, "v:9": {}, "v:true": {}, "i:1": {}, "f:name": {}, "f:image": {}}
    assert json.dumps(in_order({"f:b": mixed, "f:a": ports})) == json.dumps({
        "f:a": {".": {}, 'k:{"containerPort":80,"protocol":"TCP"}': {}, 'k:{"containerPort":443,"protocol":"TCP"}': {}},
        "f:b": {"f:image": {}, "f:name": {}, "v:9": {}, "v:10": {}, 'v:"a"': {}, 'v:"b"': {}, "v:true": {}, "i:1": {}},
    })  # fmt: skip


def test_an_object_lists_what_is_owned_in_that_order(plane: ControlPlane) -> None:
    plane.api.create({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "default"}, "data": {"z": "1"},
    })  # fmt: skip
    changed = plane.api.patch("configmaps", "a", {"data": {"k": "2"}, "metadata": {"labels": {"x": "y"}}}, "default")
    (entry,) = changed["metadata"]["managedFields"]
    assert json.dumps(entry["fieldsV1"]) == json.dumps(
        {"f:data": {".": {}, "f:k": {}, "f:z": {}}, "f:metadata": {"f:labels": {".": {}, "f:x": {}}}}
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"f:data": {"f:x": {}, "k:bad": {}}}, {"k:[1]": {}}, {"f:data": "abc"}, [1], {"i:x": {}}, {"x:y": {}},
    ],
)  # fmt: skip
def test_fields_that_cannot_be_read_change_nothing_of_what_is_owned(plane: ControlPlane, fields: Any) -> None:
    metadata: Any = {"name": "a", "namespace": "default"}
    made = plane.api.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"x": "1"}})
    (entry,) = made["metadata"]["managedFields"]
    sent = {**made["metadata"], "labels": {"a": "b"}, "managedFields": [{**entry, "fieldsV1": fields}]}
    plane.api.update({**made, "metadata": sent})
    changed = plane.api.patch("configmaps", "a", {"data": {"x": "2"}}, "default")
    assert "f:data" in changed["metadata"]["managedFields"][0]["fieldsV1"]
