"""What evaluating CEL costs, as ``cel-go`` (of Kubernetes 1.36.3) counted it, and what is said when it is too much."""

from __future__ import annotations

from typing import Any

import pytest

from gitopslab.controlplane.server.custom.cel import engine, policies
from gitopslab.controlplane.server.custom.cel.budget import Budget, OutOfBudget
from gitopslab.controlplane.server.custom.cel.rules import Place, rules_of
from gitopslab.controlplane.server.custom.structural import Node
from gitopslab.controlplane.server.validation.causes import Causes

SHOP = {
    "metadata": {"name": "shop", "labels": {"app": "shop", "tier": "web"}},
    "spec": {
        "replicas": 3,
        "ports": [80, 443, 8080],
        "host": "10.0.0.7",
        "size": "1.5Gi",
        "text": "abcdefghijklmnopqrstuvwxyz",
    },
}
TOO_MUCH = "operation cancelled: actual cost limit exceeded"
SPENT = "validation failed due to running out of cost budget, no further validation rules will be run"
DEAR = "lists.range(670).sort().size() > 0"
"""It costs 898494."""


def evaluated(expression: str) -> tuple[Any, int]:
    value, cost = engine.evaluated(policies.program(expression, ()), {"object": SHOP})
    return (value.message if isinstance(value, engine.Failure) else value), cost


@pytest.mark.parametrize(
    ("expression", "value", "cost"),
    [
        ("object.metadata.name == 'shop'", True, 4),
        ("has(object.metadata.labels) && object.metadata.labels['app'] in ['shop', 'bank']", True, 6),
        ("object.spec.replicas > 5 ? object.spec.ports : [object.spec.replicas]", [3], 17),
        ("object.spec.ports.all(p, p < 9000)", True, 19),
        ("object.spec.ports.exists(i, p, p == 443 && i > 0)", True, 21),
        ("object.spec.ports.map(p, p > 100, p * 2).sum()", 17046, 40),
        ("object.metadata.labels.transformMap(k, v, k + '=' + v)", {"app": "app=shop", "tier": "tier=web"}, 18),
        ("object.spec.missing.deep == 1 || object.spec.replicas == 3", True, 8),
        ("object.spec.missing.deep", "no such key: missing", 3),
        ("object.spec.?limits.?cpu.orValue('1') + object.spec.text", "1abcdefghijklmnopqrstuvwxyz", 6),
        ("object.spec.text.matches('^[a-m]+') && object.spec.text.contains('xyz')", True, 15),
        ("object.spec.text.split('m').join('-').upperAscii()", "ABCDEFGHIJKL-NOPQRSTUVWXYZ", 18),
        ("[3, 1, 2].sort() == lists.range(4).slice(1, 4)", True, 59),
        ("sets.equivalent(object.spec.ports, [443, 80, 8080])", True, 22),
        ("cidr('10.0.0.0/8').containsIP(object.spec.host)", True, 5),
        ("quantity(object.spec.size).isLessThan(quantity('2Gi')) && semver('1.2.3').major() == 1", True, 9),
        ("format.dns1123Label().validate(object.spec.text).hasValue()", False, 29),
        ("timestamp('2026-01-01T00:00:00Z') + duration('1h') > timestamp('2026-01-01T00:30:00Z')", True, 2),
        ("1 < 2.0 && string(ip('10.0.0.1')) == '10.0.0.1'", True, 4),
        ("[object.spec.missing] == [] || object.spec.replicas == 3", True, 17),
        ("object.spec.missing.matches('^a') || true", True, 3),
        ("object.spec.missing.indexOf(object.spec.text) >= 0 || true", True, 4),
        (
            "object.spec.missing.distinct().size() == 0 || true",
            "internal error: interface conversion: *types.Err is not traits.Lister: missing method Add",
            3,
        ),
        ("lists.range(999987).size()", 999987, 999_999),
        ("lists.range(999989).size()", TOO_MUCH, 1_000_001),
    ],
)
def test_an_expression_costs(expression: str, value: Any, cost: int) -> None:
    assert evaluated(expression) == (value, cost)


@pytest.mark.parametrize(
    "expression",
    [
        "lists.range(100000000).size()",
        "lists.range(3000).all(x, lists.range(3000).all(y, x + y >= 0))",
        "lists.range(2000).distinct()",
        "[object.spec.text].map(a, lists.range(9000).map(i, a).join()).map(b, b.replace('a', b).replace('b', b))",
        "[[object]].map(a, lists.range(2000).map(i, a)).map(b, lists.range(2000).map(i, b)).map(c, c == c)",
        "[[object]].map(a, lists.range(2000).map(i, a)).map(b, lists.range(2000).map(i, b)).map(c, c.flatten(9))",
        "[[object]].map(a, lists.range(2000).map(i, a)).map(b, lists.range(2000).map(i, b)).map(c, '%s'.format([c]))",
        "[lists.range(90000)].map(a, lists.range(50000).map(i, a + a))",
    ],
    ids=["range", "loops", "distinct", "replace", "equality", "flatten", "format", "joined lists"],
)
def test_what_takes_too_long_is_broken_off(expression: str) -> None:
    value, cost = evaluated(expression)
    assert value == TOO_MUCH
    assert cost > 1_000_000


def test_what_is_paid_for_is_left_of_nothing() -> None:
    budget = Budget(898_494 + 2)
    assert engine.evaluate(policies.program(DEAR, ()), {}, budget) is True
    assert engine.evaluate(policies.program("'a' + 'b' == 'ab'", ()), {}, budget) is True
    with pytest.raises(OutOfBudget, match=SPENT):
        engine.evaluate(policies.program("1 + 1 == 2", ()), {}, budget)


@pytest.mark.parametrize("expression", ["[1].all(x, x == 1) || true", "[1].map(x, x + 1) == [] || true"])
def test_a_comprehension_ends_with_the_time_of_the_request(expression: str) -> None:
    late = Budget(seconds=-1)
    assert engine.evaluate(policies.program("1 + 1 == 2", ()), {}, late) is True
    with pytest.raises(engine.EvaluationError, match="operation interrupted: context deadline exceeded"):
        engine.evaluate(policies.program(expression, ()), {}, late)


def faults(*rules: dict[str, str], value: int = 5) -> list[str]:
    causes = Causes()
    node = Node({"type": "integer", "x-kubernetes-validations": list(rules)})
    rules_of(node, is_root=False).check(causes, [], value, None, Place("spec.n", None, None))
    return [f"{path}: {message}" for path, _, message in causes.found]


def test_a_rule_that_costs_too_much_is_the_last() -> None:
    assert faults({"rule": "lists.range(2000).sort().size() > self"}, {"rule": "false"}) == [
        f"spec.n: Invalid value: \"integer\": '{TOO_MUCH}': no further validation rules will be run due to call cost "
        "exceeds limit for rule: lists.range(2000).sort().size() > self"
    ]


def test_a_message_that_costs_too_much_is_the_last() -> None:
    message = "string(lists.range(2000).sort().size())"
    assert faults({"rule": "self > 9", "messageExpression": message}, {"rule": "false"}) == [
        'spec.n: Invalid value: "integer": no further validation rules will be run due to call cost exceeds limit for '
        f'messageExpression: "{message}"'
    ]


@pytest.mark.parametrize(
    ("rule", "uses"),
    [
        ("// don't shrink\nself >= oldSelf // it's fine", True),
        ("self >= 1 // oldSelf", False),
        ("self >= size('oldSelf')", False),
        ("[1].all(oldSelf, self >= oldSelf)", True),
        ("self >= oldSelf.nope", False),
    ],
)
def test_a_rule_uses_the_old_value_where_a_name_says_so(rule: str, uses: bool) -> None:
    (found,) = rules_of(Node({"type": "integer", "x-kubernetes-validations": [{"rule": rule}]}), is_root=False).rules
    assert found.uses_old is uses


def test_the_rules_of_an_object_share_a_budget() -> None:
    broken = {"rule": "self > 9", "message": "too small"}
    said = "spec.n: Invalid value: 5: too small"
    assert faults(*[{"rule": DEAR}] * 11, broken, broken) == [said, said]
    assert faults(broken, *[{"rule": DEAR}] * 12, broken) == [said, f'spec.n: Invalid value: "integer": {SPENT}']


NAMED = {"type": "object", "properties": {"name": {"type": "string"}, "v": {"type": "integer"}}}
LISTS = {
    "type": "object",
    "properties": {
        "set": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
        "map": {
            "type": "array",
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["name"],
            "items": NAMED,
        },
    },
}


@pytest.mark.parametrize(
    "rule",
    [
        "self.set == ['b', 'a']",
        "self.set + ['b', 'c'] == ['c', 'b', 'a']",
        "(self.set + ['b']).size() == 2",
        "self.map == [self.map[1], self.map[0]]",
        "(self.map + [self.map[0]]).map(m, m.v) == [1, 2]",
        "self.set != ['a', 'x'] && self.set[0] == 'a' && self.set.exists(s, s == 'b')",
        "self.set == oldSelf.set && self.map == oldSelf.map",
    ],
)
def test_lists_that_are_sets_or_maps_have_no_order(rule: str) -> None:
    one, two = {"name": "one", "v": 1}, {"name": "two", "v": 2}
    causes, node = Causes(), Node({**LISTS, "x-kubernetes-validations": [{"rule": rule}]})
    value, old = {"set": ["a", "b"], "map": [one, two]}, {"set": ["b", "a"], "map": [two, one]}
    rules_of(node, is_root=False).check(causes, [], value, old, Place("spec", None, None))
    assert causes.found == []


@pytest.mark.parametrize(
    ("items", "item"),
    [
        ({"type": "object", "x-kubernetes-map-type": "atomic", "properties": {"a": {"type": "integer"}}}, {"a": 1}),
        ({"type": "array", "items": {"type": "integer"}}, [1]),
    ],
)
def test_a_set_of_lists_or_maps_is_compared_with_nothing(items: dict[str, Any], item: Any) -> None:
    """Upstream panics, and says so."""
    rule = {"rule": "self == self || true"}
    schema = {"type": "array", "x-kubernetes-list-type": "set", "x-kubernetes-validations": [rule]}
    causes, node = Causes(), Node({**schema, "items": items})
    rules_of(node, is_root=False).check(causes, [], [item], None, Place("spec", None, None))
    assert "internal error: runtime error: hash of unhashable type" in str(causes.found)
