"""Where in a YAML text each field stands."""

from __future__ import annotations

import pytest

from gitopslab.errors import ManifestError
from gitopslab.machinery.yaml_places import Document, Path, documents

TEXT = """\
kind: Pod
metadata: {name: web, labels: {app: web}}
spec:
  containers:
  - name: web
    image: nginx:1.27
    ports:
    - containerPort: 80
  - name: log
    args: ["--level", 3, true, null]
apiVersion: v1
---
kind: Service
apiVersion: v1
"""


@pytest.fixture
def pod() -> Document:
    return documents(TEXT)[0]


def test_each_document_begins_on_a_line_and_holds_a_value() -> None:
    assert [(each.line, each.value["kind"]) for each in documents(TEXT)] == [(1, "Pod"), (13, "Service")]


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (("kind",), (1, 0, 4)),
        (("metadata", "name"), (2, 11, 15)),
        (("metadata", "labels", "app"), (2, 31, 34)),
        (("spec", "containers", 0, "image"), (6, 4, 9)),
        (("spec", "containers", 0, "ports", 0, "containerPort"), (8, 6, 19)),
    ],
    ids=lambda value: ".".join(map(str, value)),
)
def test_a_key_has_its_line_and_columns(pod: Document, path: Path, place: tuple[int, int, int]) -> None:
    found = next(each for each in pod.places if each.what == "key" and each.path == path)
    assert (found.line, found.column, found.end) == place


def test_values_know_what_they_are(pod: Document) -> None:
    values = [each for each in pod.places if each.line == 10 and each.what != "key"]
    assert [each.what for each in values] == ["str", "int", "bool", "null"]


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ("spec.containers[0].image", 6),
        ("spec.containers[1]", 9),
        ('.spec.containers[name="log"].args', 10),
        ("spec.containers.ports.containerPort", 8),
        ("spec.containers[0].resources.limits", 5),
        ("spec.nodeSelector", 3),
        ("status", 1),
        ("", 1),
    ],
    ids=[
        "by number",
        "an item",
        "by key",
        "as Go's decoder says it",
        "below what is there",
        "not there",
        "nowhere",
        "none",
    ],
)
def test_what_the_server_means_has_a_line(pod: Document, said: str, line: int) -> None:
    assert pod.line_of(pod.path_of(said)) == line


def test_merge_keys_are_looked_at_as_they_are_written() -> None:
    found = documents("base: &b {a: 1}\nkind: X\napiVersion: v1\nspec: {<<: *b, c: 2}\n")[0]
    assert found.value["spec"] == {"a": 1, "c": 2}
    assert ("spec", "<<") in found.starts


def test_what_is_no_manifest_is_told_with_its_line() -> None:
    with pytest.raises(ManifestError) as raised:
        documents("apiVersion: v1\nkind: Pod\nspec: [1\n")
    assert raised.value.line == 3
    assert raised.value.problem
