"""The language of ``rules:if``, held to a table of facts."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from gitopslab.ci import expressions
from gitopslab.ci.expressions import ExpressionError

TABLE = yaml.safe_load((Path(__file__).parent / "tables" / "expressions.yaml").read_text(encoding="utf-8"))


def answer(expression: str) -> bool | str:
    """What the linter and a pipeline make of an expression."""
    try:
        return expressions.evaluate(expression, TABLE["variables"])
    except ExpressionError:
        return "error"


@pytest.mark.parametrize("case", TABLE["cases"], ids=lambda case: case["as"] or "nothing")
def test_an_expression_is_what_gitlab_says(case: dict[str, Any]) -> None:
    assert answer(case["as"]) == case["is"]


def test_the_table_is_as_large_as_it_was_meant_to_be() -> None:
    assert len(TABLE["cases"]) >= 150


def test_a_running_pipeline_takes_an_invalid_expression_for_false() -> None:
    assert not expressions.is_true('$TS = "abcde"', TABLE["variables"])


@pytest.mark.parametrize("count", [99, 100])
def test_a_hundred_tokens_are_too_many(count: int) -> None:
    expression = "!" * (count - 1) + "$PRESENT"
    problem = expressions.problem_of(expression)
    assert (problem is None) == (count < 100)


def test_an_error_says_where_and_what_to_write() -> None:
    problem = expressions.problem_of(r"$CI_COMMIT_TAG =~ /^v\d+$/" + "\\")
    assert problem is not None
    assert (problem.message, problem.column) == ("Unknown lexeme found!", 27)
    assert "flags" in problem.hint


def test_an_error_of_the_pattern_engine_is_told() -> None:
    problem = expressions.problem_of("$X =~ /(?=later)/")
    assert problem is not None
    assert "look-ahead" in problem.hint


def test_a_pattern_that_would_take_another_engine_forever_is_quick() -> None:
    assert not expressions.evaluate("$X =~ /^(a+)+$/", {"X": "a" * 5000 + "!"})


def test_the_account_of_an_expression_gives_its_values() -> None:
    said = expressions.account('$BR == "main" && $UNDEF', TABLE["variables"])
    assert said == '$BR is "main", $UNDEF is undefined'
