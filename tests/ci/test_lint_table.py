"""What GitLab's linter says, held to a table of facts, with the lines and hints that it does not give."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from gitopslab import ci

TABLE = yaml.safe_load((Path(__file__).parent / "tables" / "lint.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", TABLE, ids=lambda case: case["name"])
def test_the_linter_says_what_gitlab_says(case: dict[str, Any]) -> None:
    errors = ci.lint(case["file"]).of("error")
    expected = sorted(((line, message) for line, message in case["errors"]), key=lambda pair: pair[0])
    assert [(one.place.line, one.message) for one in errors] == expected
    assert all(one.hint for one in errors)
    assert case.get("hint", "") in " ".join(one.hint for one in errors)


@pytest.mark.parametrize("case", [case for case in TABLE if case["errors"]], ids=lambda case: case["name"])
def test_a_file_that_gitlab_refuses_makes_no_pipeline(case: dict[str, Any]) -> None:
    with pytest.raises(ci.ConfigurationError) as refused:
        ci.read(case["file"])
    assert refused.value.message.startswith(case["errors"][0][1])


def test_the_table_is_as_large_as_it_was_meant_to_be() -> None:
    assert len(TABLE) >= 60
