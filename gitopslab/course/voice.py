"""How the course tells a learner what to type: as a cell in a notebook, or as a line in a terminal.

Used by ``report``. Exercises name kubectl commands only; this says them so that a learner can paste them where he is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from gitopslab.course.exercise import Exercise, Step


class Voice(Protocol):
    """Says commands as they are typed in one place."""

    def kubectl(self, command: str, exercise: Exercise) -> str:
        """``kubectl …`` in the exercise's namespace."""
        ...

    def verb(self, verb: str, exercise: Exercise) -> str:
        """A verb of the course, such as ``hint``, for the exercise."""
        ...

    def again(self, exercise: Exercise) -> str:
        """Beginning the exercise anew."""
        ...

    def steps(self, steps: tuple[Step, ...], exercise: Exercise) -> str:
        """What is done, ready to be pasted; without what the API is meant to refuse."""
        ...


@dataclass(frozen=True, slots=True)
class Cell:
    """A notebook, whose commands go to the exercise's namespace since it began."""

    def kubectl(self, command: str, exercise: Exercise) -> str:
        """``lab.kubectl("get pods")``."""
        words = command.removeprefix("kubectl ")
        return f"lab.kubectl({words!r})" if '"' in words else f'lab.kubectl("{words}")'

    def verb(self, verb: str, exercise: Exercise) -> str:
        """``lab.hint("06-2")``."""
        return f'lab.{verb}("{exercise.number}")'

    def again(self, exercise: Exercise) -> str:
        """``lab.start("06-2", again=True)``."""
        return f'lab.start("{exercise.number}", again=True)'

    def steps(self, steps: tuple[Step, ...], exercise: Exercise) -> str:
        """Python."""
        return "\n".join(
            self.kubectl(step.command, exercise) if step.command else f'lab.apply("""\n{step.manifest.strip()}\n""")'
            for step in steps
            if not step.is_refused
        )


@dataclass(frozen=True, slots=True)
class Terminal:
    """A terminal, whose commands name the namespace.

    Attributes:
        options: Those that say which cluster is meant; empty for the default one.
    """

    options: str = ""

    def kubectl(self, command: str, exercise: Exercise) -> str:
        """``gitopslab kubectl -n exercise-06-2 get pods``."""
        words = ["gitopslab", "kubectl", self.options, "-n", exercise.namespace, command.removeprefix("kubectl ")]
        return " ".join(filter(None, words))

    def verb(self, verb: str, exercise: Exercise) -> str:
        """``gitopslab hint 06-2``."""
        return " ".join(filter(None, ["gitopslab", verb, self.options, exercise.number]))

    def again(self, exercise: Exercise) -> str:
        """``gitopslab start 06-2 --again``."""
        return self.verb("start", exercise) + " --again"

    def steps(self, steps: tuple[Step, ...], exercise: Exercise) -> str:
        """Lines for a shell."""
        return "\n".join(
            self.kubectl(step.command, exercise)
            if step.command
            else f"{self.kubectl('apply -f -', exercise)} <<'END'\n{step.manifest.strip()}\nEND"
            for step in steps
            if not step.is_refused
        )
