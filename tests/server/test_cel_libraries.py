"""The functions Kubernetes adds to CEL, as a real API server (1.36.3) answered for the same expressions."""

from __future__ import annotations

from typing import Any

import pytest

from gitopslab.controlplane.server.custom.cel import engine, policies
from gitopslab.controlplane.server.custom.cel.budget import Budget
from gitopslab.controlplane.server.custom.cel.declarations import checkers_of
from gitopslab.controlplane.server.custom.cel.evaluation.functions import FUNCTIONS
from gitopslab.controlplane.server.custom.cel.evaluation.meter import CostExceeded, Meter
from gitopslab.controlplane.server.custom.cel.evaluation.values import Duration, Failure
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
        ("'hello'.charAt(5)", ""),
        ("'hello'.indexOf('l', 99)", -1),
        (
            "'%s %d %.2f %x %X %o %b %e'.format(['a', 1, 1.255, 255, 'ab', 8, 5, 1000.0])",
            "a 1 1.25 ff 6162 10 101 1.000000\N{MULTIPLICATION SIGN}10⁰³",
        ),
        ("'%s %s %s'.format([[1, 'a'], {'a': 1}, 1e20])", '[1, "a"] {"a":1} 1e+20'),
        ("duration('1500ms').getMilliseconds()", 1500),
        ("'%.2f %f %d %s'.format([1234567.5, -1000.0, 1000, 1000.0])", "1,234,567.50 -1,000.000000 1000 1000"),
        ("string(timestamp('2026-01-01T00:00:00.5-05:30') + duration('1h'))", "2026-01-01T01:00:00.5-05:30"),
        ("semver('1.2.3-18446744073709551615').isLessThan(semver('1.2.3'))", True),
        ("url('https://a\u2100b/c').getHost() + url('HTTP://a]/c').getScheme()", "a\u2100bhttp"),
        ("url('mailto:a').getEscapedPath() + url('//a/b').getHost() + url('//a/b').getEscapedPath()", "//a/b"),
        ("url('http:///a').getEscapedPath() + url('http:/b').getEscapedPath()", "/a/b"),
        ("url('https://u@a:8/b?c=//d#e').getHost() + url('https://a').getEscapedPath()", "a:8"),
        ("timestamp('0001-01-01T00:00:00Z').getFullYear('-08:00')", 0),
        ("timestamp('0001-01-01T00:00:00Z').getDayOfYear('-08:00')", 365),
        ("timestamp('9999-12-31T23:00:00Z').getFullYear('Asia/Tokyo')", 10000),
        ("timestamp('2026-06-30T22:30:00Z').getDate('Europe/Amsterdam')", 1),
        ("timestamp('2026-06-30T22:30:00Z').getFullYear()", 2026),
        ("string(timestamp('0001-01-01T00:00:00-05:00') - duration('4h'))", "0000-12-31T20:00:00-05:00"),
        ("string(timestamp('0001-01-02T03:04:05.678Z'))", "0001-01-02T03:04:05.678Z"),
        ("'%f %f %.1f'.format([double('NaN'), 1.0 / 0.0, -1.0 / 0.0])", "NaN \N{INFINITY} -\N{INFINITY}"),
        ("'%e %e'.format([double('NaN'), -1.0 / 0.0])", "NaN -\N{INFINITY}"),
        ("'%s %s'.format([double('NaN'), [double('NaN'), 1.0 / 0.0, 1.5]])", 'NaN ["NaN", "+Inf", 1.500000]'),
        ("string(1.0 / 0.0)", "+Inf"),
        ("isCIDR('10.0.0.0/08') || isURL('http://a/%zz') || isSemver('1.2.3-01') || isQuantity(' 1')", False),
        ("url('https://u@[::1]:80/a b?x=%20y&q;').getHost()", "[::1]:80"),
        ("url('https://a/a b').getEscapedPath()", "/a%20b"),
        ("'abc 123 45'.find('[0-9]+')", "123"),
        ("'abc'.find('[0-9]+')", ""),
        ("'k=v; l=w'.find('(k|l)=(?P<value>[a-z])')", "k=v"),
        ("'k=v; l=w'.findAll('(k|l)=(?P<value>[a-z])')", ["k=v", "l=w"]),
        ("'k=v; l=w'.findAll('(k|l)=[a-z]', 1)", ["k=v"]),
        (r"'a(b)[(]c'.findAll(r'\([a-z]\)|[[(]+|[]\]]')", ["(b)", "[(", "]"]),
        (r"'a(b)'.find(r'\Q(b\E(\))')", "(b)"),
        (r"'x9(('.find(r'[[:digit:](]+')", "9(("),
        ("'baac'.findAll('a*')", ["", "aa", ""]),
        ("'baac'.findAll('a*', 2)", ["", "aa"]),
        ("'baac'.findAll('a*', 0)", []),
        (f"'{'a' * 60}'.find('(a+)+b')", ""),  # never ends for who tries all ways
    ],
)
def test_a_function_gives(expression: str, value: Any) -> None:
    assert engine.evaluate(policies.program(expression, ()), {}, Budget()) == value


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("dyn(true) in {1: 'a'}", False),
        ("dyn(1) in {true: 'a'}", False),
        ("dyn(1.0) in {1: 'a'} && dyn(1u) in {1: 'a'} && dyn(0) in {0u: 'a'}", True),
        ("true in {true: 'a'} && !(false in {true: 'a'})", True),
        ("{true: 'a'} == dyn({1: 'a'}) || {0: 'a'} == dyn({false: 'a'})", False),
        ("{1: 'a'} == dyn({1u: 'a'})", True),
        ("{1: 'a'}[?dyn(true)].hasValue() || {true: 'a'}[?dyn(1)].hasValue()", False),
        ("[{true: 'a'}].map(m, m[true])", ["a"]),
        ("{1: 'a', 2: 'b'}[2] + {1: 'a'}[dyn(1.0)]", "ba"),
    ],
)
def test_a_truth_is_no_number_as_a_key(expression: str, value: Any) -> None:
    assert engine.evaluate(policies.program(expression, ()), {}, Budget()) == value


LONG = 1_000_000


@pytest.mark.parametrize(
    ("function", "given", "value"),
    [
        ("trim", (f"\u2003a{' ' * LONG}b\u3000 ",), f"a{' ' * LONG}b"),
        ("lastIndexOf", ("a" * LONG, f"{'a' * 5000}b{'a' * 5000}"), -1),
        ("lastIndexOf", ("abcabc", "bc", 3), 1),
        ("lastIndexOf", ("abcabc", "bc", 4), 4),
        ("lastIndexOf", ("abcabc", "abcabcabc", 1), -1),
        ("double", ("1.",), 1.0),
        ("double", (".5e1",), 5.0),
        ("duration", ("1h.5m1.s2µs",), Duration(3_631_000_002_000)),
        ("duration", (f"{'0' * 5000}1.{'0' * 5000}s",), Duration(1_000_000_000)),
        ("findAll", ("a" * 200, "(a*b)?"), [""] * 201),
    ],
    ids=range(10),
)
def test_time_grows_with_the_text_alone(function: str, given: tuple[Any, ...], value: Any) -> None:
    assert FUNCTIONS[function].apply(given, Meter()) == value


@pytest.mark.parametrize(
    ("function", "text"),
    [
        ("double", "1" * LONG + "x"),
        ("double", "1" * LONG + ".1x"),
        ("duration", "1" * LONG),
        ("duration", "1" * LONG + "s"),
        ("duration", "1h" * 9999 + "x"),
        ("duration", "1.5"),
        ("duration", ""),
        ("duration", "+"),
        ("timestamp", "2026-01-01T00:00:00+25:00"),
        ("timestamp", "2026-01-01T00:00:00-01:61"),
        ("timestamp", "2026-01-01T00:00:00.\u0661Z"),
    ],
    ids=range(11),
)
def test_time_to_refuse_grows_with_the_text_alone(function: str, text: str) -> None:
    refused = FUNCTIONS[function].apply((text,), Meter())
    assert isinstance(refused, Failure)
    assert refused.message.startswith("type conversion error from 'string' to")


def test_finding_nothing_all_over_a_long_text_is_broken_off() -> None:
    with pytest.raises(CostExceeded):
        FUNCTIONS["findAll"].apply(("a" * LONG, "(a*b)?"), Meter())


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("'%.900000000f'.format([1.0])", "precision 900000000 exceeds maximum allowed precision 1100"),
        ("'a'.find('a' + '(')", "Illegal regex: error parsing regexp: missing closing ): `a(`"),
        ("ip('01.2.3.4')", 'ParseAddr("01.2.3.4"): IPv4 field has octet with leading zero'),
        ("ip('256.1.1.1')", 'ParseAddr("256.1.1.1"): IPv4 field has value >255'),
        ("ip('::g')", 'ParseAddr("::g"): each colon-separated field must have at least one digit (at "g")'),
        ("ip('1:2')", 'ParseAddr("1:2"): address string too short'),
        ("ip('1::2::3')", 'ParseAddr("1::2::3"): multiple :: in address (at ":3")'),
        ("cidr('10.0.0.0/33')", 'netip.ParsePrefix("10.0.0.0/33"): prefix length out of range'),
        ("cidr('10.0.0.0/')", 'netip.ParsePrefix("10.0.0.0/"): bad bits after slash: ""'),
        ("cidr('fe80::1%e/64')", 'netip.ParsePrefix("fe80::1%e/64"): IPv6 zones cannot be present in a prefix'),
        ("semver('v1.2.3')", 'Invalid character(s) found in major number "v1"'),
        ("semver('01.2.3')", 'Major number must not contain leading zeroes "01"'),
        ("semver('1.2.3-a..b')", "Prerelease is empty"),
        ("semver('1.2')", "No Major.Minor.Patch elements found"),
        ("url('http://a:b')", 'parse "http://a:b": invalid port ":b" after host'),
        ("url('http://a b/')", 'parse "http://a b/": invalid character " " in host name'),
        ("url('')", 'parse "": empty url'),
        ("[1][dyn(double('NaN'))]", "unsupported index value NaN in list"),
        ("[1][dyn(1.0 / 0.0)]", "unsupported index value +Inf in list"),
        ("[1][dyn(1.5)]", "unsupported index value 1.5 in list"),
        (
            "timestamp('2026-01-01T00:00:00Z').getHours('9999999999999999999999:00')",
            'strconv.Atoi: parsing "9999999999999999999999": value out of range',
        ),
        ("timestamp('2026-01-01T00:00:00Z').getHours('24:00')", "unknown time zone 24:00"),
        (
            "'%x'.format([dyn([1])])",
            "error during formatting: only integers, byte buffers, and strings can be formatted as hex, was given list",
        ),
        ("'%X'.format([dyn(null)])", "can be formatted as hex, was given null_type"),
        (
            "'%d'.format([dyn(true)])",
            "error during formatting: decimal clause can only be used on integers, was given bool",
        ),
        ("'%s'.format([dyn(optional.of(1))])", "durations, and timestamps, was given optional_type"),
        ("'%s'.format([[dyn(ip('::1'))]])", "error during formatting: no formatting function for net.IP"),
        (f"semver('1.2.3-{'9' * 5000}')", f'strconv.ParseUint: parsing "{"9" * 5000}": value out of range'),
        ("semver('1.2.18446744073709551616')", 'strconv.ParseUint: parsing "18446744073709551616": value out of range'),
        ("{1: 'a'}[dyn(true)]", "no such key: true"),
        ("{true: 'a'}[dyn(1)]", "no such key: 1"),
        ("'hello'.substring(3, 1)", "invalid substring range. start: 3, end: 1"),
        ("'hello'.substring(9)", "index out of range: 9"),
    ],
)
def test_what_is_no_such_value_is_told_in_the_words_of_go(expression: str, message: str) -> None:
    with pytest.raises(engine.EvaluationError) as failed:
        engine.evaluate(policies.program(expression, ()), {}, Budget())
    assert str(failed.value).endswith(message)


@pytest.mark.parametrize(
    "expression",
    [
        "timestamp('0001-01-01T00:00:00Z').getFullYear('-08:00')",
        "timestamp('2026-01-01T00:00:00Z').getHours('99999999999999:00')",
        "string(timestamp('0001-01-01T00:00:00-05:00') - duration('4h'))",
        "'%x'.format([dyn([1])])",
        "'%x'.format([dyn(null)])",
        "dyn(optional.of([1])) in {'a': 1}",
        "dyn(optional.of([1])) in [1, 2]",
    ],
)
def test_whatever_cannot_be_computed_is_no_error_of_the_server(expression: str) -> None:
    value, cost = engine.evaluated(policies.program(expression, ()), {})
    assert (isinstance(value, (engine.Failure, str, int)), cost > 0) == (True, True)


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
    ("wrong", "more"), [(100, []), (101, ["1 more errors were truncated"]), (399, ["299 more errors were truncated"])]
)
def test_a_hundred_faults_are_told(wrong: int, more: list[str]) -> None:
    with pytest.raises(engine.CompileError) as refused:
        PLACE.check(f"[{{1: 1{', 2: true' * wrong}}}].size() == 1")
    lines = str(refused.value).splitlines()
    assert [line for line in lines if "expected type 'int' but found 'bool'" in line] == lines[0:300:3]
    assert lines[300:] == more


def test_a_very_long_line_is_not_shown() -> None:
    with pytest.raises(engine.CompileError) as refused:
        PLACE.check(f"[1, '{'a' * 20_000}'] == []")
    assert str(refused.value) == "ERROR: <input>:1:5: expected type 'int' but found 'string'"


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
    assert (
        engine.evaluate(
            policies.program("[JSONPatch{path: jsonpatch.escapeKey('a/b~')}][0].path", (), patches=True), {}, Budget()
        )
        == "a~1b~0"
    )
