"""The status of a definition: which names were accepted, and which versions objects were stored in."""

from __future__ import annotations

from gitopslab.controlplane.server.custom.definitions import names
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.machinery.objects import Object


def check(causes: Causes, definition: Object) -> None:
    """Report accepted names that are none, and stored versions that are no longer there."""
    status = definition.get("status") or {}
    names.check(causes, status.get("acceptedNames") or {}, "status.acceptedNames")
    stored, path = status.get("storedVersions") or [], "status.storedVersions"
    if not stored:
        causes.invalid(path, None, "must have at least one stored version")
        return
    known: set[str] = set()
    for version in definition["spec"].get("versions") or ():
        name = version["name"]
        if version.get("storage") and (name not in stored or name in known):
            causes.invalid(path, stored, f"must have the storage version {name}")
        known.add(name)
    for index, name in enumerate(stored):
        if name not in known:
            causes.invalid(f"{path}[{index}]", name, _gone(name))


def _gone(name: str) -> str:
    return (
        f"missing from spec.versions; {name} was previously a storage version, and must remain in spec.versions until "
        f"a storage migration ensures no data remains persisted in {name} and removes {name} from status.storedVersions"
    )
