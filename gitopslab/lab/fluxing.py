"""``lab.flux``: what the ``flux`` command does, from cells, on any cluster that has Flux.

Bootstrap commits and applies what the real command does; the rest reads and annotates Flux's own objects. What is shown
is made in ``views.flux``.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from gitopslab.clusters import Cluster
from gitopslab.clusters.client import Client
from gitopslab.clusters.forge import Address, Forge
from gitopslab.clusters.waiting import wait_until
from gitopslab.errors import LabError, NotFoundError, SetupError, WaitTimeoutError
from gitopslab.gitops.flux import installation
from gitopslab.gitops.flux.kinds import REQUESTED_AT
from gitopslab.gitops.place import git_host, git_url
from gitopslab.lab.answers import say
from gitopslab.machinery.messages import sentence, told
from gitopslab.machinery.objects import Object, condition_of, name_of
from gitopslab.views import flux as views
from gitopslab.views.grid import Grid

_KINDS = {
    "GitRepository": ("gitrepositories.source.toolkit.fluxcd.io", "source git", "sources git", "git"),
    "OCIRepository": ("ocirepositories.source.toolkit.fluxcd.io", "source oci", "sources oci", "oci"),
    "Kustomization": ("kustomizations.kustomize.toolkit.fluxcd.io", "ks", "kustomizations"),
    "ImageRepository": ("imagerepositories.image.toolkit.fluxcd.io", "image repository", "images repository"),
    "ImagePolicy": ("imagepolicies.image.toolkit.fluxcd.io", "image policy", "images policy"),
    "ImageUpdateAutomation": ("imageupdateautomations.image.toolkit.fluxcd.io", "image update", "images update"),
    "HelmRepository": ("helmrepositories.source.toolkit.fluxcd.io", "source helm", "sources helm"),
    "HelmChart": ("helmcharts.source.toolkit.fluxcd.io", "source chart", "sources chart"),
    "HelmRelease": ("helmreleases.helm.toolkit.fluxcd.io", "hr", "helmreleases"),
    "Alert": ("alerts.notification.toolkit.fluxcd.io", "alerts"),
    "Provider": ("providers.notification.toolkit.fluxcd.io", "alert-providers"),
    "Receiver": ("receivers.notification.toolkit.fluxcd.io", "receivers"),
}
_APPLIERS = ("Kustomization", "HelmRelease")
_PATIENCE = 60.0


class Text(str):
    """Text that a cell shows as it is."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


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


class Flux:
    """Flux on the lab's cluster; ``lab.flux`` gives it.

    Args:
        client: The cluster's API.
        cluster: Whose API it is.
        namespace: Where Flux's objects are.
    """

    def __init__(self, client: Client, cluster: Cluster, namespace: str = installation.NAMESPACE) -> None:
        self._client = client
        self._cluster = cluster
        self._namespace = namespace

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
        from gitopslab.lab.bootstrapping import components, install

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
        from gitopslab.lab.bootstrapping import Bootstrap, components

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
        from gitopslab.lab.pushing import push

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
        from gitopslab.lab.receiving import receive

        receive(
            self._client,
            Forge.of(self._cluster).up(say),
            project,
            sources or (installation.NAME,),
            name,
            self._namespace,
        )

    def get(self, kind: str = "kustomizations", *, namespace: str | None = None) -> Rows:
        """Flux's objects of a kind with what they have applied, and whether they are ready.

        Args:
            kind: As the ``flux`` command takes it: ``kustomizations``, ``sources git``, ``images policy``, ...
            namespace: Where; empty for everywhere.
        """
        title, resource = _resource(kind)
        where = self._namespace if namespace is None else namespace
        try:
            found = self._client.list(resource, where)
        except NotFoundError:
            none = sentence("✗ Flux is not installed: lab.flux.install(), or lab.flux.bootstrap(PROJECT)")
            return Rows(title, [], none)
        if where:
            return Rows(title, found, sentence(f"✗ no {title} objects found in {where} namespace"))
        return Rows(title, found, sentence(f"✗ no {title} objects found in any namespace"))

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
        title, resource = _resource(kind)
        obj = self._must_find(title, resource, name, namespace)
        where = obj["metadata"]["namespace"]
        if obj["spec"].get("suspend"):
            raise LabError("✗ resource is suspended", f'lab.flux.resume("{kind}", "{name}")')
        if with_source and (origin := _origin(obj)) is not None:
            self.reconcile(origin[0], origin[2], namespace=origin[1], with_source=True)
        say(f"► annotating {title} {name} in {where} namespace")
        token = _token()
        self._client.patch(resource, name, {"metadata": {"annotations": {REQUESTED_AT: token}}}, where)
        say(f"✔ {title} annotated")
        say(f"◎ waiting for {title} reconciliation")
        self._wait_until_handled(title, resource, name, where, token, timeout)

    def suspend(self, kind: str, name: str, *, namespace: str | None = None) -> None:
        """Have an object left alone until ``resume``: drift stays, new commits do not come."""
        title, resource = _resource(kind)
        obj = self._must_find(title, resource, name, namespace)
        say(f"► suspending {title.lower()} {name} in {obj['metadata']['namespace']} namespace")
        self._client.patch(resource, name, {"spec": {"suspend": True}}, obj["metadata"]["namespace"])
        say(f"✔ {title.lower()} suspended")

    def resume(self, kind: str, name: str, *, namespace: str | None = None, timeout: float = _PATIENCE) -> None:
        """Have it reconciled again, at once, and wait until it was."""
        title, resource = _resource(kind)
        obj = self._must_find(title, resource, name, namespace)
        where = obj["metadata"]["namespace"]
        say(f"► resuming {title.lower()} {name} in {where} namespace")
        token = _token()
        change = {"spec": {"suspend": False}, "metadata": {"annotations": {REQUESTED_AT: token}}}
        self._client.patch(resource, name, change, where)
        say(f"✔ {title.lower()} resumed")
        say(f"◎ waiting for {title} reconciliation")
        self._wait_until_handled(title, resource, name, where, token, timeout)

    def tree(self, name: str = installation.NAME, *, namespace: str | None = None) -> Text:
        """What a Kustomization owns, and what the Kustomizations among it own."""
        obj = self._must_find("Kustomization", _KINDS["Kustomization"][0], name, namespace)
        return Text(views.tree(obj, self._find))

    def trace(self, what: str, *, namespace: str = "default") -> Text:
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
            found = self._get(_resource(kind)[1], name, where)
            following = None if found is None else _origin(found)
            chain += [] if found is None else [found]
        return Text(views.trace(obj, chain))

    def diff(self, name: str, folder: str | Path, *, namespace: str | None = None) -> Text:
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
        from gitopslab.lab.differing import difference

        obj = self._must_find("Kustomization", _KINDS["Kustomization"][0], name, namespace)
        return Text(difference(self._client, obj, Path(folder)) or told("✔ no changes"))

    def events(self, what: str = "", *, namespace: str | None = None) -> Text:
        """What Flux said, oldest first; of one object with ``"Kustomization/app"``."""
        kind, _, name = what.partition("/")
        title = _resource(kind)[0] if kind else ""
        where = self._namespace if namespace is None else namespace
        said = [event for event in self._client.list("events", where) if _is_about(event, title, name)]
        said.sort(key=lambda event: (event.get("lastTimestamp") or "", event["metadata"]["name"]))
        lines = []
        for event in said:
            about = event["involvedObject"]
            lines.append((event["lastTimestamp"], event["type"], event["reason"],
                          f"{about['kind']}/{about['name']}", _one_line(views.short(event["message"]))))  # fmt: skip
        return Text(Grid(("Last seen", "Type", "Reason", "Object", "Message"), tuple(lines)).text())

    def _connected(self) -> Address:
        from gitopslab.lab.installing import connect

        return connect(self._client, self._cluster)

    def _wait_until_handled(self, title: str, resource: str, name: str, where: str, token: str, timeout: float) -> None:
        def is_handled(obj: Object) -> bool:
            status = obj.get("status") or {}
            ready = condition_of(obj, "Ready")
            return status.get("lastHandledReconcileAt") == token and bool(ready) and ready["status"] != "Unknown"  # type: ignore[index]

        reached, found = wait_until(lambda: [self._client.get(resource, name, where)], is_handled, timeout)
        ready = condition_of(found[0], "Ready") or {}
        if not reached:
            said = ready.get("message", "nothing yet")
            raise WaitTimeoutError(
                f"✗ {title} {name} was not reconciled within {timeout:g} s; it says: {said}",
                f'lab.flux.events("{title}/{name}") tells more',
            )
        if ready["status"] != "True":
            raise LabError(f"✗ {title} reconciliation failed: {ready['message']}", "Mend it in Git, and push")
        done = "applied" if title in _APPLIERS else "fetched"
        say(
            f"✔ {done} revision {views.revision_of(found[0])}"
            if views.revision_of(found[0])
            else f"✔ {ready['message']}"
        )

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
        return self._get(_KINDS["Kustomization"][0], name_of(obj), obj["metadata"].get("namespace", ""))


def _resource(word: str) -> tuple[str, str]:
    """Kind and resource for a word of the ``flux`` command."""
    for kind, (resource, *words) in _KINDS.items():
        if word.lower() in (kind.lower(), f"{kind.lower()}s", resource, *words):
            return kind, resource
    known = ", ".join(names[-1] if len(names) < 3 else names[1] for names in _KINDS.values())
    raise LabError(f"Flux has no {word!r}", f"Take one of: {known}")


def _origin(obj: Object) -> tuple[str, str, str] | None:
    """Kind, namespace and name of where something of Flux comes from; None for a source."""
    spec, where = obj["spec"], obj["metadata"]["namespace"]
    if "chart" in spec and obj["kind"] == "HelmRelease":
        namespace, _, name = (obj.get("status") or {}).get("helmChart", "").partition("/")
        return ("HelmChart", namespace, name) if name else None
    reference = spec.get("sourceRef") or spec.get("chartRef")
    return (reference["kind"], reference.get("namespace") or where, reference["name"]) if reference else None


def _is_about(event: Any, kind: str, name: str) -> bool:
    about = event["involvedObject"]
    of_flux = "toolkit.fluxcd.io" in about.get("apiVersion", "")
    return of_flux and (not kind or about["kind"] == kind) and (not name or about["name"] == name)


def _one_line(message: str) -> str:
    first, *more = message.splitlines() or [""]
    return f"{first} and {len(more)} more" if more else first


def _token() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()) + f".{time.time_ns() % 10**9:09d}Z"
