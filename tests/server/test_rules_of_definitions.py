"""The rules of a schema are held against what it declares, and refused in the words of ``cel-go``."""

from __future__ import annotations

import pytest

from gitopslab.controlplane.server.custom.cel.declarations import checkers_of
from gitopslab.controlplane.server.custom.cel.engine import CompileError
from gitopslab.controlplane.server.custom.structural import Node

SIZES = Node(
    {
        "type": "object",
        "properties": {"max": {"type": "integer"}, "names": {"type": "array", "items": {"type": "string"}}},
    }
)
PLAIN, OPTIONAL = checkers_of(SIZES, is_root=False)


@pytest.mark.parametrize(
    "rule",
    [
        "oldSelf.hasValue() ? self.max >= oldSelf.value().max : true",
        "!oldSelf.hasValue() || self.max > 1",
        "oldSelf.orValue(self).max == self.max",
        "oldSelf.optMap(old, old.max <= self.max).orValue(true)",
    ],
)
def test_an_old_value_that_may_be_missing_is_an_optional_one(rule: str) -> None:
    assert OPTIONAL.check(rule).kind == "BOOL"
    with pytest.raises(CompileError):
        PLAIN.check(rule)


def test_an_optional_one_has_the_fields_of_the_place() -> None:
    with pytest.raises(CompileError) as refused:
        OPTIONAL.check("oldSelf.value().nope > 1")
    assert str(refused.value).splitlines()[0] == "ERROR: <input>:1:16: undefined field 'nope'"


@pytest.mark.parametrize("rule", ["self.max >", "true)) || ((true"])
def test_what_does_not_parse_alone_does_not_parse(rule: str) -> None:
    with pytest.raises(CompileError, match=r"ERROR: <input>:1:\d+: Syntax error"):
        OPTIONAL.check(rule)


@pytest.mark.parametrize(
    ("rule", "types"),
    [
        ("self.names.sum() > 1", "'sum' applied to 'list(string).()'"),
        ("self.names.join(1) == ''", "'join' applied to 'list(string).(int)'"),
        ("size(1) > 1", "'size' applied to '(int)'"),
    ],
)
def test_a_call_on_a_value_is_told_from_another(rule: str, types: str) -> None:
    with pytest.raises(CompileError) as refused:
        PLAIN.check(rule)
    assert f"found no matching overload for {types}" in str(refused.value)
