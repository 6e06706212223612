"""The functions Kubernetes adds to CEL, as a real API server (1.36.3) answered for the same expressions."""

from __future__ import annotations

from typing import Any

import pytest

from gitopslab.controlplane.server.custom.cel import engine
from gitopslab.controlplane.server.custom.cel.declarations import checkers_of
from gitopslab.controlplane.server.custom.structural import Node

PLACE, _ = checkers_of(
    Node({"type": "object", "properties": {"s": {"type": "string"}, "n": {"type": "integer"}}}), is_root=False
)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("[1,2,1].indexOf(1)", 0),
        ("[1,2,1].lastIndexOf(1)", 2),
        ("[[1],[2]].indexOf([2])", 1),
        ("['a'].indexOf('z')", -1),
        ("'hello'.indexOf('l', 3)", 3),
        ("'hello'.lastIndexOf('l', 2)", 2),
        ("string(ip('2001:DB8::ABCD'))", "2001:db8::abcd"),
        ("string(cidr('10.0.0.1/8').masked())", "10.0.0.0/8"),
        ("string(3u) + string(1.5) + string(true)", "31.5true"),
        ("string(duration('90m'))", "5400s"),
        ("sign(quantity('-1'))", -1),
        ("format.dns1123Label().validate('a').hasValue()", False),
        ("format.dns1123Label().validate('a.b').value()", ["must not contain dots"]),
        ("format.uuid().validate('x').orValue([])", ["does not match the UUID format"]),
        ("format.dns1123LabelPrefix().validate('x-').hasValue()", False),
        ("format.named('byte').value().validate('?').value()", ["invalid base64"]),
        ("format.named('nope').hasValue()", False),
        ("format.uri() == format.byte()", False),
    ],
)
def test_a_function_gives(expression: str, value: Any) -> None:
    assert engine.evaluate(expression, {}) == value


@pytest.mark.parametrize(
    ("expression", "place", "message"),
    [
        ("[1,'a'] == [1]", "1:4", "expected type 'int' but found 'string'"),
        ("{'a':1,'b':'c'} == {}", "1:12", "expected type 'int' but found 'string'"),
        ("{'a':1, 2:3} == {}", "1:9", "expected type 'string' but found 'int'"),
        ("[self.s, null] == []", "1:10", "expected type 'string' but found 'null'"),
        ("duration('x') == duration('1h')", "1:10", "invalid duration argument"),
        ("self.n == 1 &&\n timestamp('y') == timestamp('z')", "2:12", "invalid timestamp argument"),
        ("self.s.matches('a{2001}')", "1:16", "invalid matches argument"),
        ("'%d'.format([self.s]) == ''", "1:18",
         "error during formatting: decimal clause can only be used on integers, was given string"),
        ("'%s'.format([]) == ''", "1:12", "index 0 out of range"),
        ("'%s'.format([self.s, 1]) == ''", "1:12",
         "too many arguments supplied to string.format (expected 1, got 2)"),
        ("'%z'.format([1]) == ''", "1:12", 'could not parse formatting clause: unrecognized formatting clause "z"'),
        ("'%'.format([1]) == ''", "1:11", "unexpected end of string"),
    ],
)  # fmt: skip
def test_what_is_written_out_must_make_sense(expression: str, place: str, message: str) -> None:
    with pytest.raises(engine.CompileError) as refused:
        PLACE.check(expression)
    first, shown, pointed = str(refused.value).splitlines()[:3]
    assert first == f"ERROR: <input>:{place}: {message}"
    column = int(place.partition(":")[2])
    assert (shown.removeprefix(" | ") in expression, pointed) == (True, f" | {'.' * (column - 1)}^")


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("int('x') == 1", "type conversion error from 'string' to 'int'"),
        ("uint(-1) == 1u", "unsigned integer overflow"),
        ("self.s.find('(') == ''", "error parsing regexp: missing closing ): `(`"),
    ],
)
def test_constants_are_computed_at_once(expression: str, message: str) -> None:
    with pytest.raises(engine.CompileError) as refused:
        PLACE.check(expression)
    assert refused.value.told == f"program instantiation failed: {message}"


@pytest.mark.parametrize(
    "expression",
    ["'%s %d'.format(['a', 1]) == ''", "'%s'.format([[1,'a']]) == ''", "[?optional.of(1), 2] == []", "dyn('x') == 1"],
)
def test_what_may_be_mixed(expression: str) -> None:
    assert PLACE.check(expression).kind == "BOOL"


def test_patches_have_a_function_of_their_own() -> None:
    with pytest.raises(engine.CompileError, match="undeclared reference to 'jsonpatch'"):
        PLACE.check("jsonpatch.escapeKey(self.s) == 'a'")
    assert engine.evaluate("jsonpatch.escapeKey('a/b~')", {}) == "a~1b~0"
