"""Every exercise: nothing passes untouched, every right way passes, every mistake fails with words of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from fast_cluster import FastCluster

from gitopslab.clusters.client import Client
from gitopslab.clusters.images import Images
from gitopslab.clusters.kubectl import Kubectl
from gitopslab.course import catalogue
from gitopslab.course.checking import Verdict, judge
from gitopslab.course.elsewhere import Place
from gitopslab.course.exercise import Exercise, Step
from gitopslab.course.report import of_hint, of_verdict
from gitopslab.course.source import World
from gitopslab.course.stage import Stage
from gitopslab.course.tools import Install
from gitopslab.course.voice import Cell
from gitopslab.course.workshop import Workshop

EXERCISES = [catalogue.exercise(one) for one in catalogue.ids()]
GROUPS = 4  # of exercises, each with a cluster of its own when several workers run the tests
_SETTLE = 60  # seconds of the cluster's time: longer than any start, pull, probe or first back-off

Walk = Callable[..., Verdict]


@pytest.fixture
def walk(cluster: FastCluster, client: Client, images: Images, install: Install, tmp_path: Path) -> Walk:
    """Begins an exercise, does some steps, and judges it once everything has settled."""

    def walked(exercise: Exercise, steps: tuple[Step, ...] = ()) -> Verdict:
        workshop = Workshop(images)
        stage = Stage(client, Kubectl(cluster.kubeconfig), exercise, tmp_path, workshop, install)
        if stage.leave():
            stage.wait_until_gone()
        stage.put_back()
        stage.begin()
        cluster.advance(_SETTLE)
        stage.run(steps)
        cluster.advance(_SETTLE)
        verdict = judge(exercise, World(client, exercise.namespace, Place(stage.folder, workshop)))
        stage.leave()
        return verdict

    return walked


def named(exercise: Exercise) -> str:
    return exercise.number


def dealt(at: int) -> pytest.MarkDecorator:
    return pytest.mark.xdist_group(f"exercises-{at % GROUPS}")


EACH = [pytest.param(exercise, id=exercise.number, marks=dealt(at)) for at, exercise in enumerate(EXERCISES)]
WAYS = [
    pytest.param(exercise, route.name, route.steps, id=f"{exercise.number}: {route.name}", marks=dealt(at))
    for at, exercise in enumerate(EXERCISES)
    for route in exercise.routes
]


def message(verdict: Verdict) -> str:
    return of_verdict(verdict, Cell()).text


@pytest.mark.parametrize("exercise", EACH)
def test_untouched_it_fails_and_every_mistake_has_words_of_its_own(walk: Walk, exercise: Exercise) -> None:
    untouched = walk(exercise)
    said = {"untouched": message(untouched)}
    assert said["untouched"].startswith("Not yet"), said["untouched"]
    hints = [of_hint(untouched, which, Cell()).text for which in (1, 2, 3)]
    assert len(set(hints)) == 3
    assert not any(mark in hint for hint in hints for mark in ("{found}", "{field}", "{object}"))
    for mistake in exercise.mistakes:
        said[mistake.name] = message(walk(exercise, mistake.steps))
        assert said[mistake.name].startswith("Not yet"), f"{mistake.name} passes"
    for mistake in exercise.mistakes:
        telling = [name for name, text in said.items() if mistake.says in text]
        assert telling == [mistake.name], f"{mistake.says!r} is said to {telling}:\n{said[mistake.name]}"


@pytest.mark.parametrize(("exercise", "name", "steps"), WAYS)
def test_every_right_way_passes(walk: Walk, exercise: Exercise, name: str, steps: tuple[Step, ...]) -> None:
    text = message(walk(exercise, steps))
    assert text.startswith(f"Done: {exercise.goal}"), text


@pytest.mark.parametrize("exercise", EXERCISES, ids=named)
def test_its_first_hint_never_holds_the_answer_and_its_last_does(exercise: Exercise) -> None:
    for text in exercise.hints[0].texts.values():
        assert "{expected}" not in text
        assert not [word for word in exercise.answer if word.lower() in text.lower()]
    solution = Cell().steps(exercise.routes[0].steps, exercise)
    last = " ".join(exercise.hints[-1].texts.values())
    assert exercise.answer
    assert all(word.lower() in (last + solution).lower() for word in exercise.answer), "these words give nothing away"
    assert any(word.lower() in last.lower() for word in exercise.answer), "the last hint is the answer"


@pytest.mark.parametrize("exercise", EXERCISES, ids=named)
def test_it_has_what_an_exercise_needs(exercise: Exercise) -> None:
    assert len(exercise.routes) >= 2
    assert len(exercise.mistakes) >= 3
    assert len({mistake.says for mistake in exercise.mistakes}) == len(exercise.mistakes)
    assert len({check.id for check in exercise.checks}) == len(exercise.checks)
    assert exercise.task.startswith(f"### {exercise.number} {exercise.title}\n"), "the task begins with its title"
    assert exercise.goal.endswith(".")
    assert 2 <= exercise.minutes <= 12
    assert all(check.look.startswith(("kubectl ", "gitopslab ", "git log ")) for check in exercise.checks)


@pytest.mark.parametrize("exercise", EXERCISES, ids=named)
def test_its_texts_shout_nowhere(exercise: Exercise) -> None:
    texts = [exercise.task, exercise.goal, *(check.because for check in exercise.checks)]
    texts += [text for hint in exercise.hints for text in hint.texts.values()]
    assert not [text for text in texts if "! " in text or text.endswith("!")]


def test_exercises_are_numbered_without_a_gap() -> None:
    by_notebook: dict[str, list[str]] = {}
    for exercise in EXERCISES:
        by_notebook.setdefault(exercise.notebook, []).append(exercise.number)
    for notebook, numbers in by_notebook.items():
        assert numbers == [f"{notebook}-{at}" for at in range(1, len(numbers) + 1)]


def test_no_two_exercises_share_a_namespace() -> None:
    assert len({exercise.namespace for exercise in EXERCISES}) == len(EXERCISES)


def test_the_folder_is_the_repositorys() -> None:
    assert Path(__file__).parents[2] / "exercises" == EXERCISES[0].folder.parent
