"""What a Flux Kustomization owns, as its status keeps it: ``status.inventory.entries[]``.

An entry's ``id`` is ``<namespace>_<name>_<group>_<Kind>`` with empty parts left empty, and ``v`` the version. A name
with a colon, as RBAC allows, has it written ``__``. Source: ``cli-utils/pkg/object/objmetadata.go``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gitopslab.machinery.objects import Object, group_of, name_of, namespace_of


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """One object that is owned.

    Attributes:
        id: As in the inventory.
        version: Of its API; not part of what it is.
    """

    id: str
    version: str

    @classmethod
    def of(cls, obj: Object) -> Entry:
        """The entry for an object."""
        version = str(obj.get("apiVersion", ""))
        name = name_of(obj).replace(":", "__")
        return cls(f"{namespace_of(obj)}_{name}_{group_of(version)}_{obj.get('kind', '')}", version.rpartition("/")[2])

    @property
    def object(self) -> Object:
        """As much of the object as the entry tells: ``apiVersion``, ``kind``, name and namespace."""
        namespace, _, rest = self.id.partition("_")
        rest, _, kind = rest.rpartition("_")
        name, _, group = rest.rpartition("_")
        metadata = {"name": name.replace("__", ":"), **({"namespace": namespace} if namespace else {})}
        return {
            "apiVersion": f"{group}/{self.version}" if group else self.version,
            "kind": kind,
            "metadata": metadata,
        }


def entries_of(inventory: Object | None) -> list[Entry]:
    """The entries of ``status.inventory``."""
    return [Entry(entry["id"], entry.get("v", "")) for entry in (inventory or {}).get("entries") or ()]


def inventory_of(entries: Iterable[Entry]) -> Object:
    """``status.inventory`` with these entries."""
    return {"entries": [{"id": entry.id, "v": entry.version} for entry in entries]}


def missing(old: Iterable[Entry], new: Iterable[Entry]) -> list[Entry]:
    """The old entries whose object is not among the new ones, whatever its version."""
    kept = {entry.id for entry in new}
    return [entry for entry in old if entry.id not in kept]
