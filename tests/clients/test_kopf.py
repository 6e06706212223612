"""An operator written with ``kopf``, as a process of its own, that serves a kind of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
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
        "spec": {
            "type": "object",
            "required": ["text"],
            "properties": {"text": {"type": "string"}, "failures": {"type": "integer"}},
        },
        "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    },
}
_PEERS = ("kopf.dev", "v1")
_PEERING = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}  # its status is no subresource

Run = Callable[..., AbstractContextManager[None]]


def _definition(group: str, kind: str, schema: dict[str, Any], **version: Any) -> dict[str, Any]:
    plural = kind.lower() + "s"
    served = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}, **version}
    names = {"plural": plural, "singular": kind.lower(), "kind": kind}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {"group": group, "scope": "Namespaced", "names": names, "versions": [served]},
    }


@pytest.fixture(scope="package")
def definitions(kubeconfig: Path) -> None:
    """The kinds Greeting, and KopfPeering, by which operators know of each other."""
    greeting = _definition("lab.example.com", "Greeting", _SCHEMA, subresources={"status": {}})
    with config.new_client_from_config(config_file=str(kubeconfig)) as api:
        extensions = client.ApiextensionsV1Api(api)
        for definition in (greeting, _definition("kopf.dev", "KopfPeering", _PEERING)):
            extensions.create_custom_resource_definition(definition)
            first(
                lambda found: any(
                    c.type == "Established" and c.status == "True" for c in found.status.conditions or ()
                ),
                extensions.list_custom_resource_definition,
                field_selector=f"metadata.name={definition['metadata']['name']}",
            )


@pytest.fixture
def run(kubeconfig: Path, namespace: str, definitions: None, tmp_path: Path) -> Run:
    """Runs the operator under a name, serving the test's namespace, and ends it."""

    @contextmanager
    def running(name: str = "one", *flags: str) -> Iterator[None]:
        command = [sys.executable, "-m", "kopf", "run", "--verbose", "--namespace", namespace]
        with open(tmp_path / f"{name}.log", "a") as log:
            process = subprocess.Popen(
                [*command, *(flags or ["--standalone"]), str(Path(__file__).parent / "operator_of_greetings.py")],
                env={**os.environ, "KUBECONFIG": str(kubeconfig), "NAME": name}, stdout=log, stderr=log,
            )  # fmt: skip
            try:
                yield
            finally:
                process.terminate()
                assert process.wait(timeout=60) == 0, (tmp_path / f"{name}.log").read_text()

    return running


@pytest.fixture
def operator(run: Run) -> Iterator[None]:
    """The operator, for the whole test."""
    with run():
        yield


@pytest.fixture
def greetings(official: client.ApiClient) -> client.CustomObjectsApi:
    """The client's calls for kinds that it does not know."""
    return client.CustomObjectsApi(official)


def greeting(name: str, text: str, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "lab.example.com/v1",
        "kind": "Greeting",
        "metadata": {"name": name},
        "spec": {"text": text, **spec},
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


@pytest.mark.usefixtures("operator")
def test_an_operator_keeps_its_place_in_annotations_while_it_fails(
    greetings: client.CustomObjectsApi, namespace: str
) -> None:
    where = (*_GREETINGS, namespace, "greetings")
    greetings.create_namespaced_custom_object(*where, greeting("hello", "at last", failures=2))

    def is_under_way(found: dict[str, Any]) -> bool:
        noted = found["metadata"].get("annotations", {}).get("kopf.zalando.org/greet")
        return noted is not None and json.loads(noted)["retries"] == 2

    first(is_under_way, greetings.list_namespaced_custom_object, *where)
    served = first(said("at last"), greetings.list_namespaced_custom_object, *where)
    assert served["status"]["retries"] == 2
    done = first(
        lambda found: "kopf.zalando.org/greet" not in found["metadata"]["annotations"],
        greetings.list_namespaced_custom_object, *where,
    )  # fmt: skip
    handled = json.loads(done["metadata"]["annotations"]["kopf.zalando.org/last-handled-configuration"])
    assert handled["spec"] == {"text": "at last", "failures": 2}


def test_an_operator_that_was_away_catches_up(
    run: Run, core: client.CoreV1Api, greetings: client.CustomObjectsApi, namespace: str
) -> None:
    where = (*_GREETINGS, namespace, "greetings")
    with run():
        for name in ("stays", "goes"):
            greetings.create_namespaced_custom_object(*where, greeting(name, "one"))
            first(said("one"), greetings.list_namespaced_custom_object, *where, field_selector=f"metadata.name={name}")
    patch = [{"op": "replace", "path": "/spec/text", "value": "two"}]
    greetings.patch_namespaced_custom_object(*where, "stays", patch, _content_type="application/json-patch+json")
    greetings.delete_namespaced_custom_object(*where, "goes")
    waiting = greetings.get_namespaced_custom_object(*where, "goes")["metadata"]
    assert "deletionTimestamp" in waiting, "its finalizer holds it until the operator is back"
    with run():
        served = first(said("two"), greetings.list_namespaced_custom_object, *where)
        first(lambda found: found.metadata.name == "goes-farewell", core.list_namespaced_config_map, namespace)
    assert served["status"]["before"] == "one"


def test_of_two_operators_the_more_important_serves_and_the_other_takes_over(
    run: Run, greetings: client.CustomObjectsApi, namespace: str
) -> None:
    where, peers = (*_GREETINGS, namespace, "greetings"), (*_PEERS, namespace, "kopfpeerings")
    peering = {"apiVersion": "kopf.dev/v1", "kind": "KopfPeering", "metadata": {"name": "lab"}}
    greetings.create_namespaced_custom_object(*peers, peering)

    def priorities(found: dict[str, Any]) -> list[int]:
        return sorted(peer["priority"] for peer in (found.get("status") or {}).values() if peer)

    with run("low", "--peering", "lab", "--priority", "1"):
        first(lambda found: priorities(found) == [1], greetings.list_namespaced_custom_object, *peers)
        with run("high", "--peering", "lab", "--priority", "2"):
            first(lambda found: priorities(found) == [1, 2], greetings.list_namespaced_custom_object, *peers)
            greetings.create_namespaced_custom_object(*where, greeting("early", "both are here"))
            served = first(said("both are here"), greetings.list_namespaced_custom_object, *where)
            assert served["status"]["by"] == "high"
        greetings.create_namespaced_custom_object(*where, greeting("late", "one is left"))
        served = first(said("one is left"), greetings.list_namespaced_custom_object, *where)
        assert served["status"]["by"] == "low"
