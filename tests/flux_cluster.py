"""A bare cluster with Flux's kinds, on the jumpable clock, and short words for what tests do with it."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Any

from gitopslab.controlplane.daemon.assembly import ControlPlane
from gitopslab.errors import NotFoundError
from gitopslab.gitops.flux.definitions import definitions
from gitopslab.machinery.clock import JumpableClock
from gitopslab.machinery.objects import Object, condition_of

KS = "kustomizations.kustomize.toolkit.fluxcd.io"
GIT = "gitrepositories.source.toolkit.fluxcd.io"
SYSTEM = "flux-system"


class Flux:
    """A cluster with Flux in it.

    Attributes:
        plane: The cluster.
        api: An administrator's, whose field manager is not kubectl's.
        clock: Its time.
    """

    def __init__(self, plane: ControlPlane, clock: JumpableClock) -> None:
        self.plane, self.api, self.clock = plane, plane.api, clock
        self.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SYSTEM}})
        for definition in definitions():
            self.api.create(definition)
        plane.settle()

    def repository(self, url: str, name: str = "app", **spec: Any) -> None:
        """Create a GitRepository of branch ``main``, and let it act."""
        wanted = {"interval": "1m", "url": url, "ref": {"branch": "main"}} | spec
        self.create("source.toolkit.fluxcd.io/v1", "GitRepository", name, wanted)

    def kustomization(self, name: str = "app", source: str = "app", **spec: Any) -> None:
        """Create a Kustomization that prunes, and let it act."""
        wanted = {"interval": "10m", "prune": True, "sourceRef": {"kind": "GitRepository", "name": source}} | spec
        self.create("kustomize.toolkit.fluxcd.io/v1", "Kustomization", name, wanted)

    def create(self, version: str, kind: str, name: str, spec: Object, namespace: str = SYSTEM) -> None:
        """Create one of Flux's objects, and let it act."""
        metadata = {"name": name, "namespace": namespace}
        self.api.create({"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec})
        self.plane.settle()

    def change(self, resource: str, name: str, spec: Object) -> None:
        """Change a spec, and let it act."""
        self.api.patch(resource, name, {"spec": spec}, SYSTEM)
        self.plane.settle()

    def request(self, resource: str, name: str, token: str = "now") -> None:
        """Ask for a reconcile, as ``flux reconcile`` does."""
        annotations = {"reconcile.fluxcd.io/requestedAt": token}
        self.api.patch(resource, name, {"metadata": {"annotations": annotations}}, SYSTEM)
        self.plane.settle()

    def sync(self, source: str = "app") -> None:
        """Have a source fetch now, and all that follows from it happen."""
        self.request(GIT, source, str(self.clock.now()) + str(self.plane.store.revision))

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.plane.advance(seconds)

    def get(self, resource: str, name: str = "app", namespace: str = SYSTEM) -> Object:
        """An object as it is."""
        return self.api.get(resource, name, namespace)

    def find(self, resource: str, name: str, namespace: str = "default") -> Object | None:
        """An object as it is, or None."""
        try:
            return self.api.get(resource, name, namespace)
        except NotFoundError:
            return None

    def status(self, resource: str, name: str = "app") -> Object:
        """Its status."""
        found: Object = self.get(resource, name).get("status") or {}
        return found

    def condition(self, resource: str, name: str = "app", kind: str = "Ready") -> tuple[str, str, str] | None:
        """Status, reason and message of a condition."""
        found = condition_of(self.get(resource, name), kind)
        return None if found is None else (found["status"], found["reason"], found["message"])

    def artifacts(self) -> list[Path]:
        """The archives that source-controller keeps."""
        return sorted(self.plane.gitops.artifacts.rglob("*.tar.gz"))

    def files(self, resource: str = GIT) -> list[str]:
        """What is in the artifact of the source ``app``."""
        path = self.plane.gitops.artifacts / self.status(resource)["artifact"]["path"]
        with tarfile.open(path) as archive:
            return sorted(archive.getnames())

    def events(self, kind: str, name: str = "app") -> list[tuple[str, str, str]]:
        """Type, reason and message of what was said about an object, in order."""
        said = self.api.list("events", SYSTEM)
        about = [e for e in said if (e["involvedObject"]["kind"], e["involvedObject"]["name"]) == (kind, name)]
        about.sort(key=lambda event: int(event["metadata"]["resourceVersion"]))
        return [(event["type"], event["reason"], event["message"]) for event in about]


def config_map(name: str, namespace: str = "default", **data: str) -> str:
    """A ConfigMap as YAML."""
    lines = "".join(f'  {key}: "{value}"\n' for key, value in data.items())
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n  namespace: {namespace}\ndata:\n{lines}"
