"""``lab.argocd``: what the ``argocd`` command does, from cells, on any cluster that has Argo CD.

It talks to the Kubernetes API alone, as ``argocd --core`` does: it reads Applications, annotates them, and writes their
``operation``. What is shown is made in ``views.argocd``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gitopslab.clusters import Cluster
from gitopslab.clusters.client import Client
from gitopslab.clusters.forge import Forge
from gitopslab.clusters.waiting import wait_until
from gitopslab.errors import LabError, NotFoundError, WaitTimeoutError
from gitopslab.gitops.argocd.kinds import APPLICATIONS, FOREGROUND_FINALIZER, NAMESPACE, RESOURCES_FINALIZER
from gitopslab.gitops.place import git_url
from gitopslab.lab import operating
from gitopslab.lab.answers import say
from gitopslab.lab.applications import Wishes, application, selected
from gitopslab.lab.gathering import resource_tree
from gitopslab.machinery.objects import Object, name_of
from gitopslab.views import argocd as views
from gitopslab.views.grid import Grid
from gitopslab.views.resource import Printed

_PATIENCE = 120.0
_REFRESHED = 60.0


class Apps(list[Object]):
    """Applications; a cell shows them as ``argocd app list`` does."""

    def __init__(self, objects: list[Object], *, wide: bool = False) -> None:
        super().__init__(objects)
        self._grid: Grid = views.apps(objects, wide=wide)

    def __repr__(self) -> str:
        return self._grid.text()

    def _repr_html_(self) -> str:
        return self._grid.html()


class App(dict[str, Any]):
    """An Application; a cell shows it as ``argocd app get`` does.

    Attributes:
        text: What is shown.
    """

    def __init__(self, obj: Object, text: str) -> None:
        super().__init__(obj)
        self.text = text

    def __repr__(self) -> str:
        return self.text


class ArgoCD:
    """Argo CD on the lab's cluster; ``lab.argocd`` gives it.

    Args:
        client: The cluster's API.
        cluster: Whose API it is.
        namespace: Where Argo CD's objects are.
    """

    def __init__(self, client: Client, cluster: Cluster, namespace: str = NAMESPACE) -> None:
        self._client = client
        self._cluster = cluster
        self._namespace = namespace

    def __repr__(self) -> str:
        found = self.list()
        return repr(found) if found else "Argo CD has nothing to do yet: lab.argocd.create(NAME, PROJECT, PATH)"

    def install(self, *, manifests: str | Path = "", timeout: float = 300.0) -> None:
        """Install Argo CD, and let it read the lab's Git server.

        On kind, k3d or a context these are the real controllers in their release's manifests; on the embedded cluster
        its own, with pods that only show what a real installation looks like. A second time changes nothing.

        Args:
            manifests: For rooms without a network: a folder with ``install.yaml`` of the release, and with the tars of
                its images (``docker save``), which are loaded onto the nodes.
            timeout: Seconds to wait until they work.

        Raises:
            LabError: The manifests cannot be had.
            WaitTimeoutError: The controllers do not start; the message says what their pods wait for.

        Example:
            >>> lab.argocd.install()
        """
        from gitopslab.lab.argocd_installing import install

        install(self._client, self._cluster, manifests, timeout=timeout)

    def url(self, project: str) -> str:
        """Where a project is for Argo CD: the URL for ``repoURL``, the same on every cluster.

        Example:
            >>> lab.argocd.url("waal/infra")
            'http://git.gitopslab.svc.cluster.local/waal/infra.git'
        """
        return project if "://" in project else git_url(project)

    def webhook(self, project: str) -> None:
        """Have pushes to a project compared at once, instead of at the next look two to three minutes later.

        The forge tells Argo CD of each push, as GitLab does. The real Argo CD of another cluster cannot be called from
        here; it looks every 15 s.

        Args:
            project: ``group/project``.

        Example:
            >>> lab.argocd.webhook("waal/infra")
        """
        from gitopslab.lab.argocd_installing import webhook

        webhook(self._client, self._cluster, project)

    def create(self, name: str, project: str, path: str = ".", **wishes: Any) -> None:
        """Make an Application, or make the one that is there as it is said here: ``argocd app create --upsert``.

        Args:
            name: Of the Application.
            project: The repository: ``group/project`` of the lab's Git server, or any URL.
            path: Of the manifests in it.
            wishes: More about it:
                ``namespace`` where manifests go that name none (``default``);
                ``revision`` branch, tag or commit (``main``);
                ``automated`` sync by itself, ``prune`` and ``self_heal`` while at it (all off);
                ``sync_options`` as in ``["CreateNamespace=true"]``;
                ``recurse`` into folders below the path;
                ``app_project`` the AppProject (``default``);
                ``finalizer`` have its objects deleted with it;
                ``retry_limit`` how often a sync is tried again.

        Example:
            >>> lab.argocd.create("web", "waal/infra", "apps/web", namespace="web", automated=True)
            application 'web' created
        """
        obj = application(name, self.url(project), path, Wishes.of(wishes), self._namespace)
        found = self._find(name)
        if found is None:
            self._client.create(obj, self._namespace)
            say(f"application '{name}' created")
        elif found["spec"] == obj["spec"]:
            say(f"application '{name}' unchanged")
        else:
            self._replace_spec(name, obj["spec"])
            say(f"application '{name}' updated")

    def set(self, name: str, **wishes: Any) -> None:
        """Change what is said about an Application, and leave the rest: ``argocd app set``.

        Args:
            name: Of the Application.
            wishes: As in ``create``, and ``path``.

        Raises:
            LabError: Prune or self-heal is asked of one that does not sync by itself.

        Example:
            >>> lab.argocd.set("web", automated=True, self_heal=True)
            application 'web' updated successfully
        """
        app = self._must_find(name)
        self._replace_spec(name, Wishes.of(wishes).changed(app["spec"]))
        say(f"application '{name}' updated successfully")

    def list(self, *, wide: bool = False) -> Apps:
        """All Applications: ``argocd app list``; ``wide`` with repository, path and target."""
        try:
            found = list(self._client.list(APPLICATIONS, self._namespace))
        except NotFoundError:
            found = []
        return Apps(found, wide=wide)

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
        return App(app, views.details(app, operating.health_of_resources(self._client, app)))

    def refresh(self, name: str, *, hard: bool = False, timeout: float = _REFRESHED) -> None:
        """Have an Application compared with Git now, and wait until it was. Nothing is synced by this alone.

        Args:
            name: Which one.
            hard: Also forget what was remembered of Git.
            timeout: Seconds to wait.

        Raises:
            WaitTimeoutError: Nobody refreshes it.
        """
        found = self._refreshed(name, hard, timeout)
        say(f"application '{name}' {views.short_status(found)}")

    def sync(
        self,
        name: str,
        *,
        revision: str = "",
        prune: bool = False,
        dry_run: bool = False,
        force: bool = False,
        strategy: str = "",
        resources: Sequence[str] = (),
        sync_options: Sequence[str] | None = None,
        retry_limit: int | None = None,
        wait: bool = True,
        timeout: float = _PATIENCE,
    ) -> None:
        """Make the cluster hold what Git says, and wait until that is done: ``argocd app sync``.

        Args:
            name: Which Application.
            revision: Another one than its own; refused where it syncs by itself.
            prune: Also delete what is no longer in Git.
            dry_run: Only say what would be done.
            force: Delete and make anew what cannot be changed.
            strategy: ``apply`` leaves out the hooks; default ``hook``.
            resources: Only these, as in ``"apps:Deployment:web"`` or ``":Service:default/web"``; ``*`` is any, and
                ``!`` in front leaves out.
            sync_options: In the place of those of the Application.
            retry_limit: How often it is tried again.
            wait: Until it is done.
            timeout: Seconds to wait.

        Raises:
            LabError: It failed, or something would have to be pruned that was not asked for.
            WaitTimeoutError: It still runs.

        Example:
            >>> lab.argocd.sync("web", prune=True)
        """
        app = self._must_find(name)
        asked = operating.Sync(revision, prune, dry_run, force, strategy, selected(app, resources))
        operation = asked.operation(app, sync_options=sync_options, retry_limit=retry_limit)
        operating.start(self._client, app, operation)
        if wait:
            operating.follow(self._client, app, timeout=timeout).must_have_succeeded(partial=bool(resources))

    def wait(
        self, name: str, *, sync: bool = True, health: bool = True, operation: bool = True, timeout: float = _PATIENCE
    ) -> None:
        """Wait until an Application is synced and healthy, and no operation runs: ``argocd app wait``.

        Args:
            name: Which one.
            sync: Wait until it is synced.
            health: Wait until it is healthy.
            operation: Wait until no operation runs.
            timeout: Seconds.

        Raises:
            WaitTimeoutError: It did not come in time; the message says how it is.

        Example:
            >>> lab.argocd.wait("web")
            application 'web' is Synced and Healthy after 1.4 s
        """
        app = self._must_find(name)
        operating.wait(self._client, app, sync=sync, health=health, operation=operation, timeout=timeout)

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
        from gitopslab.lab.argocd_differing import Difference

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
        return Printed(views.tree(nodes, views.states(app, operating.health_of_resources(self._client, app))))

    def resource_tree(self, name: str) -> Object:
        """The same as data: the ``ApplicationTree`` that Argo CD's page draws."""
        return resource_tree(self._client, self._must_find(name))

    def history(self, name: str) -> Printed:
        """What was deployed, and when: ``argocd app history``. The ids are those that ``rollback`` takes."""
        return Printed(views.history(self._must_find(name)) or "nothing was deployed yet")

    def rollback(self, name: str, id: int | None = None, *, prune: bool = False, timeout: float = _PATIENCE) -> None:
        """Deploy again what was deployed before; Git stays as it is: ``argocd app rollback``.

        Args:
            name: Which Application.
            id: Of its history; default the last but one.
            prune: Also delete what was not there then.
            timeout: Seconds to wait.

        Raises:
            LabError: It syncs by itself, or there is no such deployment.
        """
        app = self._must_find(name)
        operating.start(self._client, app, operating.rollback(app, id, prune=prune))
        operating.follow(self._client, app, timeout=timeout).must_have_succeeded(partial=True)

    def terminate(self, name: str) -> None:
        """Stop the operation that runs: ``argocd app terminate-op``.

        Raises:
            LabError: None runs.
        """
        app = self._must_find(name)
        if not app.get("operation") or not (app.get("status") or {}).get("operationState"):
            raise LabError("Unable to terminate operation. No operation is in progress", f'lab.argocd.get("{name}")')
        stopped = {"status": {"operationState": {"phase": "Terminating"}}}
        self._client.patch(APPLICATIONS, name, stopped, self._namespace)
        say(f"Application '{name}' operation terminating")

    def delete(self, name: str, *, cascade: bool = True, timeout: float = _PATIENCE) -> None:
        """Delete an Application, and what it deployed: ``argocd app delete``.

        Args:
            name: Which one.
            cascade: Also delete what it deployed; without it that stays, and nobody owns it any more.
            timeout: Seconds to wait until it is gone.

        Raises:
            WaitTimeoutError: It is still there.

        Example:
            >>> lab.argocd.delete("web")
            application 'web' deleted
        """
        app = self._must_find(name)
        others = [each for each in app["metadata"].get("finalizers") or () if not each.startswith(RESOURCES_FINALIZER)]
        finalizers = [*others, FOREGROUND_FINALIZER] if cascade else others
        self._client.patch(APPLICATIONS, name, {"metadata": {"finalizers": finalizers}}, self._namespace)
        self._client.delete(APPLICATIONS, name, self._namespace)
        reached, _ = wait_until(lambda: [found] if (found := self._find(name)) else [], "delete", timeout)
        if not reached:
            raise WaitTimeoutError(
                f"application '{name}' is still there after {timeout:g} s", f'lab.argocd.get("{name}") tells why'
            )
        say(f"application '{name}' deleted")

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

    def _refreshed(self, name: str, hard: bool, timeout: float) -> Object:
        kind = "hard" if hard else "normal"
        reached, found = operating.refresh(self._client, self._must_find(name), kind, timeout)
        if not reached:
            raise WaitTimeoutError(
                f"application '{name}' was not refreshed within {timeout:g} s",
                'Is Argo CD running? lab.argocd.install(), lab.kubectl("get pods -n argocd")',
            )
        return found

    def _replace_spec(self, name: str, spec: Object) -> None:
        """The whole spec and nothing else: the controller writes into the same object."""
        change = [{"op": "replace", "path": "/spec", "value": spec}]
        self._client.patch(APPLICATIONS, name, change, self._namespace, type="json")

    def _find(self, name: str) -> Object | None:
        try:
            return self._client.get(APPLICATIONS, name, self._namespace)
        except NotFoundError:
            return None

    def _must_find(self, name: str) -> Object:
        found = self._find(name)
        if found is None:
            there = ", ".join(name_of(app) for app in self.list())
            hint = f"There is: {there}" if there else "Make one: lab.argocd.create(NAME, PROJECT, PATH)"
            raise NotFoundError(404, "NotFound", f"application '{name}' not found", hint=hint)
        return found
