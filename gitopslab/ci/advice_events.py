"""Pipelines that GitLab's linter does not see: for which events a valid file could not make one.

The linter looks at the file alone, so a need of a job that rules leave out is found only when the event comes.
"""

from __future__ import annotations

from collections.abc import Iterator

from gitopslab.ci.configuration import Configuration
from gitopslab.ci.event import Event
from gitopslab.ci.faults import Finding
from gitopslab.ci.pipeline import make

_EVENTS = (
    Event("push"),
    Event("push", branch="feature"),
    Event("tag", tag="v1.0.0"),
    Event("merge_request"),
    Event("schedule"),
    Event("web"),
)
_MOST_JOBS = 300
_HINT = "Give both jobs the same rules, or write needs: with job: and optional: true."


def notes(configuration: Configuration) -> Iterator[Finding]:
    """What would go wrong for the common events; of large files nothing is said, because it takes too long."""
    if len(configuration.jobs) > _MOST_JOBS or not _has_needs(configuration):
        return
    seen: set[str] = set()
    for event in _EVENTS:
        for error in make(configuration, event).errors:
            if error in seen or " job needs " not in error:
                continue
            seen.add(error)
            name = error.split("'")[1]
            place = configuration.jobs[name].config.place_of("needs")
            first = error.partition(". ")[0]
            yield Finding("note", f"a {event} could make no pipeline: {first}", place, _HINT)


def _has_needs(configuration: Configuration) -> bool:
    return any(job.needs for job in configuration.jobs.values())
