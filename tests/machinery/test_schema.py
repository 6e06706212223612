"""The schema data against what a real API server says of itself, and against the client it is generated from."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gitopslab.controlplane.http.openapi import opaque_schema, published, struct_schema
from gitopslab.machinery import gotypes, schema
from gitopslab.machinery.kinds import BUILT_IN

ROOT = Path(__file__).resolve().parents[2]
FACTS = ROOT.parent / "shared" / "reference" / "kubernetes-facts" / "schemas.json"
UNTOLD = ("x-kubernetes-unions", "x-kubernetes-group-version-kind")


def _comparable(value: Any) -> Any:
    """Without what does not change what a type is: a lone reference may be wrapped, names have no order."""
    if isinstance(value, dict):
        if set(value) == {"allOf"}:
            return value["allOf"][0]
        return {
            key: sorted(item) if key == "required" else _comparable(item)
            for key, item in value.items()
            if key not in UNTOLD
        }
    return [_comparable(item) for item in value] if isinstance(value, list) else value


UNRECORDED = (
    "io.k8s.apimachinery.pkg.apis.meta.v1.APIGroup",
    "io.k8s.apimachinery.pkg.apis.meta.v1.APIVersions",
    "io.k8s.apimachinery.pkg.apis.meta.v1.GroupVersionForDiscovery",
    "io.k8s.apimachinery.pkg.apis.meta.v1.ServerAddressByClientCIDR",
    "io.k8s.api.admissionregistration.",
    "io.k8s.api.certificates.",
    "io.k8s.api.flowcontrol.",
    "io.k8s.kube-aggregator.",
    "io.k8s.api.node.",
    "io.k8s.api.resource.",
    "io.k8s.api.autoscaling.v1.HorizontalPodAutoscaler",
    "io.k8s.api.autoscaling.v1.CrossVersionObjectReference",
)
"""Types of discovery, groups, and the old version of autoscalers, which the recorded schemas leave out."""


@pytest.mark.skipif(not FACTS.is_file(), reason="the recorded schemas are not beside this repository")
def test_every_type_is_as_the_real_api_server_publishes_it() -> None:
    real = json.loads(FACTS.read_text(encoding="utf-8"))
    ours = {}
    for name in gotypes.type_names():
        opaque = opaque_schema(name)
        ours[published(name)] = struct_schema(schema.struct(name)) if opaque is None else opaque
    assert {name for name in ours if not name.startswith(UNRECORDED)} == set(real)
    different = [name for name in real if _comparable(ours[name]) != _comparable(real[name])]
    assert different == []


def test_the_data_file_is_what_the_generator_makes_of_the_installed_client() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "generate_schema.py"), "--check"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_a_stale_data_file_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = importlib.util.spec_from_file_location("generate_schema", ROOT / "scripts" / "generate_schema.py")
    assert spec is not None
    assert spec.loader is not None
    generator = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generator)
    stale = tmp_path / "schema.txt"
    stale.write_text("core.v1.Pod kind:string\n", encoding="utf-8")
    monkeypatch.setattr(generator, "TARGET", stale)
    monkeypatch.setattr(generator, "models", lambda folder: {})
    monkeypatch.setattr(sys, "argv", ["generate_schema.py", "--check"])
    assert generator.main() == 1


@pytest.mark.parametrize("resource", BUILT_IN, ids=lambda resource: resource.key)
def test_every_served_kind_has_a_type(resource: Any) -> None:
    found = schema.struct_for(resource)
    assert found.name == resource.kind


def test_every_type_that_a_field_names_exists() -> None:
    for name in gotypes.type_names():
        for field in schema.struct(name).fields.values():
            kind = field.type
            while kind.element is not None:
                kind = kind.element
            if kind.shape == "struct":
                assert schema.struct(kind.name).key == kind.name


def test_embedded_structs_are_there_when_nobody_sets_them() -> None:
    deployment = schema.struct_of("apps/v1", "Deployment")
    assert deployment is not None
    template = {"metadata": {}, "spec": {}}
    assert deployment.zero == {"metadata": {}, "spec": {"strategy": {}, "template": template}, "status": {}}


def test_times_that_go_cannot_omit_are_null() -> None:
    assert schema.struct("core.v1.PodCondition").zero["lastProbeTime"] is None
    assert "creationTimestamp" not in schema.struct("meta.v1.ObjectMeta").zero


def test_a_custom_resource_keeps_fields_nobody_declared() -> None:
    assert schema.struct_of("stable.example.com/v1", "CronTab") is None
    assert schema.UNSTRUCTURED.open
