"""``lab.flux.diff``: what a Kustomization would change if the files of a working copy were committed.

It builds as the controller builds, applies dry with the controller's field manager, and deletes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from gitopslab.clusters.client import Client
from gitopslab.errors import ApiError, LabError, NotFoundError
from gitopslab.gitops.flux.marks import says, spoken
from gitopslab.gitops.flux.ownership import MANAGER
from gitopslab.gitops.inventory import Entry, entries_of, missing
from gitopslab.lab.flux.pushing import files_of
from gitopslab.lab.rendering import of_kustomization
from gitopslab.machinery.objects import Object, name_of, namespace_of
from gitopslab.views import flux as views

_APPLY = "application/apply-patch+yaml"


def difference(client: Client, kustomization: Object, folder: Path) -> str:
    """What would change, in the words of ``flux diff kustomization``; empty when nothing would.

    Args:
        client: The cluster's API.
        kustomization: As it is in the cluster.
        folder: The working copy of its source.

    Raises:
        LabError: The files cannot be built, or the cluster would refuse an object.
    """
    objects = of_kustomization(client, kustomization, files_of(folder))
    parts = [part for obj in objects if (part := _applied(client, obj))]
    return "\n".join([*parts, *_deleted(kustomization, objects)])


def _applied(client: Client, obj: Object) -> str:
    if says(obj, "reconcile", "disabled") or says(obj, "ssa", "Ignore"):
        return ""
    resource = client.resource(obj)
    path = client.path(resource, namespace_of(obj), name_of(obj))
    try:
        live = client.get(resource.key, name_of(obj), namespace_of(obj))
    except NotFoundError:
        return views.created(obj)
    query = {"dryRun": "All", "force": "true", "fieldManager": MANAGER}
    try:
        return views.drifted(live, client.request("PATCH", path, obj, query, _APPLY))
    except ApiError as error:
        raise LabError(f"✗ {spoken(obj)} dry-run failed ({error.reason}): {error.message}", "Mend the file") from error


def _deleted(kustomization: Object, objects: list[Object]) -> Iterator[str]:
    if kustomization["spec"].get("prune"):
        old = entries_of((kustomization.get("status") or {}).get("inventory"))
        for entry in missing(old, [Entry.of(obj) for obj in objects]):
            yield views.deleted(entry.object)
