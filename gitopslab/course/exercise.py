"""What an exercise is, as values: a task, how it starts, what is looked at, hints, right routes and typical mistakes.

``reading`` makes them of the files in an exercise's folder; everything else in the course uses them. They know no
cluster: ``checking`` looks, ``stage`` acts.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gitopslab.course.expectation import Expectation
from gitopslab.course.source import Source
from gitopslab.course.tools import Tool

OTHERWISE = "otherwise"
"""The wording of a hint for every check that has none of its own."""


class Purpose(enum.Enum):
    """What an exercise asks of a learner."""

    BUILD = "build"
    FAULT = "fault"
    """Something is broken: find out what, and mend it."""


@dataclass(frozen=True, slots=True)
class Edit:
    """What becomes of a file in a commit.

    Attributes:
        text: What is written into it; None removes it.
        replaces: The part of the file that the text takes the place of; empty for the whole file.
    """

    text: str | None
    replaces: str = ""


@dataclass(frozen=True, slots=True)
class Push:
    """A push to a project of the lab's Git server, which the first one makes.

    Attributes:
        project: ``exercise-10-1/app``.
        files: What is committed, by name; empty for no commit.
        message: Of the commit.
        branch: Another one than ``main``; made when it is not there.
        tag: Put on what is pushed.
        reverts: Whether the newest commit is undone by another.
    """

    project: str
    files: Mapping[str, Edit]
    message: str = ""
    branch: str = ""
    tag: str = ""
    reverts: bool = False

    @property
    def copy(self) -> str:
        """The name of a learner's working copy, in the exercise's folder."""
        return self.project.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing done: a command, a manifest applied, a file written, or a push.

    Attributes:
        command: A command line that begins with ``kubectl`` or ``gitopslab``; empty for the others.
        manifest: YAML to be applied; empty for the others.
        is_refused: Whether it is meant to be refused, as some mistakes are.
        file: A file of the exercise that is written; empty for the others.
        text: What is written into it.
        replaces: The part of the file that the text takes the place of; empty for the whole file.
        push: A push; None for the others.
    """

    command: str = ""
    manifest: str = ""
    is_refused: bool = False
    file: str = ""
    text: str = ""
    replaces: str = ""
    push: Push | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must be so.

    Attributes:
        id: What hints call it.
        source: Where to look.
        expect: What must be found there.
        because: Why it matters, in a sentence; ``{found}`` stands for what was found.
        look: The command that shows more.
        patience: Seconds without change after which it will not come by itself; 0 where only a learner can make it so.
    """

    id: str
    source: Source
    expect: Expectation
    because: str
    look: str
    patience: float

    @property
    def is_wish(self) -> bool:
        """Whether it is about what an object asks for, which nobody but a learner writes."""
        return self.source.what == "object" and self.source.field.startswith("spec") and not self.patience


@dataclass(frozen=True, slots=True)
class Hint:
    """One of three hints, worded for the first check that fails.

    Attributes:
        texts: The wording by the id of that check; under ``otherwise`` the one for all the others.
    """

    texts: Mapping[str, str]

    def text(self, failing: str) -> str:
        """The wording for a failing check."""
        return self.texts.get(failing) or self.texts[OTHERWISE]


@dataclass(frozen=True, slots=True)
class Route:
    """A way through the exercise that is right.

    Attributes:
        name: What is done, in a few words.
    """

    name: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Mistake:
    """A way that is wrong, and that people take.

    Attributes:
        name: What is done, in a few words.
        says: Words of the message it gets, and that no other way gets.
    """

    name: str
    steps: tuple[Step, ...]
    says: str


@dataclass(frozen=True, slots=True)
class Exercise:
    """One exercise.

    Attributes:
        id: The name of its folder, as in ``06-2-unbound-claim``.
        title: A few words.
        purpose: To build something, or to find a fault.
        minutes: What it takes.
        task: Markdown, as in ``task.md``.
        goal: What is so when it is done, in a sentence; said when every check holds.
        start: What is done before the learner begins.
        checks: In the order in which a learner would look.
        hints: Three, from a nudge to the answer.
        routes: Right ways; the first is the solution that is shown.
        mistakes: Wrong ways.
        answer: Words that give the answer away; the first hint has none of them.
        clean: What takes away again that the exercise's namespace does not hold.
        is_shared: Whether it changes what everybody on the cluster shares, such as nodes.
        needs: The tools of GitOps that must be in the cluster.
        files: The files a learner works with, by name.
        folder: Where it was read from.
    """

    id: str
    title: str
    purpose: Purpose
    minutes: int
    task: str
    goal: str
    start: tuple[Step, ...]
    checks: tuple[Check, ...]
    hints: tuple[Hint, ...]
    routes: tuple[Route, ...]
    mistakes: tuple[Mistake, ...]
    answer: tuple[str, ...]
    clean: tuple[Step, ...]
    is_shared: bool
    needs: tuple[Tool, ...]
    files: Mapping[str, str]
    folder: Path

    @property
    def number(self) -> str:
        """The id's beginning, which is how it is called for short: ``06-2``."""
        return "-".join(self.id.split("-")[:2])

    @property
    def notebook(self) -> str:
        """The number of its notebook: ``06``."""
        return self.id.split("-", 1)[0]

    @property
    def namespace(self) -> str:
        """The namespace it plays in, on any cluster."""
        return f"exercise-{self.number}"

    @property
    def has_images(self) -> bool:
        """Whether it looks at images of the lab's registry, which are then in a group called like its namespace."""
        return any(check.source.what == "images" for check in self.checks)

    @property
    def projects(self) -> tuple[str, ...]:
        """The projects that its start makes on the lab's Git server, in a group called like its namespace."""
        return tuple(dict.fromkeys(step.push.project for step in self.start if step.push))

    @property
    def has_pipelines(self) -> bool:
        """Whether it looks at what pushes start."""
        return any(check.source.what == "pipeline" for check in self.checks)

    @property
    def place(self) -> str:
        """Where its files are in the learner's folder."""
        return f"exercises/{self.id}"
