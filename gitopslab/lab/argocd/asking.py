"""The commands of ``argocd`` that only look: list, get, diff, tree, history, events."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from gitopslab.clusters import Capability, Cluster
from gitopslab.clusters.client import Client
from gitopslab.clusters.controls import Controls
from gitopslab.clusters.forge import Forge
from gitopslab.errors import LabError, NotFoundError, WaitTimeoutError
from gitopslab.gitops.argocd.kinds import APP_PROJECTS, APPLICATION_SETS, APPLICATIONS, NAMESPACE
from gitopslab.gitops.argocd.project import project_of
from gitopslab.gitops.argocd.windows import matching
from gitopslab.lab.answers import say
from gitopslab.lab.argocd import following
from gitopslab.lab.argocd.gathering import health_of_resources, resource_tree
from gitopslab.machinery.objects import Object, name_of
from gitopslab.views.argocd import application as views
from gitopslab.views.argocd import applicationset as set_views
from gitopslab.views.argocd.resources import states, tree
from gitopslab.views.grid import Grid
from gitopslab.views.resource import Printed

_REFRESHED = 60.0


class Apps(list[Object]):
    """Applications, or ApplicationSets; a cell shows them as ``argocd app list`` does."""

    def __init__(self, objects: list[Object], grid: Grid) -> None:
        super().__init__(objects)
        self._grid = grid

    def __repr__(self) -> str:
        return self._grid.text()

    def _repr_html_(self) -> str:
        return self._grid.html()


class App(dict[str, Any]):
    """An Application, or an ApplicationSet; a cell shows it as ``argocd app get`` does.

    Attributes:
        text: What is shown.
    """

    def __init__(self, obj: Object, text: str) -> None:
        super().__init__(obj)
        self.text = text

    def __repr__(self) -> str:
        return self.text


class Asking:
    """Argo CD on a cluster, as it is seen.

    Args:
        client: The cluster's API.
        cluster: Whose API it is.
        namespace: Where Argo CD's objects are.
    """

    def __init__(self, client: Client, cluster: Cluster, namespace: str = NAMESPACE) -> None:
        self._client = client
        self._cluster = cluster
        self._namespace = namespace

    def list(self, *, wide: bool = False) -> Apps:
        """All Applications: ``argocd app list``; ``wide`` with repository, path and target."""
        try:
            found = list(self._client.list(APPLICATIONS, self._namespace))
        except NotFoundError:
            found = []
        return Apps(found, views.apps(found, wide=wide))

    def get(self, name: str, *, refresh: bool = False, hard_refresh: bool = False) -> App:
        """One Application with its resources: ``argocd app get``.

        Args:
            name: Which one.
            refresh: First have it compared with Git now.
            hard_refresh: The same, without what was remembered of Git.

        Example:
            >>> lab.argocd.get("web")["status"]["sync"]["status"]
            'Synced'
        """
        if refresh or hard_refresh:
            self._refreshed(name, hard_refresh, _REFRESHED)
        app = self._must_find(name)
        health = health_of_resources(self._client, app)
        return App(app, views.details(app, health, self._windows(app), self._now()))

    def appsets(self, *, wide: bool = False) -> Apps:
        """All ApplicationSets: ``argocd appset list``. They are made with ``lab.apply``."""
        try:
            found = list(self._client.list(APPLICATION_SETS, self._namespace))
        except NotFoundError:
            found = []
        return Apps(found, set_views.appsets(found, wide=wide))

    def appset(self, name: str) -> App:
        """One ApplicationSet with its conditions: ``argocd appset get``.

        Raises:
            NotFoundError: There is none of that name.
        """
        found = self._client.get(APPLICATION_SETS, name, self._namespace)
        return App(found, set_views.details(found))

    def diff(self, name: str, *, revision: str = "") -> Printed:
        """What a sync would change, object by object: ``argocd app diff``.

        Lines with ``<`` are in the cluster, lines with ``>`` in Git.

        Args:
            name: Which Application.
            revision: Another branch, tag or commit than its own.

        Raises:
            LabError: Git cannot be read, or the cluster would refuse an object.

        Example:
            >>> lab.argocd.diff("web")
            ===== apps/Deployment web/web ======
            29c29
            <   replicas: 3
            ---
            >   replicas: 2
        """
        from gitopslab.lab.argocd.difference import Difference

        app, place = self._must_find(name), Forge.of(self._cluster).up(say)
        text = Difference(self._client, place, app).text(revision)
        return Printed(text or f"application '{name}' differs in nothing from Git")

    def tree(self, name: str) -> Printed:
        """What an Application manages, and all that comes of it: ``argocd app get -o tree``.

        Example:
            >>> lab.argocd.tree("web")
            KIND/NAME            STATUS  HEALTH   MESSAGE
            Deployment/web       Synced  Healthy  deployment.apps/web created
            └─ReplicaSet/web-84            Healthy
              └─Pod/web-84-x2k             Healthy
        """
        app = self._must_find(name)
        nodes = self.resource_tree(name)["nodes"]
        return Printed(tree(nodes, states(app, health_of_resources(self._client, app))))

    def resource_tree(self, name: str) -> Object:
        """The same as data: the ``ApplicationTree`` that Argo CD's page draws."""
        return resource_tree(self._client, self._must_find(name))

    def history(self, name: str) -> Printed:
        """What was deployed, and when: ``argocd app history``. The ids are those that ``rollback`` takes."""
        return Printed(views.history(self._must_find(name)) or "nothing was deployed yet")

    def events(self, name: str) -> Printed:
        """What Argo CD said about an Application, oldest first."""
        self._must_find(name)
        said = [
            event
            for event in self._client.list("events", self._namespace)
            if event["involvedObject"].get("kind") == "Application" and event["involvedObject"].get("name") == name
        ]
        said.sort(key=lambda event: (event.get("lastTimestamp") or "", int(event["metadata"]["resourceVersion"])))
        rows = tuple((event["lastTimestamp"], event["type"], event["reason"], event["message"]) for event in said)
        return Printed(Grid(("Last seen", "Type", "Reason", "Message"), rows).text())

    def _must_be_there(self) -> None:
        """Say what to do where Argo CD is not installed.

        Raises:
            LabError: It is not.
        """
        try:
            self._client.resource(APPLICATIONS)
        except NotFoundError as error:
            raise LabError("Argo CD is not on this cluster yet", "lab.argocd.install()") from error

    def _find(self, name: str) -> Object | None:
        try:
            return self._client.get(APPLICATIONS, name, self._namespace)
        except NotFoundError:
            return None

    def _must_find(self, name: str) -> Object:
        self._must_be_there()
        found = self._find(name)
        if found is None:
            there = ", ".join(name_of(app) for app in self.list())
            hint = f"There is: {there}" if there else "Make one: lab.argocd.create(NAME, PROJECT, PATH)"
            raise NotFoundError(404, "NotFound", f"application '{name}' not found", hint=hint)
        return found

    def _refreshed(self, name: str, hard: bool, timeout: float) -> Object:
        kind = "hard" if hard else "normal"
        reached, found = following.refresh(self._client, self._must_find(name), kind, timeout)
        if not reached:
            raise WaitTimeoutError(
                f"application '{name}' was not refreshed within {timeout:g} s",
                'Is Argo CD running? lab.argocd.install(), lab.kubectl("get pods -n argocd")',
            )
        return found

    def _windows(self, app: Object) -> Sequence[Object]:
        """The sync windows of its project that are about an Application."""
        try:
            project = self._client.get(APP_PROJECTS, project_of(app), self._namespace)
        except NotFoundError:
            return ()
        return matching(project["spec"].get("syncWindows") or (), app)

    def _now(self) -> float:
        """The time in the cluster."""
        if Capability.CLOCK in self._cluster.capabilities:
            return float(Controls(self._client).state()["clock"]["now"])
        return time.time()
