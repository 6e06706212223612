"""The parts of a comparison of Git with the cluster: objects, their fields, and what becomes of each difference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gitopslab.views.message import Message

STATES: dict[str, tuple[str, str]] = {
    "same": ("ready", "the same"),
    "differs": ("failed", "another value"),
    "missing": ("pending", "not in the cluster"),
    "extra": ("notready", "not in Git"),
}
"""Of each way a field can be: the mark of ``palette.STATES`` and the words."""

FATES: dict[str, tuple[str, str]] = {
    "": ("", ""),
    "back": ("running", "put back"),
    "removed": ("terminating", "removed"),
    "stays": ("pending", "stays"),
    "left": ("succeeded", "left alone"),
    "coming": ("running", "comes with the commit"),
}
"""Of what becomes of a field: the mark and the words; empty for one that is as in Git."""


@dataclass(frozen=True, slots=True)
class Owner(Message):
    """Who set a field: an entry of ``managedFields``.

    Attributes:
        manager: The field manager.
        operation: ``Apply`` or ``Update``.
        subresource: Through which it wrote, such as ``scale``; empty for the object itself.
    """

    manager: str
    operation: str = ""
    subresource: str = ""

    def __str__(self) -> str:
        return f"{self.manager} ({self.subresource})" if self.subresource else self.manager


@dataclass(frozen=True, slots=True)
class Row(Message):
    """One field.

    Attributes:
        path: As in ``spec.template.spec.containers[name=web].image``; empty for the object as a whole.
        state: A key of ``STATES``.
        git: Its value in Git, as text; empty when it is not there.
        live: Its value in the cluster.
        owners: Who set it.
        fate: A key of ``FATES``.
        why: When that happens, or why not.
    """

    path: str
    state: str
    git: str
    live: str
    owners: tuple[str, ...] = ()
    fate: str = ""
    why: str = ""

    @property
    def outlook(self) -> str:
        """What becomes of it, and when or why, in words."""
        word = FATES[self.fate][1]
        return f"{word} {self.why}".strip() if self.fate in ("", "back", "coming") else f"{word}: {self.why}"

    def as_dict(self) -> dict[str, Any]:
        """The fields as JSON data, and the outlook in words."""
        return {**Message.as_dict(self), "outlook": self.outlook}


@dataclass(frozen=True, slots=True)
class Compared(Message):
    """One object: the fields that differ, and those that are the same.

    Attributes:
        key: ``Kind/namespace/name``.
        kind: Its kind.
        namespace: Where it is.
        name: Its name.
        rows: Differences first, in the order of the manifest.
    """

    key: str
    kind: str
    namespace: str
    name: str
    rows: tuple[Row, ...]

    @property
    def differences(self) -> tuple[Row, ...]:
        """The fields that are not as in Git."""
        return tuple(row for row in self.rows if row.state != "same")

    @property
    def drifted(self) -> tuple[Row, ...]:
        """Those of them that its tool minds."""
        return tuple(row for row in self.differences if row.fate != "left")


@dataclass(frozen=True, slots=True)
class Drift(Message):
    """All that a Kustomization or an Application owns, compared.

    Attributes:
        title: As in ``Kustomization flux-system/app``.
        tool: ``Flux`` or ``Argo CD``.
        commit: Which commit of Git is meant; empty when Git could not be read.
        sentence: What there is to say of all of it.
        state: A mark for that.
        objects: Those that differ first.
    """

    title: str
    tool: str
    commit: str
    sentence: str
    state: str
    objects: tuple[Compared, ...] = ()

    @property
    def count(self) -> int:
        """How many fields differ that its tool minds."""
        return sum(len(each.drifted) for each in self.objects)
