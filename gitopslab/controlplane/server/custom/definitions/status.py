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
    versions = definition["spec"].get("versions") or ()
    for version in versions:
        if version.get("storage") and version["name"] not in stored:
            causes.invalid(path, stored, f"must have the storage version {version['name']}")
    known = {version["name"] for version in versions}
    for index, name in enumerate(stored):
        if name not in known:
            causes.invalid(f"{path}[{index}]", name, _gone(name))


def _gone(name: str) -> str:
    return (
        f"missing from spec.versions; {name} was previously a storage version, and must remain in spec.versions until "
        f"a storage migration ensures no data remains persisted in {name} and removes {name} from status.storedVersions"
    )
