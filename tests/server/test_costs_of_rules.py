"""What rules may cost: estimates and words as a real API server (1.36.3) gave them for the same schemas."""

from __future__ import annotations

from typing import Any

import pytest

from gitopslab.controlplane.server.custom.definitions import schemas
from gitopslab.controlplane.server.validation.causes import Causes

TEXT = {"type": "string"}
ADVICE = (
    "(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are"
    " declared)"
)


def lists(items: dict[str, Any], **limits: int) -> dict[str, Any]:
    return {"type": "array", "items": items, **limits}


def ruled(schema: dict[str, Any], rule: str, message: str = "") -> dict[str, Any]:
    said = {"messageExpression": message} if message else {}
    return {**schema, "x-kubernetes-validations": [{"rule": rule, **said}]}


def faults(spec: dict[str, Any], *, is_unchanged: bool = False) -> list[tuple[str, str]]:
    causes = Causes()
    validation = {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}
    schemas.check(causes, validation, "schema", has_status=False, is_unchanged=is_unchanged)
    return [(path.removeprefix("schema.openAPIV3Schema"), message) for path, _, message in causes.found]


OBJECT = {
    "type": "object",
    "properties": {
        "all": lists(TEXT),
        "few": lists({"type": "string", "maxLength": 10}, maxItems=20),
        "map": {"type": "object", "additionalProperties": TEXT},
        "text": TEXT,
        "short": {"type": "string", "maxLength": 40},
        "number": {"type": "integer"},
        "lists": lists(lists({"type": "string", "maxLength": 5}, maxItems=3), maxItems=4),
    },
}


@pytest.mark.parametrize(
    "rule",
    [
        "self.few.all(x, self.few.exists_one(y, y == x))",
        "self.text.matches('^a+$')",
        "self.short.contains('aaaaaaaaa')",
        "sets.contains(self.all, ['a','b'])",
        "self.all.all(i, v, i < 10 && v == 'a')",
        "self.text.split(',', 3).all(x, x.size() > 2)",
        "quantity(self.text).isGreaterThan(quantity('1'))",
    ],
)
def test_what_is_bounded_may_be_asked(rule: str) -> None:
    assert faults(ruled(OBJECT, rule)) == []


@pytest.mark.parametrize(
    ("times", "rule", "factor"),
    [
        (9000, "self.few.all(x, self.few.exists_one(y, y == x))", "3.0x"),
        (3, "self.all.filter(x, x.startsWith('a')).size() == 1", "4.7x"),
        (100000, "self.few.map(x, x + 'abc').all(y, y.matches('a+b'))", "4.7x"),
        (100000, "self.few.sort() == self.few", "8.6x"),
        (9000, "self.few.join(',').contains(self.short)", "1.258200x"),
        (9000, "self.short.replace('a','bb').lowerAscii().split(',').all(x, x.size() > 2)", "1.8x"),
        (100000, "sets.equivalent(self.few, self.few)", "8.1x"),
        (100000, "self.lists.all(x, x.exists(y, y == self.short))", "1.310000x"),
        (50, "self.all[0] == self.text && self.map['a'].contains('b')", "3.1x"),
        (1000000, "cidr(self.short).containsIP(self.short)", "4.0x"),
        (100000, "(self.number > 1 ? self.few : [self.short]).all(x, x < self.short)", "1.360000x"),
        (100000, "self.few.transformMap(i, v, v + 'x').exists(k, v, k == 3)", "3.1x"),
    ],
)
def test_what_costs_too_much_is_told_by_how_much(times: int, rule: str, factor: str) -> None:
    assert faults(lists(ruled(OBJECT, rule), maxItems=times))[0] == (
        ".properties[spec].items.x-kubernetes-validations[0].rule",
        f"Forbidden: estimated rule cost exceeds budget by factor of {factor} {ADVICE}",
    )


def test_what_may_occur_without_limit_counts_as_often_as_fits_in_a_request() -> None:
    (one,) = faults(lists(ruled({"type": "string", "maxLength": 100}, "self.matches('^a+$')")))
    assert "factor of 4.4x" in one[1]


def test_a_message_counts_too_but_not_how_often_it_is_said() -> None:
    spec = lists(ruled(OBJECT, "true", "self.all.map(x, self.all.map(y, x + y).join(',')).join(';')"))
    where, message = faults(spec)[0]
    assert where.endswith("[0].messageExpression")
    assert message == f"Forbidden: estimated messageExpression cost exceeds budget by factor of more than 100x {ADVICE}"


def test_all_rules_together_have_a_budget_and_the_dearest_are_told() -> None:
    few = {"type": "string", "maxLength": 10}
    fields = {
        f"f{at}": lists(ruled(few, "self.matches('aaaaaaaaaaaaaaaa')"), maxItems=1_000_000 + at) for at in range(6)
    }
    told = faults({"type": "object", "properties": fields})
    total = [one for one in told if one[1].startswith("Forbidden: x-kubernetes-validations estimated")]
    named = [path for path, message in told if message.startswith("Forbidden: contributed to")]
    assert [path for path, _ in total] == [""]
    assert [path.split("[")[2][:2] for path in named] == ["f5", "f4", "f3", "f2"]


def test_a_schema_that_was_there_before_is_held_to_the_whole_only() -> None:
    spec = lists(ruled(OBJECT, "self.all.filter(x, x.startsWith('a')).size() == 1"), maxItems=3)
    assert faults(spec)
    assert faults(spec, is_unchanged=True) == []


def test_a_place_that_cel_cannot_see_is_refused() -> None:
    spec = {"type": "object", "properties": {"any": ruled({"x-kubernetes-preserve-unknown-fields": True}, "true")}}
    ((where, message),) = faults(spec)
    assert where == ".properties[spec].properties[any].x-kubernetes-validations"
    assert message.endswith("x-kubernetes-validations rules: unable to convert structural schema to CEL declarations")
