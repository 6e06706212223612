from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitopslab.machinery import selectors

DEV = {"app": "web", "env": "dev", "n": "2"}


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("", True),
        ("app=web", True),
        ("app==web,env=dev", True),
        ("app!=web", False),
        ("absent!=x", True),
        ("env in (dev, prod)", True),
        ("env notin (dev)", False),
        ("absent notin (dev)", True),
        ("env", True),
        ("!absent", True),
        ("!env", False),
        ("n>1", True),
        ("n<2", False),
        ("app>1", False),
        ("app=", False),
        ("absent in ()", False),
        ("env in (,dev)", True),
        (" env = dev , n ", True),
        ("in=x", False),
    ],
)
def test_label_selectors_match_as_kubectl_documents(text: str, matches: bool) -> None:
    assert selectors.parse_labels(text).matches(DEV) is matches


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a=b=c", "found '=', expected: ',' or 'end of string'"),
        ("!a=b", "found '=', expected: ',' or 'end of string'"),
        ("a in (b))", "found ')', expected: ',' or 'end of string'"),
        ("=", "found '=', expected: !, identifier, or 'end of string'"),
        (",a", "found ',', expected: !, identifier, or 'end of string'"),
        ("(a)", "found '(', expected: !, identifier, or 'end of string'"),
        ("a,", "found '', expected: identifier after ','"),
        ("a,,b", "found ',', expected: identifier after ','"),
        ("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
        ("a!", "unable to parse requirement: found '!', expected: in, notin, =, ==, !=, gt, lt"),
        ("!", "unable to parse requirement: found '', expected: identifier"),
        ("a in", "unable to parse requirement: found '' expected: '('"),
        ("a in b", "unable to parse requirement: found 'b' expected: '('"),
        ("a in (", "unable to parse requirement: found '', expected: ',', ')' or identifier"),
        ("a in (b", "unable to parse requirement: found '', expected: ',' or ')'"),
        ("a in (b c)", "unable to parse requirement: found 'c', expected: ',' or ')'"),
        (
            "a>bc",
            'unable to parse requirement: values[0]: Invalid value: "bc": '
            "for 'Gt', 'Lt' operators, the value must be an integer",
        ),
    ],
)
def test_a_broken_selector_is_refused_in_the_servers_words(text: str, message: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  the message is compared whole
        selectors.parse_labels(text)
    assert str(caught.value) == message


def test_no_label_selector_selects_nothing_and_an_empty_one_everything() -> None:
    assert selectors.from_label_selector(None) is None
    everything = selectors.from_label_selector({})
    assert everything is not None
    assert everything.matches({})


def test_match_expressions_and_match_labels_must_all_hold() -> None:
    selector = selectors.from_label_selector(
        {"matchLabels": {"app": "web"}, "matchExpressions": [{"key": "env", "operator": "NotIn", "values": ["prod"]}]}
    )
    assert selector is not None
    assert selector.matches(DEV)
    assert not selector.matches({**DEV, "env": "prod"})


def test_field_terms_say_what_a_path_must_be_or_not_be() -> None:
    assert selectors.parse_fields("status.phase!=Running,spec.nodeName=,metadata.name==a") == (
        ("status.phase", False, "Running"),
        ("spec.nodeName", True, ""),
        ("metadata.name", True, "a"),
    )


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("", ()),
        (",metadata.name=a,", (("metadata.name", True, "a"),)),
        (r"a=b\,c", (("a", True, "b,c"),)),
        (r"a=b\=\\", (("a", True, "b=\\"),)),
    ],
)
def test_field_terms_may_be_empty_and_values_escaped(text: str, terms: tuple[tuple[str, bool, str], ...]) -> None:
    assert selectors.parse_fields(text) == terms


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a", "invalid selector: 'a'; can't understand 'a'"),
        ("a===b", "invalid field selector: unescaped character in value: 61"),
        (r"a=b\q", r"invalid field selector: invalid escape sequence: \q"),
        ("a=b\\", "invalid field selector: invalid escape sequence: \\"),
    ],
)
def test_a_broken_field_selector_is_refused_in_the_servers_words(text: str, message: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  the message is compared whole
        selectors.parse_fields(text)
    assert str(caught.value) == message


KEYS, VALUES = st.sampled_from(["app", "env", "example.com/x"]), st.sampled_from(["a", "b", "c"])
LABELS = st.dictionaries(KEYS, VALUES, max_size=3)
SETS = st.lists(VALUES, min_size=1, max_size=2, unique=True)
EXPRESSIONS = st.builds(
    lambda key, operator,
    values: {"key": key, "operator": operator, **({"values": values} if "In" in operator else {})},
    KEYS, st.sampled_from(["In", "NotIn", "Exists", "DoesNotExist"]), SETS,
)  # fmt: skip
SELECTORS = st.fixed_dictionaries(
    {}, optional={"matchLabels": LABELS, "matchExpressions": st.lists(EXPRESSIONS, max_size=3)}
)


def holds(expression: dict[str, Any], labels: dict[str, str]) -> bool:
    """What the API's documentation says of each operator."""
    value = labels.get(expression["key"])
    return {
        "In": value is not None and value in expression.get("values", ()),
        "NotIn": value is None or value not in expression.get("values", ()),
        "Exists": value is not None,
        "DoesNotExist": value is None,
    }[expression["operator"]]


@given(SELECTORS, LABELS)
def test_both_forms_of_a_selector_select_what_the_documentation_says(
    selector: dict[str, Any], labels: dict[str, str]
) -> None:
    wanted = all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())
    wanted = wanted and all(holds(expression, labels) for expression in selector.get("matchExpressions", ()))
    parsed = selectors.from_label_selector(selector)
    assert parsed is not None
    assert parsed.matches(labels) == wanted
    assert selectors.parse_labels(selectors.label_selector_text(selector)).matches(labels) == wanted


@given(KEYS, SETS, LABELS)
def test_in_and_not_in_are_opposites(key: str, values: list[str], labels: dict[str, str]) -> None:
    listed = ",".join(values)
    inside, outside = (selectors.parse_labels(f"{key} {word} ({listed})") for word in ("in", "notin"))
    assert inside.matches(labels) != outside.matches(labels)


@given(LABELS, LABELS)
def test_what_a_service_selects_has_all_its_pairs(wanted: dict[str, str], labels: dict[str, str]) -> None:
    assert selectors.from_map(wanted).matches(labels) == (wanted.items() <= labels.items())


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused_and_nothing_worse(text: str) -> None:
    for read in (selectors.parse_labels, selectors.parse_fields):
        with contextlib.suppress(ValueError):
            read(text)
