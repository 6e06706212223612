"""The strategy of claims: two fields for where their data comes from (``pkg/api/persistentvolumeclaim``).

Called by the package's two doors, when what cannot be used yet is dropped.
"""

from __future__ import annotations

from gitopslab.machinery.objects import Object

_OLD_SOURCES = (("PersistentVolumeClaim", ""), ("VolumeSnapshot", "snapshot.storage.k8s.io"))


def set_sources(claim: Object, before: Object | None) -> None:
    """Have both fields name one thing.

    The older field knows claims and snapshots only, and forgets all else; not of a claim that has its source already.
    """
    spec, had = claim["spec"], (before or {}).get("spec", {}).get("dataSource")
    old, new = spec.get("dataSource"), spec.get("dataSourceRef")
    if new is None and had is None and old is not None and _named(old) not in _OLD_SOURCES:
        old = spec.pop("dataSource")
    elif old is not None and new is None:
        spec["dataSourceRef"] = dict(old)
    elif new is not None and old is None and not new.get("namespace"):
        spec["dataSource"] = {field: value for field, value in new.items() if field != "namespace"}


def _named(source: Object) -> tuple[str, str]:
    return source.get("kind") or "", source.get("apiGroup") or ""
