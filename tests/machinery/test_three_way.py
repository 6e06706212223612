"""The three-way merge of ``kubectl apply``. Cases: ``patch_test.go`` of strategicpatch and jsonmergepatch."""

from __future__ import annotations

import json

import pytest

from gitopslab.machinery.objects import Object
from gitopslab.machinery.schema import struct_of
from gitopslab.machinery.three_way import LAST_APPLIED, last_applied, remembering, three_way


def _deployment(containers: list[Object], **spec: object) -> Object:
    return {"spec": {"template": {"spec": {"containers": containers}}, **spec}}


def _merged(original: Object, modified: Object, current: Object, kind: str = "Deployment") -> Object:
    return three_way(original, modified, current, struct_of("apps/v1", kind))


def test_what_was_applied_and_is_not_wanted_any_more_goes() -> None:
    assert three_way({"data": {"a": "1", "b": "1"}}, {"data": {"a": "1"}}, {"data": {"a": "1", "b": "2"}}, None) == {
        "data": {"a": "1"}
    }


def test_what_somebody_else_added_stays() -> None:
    live = {"metadata": {"annotations": {"theirs": "x", "ours": "old"}}, "spec": {"replicas": 3}}
    wanted = {"metadata": {"annotations": {"ours": "new"}}}
    assert _merged(wanted, wanted, live) == {
        "metadata": {"annotations": {"theirs": "x", "ours": "new"}},
        "spec": {"replicas": 3},
    }


def test_a_whole_map_that_is_not_wanted_any_more_goes_with_what_others_added_to_it() -> None:
    assert three_way({"data": {"a": "1"}}, {}, {"data": {"a": "1", "theirs": "2"}}, None) == {}


def test_a_null_removes() -> None:
    assert _merged({}, {"spec": {"replicas": None}}, {"spec": {"replicas": 3}}) == {"spec": {}}


def test_items_merge_by_their_key_and_foreign_ones_stay() -> None:
    before = _deployment([{"name": "web", "image": "a:1"}, {"name": "old", "image": "o"}])
    wanted = _deployment([{"name": "web", "image": "a:2"}])
    live = _deployment(
        [
            {"name": "web", "image": "a:1", "terminationMessagePath": "/dev/termination-log"},
            {"name": "old", "image": "o"},
            {"name": "injected", "image": "proxy"},
        ]
    )
    assert _merged(before, wanted, live) == _deployment(
        [
            {"name": "web", "image": "a:2", "terminationMessagePath": "/dev/termination-log"},
            {"name": "injected", "image": "proxy"},
        ]
    )


def test_the_wanted_order_of_items_is_kept() -> None:
    wanted = _deployment([{"name": "b"}, {"name": "a"}])
    assert _merged(wanted, wanted, _deployment([{"name": "a"}, {"name": "b"}])) == wanted


def test_an_environment_variable_that_git_never_had_stays() -> None:
    wanted = _deployment([{"name": "web", "env": [{"name": "A", "value": "1"}]}])
    live = _deployment([{"name": "web", "env": [{"name": "A", "value": "2"}, {"name": "B", "value": "3"}]}])
    merged = _merged(wanted, wanted, live)
    env = merged["spec"]["template"]["spec"]["containers"][0]["env"]
    assert env == [{"name": "A", "value": "1"}, {"name": "B", "value": "3"}]


def test_plain_values_of_a_merged_list_are_added_and_taken_away() -> None:
    def pod(*names: str) -> Object:
        return {"metadata": {"finalizers": list(names)}}

    assert _merged(pod("ours"), pod("new"), pod("ours", "theirs")) == pod("new", "theirs")


def test_other_lists_are_replaced() -> None:
    wanted = _deployment([{"name": "web", "command": ["b"]}])
    assert _merged(wanted, wanted, _deployment([{"name": "web", "command": ["a", "c"]}])) == wanted


def test_lists_of_a_custom_resource_are_replaced() -> None:
    wanted = {"spec": {"list": [{"name": "a"}]}}
    assert three_way(wanted, wanted, {"spec": {"list": [{"name": "a", "x": 1}, {"name": "b"}]}}, None) == wanted


@pytest.mark.parametrize(
    ("wanted", "left"),
    [
        ({"type": "Recreate"}, {"type": "Recreate"}),
        ({"type": "RollingUpdate"}, {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}),
    ],
)
def test_of_a_union_only_the_member_that_is_set_stays(wanted: Object, left: Object) -> None:
    live = _deployment([], strategy={"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}})
    assert _merged({}, _deployment([], strategy=wanted), live)["spec"]["strategy"] == left


def test_what_is_given_stays_as_it_was() -> None:
    wanted, live = {"data": {"a": ["1"]}}, {"data": {"a": ["0"], "b": ["2"]}}
    merged = three_way({}, wanted, live, None)
    merged["data"]["a"].append("x")
    assert (wanted, live) == ({"data": {"a": ["1"]}}, {"data": {"a": ["0"], "b": ["2"]}})


def test_an_object_remembers_itself_as_kubectl_has_it_do() -> None:
    obj = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "a"}, "data": {"ü": "<&>"}}
    sent = remembering(obj)
    assert "annotations" not in obj["metadata"]
    assert sent["metadata"]["annotations"][LAST_APPLIED] == (
        '{"apiVersion":"v1","data":{"ü":"\\u003c\\u0026\\u003e"},'
        '"kind":"ConfigMap","metadata":{"annotations":{},"name":"a"}}\n'
    )
    assert last_applied(sent) == {**obj, "metadata": {"name": "a", "annotations": {}}}


def test_an_object_that_remembers_nonsense_remembers_nothing() -> None:
    assert last_applied({"metadata": {"annotations": {LAST_APPLIED: "{"}}}) is None
    assert last_applied({"metadata": {"annotations": {LAST_APPLIED: json.dumps([1])}}}) is None
    assert last_applied({"metadata": {}}) is None
