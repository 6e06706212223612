"""What of ``lab.flux`` does something: bootstrap commits and applies, the rest annotates Flux's own objects."""

from __future__ import annotations

import time
from pathlib import Path

from gitopslab.clusters.forge import Address, Forge
from gitopslab.errors import LabError, SetupError
from gitopslab.gitops.flux import installation
from gitopslab.gitops.flux.kinds import REQUESTED_AT
from gitopslab.gitops.place import git_host, git_url
from gitopslab.lab.answers import say
from gitopslab.lab.flux.asking import Asking
from gitopslab.lab.flux.following import follow
from gitopslab.lab.flux.kinds import origin_of, resource_of
from gitopslab.machinery.messages import told

_PATIENCE = 60.0


class Flux(Asking):
    """Flux on the lab's cluster; ``lab.flux`` gives it."""

    def __repr__(self) -> str:
        found = self.get("kustomizations")
        return repr(found) if found else told("Flux has nothing to do yet: lab.flux.bootstrap(PROJECT)")

    def install(self, *, manifests: str | Path = "", image_automation: bool = False, timeout: float = 300.0) -> None:
        """Install Flux's controllers, and lead the cluster to the lab's Git server: what ``flux install`` does.

        On kind, k3d or a context these are the real controllers in their release's manifests, which have those of
        image automation, too; on the embedded cluster its own.

        Args:
            manifests: For rooms without a network: a folder with ``install.yaml`` of the release, and with the tars of
                its images (``docker save``), which are loaded onto the nodes.
            image_automation: Embedded: with the controllers of image automation, which Flux leaves out by default.
            timeout: Seconds to wait until they work.

        Raises:
            LabError: The manifests cannot be had.
            WaitTimeoutError: The controllers do not start; the message says what their pods wait for.

        Example:
            >>> lab.flux.install()
        """
        from gitopslab.lab.flux.bootstrapping import components, install

        install(self._client, components(self._cluster, manifests, image_automation=image_automation), timeout=timeout)
        try:
            self._connected()
        except SetupError as error:
            say(f"Warning: {error}")  # Flux works all the same, with repositories that are elsewhere

    def bootstrap(
        self,
        project: str,
        path: str = "clusters/lab",
        *,
        branch: str = "main",
        image_automation: bool = False,
        manifests: str | Path = "",
    ) -> None:
        """Install Flux, and have it manage itself from a project: what ``flux bootstrap gitlab`` does.

        It commits ``PATH/flux-system/`` with the components and the sync, applies both, and waits until the cluster
        runs what is in Git. A second time changes nothing.

        Args:
            project: ``group/project``; the first push makes it.
            path: Of the cluster's folder in it.
            branch: Which one.
            image_automation: With the controllers of image automation, which Flux leaves out by default.
            manifests: As in ``install``.

        Raises:
            LabError: Flux was bootstrapped at another path.
            WaitTimeoutError: The cluster does not follow.

        Example:
            >>> lab.flux.bootstrap("waal/infra", "clusters/lab")
        """
        from gitopslab.lab.flux.bootstrapping import Bootstrap, components

        wanted = components(self._cluster, manifests, image_automation=image_automation)
        Bootstrap(self._client, wanted, self._connected(), project, path.strip("./"), branch).run()

    def url(self, project: str) -> str:
        """Where a project is for Flux: the URL to write into a GitRepository, the same on every cluster."""
        self._connected()
        return git_url(project)

    def push(self, image: str, folder: str | Path, *, source: str = "", revision: str = "") -> str:
        """Push a folder as an artifact for an OCIRepository, as ``flux push artifact`` does; gives its digest.

        Args:
            image: ``group/project:tag`` in the lab's registry.
            folder: What to push; ``.sourceignore`` in it is heeded.
            source: Where the files come from, such as a Git URL; told along.
            revision: Which commit they are of, as ``main@sha1:…``; told along.

        Example:
            >>> lab.flux.push("waal/config:1.0.0", "deploy")
            ► pushing artifact to localhost:5050/waal/config:1.0.0
        """
        from gitopslab.lab.flux.pushing import push

        return push(Forge.of(self._cluster).up(say), image, Path(folder), source, revision)

    def registry(self) -> str:
        """The lab's registry for what runs in the cluster: how ``oci://`` URLs begin, with ``insecure: true``.

        Example:
            >>> f"oci://{lab.flux.registry()}/waal/config"
            'oci://git.gitopslab.svc.cluster.local/waal/config'
        """
        self._connected()
        return git_host()

    def receiver(self, project: str, *sources: str, name: str = "push") -> None:
        """Have pushes to a project fetched at once, instead of at the next interval.

        It makes a Receiver with a Secret, and the forge calls it at each push, as GitLab calls a webhook.

        Args:
            project: ``group/project``.
            sources: The GitRepositories to be fetched; default ``flux-system``.
            name: Of the Receiver and its Secret.

        Example:
            >>> lab.flux.receiver("waal/infra", "flux-system")
        """
        from gitopslab.lab.flux.receiving import receive

        receive(
            self._client,
            self._cluster,
            project,
            sources or (installation.NAME,),
            name,
            self._namespace,
        )

    def reconcile(
        self,
        kind: str,
        name: str,
        *,
        namespace: str | None = None,
        with_source: bool = False,
        timeout: float = _PATIENCE,
    ) -> None:
        """Have an object reconciled now, and wait until it was.

        Args:
            kind: As in ``get``.
            name: Which one.
            namespace: Where.
            with_source: First have its source fetched; without it, Git is not asked.
            timeout: Seconds to wait.

        Raises:
            LabError: It is suspended, or it failed.
            WaitTimeoutError: It was not handled in time.
        """
        title, resource = resource_of(kind)
        obj = self._must_find(title, resource, name, namespace)
        where = obj["metadata"]["namespace"]
        if obj["spec"].get("suspend"):
            raise LabError("✗ resource is suspended", f'lab.flux.resume("{kind}", "{name}")')
        if with_source and (origin := origin_of(obj)) is not None:
            self.reconcile(origin[0], origin[2], namespace=origin[1], with_source=True)
        say(f"► annotating {title} {name} in {where} namespace")
        token = _token()
        self._client.patch(resource, name, {"metadata": {"annotations": {REQUESTED_AT: token}}}, where)
        say(f"✔ {title} annotated")
        follow(self._client, title, name, where, token, timeout)

    def suspend(self, kind: str, name: str, *, namespace: str | None = None) -> None:
        """Have an object left alone until ``resume``: drift stays, new commits do not come."""
        title, resource = resource_of(kind)
        obj = self._must_find(title, resource, name, namespace)
        say(f"► suspending {title.lower()} {name} in {obj['metadata']['namespace']} namespace")
        self._client.patch(resource, name, {"spec": {"suspend": True}}, obj["metadata"]["namespace"])
        say(f"✔ {title.lower()} suspended")

    def resume(self, kind: str, name: str, *, namespace: str | None = None, timeout: float = _PATIENCE) -> None:
        """Have it reconciled again, at once, and wait until it was."""
        title, resource = resource_of(kind)
        obj = self._must_find(title, resource, name, namespace)
        where = obj["metadata"]["namespace"]
        say(f"► resuming {title.lower()} {name} in {where} namespace")
        token = _token()
        change = {"spec": {"suspend": False}, "metadata": {"annotations": {REQUESTED_AT: token}}}
        self._client.patch(resource, name, change, where)
        say(f"✔ {title.lower()} resumed")
        follow(self._client, title, name, where, token, timeout)

    def _connected(self) -> Address:
        from gitopslab.lab.installing import connect

        return connect(self._client, self._cluster)


def _token() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()) + f".{time.time_ns() % 10**9:09d}Z"
