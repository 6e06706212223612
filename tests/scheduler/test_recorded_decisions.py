"""Decisions of a real kube-scheduler 1.36 on 240 random clusters, replayed through ours."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from gitopslab.controlplane.scheduler.replay import decide, differences, main

RECORDING = Path(__file__).parent / "recorded" / "cases.json"
CASES: list[dict[str, Any]] = json.loads(RECORDING.read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=[case["pod"]["metadata"]["name"] for case in CASES])
def test_decides_as_the_real_scheduler_did(case: dict[str, Any]) -> None:
    assert list(differences(case, decide(case))) == []


def replayed(tmp_path: Path, cases: Any) -> int:
    file = tmp_path / "cases.json"
    file.write_text(cases if isinstance(cases, str) else json.dumps(cases), encoding="utf-8")
    return main([str(file)])


def a_case_with_a_choice() -> dict[str, Any]:
    return copy.deepcopy(next(case for case in CASES if len(case["scores"]) > 1))


def test_agreement_is_told_in_the_last_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert replayed(tmp_path, CASES[:3]) == 0
    assert capsys.readouterr().out == "3/3 cases agree\n"


@pytest.mark.parametrize("what", ["scores", "plugin_scores", "message", "node", "feasible"])
def test_whatever_differs_is_told_and_fails(what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = a_case_with_a_choice()
    worst = min(case["scores"], key=case["scores"].__getitem__)
    if what == "scores":
        case["scores"][worst] += 1
    elif what == "plugin_scores":
        case["plugin_scores"][worst]["TaintToleration"] -= 1
    elif what == "message":
        case["message"] = "0/1 nodes are available: it rains."
    elif what == "node":
        case["node"] = "elsewhere"
    else:
        del case["scores"][worst], case["plugin_scores"][worst]
    assert replayed(tmp_path, [case, CASES[0]]) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("case 1 (")
    assert said[-1] == "1/2 cases agree"


def test_a_case_that_cannot_be_decided_does_not_hide_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = a_case_with_a_choice()
    broken["nodes"][0]["status"]["allocatable"]["cpu"] = "many"
    assert replayed(tmp_path, [broken, CASES[0]]) == 1
    said = capsys.readouterr().out
    assert "cannot be decided: ValueError" in said
    assert said.endswith("1/2 cases agree\n")


@pytest.mark.parametrize(
    ("content", "reason"),
    [("{", "not JSON"), ("{}", "no list of cases"), ([{"nodes": []}], "case 1 has no message, node, plugin_scores")],
    ids=["half a file", "no list", "half a case"],
)
def test_a_file_that_is_no_recording_is_refused(
    content: Any, reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert replayed(tmp_path, content) == 2
    assert reason in capsys.readouterr().err


def test_a_file_that_is_not_there_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "none.json")]) == 2
    assert "No such file" in capsys.readouterr().err
