"""JSON patch: the operations, and the words of the library the API server uses."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from json_documents import JSON, KEYS, MAPS

from gitopslab.machinery.json_patch import json_patch
from gitopslab.machinery.merge import MergeError, same

DOCUMENT = {"a": 1, "list": ["x", "y"], "map": {"b/c": 2, "d~e": 3}, "nothing": None}

APPLIES = [
    ("add-a-key", [{"op": "add", "path": "/new", "value": 5}], {"new": 5}),
    ("add-replaces", [{"op": "add", "path": "/a", "value": 5}], {"a": 5}),
    ("append", [{"op": "add", "path": "/list/-", "value": "z"}], {"list": ["x", "y", "z"]}),
    ("insert", [{"op": "add", "path": "/list/0", "value": "w"}], {"list": ["w", "x", "y"]}),
    ("insert-at-the-end", [{"op": "add", "path": "/list/2", "value": "z"}], {"list": ["x", "y", "z"]}),
    ("negative-index", [{"op": "replace", "path": "/list/-1", "value": "z"}], {"list": ["x", "z"]}),
    ("remove-an-item", [{"op": "remove", "path": "/list/0"}], {"list": ["y"]}),
    ("replace-adds-an-absent-key", [{"op": "replace", "path": "/map/new", "value": 1}], {"map": {"b/c": 2, "d~e": 3,
     "new": 1}}),
    ("escaped-slash", [{"op": "replace", "path": "/map/b~1c", "value": 9}], {"map": {"b/c": 9, "d~e": 3}}),
    ("escaped-tilde", [{"op": "remove", "path": "/map/d~0e"}], {"map": {"b/c": 2}}),
    ("move", [{"op": "move", "from": "/list/0", "path": "/first"}], {"list": ["y"], "first": "x"}),
    ("copy", [{"op": "copy", "from": "/map", "path": "/twin"}], {"twin": {"b/c": 2, "d~e": 3}}),
    ("test-then-change", [{"op": "test", "path": "/a", "value": 1}, {"op": "replace", "path": "/a", "value": 2}],
     {"a": 2}),
    ("null-equals-null", [{"op": "test", "path": "/nothing", "value": None}], {}),
    ("absent-equals-null", [{"op": "test", "path": "/absent", "value": None}], {}),
]  # fmt: skip

REFUSED = [
    ("remove-absent", {"op": "remove", "path": "/spec"},
     "error in remove for path: '/spec': Unable to remove nonexistent key: spec: missing value"),
    ("test-differs", {"op": "test", "path": "/a", "value": 9}, "testing value /a failed: test failed"),
    ("true-is-not-one", {"op": "test", "path": "/a", "value": True}, "testing value /a failed: test failed"),
    ("add-below-nothing", {"op": "add", "path": "/x/y", "value": 1},
     'add operation does not apply: doc is missing path: "/x/y": missing value'),
    ("add-below-a-number", {"op": "add", "path": "/a/y", "value": 1},
     'add operation does not apply: doc is missing path: "/a/y": missing value'),
    ("index-too-large", {"op": "add", "path": "/list/9", "value": 1},
     "error in add for path: '/list/9': Unable to access invalid index: 9: invalid index referenced"),
    ("index-is-text", {"op": "add", "path": "/list/x", "value": 1},
     "error in add for path: '/list/x': value was not a proper array index: 'x': "
     'strconv.Atoi: parsing "x": invalid syntax'),
    ("replace-outside-a-list", {"op": "replace", "path": "/list/9", "value": 1},
     "replace operation does not apply: doc is missing key: /list/9: missing value"),
    ("no-path", {"op": "add", "value": 1}, "add operation failed to decode path: missing value"),
    ("no-from", {"op": "move", "path": "/a"},
     "move operation failed to decode from: operation, missing from field: missing value"),
    ("unknown-operation", {"op": "frob", "path": "/a"}, "Unexpected kind: frob"),
]  # fmt: skip


@pytest.mark.parametrize(("operations", "changes"), [row[1:] for row in APPLIES], ids=[row[0] for row in APPLIES])
def test_operations_change_the_document(operations: list[Any], changes: dict[str, Any]) -> None:
    removed = {"list", "map"} - set(json_patch(DOCUMENT, operations))
    assert removed == set()
    assert json_patch(DOCUMENT, operations) == {**DOCUMENT, **changes}


@pytest.mark.parametrize(("operation", "message"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_refusals_are_worded_as_the_library_words_them(operation: dict[str, Any], message: str) -> None:
    with pytest.raises(MergeError) as refused:
        json_patch(DOCUMENT, [operation])
    assert str(refused.value) == message
    assert refused.value.fault == "conflict"


def test_the_document_given_stays_as_it_was() -> None:
    before = {"list": [{"a": 1}]}
    json_patch(before, [{"op": "add", "path": "/list/0/b", "value": 2}])
    assert before == {"list": [{"a": 1}]}


def test_copies_of_copies_cannot_fill_the_memory() -> None:
    doubling = [{"op": "copy", "from": "/all", "path": "/all/-"}] * 40
    with pytest.raises(MergeError, match="exceed the limit") as refused:
        json_patch({"all": ["x" * 1000]}, doubling)
    assert refused.value.fault == "conflict"


def _difference(before: Any, after: Any, at: str = "") -> list[dict[str, Any]]:
    """Operations that turn one map into another, written without looking at how they are carried out."""
    if not (isinstance(before, dict) and isinstance(after, dict)):
        return [] if same(before, after) else [{"op": "replace", "path": at, "value": after}]
    changes = [{"op": "remove", "path": f"{at}/{key}"} for key in before if key not in after]
    changes += [{"op": "add", "path": f"{at}/{key}", "value": after[key]} for key in after if key not in before]
    for key in before.keys() & after.keys():
        changes += _difference(before[key], after[key], f"{at}/{key}")
    return changes


@given(MAPS, MAPS)
def test_the_difference_of_two_documents_turns_one_into_the_other(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    assert same(json_patch(before, _difference(before, after)), after)


@given(MAPS, KEYS, JSON)
def test_what_is_added_moved_and_removed_leaves_the_document_as_it_was(
    document: dict[str, Any], key: str, value: Any
) -> None:
    there_and_back = [
        {"op": "add", "path": "/new", "value": value},
        {"op": "test", "path": "/new", "value": value},
        {"op": "move", "from": "/new", "path": "/newer"},
        {"op": "copy", "from": "/newer", "path": "/new"},
        {"op": "remove", "path": "/new"},
        {"op": "remove", "path": "/newer"},
    ]
    assert same(json_patch(document, there_and_back), document)


@given(MAPS, MAPS)
def test_a_patch_that_fails_at_its_end_has_changed_nothing(before: dict[str, Any], after: dict[str, Any]) -> None:
    kept = copy.deepcopy(before)
    with pytest.raises(MergeError):
        json_patch(before, [*_difference(before, after), {"op": "remove", "path": "/nowhere"}])
    assert before == kept


def test_maps_that_a_path_led_through_have_their_keys_in_order() -> None:
    document = {"b": {"z": {"y": 1, "x": 2}, "a": 1}, "a": {"d": 1, "c": 2}}
    assert str(json_patch(document, [{"op": "remove", "path": "/b/a"}])) == str(
        {"a": {"d": 1, "c": 2}, "b": {"z": {"y": 1, "x": 2}}}
    )
