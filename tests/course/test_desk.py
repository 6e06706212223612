"""A learner's way through an exercise: begin, look, ask, do, be done; and what is remembered of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from fast_cluster import FastCluster

from gitopslab.clusters.client import Client
from gitopslab.clusters.images import Images
from gitopslab.clusters.kubectl import Kubectl
from gitopslab.course import catalogue
from gitopslab.course.desk import Desk, progress_in
from gitopslab.course.voice import Cell, Terminal, Voice
from gitopslab.errors import LabError, SharedClusterError


class Learner:
    """A desk, and what was said to the one who sits at it."""

    def __init__(self, cluster: FastCluster, client: Client, folder: Path, images: Images, voice: Voice) -> None:
        self.said: list[str] = []
        self.kubectl = Kubectl(cluster.kubeconfig)
        self.folder = folder
        self.desk = Desk(client, self.kubectl, folder, images, voice, self.said.append, install={}, patient=False)
        self._cluster = cluster

    def types(self, words: str) -> None:
        self.kubectl.must(["-n", "exercise-00-1", *words.split()])
        self._cluster.advance(30)

    def remembered(self) -> dict[str, object]:
        content = json.loads((self.folder / ".gitopslab" / "progress.json").read_text())
        found: dict[str, object] = content["exercises"]["00-1-five-pods"]
        return found


@pytest.fixture
def learner(cluster: FastCluster, client: Client, images: Images, tmp_path: Path) -> Iterator[Learner]:
    """One in a notebook."""
    made = Learner(cluster, client, tmp_path, images, Cell())
    yield made
    made.desk.finish("00-1")


def test_from_the_beginning_to_the_end(learner: Learner) -> None:
    assert "### 00-1" in learner.desk.start("00-1").task
    assert not learner.desk.check("00-1")
    learner.types("scale deployment hello --replicas=5")
    done = learner.desk.check("00-1")
    assert done
    assert done.text.startswith("Done: The Deployment hello asks for five pods")
    assert learner.remembered()["passed"]
    assert "1 of " in progress_in(learner.folder, learner.said.append).text


def test_a_failing_check_says_what_where_and_what_next(learner: Learner) -> None:
    learner.desk.start("00-1")
    assert learner.desk.check("00-1").text.splitlines()[3:8] == [
        "✗ deployment/hello, spec.replicas",
        "    found     3",
        "    expected  5",
        "    This number is the wish. The controller compares it with the pods there are.",
        '    look      lab.kubectl("get deployment hello")',
    ]


def test_in_a_terminal_commands_are_those_of_a_terminal(
    cluster: FastCluster, client: Client, images: Images, tmp_path: Path
) -> None:
    learner = Learner(cluster, client, tmp_path, images, Terminal("--name other"))
    learner.desk.start("00-1")
    said = learner.desk.check("00-1").text
    assert "look      gitopslab kubectl --name other -n exercise-00-1 get deployment hello" in said
    assert said.endswith("Hint: gitopslab hint --name other 00-1")
    learner.desk.finish("00-1")


def test_an_exercise_that_has_not_begun_says_how_to_begin(learner: Learner) -> None:
    for answer in (learner.desk.check("00-1"), learner.desk.hint("00-1")):
        assert answer.text.endswith('Next: lab.start("00-1")')
    assert not (learner.folder / ".gitopslab").exists(), "nothing is remembered of what was not begun"


def test_beginning_twice_keeps_what_was_done_and_again_takes_it_away(learner: Learner) -> None:
    learner.desk.start("00-1")
    learner.types("scale deployment hello --replicas=4")
    learner.desk.start("00-1")
    assert 'lab.start("00-1", again=True) begins anew' in learner.said[-1]
    assert "found     4" in learner.desk.check("00-1").text
    learner.desk.start("00-1", again=True)
    assert "found     3" in learner.desk.check("00-1").text


def test_hints_go_from_a_nudge_to_the_answer_and_read_what_there_is(learner: Learner) -> None:
    learner.desk.start("00-1")
    texts = [learner.desk.hint("00-1").text for _ in range(4)]
    assert [text.splitlines()[0] for text in texts] == [
        f"Hint {which} of 3. Now: deployment/hello, spec.replicas is 3." for which in (1, 2, 3, 3)
    ]
    learner.types("run mine --image=nginx:1.27")
    assert "You made pods" in learner.desk.hint("00-1", 1).text
    learner.types("delete deployment/hello pod/mine --now")
    assert "Now: deployment/hello is not there." in learner.desk.hint("00-1", 1).text
    with pytest.raises(LabError, match="no hint 4"):
        learner.desk.hint("00-1", 4)


def test_the_solution_is_what_one_types_and_is_remembered(learner: Learner) -> None:
    learner.desk.start("00-1")
    assert 'lab.kubectl("scale deployment hello --replicas=5")' in learner.desk.solution("00-1").text
    assert learner.remembered()["solution"]


def test_the_solution_shows_how_the_cluster_differs(learner: Learner) -> None:
    learner.desk.start("06-1")
    said = learner.desk.solution("06-1").text
    assert "-  storageClassName: fast\n" in said
    learner.desk.finish("06-1")


def test_without_a_word_the_one_begun_last_is_meant(learner: Learner) -> None:
    with pytest.raises(LabError, match="no exercise was begun"):
        learner.desk.check()
    learner.desk.start("00-1")
    assert "00-1" in learner.desk.check().text


def test_finishing_takes_away_what_was_begun_and_nothing_else(learner: Learner) -> None:
    learner.kubectl.must(["create", "namespace", "mine"])
    learner.desk.start("00-1")
    assert [each.number for each in learner.desk.finish()] == ["00-1"]
    assert learner.desk.finish() == []
    learner.desk.stage(catalogue.exercise("00-1")).wait_until_gone()
    assert "namespace/mine" in learner.kubectl.must(["get", "namespaces", "-o", "name"])
    learner.kubectl.must(["delete", "namespace", "mine"])


def test_somebody_elses_namespace_of_the_same_name_is_left_alone(learner: Learner) -> None:
    learner.kubectl.must(["create", "namespace", "exercise-06-1"])
    with pytest.raises(LabError, match="not that of this exercise, and stays") as raised:
        learner.desk.start("06-1")
    assert "kubectl delete namespace exercise-06-1" in raised.value.hint
    learner.kubectl.must(["delete", "namespace", "exercise-06-1"])


@pytest.mark.parametrize(("word", "says"), [("99-1", "no exercise '99-1'"), ("00", "beginning of several")])
def test_a_word_that_names_no_exercise_names_some(learner: Learner, word: str, says: str) -> None:
    with pytest.raises(LabError, match=says) as raised:
        learner.desk.start(word)
    assert "00-1-five-pods" in raised.value.hint


def test_nodes_that_others_use_too_are_left_alone(
    cluster: FastCluster, client: Client, images: Images, tmp_path: Path
) -> None:
    desk = Desk(client, Kubectl(cluster.kubeconfig), tmp_path, images, Cell(), print, install={}, is_own=False)
    with pytest.raises(SharedClusterError, match="others may work on this cluster"):
        desk.start("04-3")
