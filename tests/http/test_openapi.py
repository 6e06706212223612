"""OpenAPI: what kubectl explain and kubectl apply look for."""

from __future__ import annotations

import sys
from typing import Any

import orjson
import pytest
import yaml
from google.protobuf.empty_pb2 import Empty
from google.protobuf.unknown_fields import UnknownFieldSet

from gitopslab.controlplane.http.descriptions import describe
from gitopslab.controlplane.http.openapi import answer_openapi, openapi_document, openapi_index, struct_schema
from gitopslab.controlplane.http.openapi_v2 import definition
from gitopslab.controlplane.server.custom.version import resources_of
from gitopslab.machinery.kinds import Catalog
from gitopslab.machinery.objects import Object
from gitopslab.machinery.schema import struct

CATALOG = Catalog()
_LENGTH_DELIMITED = 2
CRONTABS, _ = resources_of(
    {
        "spec": {
            "group": "stable.example.com",
            "scope": "Namespaced",
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
                }
            ],
        },
        "status": {"acceptedNames": {"kind": "CronTab", "listKind": "CronTabList", "plural": "crontabs"}},
    }
)[0]


def _document(group: str, version: str, catalog: Catalog = CATALOG) -> Any:
    found = openapi_document(catalog, group, version)
    assert found is not None
    return orjson.loads(found)


SERVED = Catalog([*CATALOG, CRONTABS])


def _answered(path: str, catalog: Catalog = SERVED) -> Any:
    answer = answer_openapi(catalog, f"/openapi/v3/{path}", {})
    assert answer.code == 200
    return orjson.loads(answer.body)


@pytest.mark.parametrize("path", sorted(openapi_index(SERVED)["paths"]))
def test_every_document_of_the_index_is_complete(path: str) -> None:
    document = _answered(path)
    schemas = document["components"].get("schemas", {})
    asked = {text.partition('"')[0] for text in orjson.dumps(document).decode().split("#/components/schemas/")[1:]}
    assert asked <= set(schemas)
    assert document["openapi"] == "3.0.0"


def test_patches_take_field_validation_and_strategic_merge() -> None:
    patch = _document("apps", "v1")["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]["patch"]
    assert {"name": "fieldValidation", "in": "query", "schema": {"type": "string", "uniqueItems": True}} in patch[
        "parameters"
    ]
    assert "application/strategic-merge-patch+json" in patch["requestBody"]["content"]
    assert patch["x-kubernetes-group-version-kind"] == {"group": "apps", "kind": "Deployment", "version": "v1"}


def test_texts_come_from_the_installed_client() -> None:
    schemas = _document("apps", "v1")["components"]["schemas"]
    assert schemas["io.k8s.api.apps.v1.Deployment"]["description"].startswith("Deployment enables declarative updates")
    replicas = schemas["io.k8s.api.apps.v1.DeploymentSpec"]["properties"]["replicas"]
    assert replicas["description"].startswith("Number of desired pods.")
    assert (replicas["type"], replicas["format"]) == ("integer", "int32")


@pytest.mark.parametrize(
    "name", ["core.v1.HTTPGetAction", "core.v1.CSIVolumeSource", "events.v1.Event", "autoscaling.v2.MetricSpec"]
)
def test_odd_names_find_their_texts(name: str) -> None:
    assert describe(name).text


def test_a_field_that_holds_another_type_has_a_text_of_its_own() -> None:
    wanted = describe("apps.v1.Deployment").fields["spec"]
    assert wanted.startswith("Specification of the desired behavior")
    assert wanted != describe("apps.v1.DeploymentSpec").text


def test_the_paragraphs_of_a_text_are_kept_and_its_lines_are_not() -> None:
    first, *rest = describe("core.v1.PodSpec").fields["hostnameOverride"].split("\n\n")
    assert "\n" not in first
    assert len(rest) == 1


def test_lines_that_are_set_in_stay_lines() -> None:
    assert "Matching is\n  done on" in describe("networking.v1.HTTPIngressPath").fields["pathType"]


def test_the_models_themselves_are_not_loaded() -> None:
    before = set(sys.modules)
    describe("core.v1.Pod")
    assert not any(name.split(".")[0] in ("kubernetes", "lightkube") for name in set(sys.modules) - before)


def test_lists_tell_how_they_merge() -> None:
    containers = _document("", "v1")["components"]["schemas"]["io.k8s.api.core.v1.PodSpec"]["properties"]["containers"]
    assert containers["x-kubernetes-patch-merge-key"] == "name"
    assert containers["x-kubernetes-list-map-keys"] == ["name"]


def test_a_document_is_sent_once_and_then_known() -> None:
    first = answer_openapi(CATALOG, "/openapi/v3/apis/apps/v1", {})
    again = answer_openapi(CATALOG, "/openapi/v3/apis/apps/v1", {b"if-none-match": dict(first.headers)[b"etag"]})
    assert (first.code, again.code, again.body) == (200, 304, b"")


def test_the_hash_changes_with_what_is_served() -> None:
    before, after = openapi_index(CATALOG)["paths"], openapi_index(SERVED)["paths"]
    assert set(after) - set(before) == {"apis/stable.example.com/v1"}
    assert after["apis/apps/v1"] == before["apis/apps/v1"]
    schema = _document("stable.example.com", "v1", SERVED)["components"]["schemas"]["com.example.stable.v1.CronTab"]
    assert schema["x-kubernetes-preserve-unknown-fields"] is True


@pytest.mark.parametrize(
    "path", ["/openapi/v3/apis/apps/v9", "/openapi/v3/nothing", "/openapi/v3/api/v9", "/openapi/v2/x"]
)
def test_other_paths_are_not_found(path: str) -> None:
    assert answer_openapi(CATALOG, path, {}).code == 404


def test_version_two_describes_the_types_once_more() -> None:
    types = orjson.loads(answer_openapi(CATALOG, "/openapi/v2", {}).body)["definitions"]
    spec = types["io.k8s.api.apps.v1.DeploymentSpec"]["properties"]
    assert spec["template"]["$ref"] == "#/definitions/io.k8s.api.core.v1.PodTemplateSpec"
    assert types["io.k8s.apimachinery.pkg.util.intstr.IntOrString"]["type"] == "string"


def test_version_two_as_protobuf_has_what_a_typed_parser_of_go_needs() -> None:
    accept = {b"accept": b"application/com.github.proto-openapi.spec.v2.v1.0+protobuf"}
    wire = answer_openapi(CATALOG, "/openapi/v2", accept).body
    document = fields_of(wire)
    assert document[1] == [b"2.0"]
    named = [fields_of(one) for one in fields_of(document[9][0])[1]]
    schemas = {one[1][0].decode(): fields_of(one[2][0]) for one in named}
    spec = schemas["io.k8s.api.apps.v1.DeploymentSpec"]
    assert fields_of(spec[22][0])[1] == [b"object"]
    properties = {fields_of(one)[1][0]: fields_of(fields_of(one)[2][0]) for one in fields_of(spec[25][0])[1]}
    assert properties[b"template"][1] == [b"#/definitions/io.k8s.api.core.v1.PodTemplateSpec"]
    ports = schemas["io.k8s.api.core.v1.Container"][25][0]
    (listed,) = [fields_of(fields_of(one)[2][0]) for one in fields_of(ports)[1] if fields_of(one)[1] == [b"ports"]]
    told = {fields_of(one)[1][0]: fields_of(fields_of(one)[2][0])[2][0] for one in listed[31]}
    assert yaml.safe_load(told[b"x-kubernetes-list-map-keys"]) == ["containerPort", "protocol"]
    pod = {fields_of(one)[1][0]: fields_of(fields_of(one)[2][0])[2][0] for one in schemas["io.k8s.api.core.v1.Pod"][31]}
    kind = {"group": "", "kind": "Pod", "version": "v1"}
    assert yaml.safe_load(pod[b"x-kubernetes-group-version-kind"]) == [kind]


def fields_of(data: bytes) -> dict[int, list[bytes]]:
    """The fields of a protobuf message that are messages or texts, by number."""
    found: dict[int, list[bytes]] = {}
    known = UnknownFieldSet(Empty.FromString(data))
    for field in known:
        if field.wire_type == _LENGTH_DELIMITED:
            found.setdefault(field.field_number, []).append(field.data)
    return found


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ({"type": "object", "oneOf": [{"required": ["a"]}], "properties": {"a": {"type": "string", "default": "x"}}},
         {"type": "object", "properties": {"a": {"type": "string"}}}),
        ({"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}]},
         {"x-kubernetes-int-or-string": True}),
        ({"type": "integer", "minimum": 1, "nullable": True}, {"minimum": 1}),
        ({"type": "object", "additionalProperties": {"type": "string", "nullable": True}},
         {"type": "object", "additionalProperties": {}}),
        ({"type": "object", "x-kubernetes-preserve-unknown-fields": True, "properties": {"z": {"type": "string"}}},
         {"x-kubernetes-preserve-unknown-fields": True}),
        ({"type": "object", "x-kubernetes-preserve-unknown-fields": True, "description": "any",
          "properties": {"kind": {"type": "string"}}, "x-kubernetes-group-version-kind": [{"kind": "K"}]},
         {"type": "object", "x-kubernetes-group-version-kind": [{"kind": "K"}]}),
        ({"type": "object", "required": ["a", "b"], "properties": {"a": {"nullable": True}, "b": {}}},
         {"type": "object", "required": ["b"], "properties": {"a": {}, "b": {}}}),
        ({"type": "object", "required": ["a", "kind"], "x-kubernetes-embedded-resource": True,
          "x-kubernetes-preserve-unknown-fields": True},
         {"required": ["a"], "x-kubernetes-embedded-resource": True, "x-kubernetes-preserve-unknown-fields": True}),
        ({"type": "array", "x-kubernetes-preserve-unknown-fields": True, "items": {"type": "string"}},
         {"x-kubernetes-preserve-unknown-fields": True}),
        ({"type": "string", "enum": ["a"], "not": {"enum": ["c"]}}, {"type": "string", "enum": ["a"]}),
    ],
)  # fmt: skip
def test_version_two_says_less_of_custom_resources(schema: Object, told: Object) -> None:
    assert definition(schema) == told


def test_a_field_with_a_name_of_python_has_its_text() -> None:
    assert describe("networking.v1.NetworkPolicyIngressRule").fields["from"].startswith("from is a list of sources")


def test_the_values_of_a_list_are_not_told_with_what_it_is_for() -> None:
    spec = struct_schema(struct("core.v1.ResourceQuotaSpec"), describe("core.v1.ResourceQuotaSpec"))
    scopes = spec["properties"]["scopes"]
    assert "BestEffort" in scopes["items"]["enum"]
    assert "Possible enum values" not in scopes["description"]


def test_the_index_names_what_is_above_the_resources_too_but_not_of_custom_groups() -> None:
    paths = list(openapi_index(SERVED)["paths"])
    assert paths == sorted(paths)
    assert {"api", "apis", "apis/apps", "version", "openid/v1/jwks", ".well-known/openid-configuration"} <= {*paths}
    assert [path for path in paths if "stable.example.com" in path] == ["apis/stable.example.com/v1"]
    assert answer_openapi(SERVED, "/openapi/v3/apis/stable.example.com", {}).code == 404


@pytest.mark.parametrize(
    ("path", "operation", "answer"),
    [
        ("api", "getCoreAPIVersions", "apis.meta.v1.APIVersions"),
        ("apis", "getAPIVersions", "apis.meta.v1.APIGroupList"),
        ("apis/apps", "getAppsAPIGroup", "apis.meta.v1.APIGroup"),
        ("apis/flowcontrol.apiserver.k8s.io", "getFlowcontrolApiserverAPIGroup", "apis.meta.v1.APIGroup"),
        ("version", "getCodeVersion", "version.Info"),
    ],
)
def test_discovery_is_described_with_the_types_of_its_answers(path: str, operation: str, answer: str) -> None:
    document = _answered(path)
    found = document["paths"][f"/{path}/"]["get"]
    schema = found["responses"]["200"]["content"]["application/json"]["schema"]
    assert (found["operationId"], schema) == (
        operation, {"$ref": f"#/components/schemas/io.k8s.apimachinery.pkg.{answer}"},
    )  # fmt: skip
    assert f"io.k8s.apimachinery.pkg.{answer}" in document["components"]["schemas"]
    assert document["info"] == {"title": "Kubernetes", "version": "1.36"}


def test_a_type_of_discovery_has_its_fields() -> None:
    group = _answered("apis")["components"]["schemas"]["io.k8s.apimachinery.pkg.apis.meta.v1.APIGroup"]
    version = {"$ref": "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.GroupVersionForDiscovery"}
    assert group["required"] == ["name", "versions"]
    assert group["properties"]["versions"]["items"] == {"default": {}, "allOf": [version]}
    assert group["properties"]["kind"]["type"] == "string"


def test_the_key_of_tokens_is_described_as_a_text() -> None:
    document = _answered("openid/v1/jwks")
    answers = document["paths"]["/openid/v1/jwks/"]["get"]["responses"]["200"]["content"]
    assert answers == {"application/jwk-set+json": {"schema": {"type": "string"}}}
    assert "schemas" not in document["components"]


@pytest.mark.parametrize("kind", ["storage.v1.StorageClass", "apps.v1.StatefulSet", "core.v1.Endpoints"])
def test_paragraphs_of_a_description_are_one_line_apart(kind: str) -> None:
    assert "\n\n" in describe(kind).text
    assert "\n\n\n" not in describe(kind).text


def test_lines_of_an_example_stay_together() -> None:
    assert '\n\n\t Name: "mysvc",\n\t Subsets: [\n' in describe("core.v1.Endpoints").text
