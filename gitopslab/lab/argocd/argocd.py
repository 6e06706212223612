"""``ArgoCD``: the commands of ``argocd`` that change something, and with them all of ``lab.argocd``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gitopslab.clusters.forge import Forge
from gitopslab.clusters.waiting import wait_until
from gitopslab.errors import LabError, WaitTimeoutError
from gitopslab.gitops.argocd.kinds import APPLICATIONS, FOREGROUND_FINALIZER, RESOURCES_FINALIZER
from gitopslab.gitops.argocd.windows import can_sync
from gitopslab.gitops.place import git_url
from gitopslab.lab.answers import say
from gitopslab.lab.argocd import following, operating, server
from gitopslab.lab.argocd.applications import Wishes, application, selected
from gitopslab.lab.argocd.asking import Asking
from gitopslab.machinery.objects import Object
from gitopslab.views.argocd.application import short_status

_PATIENCE = 120.0
_REFRESHED = 60.0


class ArgoCD(Asking):
    """Argo CD on the lab's cluster; ``lab.argocd`` gives it.

    Args:
        client: The cluster's API.
        cluster: Whose API it is.
        namespace: Where Argo CD's objects are.
    """

    def __repr__(self) -> str:
        found = self.list()
        if found:
            return repr(found)
        try:
            self._must_be_there()
        except LabError as error:
            return f"{error.message}: {error.hint}"
        return "Argo CD has nothing to do yet: lab.argocd.create(NAME, PROJECT, PATH)"

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
        from gitopslab.lab.argocd.installation import install

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

        The forge tells Argo CD of each push, as GitLab does.

        Args:
            project: ``group/project``.

        Example:
            >>> lab.argocd.webhook("waal/infra")
        """
        from gitopslab.lab.argocd.installation import webhook

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
        self._must_be_there()
        obj = application(name, self.url(project), path, Wishes.of(wishes), self._namespace)
        found = self._find(name)
        if found is None:
            self._tell(self._client.create(obj, self._namespace), "ResourceCreated", "created application")
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
        say(f"application '{name}' {short_status(found)}")

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
        if not can_sync(self._windows(app), app, self._now(), manual=True):
            raise LabError("cannot sync: blocked by sync window", f'lab.argocd.get("{name}") tells which')
        operation = asked.operation(app, sync_options=sync_options, retry_limit=retry_limit)
        operation, words = server.pinned(app, operation, Forge.of(self._cluster).up(say))
        started = operating.start(self._client, app, operation)
        self._tell(started, "OperationStarted", server.initiated(words, asked.resources))
        if wait:
            following.follow(self._client, app, timeout=timeout).must_have_succeeded(partial=bool(resources))

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
        following.wait(self._client, app, sync=sync, health=health, operation=operation, timeout=timeout)

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
        entry = operating.deployed(app, id)
        started = operating.start(self._client, app, operating.rollback(app, entry, prune=prune))
        self._tell(started, "OperationStarted", f"initiated rollback to {entry.get('id', 0)}")
        following.follow(self._client, app, timeout=timeout).must_have_succeeded(partial=True)

    def terminate(self, name: str) -> None:
        """Stop the operation that runs: ``argocd app terminate-op``.

        Raises:
            LabError: None runs.
        """
        app = self._must_find(name)
        if not app.get("operation") or not (app.get("status") or {}).get("operationState"):
            raise LabError("Unable to terminate operation. No operation is in progress", f'lab.argocd.get("{name}")')
        stopped = {"status": {"operationState": {"phase": "Terminating"}}}
        found = self._client.patch(APPLICATIONS, name, stopped, self._namespace)
        self._tell(found, "ResourceUpdated", "terminated running operation")
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
        self._tell(app, "ResourceDeleted", "deleted application")
        reached, _ = wait_until(lambda: [found] if (found := self._find(name)) else [], "delete", timeout)
        if not reached:
            raise WaitTimeoutError(
                f"application '{name}' is still there after {timeout:g} s", f'lab.argocd.get("{name}") tells why'
            )
        say(f"application '{name}' deleted")

    def _replace_spec(self, name: str, spec: Object) -> None:
        """The whole spec and nothing else: the controller writes into the same object."""
        change = [{"op": "replace", "path": "/spec", "value": spec}]
        found = self._client.patch(APPLICATIONS, name, change, self._namespace, type="json")
        self._tell(found, "ResourceUpdated", "updated application spec")

    def _tell(self, app: Object, reason: str, action: str) -> None:
        """Say in an event who did what to an Application, as Argo CD's server does."""
        server.tell(self._client, app, reason, action, self._now())
