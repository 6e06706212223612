"""What makes a pipeline begin: a push, a tag, a merge request, a schedule, the button, the API.

``pipeline`` and ``explain`` are asked about an event; the command line and the notebooks make one up, the forge
fills in a real commit. Which variables an event brings is said in ``predefined``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gitopslab.errors import LabError
from gitopslab.machinery.messages import sentence

KINDS = ("push", "tag", "merge_request", "schedule", "web", "api", "trigger", "pipeline")
"""Events that can be asked about; ``tag`` is a push of a tag."""

NO_SHA = "0" * 40


@dataclass(frozen=True, slots=True)
class Commit:
    """The commit that a pipeline runs for.

    Attributes:
        sha: Its full name.
        before: What the branch pointed at before the push; zeros when it is new.
        message: All of it.
        author: As in ``Ada <ada@example.org>``.
        timestamp: ISO 8601.
        files: Every path in it, for ``rules:exists``.
    """

    sha: str = "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d"
    before: str = NO_SHA
    message: str = "A change"
    author: str = "Learner <learner@example.org>"
    timestamp: str = "2026-01-01T12:00:00+00:00"
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Project:
    """The project that the file belongs to.

    Attributes:
        path: Group and name.
        default_branch: Where merge requests go.
        server: The URL of the forge.
        registry: Host and port of its registry.
        variables: Those set in the project's settings.
        masked: Names of variables whose values never show in a log.
    """

    path: str = "waal/waal-web"
    default_branch: str = "main"
    server: str = "http://localhost"
    registry: str = "localhost:5050"
    variables: Mapping[str, str] = field(default_factory=dict)
    masked: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened.

    Attributes:
        kind: One of ``KINDS``.
        branch: Which one; of a merge request the source branch. Empty means the default branch, or ``feature``.
        tag: Which tag, for a pushed tag and for a schedule or a click on one.
        target: Of a merge request; empty means the default branch.
        changed: Paths that the push or merge request changes; None when nobody knows, as for a new branch.
        variables: Those given with the event, which win over all others.
        iid: The pipeline's number in its project.
        description: Of a schedule.
        user: Who did it.
        open_merge_requests: As in ``waal/waal-web!3``, when the branch has one.
        commit: For which commit.
        project: In which project.
    """

    kind: str = "push"
    branch: str = ""
    tag: str = ""
    target: str = ""
    changed: tuple[str, ...] | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    iid: int = 1
    description: str = "nightly"
    user: str = "learner"
    open_merge_requests: tuple[str, ...] = ()
    commit: Commit = field(default_factory=Commit)
    project: Project = field(default_factory=Project)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise LabError(f"There is no event {self.kind}", f"Choose one of: {', '.join(KINDS)}.")

    @property
    def is_merge_request(self) -> bool:
        """Whether its pipeline is one of a merge request."""
        return self.kind == "merge_request"

    @property
    def is_tag(self) -> bool:
        """Whether its pipeline runs for a tag; such a pipeline has no branch."""
        return not self.is_merge_request and (self.kind == "tag" or bool(self.tag))

    @property
    def is_branch(self) -> bool:
        """Whether its pipeline runs for a branch."""
        return not self.is_tag and not self.is_merge_request

    @property
    def source(self) -> str:
        """The value of ``CI_PIPELINE_SOURCE``."""
        return {"tag": "push", "merge_request": "merge_request_event"}.get(self.kind, self.kind)

    @property
    def ref(self) -> str:
        """The branch or tag that it runs for; of a merge request the source branch."""
        if self.is_tag:
            return self.tag or "v1.0.0"
        return self.branch or ("feature" if self.is_merge_request else self.project.default_branch)

    @property
    def target_branch(self) -> str:
        """Where a merge request goes."""
        return self.target or self.project.default_branch

    @property
    def changed_paths(self) -> tuple[str, ...] | None:
        """What ``rules:changes`` compares with: only a push to a branch and a merge request have a diff."""
        has_diff = self.is_merge_request or (self.kind == "push" and self.is_branch)
        return self.changed if has_diff else None

    def __str__(self) -> str:
        if self.is_merge_request:
            return sentence(f"merge request from {self.ref} to {self.target_branch}")
        what = {"push": "push", "tag": "push"}.get(self.kind, self.kind)
        if self.is_tag:
            return sentence(f"push of tag {self.ref}" if what == "push" else f"{what} on tag {self.ref}")
        return sentence(f"{what} on branch {self.ref}")
