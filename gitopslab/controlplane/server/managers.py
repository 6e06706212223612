"""Managers: the entries of ``metadata.managedFields``.

``ownership`` and ``apply`` compute with them; ``scaling`` gives them to a Scale and takes them back. Entries keep the
form they have on the wire. Upstream: ``apimachinery/pkg/util/managedfields/internal``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from gitopslab.controlplane.server import fieldset
from gitopslab.controlplane.server.fieldset import FieldSet, union
from gitopslab.machinery.objects import Object

_MOST_UPDATERS = 10


@dataclass(frozen=True, slots=True)
class Manager:
    """One owner and what it owns: an entry of ``managedFields``.

    Attributes:
        fields: What it owns.
        written: The same as it stood in an object, and so in order; None of a new one.
    """

    name: str
    operation: str
    api_version: str
    subresource: str = ""
    time: str = ""
    fields: FieldSet = field(default_factory=dict, compare=False)
    written: FieldSet | None = field(default=None, compare=False)

    @staticmethod
    def of(entry: Object) -> Manager:
        """The entry as it stands in an object."""
        fields = entry.get("fieldsV1") or {}
        return Manager(
            entry.get("manager", ""),
            entry.get("operation", ""),
            entry.get("apiVersion", ""),
            entry.get("subresource", ""),
            entry.get("time", ""),
            fields,
            fields,
        )

    @property
    def entry(self) -> Object:
        """As it goes into an object."""
        entry = {
            "manager": self.name,
            "operation": self.operation,
            "apiVersion": self.api_version,
            "time": self.time,
            "fieldsType": "FieldsV1",
            "fieldsV1": self.fields if self.fields is self.written else fieldset.in_order(self.fields),
            "subresource": self.subresource,
        }
        return {key: value for key, value in entry.items() if value or key == "fieldsV1"}

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """What tells managers apart; an applier is one over all versions."""
        return self.name, self.operation, self.api_version if self.operation == "Update" else "", self.subresource

    @property
    def sorted_as(self) -> str:
        """Their identity in the form the API server sorts them by."""
        parts = zip(("manager", "operation", "apiVersion", "subresource"), self.identity, strict=True)
        return json.dumps({key: value for key, value in parts if value}, separators=(",", ":"))

    def __str__(self) -> str:
        where = f' with subresource "{self.subresource}"' if self.subresource else ""
        how = f" using {self.api_version}" if self.operation == "Update" else ""
        return f'"{self.name}"{where}{how}'


def in_order(owners: list[Manager]) -> list[Manager]:
    """Managers as an object lists them: appliers first, the older ones before the younger."""
    return sorted(owners, key=lambda o: (o.operation, o.time, o.name, o.api_version, o.subresource))


def capped(owners: list[Manager]) -> list[Manager]:
    """At most ten updaters are told apart; the oldest become ``ancient-changes``."""
    updaters = [o for o in owners if o.operation == "Update"]
    if len(updaters) <= _MOST_UPDATERS:
        return owners
    updaters.sort(key=lambda o: (o.time, o.sorted_as))
    old, rest = updaters[: len(updaters) - _MOST_UPDATERS + 1], updaters[len(updaters) - _MOST_UPDATERS + 1 :]
    fields: FieldSet = {}
    for owner in old:
        fields = union(fields, owner.fields)
    bucket = Manager("ancient-changes", "Update", old[-1].api_version, "", old[-1].time, fields)
    return [o for o in owners if o.operation != "Update"] + [bucket, *rest]
