"""What the fields of a kind mean, from the OpenAPI document of the very API server that serves it."""

from __future__ import annotations

import orjson
import pytest

from gitopslab.controlplane.http.openapi import openapi_document
from gitopslab.machinery.kinds import Catalog
from gitopslab.views.fields import Fields


@pytest.fixture(scope="module")
def deployment() -> Fields:
    document = openapi_document(Catalog(), "apps", "v1")
    assert document is not None
    return Fields(orjson.loads(document), "apps/v1", "Deployment")


@pytest.mark.parametrize(
    ("path", "type", "shape"),
    [
        ("spec", "DeploymentSpec", "object"),
        ("spec.replicas", "integer", "integer"),
        ("spec.selector.matchLabels", "map[string]string", "object"),
        ("spec.selector.matchLabels.app", "string", "string"),
        ("spec.template.spec.containers", "[]Container", "array"),
        ("spec.template.spec.containers.resources.requests.cpu", "Quantity", ""),
        ("spec.strategy.rollingUpdate.maxSurge", "IntOrString", ""),
        ("metadata.name", "string", "string"),
    ],
)
def test_a_field_has_the_type_that_kubectl_explains(deployment: Fields, path: str, type: str, shape: str) -> None:
    found = deployment.at(path.split("."))
    assert found is not None
    assert (found.type, found.shape) == (type, shape)


def test_numbers_of_list_items_make_no_difference(deployment: Fields) -> None:
    found = deployment.at(("spec", "template", "spec", "containers", 3, "name"))
    assert found is not None
    assert (found.path, found.is_required) == ("spec.template.spec.containers.name", True)


def test_choices_defaults_and_words_come_along(deployment: Fields) -> None:
    protocol = deployment.at(["spec", "template", "spec", "containers", "ports", "protocol"])
    assert protocol is not None
    assert (protocol.choices, protocol.default) == (("SCTP", "TCP", "UDP"), "TCP")
    assert protocol.description.startswith("Protocol for port")


@pytest.mark.parametrize("path", ["spec.replica", "spec.template.spec.containers.imag", "specs"])
def test_a_field_that_does_not_exist_is_none(deployment: Fields, path: str) -> None:
    assert deployment.at(path.split(".")) is None


def test_the_fields_that_may_stand_there_are_known(deployment: Fields) -> None:
    assert "replicas" in deployment.names_at(("spec",))
    assert "image" in deployment.names_at(("spec", "template", "spec", "containers", 0))


def test_a_kind_that_is_not_described_is_unknown(deployment: Fields) -> None:
    assert deployment.is_known
    assert not Fields({}, "example.com/v1", "Thing").is_known
