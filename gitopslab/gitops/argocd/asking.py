"""Git is asked, and what it says compared: the question of an Application's refresh, and of each step of its sync."""

from __future__ import annotations

from dataclasses import dataclass

from gitopslab.errors import LabError
from gitopslab.gitops.argocd.compare import Comparer, Question
from gitopslab.gitops.argocd.sources import Sources
from gitopslab.gitops.argocd.state import Comparison
from gitopslab.machinery.objects import Object


@dataclass(frozen=True, slots=True)
class Answer:
    """What Git said.

    Attributes:
        question: With what was found in Git, or why nothing was.
    """

    question: Question

    @property
    def is_trouble(self) -> bool:
        """Whether Git could not be asked, or what it holds cannot be read."""
        return self.question.target is None

    @property
    def objects(self) -> tuple[Object, ...]:
        """The manifests, as they stand in Git."""
        return self.question.target.objects if self.question.target is not None else ()


class Asker:
    """Asks Git, and compares.

    Args:
        sources: Makes manifests.
        comparer: Compares them.
    """

    def __init__(self, sources: Sources, comparer: Comparer) -> None:
        self._sources = sources
        self._comparer = comparer

    def ask(
        self, app: Object, project: Object, place: Object, *, anew: bool = False, wish: str = "", recent: bool = False
    ) -> Answer | None:
        """What Git says; None while it is asked, after which the reconciler is called again.

        Args:
            app: The Application.
            project: Its project.
            place: ``source`` and ``revision``, or several of each.
            anew: Make manifests that are kept anew.
            wish: What the answer is for; what was looked up for another wish is too old for this one.
            recent: A branch may be where it was some minutes ago.
        """
        try:
            target = self._sources.target(app, place, anew=anew, wish=wish, recent=recent)
        except LabError as error:
            return Answer(Question(app, project, place, None, error.message))
        return None if target is None else Answer(Question(app, project, place, target))

    def compare(self, answer: Answer) -> Comparison:
        """What Git said against what is there.

        Raises:
            SettingsError: What all Applications ignore cannot be read.
        """
        return self._comparer.compare(answer.question)

    def compared(self, app: Object, project: Object, place: Object) -> Comparison | None:
        """Both at once, for an operation; None while Git is asked."""
        answer = self.ask(app, project, place)
        return None if answer is None else self.compare(answer)

    def ready(self, answer: Answer) -> list[Object]:
        """The manifests as they would be applied.

        Raises:
            LabError: There are none; the message says why.
        """
        if answer.is_trouble:
            raise LabError(answer.question.error)
        return self._comparer.ready(answer.question.app, answer.objects)
