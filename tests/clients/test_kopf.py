"""An operator written with ``kopf``, as a process of its own, that serves a kind of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client, config
from watching import events, first

pytestmark = pytest.mark.process

_GREETINGS = ("lab.example.com", "v1")
_SCHEMA = {
    "type": "object",
    "properties": {
        "spec": {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}},
        "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    },
}
_DEFINITION = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "greetings.lab.example.com"},
    "spec": {
        "group": "lab.example.com",
        "scope": "Namespaced",
        "names": {"plural": "greetings", "singular": "greeting", "kind": "Greeting"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": _SCHEMA},
                "subresources": {"status": {}},
            }
        ],
    },
}


@pytest.fixture(scope="session")
def definition(kubeconfig: Path) -> None:
    """The kind Greeting."""
    with config.new_client_from_config(config_file=str(kubeconfig)) as api:
        extensions = client.ApiextensionsV1Api(api)
        extensions.create_custom_resource_definition(_DEFINITION)
        first(
            lambda found: any(c.type == "Established" and c.status == "True" for c in found.status.conditions or ()),
            extensions.list_custom_resource_definition,
            field_selector="metadata.name=greetings.lab.example.com",
        )


@pytest.fixture
def operator(kubeconfig: Path, namespace: str, definition: None, tmp_path: Path) -> Iterator[None]:
    """The operator, serving the test's namespace."""
    command = [sys.executable, "-m", "kopf", "run", "--standalone", "--verbose", "--namespace", namespace]
    with open(tmp_path / "operator.log", "w") as log:
        process = subprocess.Popen(
            [*command, str(Path(__file__).parent / "operator_of_greetings.py")],
            env={**os.environ, "KUBECONFIG": str(kubeconfig)}, stdout=log, stderr=log,
        )  # fmt: skip
        yield
        process.terminate()
        assert process.wait(timeout=60) == 0, (tmp_path / "operator.log").read_text()


@pytest.fixture
def greetings(official: client.ApiClient) -> client.CustomObjectsApi:
    """The client's calls for kinds that it does not know."""
    return client.CustomObjectsApi(official)


def greeting(name: str, text: str) -> dict[str, Any]:
    return {
        "apiVersion": "lab.example.com/v1",
        "kind": "Greeting",
        "metadata": {"name": name},
        "spec": {"text": text},
    }


def said(text: str) -> Any:
    return lambda found: found.get("status", {}).get("said") == text


@pytest.mark.usefixtures("operator")
def test_an_operator_serves_the_whole_life_of_its_objects(
    core: client.CoreV1Api, greetings: client.CustomObjectsApi, namespace: str
) -> None:
    where = (*_GREETINGS, namespace, "greetings")
    greetings.create_namespaced_custom_object(*where, greeting("hello", "hello world"))
    served = first(said("hello world"), greetings.list_namespaced_custom_object, *where)
    assert served["status"]["greet"] == "created", "what the schema does not know is kept where it says so"
    assert served["metadata"]["finalizers"] == ["lab.example.com/farewell"]
    [owner] = core.read_namespaced_config_map("hello", namespace).metadata.owner_references
    assert (owner.kind, owner.uid) == ("Greeting", served["metadata"]["uid"])
    event = first(lambda found: found.reason == "Greeted", core.list_namespaced_event, namespace)
    assert (event.message, event.involved_object.name) == ("said hello world", "hello")

    patch = [{"op": "replace", "path": "/spec/text", "value": "good day"}]
    greetings.patch_namespaced_custom_object(*where, "hello", patch, _content_type="application/json-patch+json")
    served = first(said("good day"), greetings.list_namespaced_custom_object, *where)
    assert served["status"]["before"] == "hello world"
    assert core.read_namespaced_config_map("hello", namespace).data == {"text": "good day"}

    since = core.list_namespaced_config_map(namespace).metadata.resource_version
    greetings.delete_namespaced_custom_object(*where, "hello")
    changes = events(core.list_namespaced_config_map, namespace, resource_version=since)
    assert [(change["type"], change["object"].metadata.name) for change in islice(changes, 2)] == [
        ("ADDED", "hello-farewell"),
        ("DELETED", "hello"),
    ], "its handler runs first, then the finalizer goes, then what it owned is collected"
