"""What of ``lab.flux`` only looks: its objects, what they own, where an object comes from, what Flux said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gitopslab.clusters import Cluster
from gitopslab.clusters.client import Client
from gitopslab.errors import NotFoundError
from gitopslab.gitops.flux import installation
from gitopslab.lab.flux.kinds import KINDS, origin_of, resource_of
from gitopslab.machinery.messages import sentence, told
from gitopslab.machinery.objects import Object, name_of
from gitopslab.views import flux as views
from gitopslab.views.grid import Grid
from gitopslab.views.resource import Printed


class Rows(list[Object]):
    """Objects; a cell shows them as ``flux get`` does, and says so when there are none."""

    def __init__(self, kind: str, objects: list[Object], none: str) -> None:
        super().__init__(objects)
        self._grid: Grid = views.rows(kind, objects)
        self._none = none

    def __repr__(self) -> str:
        return self._grid.text() if self else told(self._none)

    def _repr_html_(self) -> str | None:
        return self._grid.html() if self else None


class Asking:
    """The half of ``lab.flux`` that changes nothing.

    Args:
        client: The cluster's API.
        cluster: Whose API it is.
        namespace: Where Flux's objects are.
    """

    def __init__(self, client: Client, cluster: Cluster, namespace: str = installation.NAMESPACE) -> None:
        self._client = client
        self._cluster = cluster
        self._namespace = namespace

    def get(self, kind: str = "kustomizations", *, namespace: str | None = None) -> Rows:
        """Flux's objects of a kind with what they have applied, and whether they are ready.

        Args:
            kind: As the ``flux`` command takes it: ``kustomizations``, ``sources git``, ``images policy``, ...
            namespace: Where; empty for everywhere.
        """
        title, resource = resource_of(kind)
        where = self._namespace if namespace is None else namespace
        try:
            found = self._client.list(resource, where)
        except NotFoundError:
            none = sentence("✗ Flux is not installed: lab.flux.install(), or lab.flux.bootstrap(PROJECT)")
            return Rows(title, [], none)
        if where:
            return Rows(title, found, sentence(f"✗ no {title} objects found in {where} namespace"))
        return Rows(title, found, sentence(f"✗ no {title} objects found in any namespace"))

    def tree(self, name: str = installation.NAME, *, namespace: str | None = None) -> Printed:
        """What a Kustomization owns, and what the Kustomizations among it own."""
        obj = self._must_find("Kustomization", KINDS["Kustomization"][0], name, namespace)
        return Printed(views.tree(obj, self._find))

    def trace(self, what: str, *, namespace: str = "default") -> Printed:
        """Where an object comes from: the Kustomization or HelmRelease that applied it, and the source of that.

        Args:
            what: As in ``"deployment/web"``.
            namespace: Of it.
        """
        kind, _, name = what.partition("/")
        obj = self._client.get(kind, name, namespace)
        chain, following = list[Object](), views.owner_of(obj)
        while following is not None:
            kind, where, name = following
            found = self._get(resource_of(kind)[1], name, where)
            following = None if found is None else origin_of(found)
            chain += [] if found is None else [found]
        return Printed(views.trace(obj, chain))

    def diff(self, name: str, folder: str | Path, *, namespace: str | None = None) -> Printed:
        """What a Kustomization would change if the files of a working copy were committed as they are.

        Args:
            name: Of the Kustomization.
            folder: The working copy of its source, whole.
            namespace: Where the Kustomization is.

        Raises:
            LabError: The files cannot be built, or the cluster would refuse an object.

        Example:
            >>> lab.flux.diff("flux-system", infra.folder)
            ► ConfigMap/default/hello created
        """
        from gitopslab.lab.flux.differing import difference

        obj = self._must_find("Kustomization", KINDS["Kustomization"][0], name, namespace)
        return Printed(difference(self._client, obj, Path(folder)) or told("✔ no changes"))

    def events(self, what: str = "", *, namespace: str | None = None) -> Printed:
        """What Flux said, oldest first; of one object with ``"Kustomization/app"``."""
        kind, _, name = what.partition("/")
        title = resource_of(kind)[0] if kind else ""
        where = self._namespace if namespace is None else namespace
        said = [event for event in self._client.list("events", where) if _is_about(event, title, name)]
        said.sort(key=lambda event: (event.get("lastTimestamp") or "", event["metadata"]["name"]))
        lines = []
        for event in said:
            about = event["involvedObject"]
            lines.append((event["lastTimestamp"], event["type"], event["reason"],
                          f"{about['kind']}/{about['name']}", _one_line(views.short(event["message"]))))  # fmt: skip
        return Printed(Grid(("Last seen", "Type", "Reason", "Object", "Message"), tuple(lines)).text())

    def _must_find(self, title: str, resource: str, name: str, namespace: str | None) -> Object:
        where = self._namespace if namespace is None else namespace
        found = self._get(resource, name, where)
        if found is None:
            there = ", ".join(name_of(obj) for obj in self.get(title, namespace=where))
            hint = f"There is: {there}" if there else "See what there is: lab.flux.get()"
            raise NotFoundError(404, "NotFound", f"✗ {title} {name} not found in {where} namespace", hint=hint)
        return found

    def _get(self, resource: str, name: str, namespace: str) -> Object | None:
        try:
            return self._client.get(resource, name, namespace)
        except NotFoundError:
            return None

    def _find(self, obj: Object) -> Object | None:
        return self._get(KINDS["Kustomization"][0], name_of(obj), obj["metadata"].get("namespace", ""))


def _is_about(event: Any, kind: str, name: str) -> bool:
    about = event["involvedObject"]
    of_flux = "toolkit.fluxcd.io" in about.get("apiVersion", "")
    return of_flux and (not kind or about["kind"] == kind) and (not name or about["name"] == name)


def _one_line(message: str) -> str:
    first, *more = message.splitlines() or [""]
    return f"{first} and {len(more)} more" if more else first
