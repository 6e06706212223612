"""What checks may expect: the meaning of each rule, and how it is said."""

from __future__ import annotations

from typing import Any

import pytest
from builders import pod

from gitopslab.course.expectation import RULES, Expectation
from gitopslab.course.source import Source, World
from gitopslab.errors import not_found
from gitopslab.machinery.objects import Object


class Shelf:
    """A few objects behind the words a check uses to read."""

    def __init__(self, *objects: Object) -> None:
        self._objects = objects

    def get(self, kind: str, name: str, namespace: str = "default") -> Object:
        for obj in self._objects:
            if obj["metadata"]["name"] == name:
                return obj
        raise not_found(kind, name)

    def list(self, kind: str, namespace: str = "", *, labels: str = "") -> list[Object]:
        return list(self._objects)

    def logs(self, pod: str, namespace: str = "default") -> str:
        return f"{pod} says hello\nand goodbye\n"


WORLD = World(Shelf(pod("one"), pod("two", spec={"nodeName": "n1"})), "default")


@pytest.mark.parametrize(
    ("rule", "found", "wanted", "holds"),
    [
        ("is", [2, 2], 2, True),
        ("is", [2, 3], 2, False),
        ("is", [], 2, False),
        ("not", ["a"], "b", True),
        ("not", [], "b", True),
        ("not", ["b"], "b", False),
        ("in", ["a"], ["a", "b"], True),
        ("in", ["c"], ["a", "b"], False),
        ("in", [], ["a"], False),
        ("only", ["a", "a"], ["a"], True),
        ("only", [], ["a"], True),
        ("only", ["a", "c"], ["a"], False),
        ("matches", ["nginx:1.28"], r"nginx:1\.2[89]", True),
        ("matches", ["nginx:1.28"], "nginx", False),
        ("has", [{"a": 1, "b": 2}], {"a": 1}, True),
        ("has", [["x", "y"]], "x", True),
        ("has", ["a line of log"], "of", True),
        ("has", [{"a": 2}], {"a": 1}, False),
        ("lacks", [], "x", True),
        ("lacks", [["x"]], "x", False),
        ("min", ["500m"], "0.25", True),
        ("min", ["100m"], "0.25", False),
        ("max", ["1Gi"], "1024Mi", True),
        ("max", ["2Gi"], "1024Mi", False),
        ("count", ["a", "b"], 2, True),
        ("count", ["a"], 2, False),
        ("exists", [1], True, True),
        ("exists", [], True, False),
        ("exists", [], False, True),
    ],
)
def test_a_rule_holds_or_not(rule: str, found: list[Any], wanted: Any, holds: bool) -> None:
    assert Expectation({rule: wanted}).holds(found, WORLD) is holds


def test_every_rule_has_its_words() -> None:
    assert {name: Expectation({name: 2}).said(WORLD) for name in RULES} == {
        "is": "2",
        "not": "anything but 2",
        "in": "one of 2",
        "only": "nothing but 2",
        "matches": "something like 2",
        "has": "2 among them",
        "lacks": "no 2 among them",
        "min": "at least 2",
        "max": "at most 2",
        "count": "2 of them",
        "exists": "it to be there",
        "ready": "ready",
    }


def test_several_rules_must_all_hold_and_are_all_said() -> None:
    between = Expectation({"min": 2, "max": 4})
    assert [between.holds([value], WORLD) for value in (1, 3, 5)] == [False, True, False]
    assert between.said(WORLD) == "at least 2 and at most 4"


def test_of_many_values_those_that_are_wrong_are_told() -> None:
    assert Expectation({"in": ["a", "b"]}).offending(["a", "c", "b"], WORLD) == ["c"]
    assert Expectation({"count": 2}).offending(["a", "c", "b"], WORLD) == ["a", "c", "b"]


def test_what_cannot_be_compared_does_not_hold() -> None:
    assert not Expectation({"min": 2}).holds(["many"], WORLD)
    assert not Expectation({"in": 2}).holds(["a"], WORLD)


def test_it_may_be_compared_with_what_the_cluster_holds() -> None:
    nodes = Expectation({"in": Source("objects", "pods", field="spec.nodeName")})
    assert nodes.holds(["n1"], WORLD)
    assert not nodes.holds(["n2"], WORLD)
    assert nodes.said(WORLD) == "n1"
    assert Expectation({"in": ["a", "b"]}).said(WORLD) == "one of a, b"


def test_sources_are_read_as_values() -> None:
    read = WORLD.values
    assert read(Source("objects", "pods", field="metadata.name")) == ["one", "two"]
    assert read(Source("object", "pod", "two", field="spec.nodeName")) == ["n1"]
    assert read(Source("object", "pod", "three", field="spec.nodeName")) == []
    assert read(Source("log", "pod", "one")) == ["one says hello", "and goodbye"]
