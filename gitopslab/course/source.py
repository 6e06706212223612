"""Where a check looks: an object, several of a kind, what a pod has printed; and there at a field, or at the whole.

Used by ``checking`` and ``expectation``. A ``Source`` is only a description; ``World`` reads it: from a cluster,
through the Kubernetes API alone, or from what is ``elsewhere``: the learner's files, what GitLab makes of them,
and the images of the registry.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal, Protocol, get_args

from gitopslab.errors import ApiError, NotFoundError
from gitopslab.machinery import json_path
from gitopslab.machinery.language import N_, _
from gitopslab.machinery.objects import Object, labels_of, name_of


class Reader(Protocol):
    """Reads objects of a cluster; ``clusters.client.Client`` is one."""

    def get(self, kind: str, name: str, namespace: str = "default") -> Object:
        """One object, or a ``NotFoundError``."""
        ...

    def list(self, kind: str, namespace: str = "", *, labels: str = "") -> list[Object]:
        """All objects of a kind in a namespace."""
        ...

    def logs(self, pod: str, namespace: str = "default") -> str:
        """What a pod has printed."""
        ...


class Elsewhere(Protocol):
    """Reads what is in no cluster; ``elsewhere.Place`` is one."""

    def documents(self, source: Source) -> list[Any]:
        """What a source stands for, each a document or a line."""
        ...


InCluster = Literal["object", "objects", "log"]
Outside = Literal["file", "lint", "jobs", "images", "git", "pipeline"]
IN_CLUSTER: tuple[InCluster, ...] = get_args(InCluster)
OUTSIDE: tuple[Outside, ...] = get_args(Outside)


@dataclass(frozen=True, slots=True)
class Source:
    """A place to look.

    Attributes:
        what: One object, all of a kind, or the log of a pod or a job; or, outside of the cluster, the lines of a file,
            what GitLab's linter says of it, the jobs that an event makes of it, the images of a repository in the
            lab's registry, a branch of a project on its Git server, the project's newest pipeline.
        kind: As kubectl takes it; outside of the cluster the file, the repository or the project.
        name: Of the object; empty for all of a kind.
        labels: A selector, for all of a kind.
        field: A JSONPath into each object; empty for the whole object.
        namespace: Another one than the exercise's.
        event: What happens, for ``jobs``: ``event``, ``branch``, ``tag``, and ``open`` for the merge request that a
            branch has open.
        tags: Which images of a repository, as in ``prod-*``; empty for all.
        ref: The branch or tag of a project; empty for ``main``, and for the newest pipeline of any.
        path: A file of a branch.
        build: A folder of a branch that kustomize builds.
    """

    what: InCluster | Outside
    kind: str
    name: str = ""
    labels: str = ""
    field: str = ""
    namespace: str = ""
    event: Mapping[str, str] = dataclasses.field(default_factory=dict)
    tags: str = ""
    ref: str = ""
    path: str = ""
    build: str = ""

    @property
    def is_outside(self) -> bool:
        """Whether it is in no cluster."""
        return self.what in OUTSIDE

    @property
    def subject(self) -> str:
        """What it looks at, as a learner would name it: ``deployment/web``, ``pods with app=web``."""
        if self.is_outside:
            words = _(_OUTSIDE_WORDS[self.what]).format(self.kind, _event_words(self.event), self.tags or "*")
            part = self.path or (f"{_('the build of')} {self.build}" if self.build else "")
            return (f"{part} {_('in')} {words}" if part else words) + (f" {_('at')} {self.ref}" if self.ref else "")
        subject = f"{self.kind}/{self.name}" if self.name else self.kind
        subject = f"{_('the log of')} {subject}" if self.what == "log" else subject
        subject += f" {self._labelled}" if self.labels else ""
        return subject + (f" {_('in')} {self.namespace}" if self.namespace else "")

    @property
    def _labelled(self) -> str:
        is_name = re.fullmatch(r"[\w./-]+", self.labels) is not None
        return f"{_('with the label') if is_name else _('with')} {self.labels}"


_OUTSIDE_WORDS = {
    "file": "{0}",
    "lint": N_("errors in {0}"),
    "jobs": N_("jobs of {0} for {1}"),
    "images": N_("image {0}:{2}"),
    "git": N_("project {0}"),
    "pipeline": N_("the newest pipeline of {0}"),
}


def _event_words(event: Mapping[str, str]) -> str:
    """An event in a few words: ``tag v1.2.3``, ``branch main``, ``merge_request``."""
    kind = event.get("event", "")
    where = "tag " + event["tag"] if "tag" in event else "branch " + event.get("branch", "main")
    where += f" with {event['open']} open" if "open" in event else ""
    return where if kind in ("", "push", "tag") else kind


@dataclass(frozen=True, slots=True)
class World:
    """What a check may look at.

    Attributes:
        cluster: The Kubernetes API.
        namespace: The exercise's.
        elsewhere: What is in no cluster; None where an exercise looks at nothing there.
    """

    cluster: Reader
    namespace: str
    elsewhere: Elsewhere | None = None

    def objects(self, source: Source) -> list[Object]:
        """The objects a source stands for; none when there are none, or when the cluster knows no such kind."""
        if source.is_outside:
            return self.elsewhere.documents(source) if self.elsewhere else []
        where = source.namespace or self.namespace
        with suppress(NotFoundError):
            if source.name:
                return [self.cluster.get(source.kind, source.name, where)]
            return self.cluster.list(source.kind, where, labels=source.labels)
        return []

    def values(self, source: Source) -> list[Any]:
        """What is found there: the field's values, the objects themselves, or a log's lines."""
        found = self.objects(source)
        if source.what == "log":
            return [line for obj in found for line in self._log(obj, source)]
        if not source.field:
            return found
        return [value for obj in found for value in json_path.parse(source.field)(obj) if value is not None]

    def _log(self, obj: Object, source: Source) -> list[str]:
        where = source.namespace or self.namespace
        pods = [obj] if obj.get("kind") == "Pod" else self._pods_of(obj, where)
        lines: list[str] = []
        for pod in pods:
            with suppress(ApiError):  # a container that has not begun has no log
                lines += self.cluster.logs(name_of(pod), where).splitlines()
        return lines

    def _pods_of(self, obj: Object, where: str) -> list[Object]:
        wanted = (obj.get("spec", {}).get("selector") or {}).get("matchLabels") or {}
        pods = self.cluster.list("pods", where) if wanted else []
        return [pod for pod in pods if wanted.items() <= labels_of(pod).items()]
