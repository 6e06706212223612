"""A bare cluster with Argo CD's kinds, on the jumpable clock, and short words for what tests do with it."""

from __future__ import annotations

from typing import Any

from gitopslab.controlplane.daemon.assembly import ControlPlane
from gitopslab.errors import NotFoundError
from gitopslab.gitops.argocd.definitions import definitions
from gitopslab.gitops.argocd.kinds import APPLICATIONS, GROUP, IN_CLUSTER, NAMESPACE, REFRESH
from gitopslab.machinery.clock import JumpableClock
from gitopslab.machinery.objects import Object


class Argo:
    """A cluster with Argo CD in it.

    Attributes:
        plane: The cluster.
        api: An administrator's, whose field manager is not kubectl's.
        clock: Its time.
    """

    def __init__(self, plane: ControlPlane, clock: JumpableClock) -> None:
        self.plane, self.api, self.clock = plane, plane.api, clock
        self.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
        for definition in definitions():
            self.api.create(definition)
        plane.settle()
        self.project("default")

    def project(self, name: str, **spec: Any) -> None:
        """Create an AppProject; everything is allowed in it unless said otherwise."""
        anything = {
            "sourceRepos": ["*"],
            "destinations": [{"server": "*", "namespace": "*"}],
            "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
        }
        self.create("AppProject", name, anything | spec)

    def application(self, url: str, name: str = "app", *, metadata: Object | None = None, **spec: Any) -> None:
        """Create an Application of branch ``main`` that syncs by hand into ``default``, and let it act.

        Args:
            url: Of its repository.
            name: Of the Application.
            metadata: More of it, such as finalizers.
            spec: What differs; ``source`` is added to.
        """
        source = {"repoURL": url, "path": ".", "targetRevision": "main"} | spec.pop("source", {})
        wanted = {
            "project": "default",
            "source": source,
            "destination": {"server": IN_CLUSTER, "namespace": "default"},
        } | spec
        self.create("Application", name, wanted, metadata)

    def create(self, kind: str, name: str, spec: Object, metadata: Object | None = None) -> None:
        """Create one of Argo CD's objects, and let it act."""
        named = {"name": name, "namespace": NAMESPACE} | (metadata or {})
        self.api.create({"apiVersion": f"{GROUP}/v1alpha1", "kind": kind, "metadata": named, "spec": spec})
        self.plane.settle()

    def change(self, spec: Object, name: str = "app", resource: str = APPLICATIONS) -> None:
        """Change a spec, and let it act."""
        self.api.patch(resource, name, {"spec": spec}, NAMESPACE)
        self.plane.settle()

    def refresh(self, name: str = "app", kind: str = "normal") -> None:
        """Ask for a refresh, as ``argocd app get --refresh`` does."""
        self.api.patch(APPLICATIONS, name, {"metadata": {"annotations": {REFRESH: kind}}}, NAMESPACE)
        self.plane.settle()

    def sync(self, name: str = "app", **sync: Any) -> None:
        """Start a sync, as ``argocd app sync`` does, and let it act."""
        operation = {"initiatedBy": {"username": "admin"}, "sync": sync}
        self.api.patch(APPLICATIONS, name, {"operation": operation}, NAMESPACE)
        self.plane.settle()

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.plane.advance(seconds)

    def get(self, resource: str = APPLICATIONS, name: str = "app", namespace: str = NAMESPACE) -> Object:
        """An object as it is."""
        return self.api.get(resource, name, namespace)

    def find(self, resource: str, name: str, namespace: str = "default") -> Object | None:
        """An object as it is, or None."""
        try:
            return self.api.get(resource, name, namespace)
        except NotFoundError:
            return None

    def status(self, name: str = "app") -> Object:
        """The status of an Application."""
        found: Object = self.get(name=name).get("status") or {}
        return found

    def sync_status(self, name: str = "app") -> str:
        """Whether an Application is ``Synced``, ``OutOfSync`` or ``Unknown``."""
        found: str = self.status(name).get("sync", {}).get("status", "")
        return found

    def health(self, name: str = "app") -> str:
        """How healthy an Application is."""
        found: str = self.status(name).get("health", {}).get("status", "")
        return found

    def resources(self, name: str = "app") -> dict[str, str]:
        """The sync status of each resource, by ``Kind/name``."""
        found = self.status(name).get("resources") or []
        return {f"{each['kind']}/{each['name']}": each.get("status", "") for each in found}

    def conditions(self, name: str = "app") -> list[tuple[str, str]]:
        """Type and message of each condition."""
        return [(each["type"], each["message"]) for each in self.status(name).get("conditions") or []]

    def operation(self, name: str = "app") -> tuple[str, str] | None:
        """Phase and message of the last operation."""
        state = self.status(name).get("operationState")
        return (state["phase"], state.get("message", "")) if state else None

    def events(self, name: str = "app") -> list[tuple[str, str, str]]:
        """Type, reason and message of what was said about an Application, in order."""
        said = self.api.list("events", NAMESPACE)
        about = [e for e in said if (e["involvedObject"]["kind"], e["involvedObject"]["name"]) == ("Application", name)]
        about.sort(key=lambda event: int(event["metadata"]["resourceVersion"]))
        return [(event["type"], event["reason"], event["message"]) for event in about]


def config_map(name: str, namespace: str = "", annotations: dict[str, str] | None = None, **data: str) -> str:
    """A ConfigMap as YAML; without a namespace it gets the Application's."""
    place = f"  namespace: {namespace}\n" if namespace else ""
    notes = "".join(f'    {key}: "{value}"\n' for key, value in (annotations or {}).items())
    noted = f"  annotations:\n{notes}" if notes else ""
    lines = "".join(f'  {key}: "{value}"\n' for key, value in data.items())
    filled = f"data:\n{lines}" if lines else ""
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n{place}{noted}{filled}"
