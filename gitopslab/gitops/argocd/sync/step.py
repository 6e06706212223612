"""What a step of an operation needs, and what comes of it: the words between the controller and ``operation``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from gitopslab.gitops.argocd.state import Comparison
from gitopslab.gitops.argocd.sync.plan import Refusal
from gitopslab.gitops.argocd.sync.task import COMPLETED, SUCCEEDED
from gitopslab.machinery.objects import Object

Compare = Callable[[Object], Comparison | None]
"""Compares ``source`` at ``revision`` (empty: as the source says), or several of each, with what is there; None while
that takes its time."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What an operation depends on.

    Attributes:
        compare: Gives the comparison of a step.
        refusal: What the project forbids.
        windows: The project's sync windows.
        project_error: Why the project cannot be had; empty when it can.
    """

    compare: Compare
    refusal: Refusal
    windows: Iterable[Object] = ()
    project_error: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """What came of a step.

    Attributes:
        state: The new ``status.operationState``.
        after: Seconds after which to go on; None when something will tell.
        history: The new ``status.history``; None when it stays.
    """

    state: Object
    after: float | None = None
    history: list[Object] | None = None

    @property
    def is_over(self) -> bool:
        """Whether the operation has ended: then its field goes, and the Application is compared anew."""
        return self.state["phase"] in COMPLETED

    @property
    def event(self) -> tuple[Literal["Normal", "Warning"], str]:
        """Type and message of what is said at the end, with the reason ``OperationCompleted``."""
        sync = self.state["operation"].get("sync") or {}
        result = self.state.get("syncResult")
        words = ["Partial sync operation" if sync.get("resources") else "Sync operation"]
        if result is not None:
            words += ["to", result["revision"]]
        if self.state["phase"] == SUCCEEDED:
            return "Normal", " ".join([*words, "succeeded"])
        return "Warning", " ".join([*words, "failed:", self.state.get("message", "")])
