from __future__ import annotations

from typing import Any

import pytest

from gitopslab.machinery.selectors import label_selector_text


@pytest.mark.parametrize(
    ("selector", "text"),
    [
        (None, ""),
        ({}, ""),
        ({"matchLabels": {"b": "2", "a": "1"}}, "a=1,b=2"),
        ({"matchExpressions": [{"key": "k", "operator": "In", "values": ["z", "a"]}]}, "k in (a,z)"),
        ({"matchExpressions": [{"key": "k", "operator": "NotIn", "values": ["a"]}]}, "k notin (a)"),
        ({"matchExpressions": [{"key": "k", "operator": "Exists"}, {"key": "a", "operator": "DoesNotExist"}]}, "!a,k"),
    ],
    ids=["nothing", "everything", "pairs", "in", "not in", "existence"],
)
def test_a_label_selector_reads_as_go_prints_it(selector: dict[str, Any] | None, text: str) -> None:
    assert label_selector_text(selector) == text
