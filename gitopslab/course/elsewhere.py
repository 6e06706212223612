"""Where checks look outside of the cluster: a learner's file, what GitLab makes of it, images, projects, pipelines.

``World`` asks a ``Place`` for documents; fields and rules are the same as for the cluster's objects. What a learner
got wrong in a file is told with its line, as the linter does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gitopslab.course.source import Source
from gitopslab.course.workshop import Workshop
from gitopslab.errors import LabError

if TYPE_CHECKING:
    from gitopslab.ci import Event, Job

Documents = list[Any]


class Place:
    """What an exercise may look at beside the cluster.

    Args:
        folder: The exercise's, in the learner's folder.
        workshop: Reads images and projects.
    """

    def __init__(self, folder: Path, workshop: Workshop) -> None:
        self._folder = folder
        self._workshop = workshop
        self._readers: Mapping[str, Callable[[Source], Documents]] = {
            "file": lambda source: self._text(source).splitlines(),
            "lint": self._lint,
            "jobs": self._jobs,
            "images": self._images,
            "git": lambda source: self._workshop.projects.branch(source),
            "pipeline": lambda source: self._workshop.projects.pipeline(source),
        }

    def documents(self, source: Source) -> Documents:
        """What a source stands for.

        Raises:
            LabError: A file is not there, or GitLab does not take it.
        """
        return self._readers[source.what](source)

    def _text(self, source: Source) -> str:
        path = self._folder / source.kind
        try:
            return path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            hint = "beginning the exercise anew brings it back"
            raise LabError(f"{source.kind} cannot be read: {error}", hint) from error

    def _lint(self, source: Source) -> Documents:
        """The errors, with the line in front."""
        from gitopslab.ci import lint

        return [f"line {one.place.line}: {one.message}" for one in lint(self._text(source)).of("error")]

    def _jobs(self, source: Source) -> Documents:
        from gitopslab import ci

        event = _event(source.event)
        made = ci.make(ci.read(self._text(source), None, event), event)
        if made.errors:
            raise LabError("GitLab makes no pipeline of it: " + "; ".join(made.errors), "See the job's needs")
        return [_as_document(job) for job in made.jobs]

    def _images(self, source: Source) -> Documents:
        return [each for each in self._workshop.images(source.kind) if fnmatchcase(each["tag"], source.tags or "*")]


def _event(told: Mapping[str, str]) -> Event:
    from gitopslab.ci import Event

    kind = told.get("event") or ("tag" if "tag" in told else "push")
    opened = (told["open"],) if "open" in told else ()
    return Event(kind=kind, branch=told.get("branch", ""), tag=told.get("tag", ""), open_merge_requests=opened)


def _as_document(job: Job) -> dict[str, Any]:
    """A job with the names that the file has for its parts."""
    return {
        **job.summary(),
        "image": job.image.name if job.image else None,
        "services": [{"name": one.name, "command": list(one.command or ())} for one in job.services],
        "variables": job.environment_variables(),
        "before_script": list(job.before_script),
        "script": list(job.script),
    }
