from __future__ import annotations

import pytest

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
