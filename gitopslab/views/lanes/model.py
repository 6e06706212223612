"""The parts of two lanes: commits, what each tool did with them, and how each stands now."""

from __future__ import annotations

from dataclasses import dataclass

from gitopslab.views.message import Message

OUTCOMES: dict[str, tuple[str, str]] = {
    "done": ("ready", "done"),
    "now": ("running", "going on"),
    "waiting": ("pending", "not yet"),
    "failed": ("failed", "failed"),
    "untold": ("terminating", "not told"),
    "unasked": ("", "not asked"),
}
"""Of each way a step can stand: the mark of ``palette.STATES`` and the words."""


@dataclass(frozen=True, slots=True)
class Step(Message):
    """One thing that a tool does with a commit.

    Attributes:
        word: ``fetched``, ``applied`` or ``healthy``; of Argo CD ``compared``, ``synced`` or ``healthy``.
        outcome: A key of ``OUTCOMES``.
        seconds: When it was done or began, since the epoch; 0 when nobody tells.
        note: Why it stands so, in the tool's own words where it has any.
    """

    word: str
    outcome: str
    seconds: float = 0.0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Commit(Message):
    """A commit, and what became of it.

    Attributes:
        sha: Its full name.
        subject: The first line of its message.
        author: Who made it.
        seconds: When it was pushed, as far as Git and the cluster tell, since the epoch.
        steps: Of each lane, in the order of ``Lanes.lanes``.
    """

    sha: str
    subject: str
    author: str
    seconds: float
    steps: tuple[tuple[Step, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Drifted(Message):
    """A field, or a whole object, that is not as in Git.

    Attributes:
        object: As in ``Deployment/shop/web``.
        path: Of the field; empty for the object as a whole.
        words: What differs, as in ``2 in Git, 3 live``.
        owner: Who set it; empty when nobody is named.
        fate: What becomes of it, and when.
    """

    object: str
    path: str
    words: str
    owner: str
    fate: str


@dataclass(frozen=True, slots=True)
class Lane(Message):
    """One tool, as it stands now.

    Attributes:
        tool: ``Flux`` or ``Argo CD``.
        title: As in ``Kustomization flux-system/app``.
        state: A mark of ``palette.STATES``.
        sentence: What it says of itself.
        facts: How it was told to work, such as ``asks Git every 1m``.
        drift: What differs from Git, the first few.
        more: How many differences are not among them.
    """

    tool: str
    title: str
    state: str
    sentence: str
    facts: tuple[str, ...] = ()
    drift: tuple[Drifted, ...] = ()
    more: int = 0


@dataclass(frozen=True, slots=True)
class Lanes(Message):
    """The newest commits of a project in two lanes, or in one.

    Attributes:
        project: The project.
        commits: Newest first.
        lanes: Flux above, Argo CD below.
        trouble: Why Git cannot be read; empty while it can.
    """

    project: str
    commits: tuple[Commit, ...]
    lanes: tuple[Lane, ...]
    trouble: str = ""

    def commit(self, sha: str) -> Commit | None:
        """The commit of that name."""
        return next((each for each in self.commits if each.sha == sha), None)
