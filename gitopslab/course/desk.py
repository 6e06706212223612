"""A learner's desk: the five verbs of the course, for one cluster and one working folder.

``lab`` and the command line each hold one and show what it returns. It joins the rooms of the course: ``catalogue``
says which exercise is meant, ``stage`` sets it up, ``checking`` looks, ``progress`` remembers, ``report`` words it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from gitopslab.clusters.client import Client
from gitopslab.clusters.images import Images
from gitopslab.clusters.kubectl import Kubectl
from gitopslab.course import catalogue, report
from gitopslab.course.checking import Verdict, judge, settled
from gitopslab.course.elsewhere import Place
from gitopslab.course.exercise import Exercise
from gitopslab.course.group import Membership
from gitopslab.course.progress import Entry, Progress, begun, judged
from gitopslab.course.report import Checked, Report
from gitopslab.course.solution import differences
from gitopslab.course.source import World
from gitopslab.course.stage import EXERCISE, Stage
from gitopslab.course.tools import Install
from gitopslab.course.voice import Voice
from gitopslab.course.workshop import Workshop
from gitopslab.errors import LabError, SharedClusterError
from gitopslab.machinery.language import _
from gitopslab.machinery.objects import is_terminating, labels_of


class Desk:
    """Where exercises are done.

    Args:
        client: The cluster's API.
        kubectl: For the same cluster.
        folder: The learner's: where progress and the exercises' files are.
        images: Of this machine and of the lab's registry.
        voice: How commands are told.
        say: Told what takes a moment.
        install: Installs what exercises about GitOps need.
        is_own: Whether the cluster is the learner's alone.
        patient: Whether to wait a moment for what the cluster may still do.
    """

    def __init__(
        self,
        client: Client,
        kubectl: Kubectl,
        folder: Path,
        images: Images,
        voice: Voice,
        say: Callable[[str], None],
        *,
        install: Install,
        is_own: bool = True,
        patient: bool = True,
    ) -> None:
        self._client = client
        self._kubectl = kubectl
        self._folder = folder
        self._workshop = Workshop(images)
        self._progress = Progress(folder, say)
        self._voice = voice
        self._say = say
        self._install = install
        self._is_own = is_own
        self._patient = patient

    def start(self, word: str, *, again: bool = False) -> Exercise:
        """Begin an exercise; one that has begun goes on, unless ``again`` takes it away first.

        Raises:
            SharedClusterError: It changes nodes, and the cluster is not the learner's alone.
        """
        exercise = catalogue.exercise(word)
        stage = self.stage(exercise)
        if stage.began is not None and not again:
            self._say(
                _("{exercise}: goes on in namespace {namespace}; {command} begins anew").format(
                    exercise=f"{exercise.number} {exercise.title}",
                    namespace=exercise.namespace,
                    command=self._voice.again(exercise),
                )
            )
            return exercise
        if exercise.is_shared and not self._is_own:
            raise SharedClusterError(
                f"{exercise.number} changes nodes, and others may work on this cluster too",
                "do it on a cluster of your own, such as the embedded one: gitopslab lab",
            )
        if stage.leave():
            self._say(f"{_('taking away the earlier attempt at')} {exercise.number}")
            stage.wait_until_gone()
        if again:
            stage.put_back()
        stage.begin()
        self._change(exercise.id, begun)
        self._say(f"{exercise.number} {exercise.title}: {_('begun in namespace')} {exercise.namespace}")
        return exercise

    def finish(self, word: str = "") -> list[Exercise]:
        """Have an exercise taken away, or all that have begun; what was done stays in the progress."""
        meant = [catalogue.exercise(word)] if word else self._begun()
        left = [exercise for exercise in meant if self.stage(exercise).leave()]
        if left:
            numbers = ", ".join(exercise.number for exercise in left)
            self._say(_("taking away {numbers}; your progress stays").format(numbers=numbers))
        return left

    def check(self, word: str = "") -> Checked:
        """Look whether an exercise is done; without a word the one that was begun last."""
        exercise = self.meant(word)
        verdict = settled(lambda: self._judged(exercise)) if self._patient else self._judged(exercise)
        if not verdict.has_begun:
            return report.not_begun(exercise, self._voice)
        failing = verdict.failing
        self._change(exercise.id, lambda entry: judged(entry, failing.check.id if failing else ""))
        return report.of_verdict(verdict, self._voice)

    def hint(self, word: str = "", which: int | None = None) -> Report:
        """The next hint, or the one that is asked for, about what is wrong now.

        Raises:
            LabError: There is no such hint.
        """
        exercise = self.meant(word)
        if which is not None and not 1 <= which <= len(exercise.hints):
            raise LabError(f"there is no hint {which}", f"there are {len(exercise.hints)}, counted from 1")
        verdict = self._judged(exercise)
        if not verdict.has_begun:
            return report.not_begun(exercise, self._voice)
        if verdict.failing is None:
            return report.of_hint(verdict, 1, self._voice)
        shown = which or min(self._progress.of(exercise.id).hints + 1, len(exercise.hints))
        self._change(exercise.id, lambda entry: replace(entry, hints=max(entry.hints, shown)))
        return report.of_hint(verdict, shown, self._voice)

    def solution(self, word: str = "") -> Report:
        """One right way, with a diff between it and the cluster when the exercise has begun."""
        exercise = self.meant(word)
        verdict = self._judged(exercise)
        if not verdict.passed:
            self._change(exercise.id, lambda entry: replace(entry, solution=True))
        steps = exercise.routes[0].steps
        found = differences(steps, self._client, exercise.namespace) if verdict.has_begun else ""
        return report.of_solution(exercise, found, self._voice)

    def stage(self, exercise: Exercise) -> Stage:
        """The place of an exercise on this cluster."""
        return Stage(self._client, self._kubectl, exercise, self._folder, self._workshop, self._install)

    def meant(self, word: str) -> Exercise:
        """The exercise a word means; without one, that which was begun last.

        Raises:
            LabError: None was begun.
        """
        if word:
            return catalogue.exercise(word)
        begins = {name: entry.begun for name, entry in self._progress.entries().items() if entry.begun}
        known = set(catalogue.ids())
        latest = max((name for name in begins if name in known), key=lambda name: begins[name] or 0, default=None)
        if latest is None:
            raise LabError("no exercise was begun in this folder", f"name one, such as {catalogue.ids()[0]}")
        return catalogue.exercise(latest)

    def _change(self, exercise: str, change: Callable[[Entry], Entry]) -> None:
        """Remember; and tell the class, if the learner is in one."""
        self._progress.change(exercise, change)
        try:
            Membership.of(self._folder).tell(self._progress.entries())
        except OSError as error:
            self._say(f"your class's folder cannot be reached ({error.strerror}); your progress is kept here")

    def _judged(self, exercise: Exercise) -> Verdict:
        stage = self.stage(exercise)
        if stage.began is None:
            return Verdict(exercise, [])
        return judge(exercise, World(self._client, exercise.namespace, Place(stage.folder, self._workshop)))

    def _begun(self) -> list[Exercise]:
        found = [each for each in self._client.list("namespaces", labels=EXERCISE) if not is_terminating(each)]
        known = set(catalogue.ids())
        return [catalogue.exercise(word) for each in found if (word := labels_of(each)[EXERCISE]) in known]


def progress_in(folder: Path, say: Callable[[str], None]) -> Report:
    """Every exercise, and how it stands in a working folder; no cluster is asked."""
    exercises = [catalogue.exercise(each) for each in catalogue.ids()]
    return report.of_progress(exercises, Progress(folder, say).entries())
