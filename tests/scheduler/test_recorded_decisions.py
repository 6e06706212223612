"""240 decisions of a real kube-scheduler 1.36, when the recording lies beside the checkout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gitopslab.controlplane.scheduler.explain import explain

RECORDING = Path(__file__).resolve().parents[3] / "shared" / "scheduling" / "cases.json"
CASES: list[dict[str, Any]] = json.loads(RECORDING.read_text()) if RECORDING.exists() else []


@pytest.mark.skipif(not CASES, reason=f"no recording at {RECORDING}")
@pytest.mark.parametrize("case", CASES, ids=[case["pod"]["metadata"]["name"] for case in CASES])
def test_decides_as_the_real_scheduler_did(case: dict[str, Any]) -> None:
    decision = explain(case["pod"], case["nodes"], case["pods"])
    scores = {verdict.node: verdict.scores for verdict in decision.verdicts if verdict.scores}
    assert (decision.message or None) == case["message"]
    assert {node: sum(parts.values()) for node, parts in scores.items()} == case["scores"]
    assert scores == case["plugin_scores"]
    if case["scores"]:
        assert decision.node in {
            node for node, score in case["scores"].items() if score == max(case["scores"].values())
        }
    else:
        assert decision.node == case["node"]
