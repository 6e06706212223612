"""Where a check looks: an object, several of a kind, what a pod has printed; and there at a field, or at the whole.

Used by ``checking`` and ``expectation``. A ``Source`` is only a description; ``World`` reads it from a cluster, through
the Kubernetes API alone. Looking in Git, the registry or a pipeline will be one more way of reading here.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from gitopslab.errors import ApiError, NotFoundError
from gitopslab.machinery import json_path
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


@dataclass(frozen=True, slots=True)
class Source:
    """A place to look.

    Attributes:
        what: One object, all of a kind, or the log of a pod or a job.
        kind: As kubectl takes it.
        name: Of the object; empty for all of a kind.
        labels: A selector, for all of a kind.
        field: A JSONPath into each object; empty for the whole object.
        namespace: Another one than the exercise's.
    """

    what: Literal["object", "objects", "log"]
    kind: str
    name: str = ""
    labels: str = ""
    field: str = ""
    namespace: str = ""

    @property
    def subject(self) -> str:
        """What it looks at, as a learner would name it: ``deployment/web``, ``pods with app=web``."""
        subject = f"{self.kind}/{self.name}" if self.name else self.kind
        subject = f"the log of {subject}" if self.what == "log" else subject
        subject += f" with {self.labels}" if self.labels else ""
        return subject + (f" in {self.namespace}" if self.namespace else "")


@dataclass(frozen=True, slots=True)
class World:
    """What a check may look at.

    Attributes:
        cluster: The Kubernetes API.
        namespace: The exercise's.
    """

    cluster: Reader
    namespace: str

    def objects(self, source: Source) -> list[Object]:
        """The objects a source stands for; none when there are none, or when the cluster knows no such kind."""
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
