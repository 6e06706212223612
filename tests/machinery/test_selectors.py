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
    ],
)
def test_label_selectors_match_as_kubectl_documents(text: str, matches: bool) -> None:
    assert selectors.parse_labels(text).matches(DEV) is matches


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a=b=c", "found '=', expected: ',' or 'end of string'"),
        ("a in b", "found values without '(', expected: '('"),
        (",a", "found ',', expected: !, identifier, or ',' or 'end of string'"),
        ("a b", "found 'b', expected: in, notin, =, ==, !=, gt, lt"),
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
