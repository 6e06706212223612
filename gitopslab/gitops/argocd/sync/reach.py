"""An object in the cluster, found by what its manifest says it is."""

from __future__ import annotations

from dataclasses import dataclass

from gitopslab.controlplane.runtime.api import Api
from gitopslab.errors import ApiError, NotFoundError
from gitopslab.machinery.kinds import Catalog, Resource
from gitopslab.machinery.objects import Object, name_of, namespace_of, uid_of


@dataclass(frozen=True, slots=True)
class Reach:
    """The cluster, under one field manager.

    Attributes:
        api: With that field manager.
        catalog: Which kinds there are.
    """

    api: Api
    catalog: Catalog

    def get(self, obj: Object) -> Object | None:
        """An object as it is now; None when it, or its kind, is not there."""
        resource = self.catalog.of(obj)
        if resource is None:
            return None
        try:
            return self.api.get(resource.qualified, name_of(obj), space_of(resource, obj))
        except NotFoundError:
            return None

    def anew(self, obj: Object, live: Object) -> None:
        """Make anew what cannot be changed."""
        resource = self.resource(obj)
        self.api.delete(
            resource.key, name_of(live), namespace_of(live), propagation="Background", grace_seconds=0, uid=uid_of(live)
        )
        self.api.create(obj)

    def resource(self, obj: Object) -> Resource:
        """The kind of an object.

        Raises:
            ApiError: The cluster does not have it, or keeps nothing of it; the message is kubectl's.
        """
        resource = self.catalog.of(obj)
        if resource is None:
            matches = f'no matches for kind "{obj.get("kind")}" in version "{obj.get("apiVersion")}"'
            where = f'name: "{name_of(obj)}" namespace: "{namespace_of(obj)}"'
            message = f"resource mapping not found for {where}: {matches}\nensure CRDs are installed first"
            raise ApiError(404, "NotFound", message)
        if not resource.stored:
            raise ApiError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
        return resource


def space_of(resource: Resource, obj: Object) -> str:
    """The namespace of an object; empty where its kind belongs to none."""
    return namespace_of(obj) if resource.namespaced else ""


def spoken_of(resource: Resource, obj: Object) -> str:
    """As kubectl names an object: ``deployment.apps/web``."""
    group = f".{resource.group}" if resource.group else ""
    return f"{resource.kind.lower()}{group}/{name_of(obj)}"
