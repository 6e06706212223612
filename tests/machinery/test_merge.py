"""JSON merge patch and strategic merge patch with all its directives."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from json_documents import MAPS

from gitopslab.machinery.merge import MergeError, go_text, merge_patch, strategic_patch
from gitopslab.machinery.schema import struct_of

RFC_7386 = [
    ("replace", {"a": "b"}, {"a": "c"}, {"a": "c"}),
    ("add", {"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ("remove", {"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ("list-replaces-list", {"a": ["b"]}, {"a": ["c", "d"]}, {"a": ["c", "d"]}),
    ("nested", {"a": {"b": "c", "d": "e"}}, {"a": {"b": None}}, {"a": {"d": "e"}}),
    ("map-replaces-text", {"a": "b"}, {"a": {"b": {"c": None}}}, {"a": {"b": {}}}),
    ("text-replaces-map", {"a": {"b": "c"}}, {"a": 1}, {"a": 1}),
    ("not-a-map", {"a": "b"}, ["c"], ["c"]),
    ("null-in-a-list", {"a": ["b"]}, {"a": [None, {"c": None, "d": [{"e": None}]}]}, {"a": [None, {"d": [{}]}]}),
    ("list-replaces-map", {"a": {"b": "c"}}, {"a": [{"c": None}]}, {"a": [{"c": None}]}),
]


@pytest.mark.parametrize(
    ("document", "patch", "result"), [row[1:] for row in RFC_7386], ids=[row[0] for row in RFC_7386]
)
def test_merge_patch_follows_the_rfc(document: Any, patch: Any, result: Any) -> None:
    assert merge_patch(document, patch) == result


@given(MAPS, MAPS)
@settings(max_examples=25)
def test_merging_the_same_patch_twice_changes_nothing_more(document: dict[str, Any], patch: dict[str, Any]) -> None:
    once = merge_patch(document, patch)
    assert merge_patch(once, patch) == once


@given(MAPS, MAPS)
@settings(max_examples=50)
def test_the_difference_of_two_documents_turns_one_into_the_other(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    """A merge patch can say every change of maps but one: it cannot write null."""
    kept = copy.deepcopy(before)
    assert merge_patch(before, _difference(before, after)) == after
    assert before == kept


def _difference(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    patch: dict[str, Any] = {key: None for key in before if key not in after}
    for key, value in after.items():
        old = before.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            patch[key] = _difference(old, value)
        elif key not in before or old != value or type(old) is not type(value):
            patch[key] = value
    return patch


def _pod(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Pod", "spec": spec}


def _patched(before: dict[str, Any], patch: dict[str, Any]) -> Any:
    kind = struct_of("v1", "Pod")
    assert kind is not None
    return strategic_patch(_pod(**before), {"spec": patch}, kind)["spec"]


A = {"name": "a", "image": "a:1"}
B = {"name": "b", "image": "b:1"}
C = {"name": "c", "image": "c:1"}

STRATEGIC: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ("lists-merge-by-key", {"containers": [A, B]}, {"containers": [{"name": "b", "image": "b:2"}]},
     {"containers": [A, {"name": "b", "image": "b:2"}]}),
    ("new-items-come-first", {"containers": [A]}, {"containers": [C]}, {"containers": [C, A]}),
    ("delete-an-item", {"containers": [A, B]}, {"containers": [{"$patch": "delete", "name": "a"}]},
     {"containers": [B]}),
    ("replace-the-list", {"containers": [A, B]}, {"containers": [C, {"$patch": "replace"}]}, {"containers": [C]}),
    ("atomic-lists-are-replaced", {"tolerations": [{"key": "x"}]}, {"tolerations": [{"key": "y"}]},
     {"tolerations": [{"key": "y"}]}),
    ("maps-merge", {"nodeSelector": {"a": "1", "b": "2"}}, {"nodeSelector": {"b": None, "c": "3"}},
     {"nodeSelector": {"a": "1", "c": "3"}}),
    ("replace-a-map", {"nodeSelector": {"a": "1"}}, {"nodeSelector": {"$patch": "replace", "b": "2"}},
     {"nodeSelector": {"b": "2"}}),
    ("delete-a-map", {"nodeSelector": {"a": "1"}}, {"nodeSelector": {"$patch": "delete"}}, {"nodeSelector": {}}),
    ("null-removes", {"nodeName": "n", "hostname": "h"}, {"nodeName": None}, {"hostname": "h"}),
    ("order-of-elements", {"containers": [A, B]},
     {"$setElementOrder/containers": [{"name": "b"}, {"name": "c"}, {"name": "a"}], "containers": [C]},
     {"containers": [B, C, A]}),
    ("order-alone", {"containers": [A, B, C]}, {"$setElementOrder/containers": [{"name": "c"}, {"name": "a"}]},
     {"containers": [B, C, A]}),
    ("order-with-a-deletion", {"containers": [A, B]},
     {"$setElementOrder/containers": [{"name": "b"}], "containers": [{"$patch": "delete", "name": "a"}]},
     {"containers": [B]}),
    ("retain-keys", {"volumes": [{"name": "v", "emptyDir": {}}]},
     {"volumes": [{"name": "v", "$retainKeys": ["name", "hostPath"], "hostPath": {"path": "/x"}}]},
     {"volumes": [{"name": "v", "hostPath": {"path": "/x"}}]}),
    ("directives-of-new-parts-vanish", {}, {"nodeSelector": {"a": None, "b": "1"}, "containers": [A,
     {"$patch": "delete", "name": "z"}]},
     {"nodeSelector": {"b": "1"}, "containers": [A]}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "patch", "after"), [row[1:] for row in STRATEGIC], ids=[row[0] for row in STRATEGIC]
)
def test_strategic_merge(before: dict[str, Any], patch: dict[str, Any], after: dict[str, Any]) -> None:
    assert _patched(before, patch) == after


CONTAINERS = st.lists(
    st.fixed_dictionaries({"name": st.sampled_from("abcd"), "image": st.sampled_from(["x:1", "x:2"])}),
    max_size=4,
    unique_by=lambda container: container["name"],
)


@given(CONTAINERS, CONTAINERS)
@settings(max_examples=60)
def test_what_kubectl_would_send_turns_one_list_into_the_other(before: list[Any], after: list[Any]) -> None:
    """As ``kubectl apply`` makes it: the order, what is new or changed, and what goes."""
    held, wanted = ({item["name"]: item for item in items} for items in (before, after))
    patch = {
        "$setElementOrder/containers": [{"name": name} for name in wanted],
        "containers": [item for name, item in wanted.items() if held.get(name) != item]
        + [{"$patch": "delete", "name": name} for name in held if name not in wanted],
    }
    once = _patched({"containers": before}, patch)
    assert once == {"containers": after}
    assert _patched(once, patch) == once


def test_primitive_lists_lose_and_gain_items() -> None:
    kind = struct_of("v1", "Pod")
    assert kind is not None
    before = {"metadata": {"finalizers": ["a", "b", "c"]}}
    patch = {"metadata": {"$deleteFromPrimitiveList/finalizers": ["b"], "finalizers": ["d"]}}
    assert sorted(strategic_patch(before, patch, kind)["metadata"]["finalizers"]) == ["a", "c", "d"]


def test_a_selector_with_the_strategy_replace_is_replaced_whole() -> None:
    kind = struct_of("policy/v1", "PodDisruptionBudget")
    assert kind is not None
    before = {"spec": {"selector": {"matchLabels": {"a": "1"}}}}
    after = strategic_patch(before, {"spec": {"selector": {"matchLabels": {"b": "2"}}}}, kind)
    assert after == {"spec": {"selector": {"matchLabels": {"b": "2"}}}}


WRONG: list[tuple[str, dict[str, Any], dict[str, Any], str, str]] = [
    ("no-merge-key", {"containers": [A]}, {"containers": [{"image": "x"}]}, "other",
     "map: map[image:x] does not contain declared merge key: name"),
    ("unknown-directive", {"nodeSelector": {"a": "1"}}, {"nodeSelector": {"$patch": "frob"}}, "other",
     "unknown patch type: frob in map: map[$patch:frob]"),
    ("retain-keys-does-not-retain", {"volumes": [{"name": "v"}]},
     {"volumes": [{"name": "v", "$retainKeys": ["name"], "hostPath": {}}]}, "format",
     "invalid patch format of retainKeys"),
    ("retain-keys-that-are-none", {}, {"$retainKeys": [[], 80], "hostname": "h"}, "format",
     "invalid patch format of retainKeys"),
    ("order-is-no-list", {"containers": [A]}, {"$setElementOrder/containers": "a"}, "format",
     "invalid patch format of setElementOrder list"),
    ("mixed-items", {"containers": [A]}, {"containers": ["x"]}, "other",
     "list element types are not identical: [[map[image:a:1 name:a]] [x]]"),
    ("merge-a-list-directive", {"containers": [A]}, {"containers": [{"$patch": "merge", "name": "a"}]}, "other",
     "merging lists cannot yet be specified in the patch"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "patch", "fault", "message"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG]
)
def test_malformed_patches_are_refused(before: dict[str, Any], patch: dict[str, Any], fault: str, message: str) -> None:
    with pytest.raises(MergeError) as refused:
        _patched(before, patch)
    assert (refused.value.fault, str(refused.value)) == (fault, message)


def test_an_order_that_contradicts_the_patch_is_refused() -> None:
    patch = {"$setElementOrder/containers": [{"name": "a"}, {"name": "b"}], "containers": [B, A]}
    with pytest.raises(MergeError, match="The order in patch list"):
        _patched({"containers": []}, patch)


def test_neither_document_nor_patch_is_changed() -> None:
    document, patch = {"containers": [dict(A)]}, {"containers": [{"name": "a", "image": "a:2"}]}
    _patched(document, patch)
    assert document == {"containers": [A]}
    assert patch == {"containers": [{"name": "a", "image": "a:2"}]}


def test_values_are_printed_as_go_prints_them() -> None:
    assert go_text({"b": [1, True, None], "a": {"x": "y"}}) == "map[a:map[x:y] b:[1 true <nil>]]"
