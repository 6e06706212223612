"""The table that notebook 12 fills."""

from __future__ import annotations

import importlib.util
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "notebooks" / "side_by_side.py"


def test_it_is_shown_as_a_table_that_wraps_and_in_a_terminal_as_text() -> None:
    spec = importlib.util.spec_from_file_location("side_by_side", SOURCE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    observed = module.Observed(lab=None)
    observed.put("rollouts", 3, "<none>")
    assert repr(observed).splitlines()[1].split() == ["rollouts", "3", "<none>"]
    assert [observed._repr_html_().count(cell) for cell in (">Argo CD</th>", ">3</td>", ">&lt;none&gt;</td>")] == [
        1,
        1,
        1,
    ]
