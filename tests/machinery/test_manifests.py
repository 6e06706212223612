"""YAML as Kubernetes reads it, and errors that point at the place."""

from __future__ import annotations

from typing import Any

import pytest

from gitopslab.errors import ManifestError
from gitopslab.machinery import manifests

SCALARS = [
    ("yes", True), ("off", False), ("'yes'", "yes"), ("010", 8), ("0o17", 15), ("0x1f", 31), ("1_000", 1000), ("-3",
     -3),
    ("1.5", 1.5), ("1e3", 1000.0), ("12:30:45", "12:30:45"), ("2026-01-01", "2026-01-01"), ("~", None), ("", None),
    ("null", None), ("1.2.3", "1.2.3"), ("089", 89), ("nginx:1.27", "nginx:1.27"),
]  # fmt: skip

BROKEN = [
    ("tab", "spec:\n\treplicas: 1\n", 2, "a tab cannot indent YAML", "\treplicas: 1"),
    ("colon", "kind: a: b\n", 1, "mapping values are not allowed in this context", "kind: a: b"),
    ("indentation", "apiVersion: v1\nkind: X\nmetadata:\n  name: x\n bad: y\n", 5, "did not find expected key",
     " bad: y"),
    ("twice", "apiVersion: v1\nkind: X\nkind: Y\n", 3, 'the key "kind" is there twice', "kind: Y"),
    ("unclosed-quote", "kind: 'x\nmetadata:\n  name: a\n", 1, "the quote that opens here is never closed", "kind: 'x"),
    ("unclosed-brace", "kind: A\nmetadata: {name: a\nspec: {}\n", 3, "did not find expected ',' or '}'",
     "2 | metadata: {name: a"),
    ("metadata-is-text", "apiVersion: v1\nkind: A\nmetadata: a\n", 1, "is not a map", "apiVersion: v1"),
    ("list", "- 1\n", 1, "this document is a list, not a Kubernetes object", "- 1"),
    ("no-kind", "apiVersion: v1\n", 1, "the object that begins here has no kind", "apiVersion: v1"),
    ("second-document", "apiVersion: v1\nkind: A\n---\nkind: B\n", 4, "the object that begins here has no apiVersion",
     "kind: B"),
    ("control-character", "kind: A\nx: \x01\n", 2, "is not allowed in YAML", "x: "),
    ("unknown-alias", "kind: *nothing\n", 1, "found undefined alias", "kind: *nothing"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), SCALARS)
def test_scalars_mean_what_they_mean_to_kubernetes(text: str, value: Any) -> None:
    found, _ = manifests.load(f"key: {text}\n")
    assert found == {"key": value}
    assert type(found["key"]) is type(value)


def test_keys_are_text_as_in_json() -> None:
    assert manifests.load("1: a\ntrue: b\n")[0] == {"1": "a", "true": "b"}


def test_keys_named_twice_are_told_with_their_line() -> None:
    assert manifests.load("a: 1\nb:\n  c: 1\n  c: 2\n") == ({"a": 1, "b": {"c": 2}}, [("c", 4)])


def test_anchors_and_merge_keys_work() -> None:
    value, repeated = manifests.load("base: &b {one: 1, two: 2}\nmine: {<<: *b, two: 3}\n")
    assert value["mine"] == {"one": 1, "two": 3}
    assert repeated == []


def test_a_manifest_is_read_document_by_document() -> None:
    text = "# nothing yet\n---\napiVersion: v1\nkind: A\n---\n---\napiVersion: v1\nkind: B\n"
    assert [obj["kind"] for obj in manifests.objects(text)] == ["A", "B"]


def test_a_list_gives_its_items() -> None:
    text = "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: A}\n- {apiVersion: v1, kind: B}\n"
    assert [obj["kind"] for obj in manifests.objects(text)] == ["A", "B"]


def test_json_is_yaml_too() -> None:
    assert manifests.objects('{"apiVersion": "v1", "kind": "A"}') == [{"apiVersion": "v1", "kind": "A"}]


@pytest.mark.parametrize(("text", "line", "what", "shown"), [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN])
def test_errors_name_file_line_and_text(text: str, line: int, what: str, shown: str) -> None:
    with pytest.raises(ManifestError) as error:
        manifests.objects(text, "web.yaml")
    assert error.value.message.startswith(f"web.yaml, line {line}, column ")
    assert what in error.value.message
    assert shown.strip() in error.value.message
    assert error.value.hint


@pytest.mark.parametrize("text", ["[" * 100_000, "- " * 100_000, "{a: " * 5_000], ids=["brackets", "dashes", "maps"])
def test_deep_nesting_is_refused_before_it_can_harm(text: str) -> None:
    with pytest.raises(ValueError, match="levels deep"):
        manifests.load(text)


def test_aliases_that_stand_for_too_much_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    with pytest.raises(ManifestError, match="excessive aliasing"):
        manifests.objects("\n".join(lines))
