"""kubectl as in a terminal, on one cluster only."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gitopslab.clusters.terminal import kubectl
from gitopslab.clusters.tool import Answer
from gitopslab.errors import SetupError

MANIFEST = '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "given"}}'


class Screen:
    """What was shown, piece by piece."""

    def __init__(self) -> None:
        self.pieces: list[tuple[str, bool]] = []

    def show(self, text: str, is_error: bool) -> None:
        self.pieces.append((text, is_error))

    def text(self, *, errors: bool) -> str:
        return "".join(text for text, is_error in self.pieces if is_error == errors)


@pytest.fixture
def screen() -> Screen:
    return Screen()


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Path:
    file = tmp_path / "kubeconfig"
    clusters = [{"name": "ours", "cluster": {"server": "http://127.0.0.1:1"}}]
    contexts = [{"name": "x", "context": {"cluster": "ours"}}]
    file.write_text(json.dumps({"clusters": clusters, "contexts": contexts, "current-context": "x"}))
    return file


def run(words: str, screen: Screen, kubeconfig: Path, given: str | None = None) -> Answer:
    return kubectl(words.split(), kubeconfig, screen.show, given=given)


def test_it_knows_the_given_cluster_and_no_other(
    screen: Screen, kubeconfig: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", "/somebody/elses")
    assert run("config get-clusters", screen, kubeconfig).out == "NAME\nours\n"


def test_output_is_shown_and_kept(screen: Screen, kubeconfig: Path) -> None:
    answer = run("config get-clusters", screen, kubeconfig)
    assert answer.ok
    assert screen.text(errors=False) == answer.out


def test_a_failure_is_an_answer_too(screen: Screen, kubeconfig: Path) -> None:
    answer = run("nonsense", screen, kubeconfig)
    assert answer.code == 1
    assert 'unknown command "nonsense"' in screen.text(errors=True) == answer.err


def test_text_can_be_given_to_it(screen: Screen, kubeconfig: Path) -> None:
    answer = run("label --local -f - a=b -o name", screen, kubeconfig, given=MANIFEST)
    assert answer.out == "configmap/given\n"


@pytest.mark.parametrize("option", ["--context", "--context=x", "--kubeconfig=f", "-s", "--server=y", "--cluster"])
def test_an_option_that_means_another_cluster_is_refused(screen: Screen, kubeconfig: Path, option: str) -> None:
    with pytest.raises(SetupError, match="another cluster"):
        run(f"config view {option}", screen, kubeconfig)


def test_what_stands_behind_two_dashes_is_for_the_container(screen: Screen, kubeconfig: Path) -> None:
    assert "127.0.0.1:1" in run("exec web -- curl -s localhost", screen, kubeconfig).err


def test_without_a_kubeconfig_it_is_not_run(screen: Screen, tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="there is no cluster"):
        run("get pods", screen, tmp_path / "none")
