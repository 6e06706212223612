"""What the command line says before any cluster is there: help, usage, errors, and only the answer on its output."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gitopslab import __version__
from gitopslab.cli.console import say_markdown
from gitopslab.clusters.state import Record, folder

from .conftest import Said

Call = Callable[..., Said]

COMMANDS = [
    "lab", "notebooks", "up", "down", "status", "list", "reset", "kubeconfig", "kubectl", "doctor", "run",
    "start", "check", "hint", "solution", "finish", "progress", "class", "rehearse",
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(gitopslab: Call, command: str) -> None:
    said = gitopslab(command, "--help")
    assert said.code == 0
    assert f"gitopslab {command}" in said.out.partition("For example")[2]


def test_the_version_is_the_packages(gitopslab: Call) -> None:
    assert gitopslab("--version").out == f"gitopslab {__version__}\n"


def test_a_task_is_shown_without_the_marks_of_markdown(capfd: pytest.CaptureFixture[str]) -> None:
    say_markdown("### 00-1 Five\n\nMake it **five** of `hello`.\n\n| key | deed |\n|---|---|\n| a | b |")
    shown = capfd.readouterr().out
    assert [line.strip() for line in shown.splitlines()[:3]] == ["00-1 Five", "", "Make it five of hello."]
    assert not {"#", "*", "`", "|"} & set(shown)


def test_no_command_shows_what_there_is(gitopslab: Call) -> None:
    said = gitopslab()
    listed = said.out + said.err
    assert all(command in listed for command in COMMANDS)
    assert "..." not in listed.partition("Commands:")[2], "no sentence is cut"
    assert listed.startswith("Usage: gitopslab ")


@pytest.mark.parametrize(
    "words",
    [
        ["up", "--nodes"],
        ["fly"],
        ["up", "--workers", "-1"],
        ["up", "--workers", "101"],
        ["up", "--port", "70000"],
        ["up", "--config", "/nowhere"],
    ],
)
def test_wrong_usage_ends_with_two(gitopslab: Call, words: list[str]) -> None:
    assert gitopslab(*words).code == 2


@pytest.mark.parametrize(
    ("words", "what", "next_step"),
    [
        pytest.param(
            ["up", "--cluster", "minikube"], "no kind of cluster 'minikube'", "embedded, kind, k3d", id="kind"
        ),
        pytest.param(["up", "--name", "My Lab"], "cannot be the name", "--name lab", id="name"),
        pytest.param(["kubeconfig"], "no embedded cluster lab", "gitopslab up --name lab", id="kubeconfig"),
        pytest.param(["kubectl", "get", "pods"], "no embedded cluster lab", "gitopslab up", id="kubectl"),
        pytest.param(["reset", "--cluster", "kind"], "no kind cluster lab", "up --cluster kind", id="reset"),
        pytest.param(["run", "no-such-notebook"], "no notebook no-such-notebook", "00-start", id="run"),
        pytest.param(["check", "00-1"], "no embedded cluster lab", "gitopslab up --name lab", id="check"),
    ],
)
def test_an_error_says_what_happened_and_what_to_do_next(
    gitopslab: Call, words: list[str], what: str, next_step: str
) -> None:
    said = gitopslab(*words)
    assert said.code == 1
    assert said.out == ""
    message, _, hint = said.err.partition("Next: ")
    assert what in message
    assert next_step in hint
    assert "Traceback" not in said.err


def test_what_nobody_foresaw_is_one_line_and_the_command_that_shows_more(
    gitopslab: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gitopslab.cli.clusters.known", lambda _troubles: {}["surprise"])
    said = gitopslab("list")
    assert (said.code, said.out) == (1, "")
    assert "KeyError: 'surprise'" in said.err
    assert "gitopslab --debug list" in said.err
    assert "Traceback" not in said.err


def test_a_terminal_whose_folder_is_gone_is_told(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    lost = f"import os, sys; os.rmdir({str(gone)!r}); sys.argv = ['gitopslab', 'notebooks']"
    program = f"{lost}; from gitopslab.cli import main; main()"
    said = subprocess.run([sys.executable, "-c", program], cwd=gone, capture_output=True, text=True, check=False)
    assert said.stderr == "Error: The folder that this terminal is in is gone\n  Next: Go to another: cd ~\n"


def test_debug_shows_where_an_error_came_from(home: Path) -> None:
    command = [sys.executable, "-m", "gitopslab", "--debug", "up", "--cluster", "minikube"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "Traceback" in ended.stderr


def test_no_cluster_yet_says_how_to_make_one(gitopslab: Call) -> None:
    said = gitopslab("list")
    assert (said.code, said.out) == (0, "")
    assert "gitopslab up" in said.err
    assert json.loads(gitopslab("list", "--json").out) == []


def test_the_status_of_no_cluster_is_absent(gitopslab: Call) -> None:
    assert "absent" in gitopslab("status").out
    assert json.loads(gitopslab("status", "--json").out)["state"] == "absent"


def test_a_topology_that_cannot_be_is_said_before_a_cluster_is_made(gitopslab: Call, tmp_path: Path) -> None:
    (tmp_path / "nodes.yaml").write_text("nodes: [{name: a, cpu: many}]")
    said = gitopslab("up", "--config", str(tmp_path / "nodes.yaml"))
    assert (said.code, "'many' must be an amount" in said.err, "starting" in said.err) == (1, True, False)


def test_down_without_a_cluster_is_no_error(gitopslab: Call) -> None:
    said = gitopslab("down")
    assert said.code == 0
    assert "no embedded cluster lab" in said.err


def test_the_environment_chooses_the_cluster(gitopslab: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITOPSLAB_NAME", "other")
    assert "other" in gitopslab("status").out


def test_hints_can_be_pasted_by_those_who_came_through_start_py(
    gitopslab: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITOPSLAB_COMMAND", "python3 start.py")
    assert "Next: python3 start.py up --name lab" in gitopslab("kubeconfig").err


def test_stopped_clusters_are_listed(gitopslab: Call) -> None:
    for name in ("one", "two"):
        folder("embedded", name).write(Record(name, "embedded", phase="ready", port=16443))
    said = gitopslab("list")
    assert [line.split()[:3] for line in said.out.splitlines()] == [
        ["NAME", "CLUSTER", "STATE"],
        ["one", "embedded", "stopped"],
        ["two", "embedded", "stopped"],
    ]


def test_doctor_prints_findings_for_programs(gitopslab: Call) -> None:
    said = gitopslab("doctor", "--json")
    found = json.loads(said.out)
    assert found["ok"] is (said.code == 0)
    assert {"name", "verdict", "message", "fix"} == set(found["findings"][0])


def test_starting_a_cluster_loads_nothing_heavy() -> None:
    """`gitopslab up` shall take a second and a half; each of these alone would take half a second of it."""
    code = (
        "import sys, gitopslab.cli.app, gitopslab.clusters.embedded\n"
        "heavy = {'kubernetes', 'matplotlib', 'jupyter_client', 'nbclient', 'numpy', 'rich', 'IPython', 'psutil'}\n"
        "sys.exit(' '.join(sorted(heavy & set(sys.modules))))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.stderr.strip() == ""
