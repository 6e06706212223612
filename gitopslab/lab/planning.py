"""The facade's GitLab CI: what a ``.gitlab-ci.yml`` is, what an event makes of it, and why a job is in or out.

A part of ``Lab``, kept apart because it has a subject of its own. Reading and deciding is ``gitopslab.ci``'s, drawing
``widgets``'. Nothing here needs a cluster.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gitopslab.ci import Configuration, Event, Explanation, Folder, Report
    from gitopslab.views.pipeline import Pipeline
    from gitopslab.widgets.pipeline import Asked, PipelineView


class Planning:
    """What ``.gitlab-ci.yml`` files do; a file is a path or its text."""

    _still: bool

    def lint(self, source: str | Path = ".gitlab-ci.yml") -> Report:
        """What GitLab's linter says about a file, with the line and what to do.

        Args:
            source: A path, or the text itself.

        Example:
            >>> lab.lint("app/.gitlab-ci.yml").is_valid
            False
        """
        from gitopslab.ci import lint

        return lint(*_read(source))

    def pipeline(
        self,
        source: str | Path = ".gitlab-ci.yml",
        event: str = "push",
        *,
        branch: str = "",
        tag: str = "",
        changed: Sequence[str] | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> PipelineView:
        """The pipeline that an event would make of a file: stages, needs, and the rules of each job.

        Args:
            source: A path, or the text itself.
            event: ``push``, ``tag``, ``merge_request``, ``schedule``, ``web`` or ``api``; the picture asks for others.
            branch: On which branch; default the default branch.
            tag: Which tag.
            changed: The paths that it changes; default not known, which GitLab takes as all.
            variables: Given with the event.

        Example:
            >>> lab.pipeline("app/.gitlab-ci.yml", "tag", tag="v1.2.3")
        """
        from gitopslab.views.pipeline import planned
        from gitopslab.widgets.pipeline import Asked, PipelineView

        text, folder = _read(source)
        first = Asked(event, tag or branch)

        def plan(asked: Asked) -> tuple[Pipeline, Asked]:
            is_tag = asked.kind == "tag" or (asked == first and bool(tag))
            where, what = ("", asked.ref) if is_tag else (asked.ref, "")
            happened = _event(asked.kind, where, what, changed, variables, folder)
            return planned(_configuration(text, folder, happened), happened), Asked(asked.kind, happened.ref)

        name = "a text" if folder is None else str(source)
        return PipelineView(plan, first, name=name, still=self._still)

    def explain_job(
        self,
        job: str,
        source: str | Path = ".gitlab-ci.yml",
        event: str = "push",
        *,
        branch: str = "",
        tag: str = "",
        changed: Sequence[str] | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> Explanation:
        """Why a job is in the pipeline of an event or not, rule by rule.

        Args:
            job: Its name.
            source: A path, or the text itself.
            event: What happened, as for ``pipeline``.
            branch: On which branch.
            tag: Which tag.
            changed: The paths that it changes.
            variables: Given with the event.

        Example:
            >>> lab.explain_job("build_prod", "app/.gitlab-ci.yml", "tag", tag="v1.2")
        """
        from gitopslab.ci import explain

        text, folder = _read(source)
        happened = _event(event, branch, tag, changed, variables, folder)
        return explain(_configuration(text, folder, happened), job, happened)

    def evaluate(self, expression: str, **variables: str) -> bool:
        """Whether a condition of ``rules:if`` holds.

        Args:
            expression: As it stands behind ``if:``.
            variables: Their values; what is not given is undefined.

        Raises:
            ExpressionError: GitLab calls it invalid.

        Example:
            >>> lab.evaluate('$CI_COMMIT_TAG =~ /^v1/', CI_COMMIT_TAG="v1.2.3")
            True
        """
        from gitopslab.ci import evaluate

        return evaluate(expression, variables)


def _read(source: str | Path) -> tuple[str, Folder | None]:
    """A text, and the folder it is in when it is a file."""
    from gitopslab.ci import Folder, text_of

    if isinstance(source, str) and ("\n" in source or ": " in source):
        return source, None
    path = Path(source)
    return text_of(path), Folder(path.parent)


def _event(
    kind: str,
    branch: str,
    tag: str,
    changed: Sequence[str] | None,
    variables: Mapping[str, str] | None,
    folder: Folder | None,
) -> Event:
    from gitopslab.ci import Commit, Event

    return Event(
        kind=kind,
        branch=branch,
        tag=tag,
        changed=None if changed is None else tuple(changed),
        variables=dict(variables or {}),
        commit=Commit(files=folder.paths() if folder else ()),
    )


def _configuration(text: str, folder: Folder | None, event: Event) -> Configuration:
    from gitopslab.ci import read

    return read(text, folder, event)
