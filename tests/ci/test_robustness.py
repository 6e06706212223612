"""Whatever stands in a file, there is an answer: a finding or a pipeline, never a failure of the lab."""

from typing import Any

import pytest
import yaml

from gitopslab import ci
from gitopslab.ci.entries.keywords import keywords

ODD: list[Any] = [
    None, True, 0, -1, 3.5, 10**30, "", "x", "/a/", [], [None], [1], ["a"], [["a"]], [{}], {}, {"a": 1},
    {"name": None}, {"job": "a"}, {"matrix": [{"A": ["x"]}]}, {"matrix": "x"}, {"paths": "a"}, {"rules": [1]},
    [{"if": "$A", "needs": 1}],
]  # fmt: skip
PLACES = [("root", word) for word in keywords("root")] + [("job", word) for word in keywords("job", "common", "bridge")]


def file_with(place: str, word: str, value: Any) -> str:
    """A file that is fine but for one keyword."""
    job: dict[str, Any] = {"script": ["x"]}
    root: dict[str, Any] = {"a": {"script": ["x"]}, "job": job}
    (root if place == "root" else job)[word] = value
    return yaml.safe_dump(root, sort_keys=False)


@pytest.mark.parametrize(("place", "word"), PLACES, ids=lambda part: part)
def test_an_odd_value_gets_an_answer(place: str, word: str) -> None:
    for value in ODD:
        text = file_with(place, word, value)
        report = ci.lint(text)
        assert all(one.message and one.place.line for one in report.of("error"))
        if report.is_valid:
            configuration = ci.read(text)
            for name in configuration.jobs:
                assert ci.explain(configuration, name, ci.Event("tag")).text
        else:
            with pytest.raises(ci.ConfigurationError):
                ci.read(text)
