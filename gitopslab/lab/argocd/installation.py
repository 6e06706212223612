"""``lab.argocd.install``, step by step: manifests, what Argo CD makes when it starts, the way to the lab's Git."""

from __future__ import annotations

import base64
import secrets
from pathlib import Path

from gitopslab.clusters import Cluster
from gitopslab.clusters.client import Client
from gitopslab.clusters.forge import USER
from gitopslab.clusters.waiting import wait_until
from gitopslab.errors import NotFoundError, SetupError, WaitTimeoutError
from gitopslab.gitops.argocd import installation
from gitopslab.gitops.argocd.definitions import VERSION
from gitopslab.gitops.argocd.kinds import APP_PROJECTS, NAMESPACE
from gitopslab.gitops.argocd.project import DEFAULT
from gitopslab.gitops.argocd.webhook import PATH, SECRET, TOKEN
from gitopslab.gitops.place import git_url
from gitopslab.lab import installing
from gitopslab.lab.answers import say
from gitopslab.lab.calling import Listener, have_called
from gitopslab.machinery.objects import Object, copy_of, name_of

_POLL = "15s"
_SERVER_PATH = "/api/webhook"  # of the real argocd-server
_RELEASE = installing.Release(
    title="Argo CD",
    version=VERSION,
    url=f"https://raw.githubusercontent.com/argoproj/argo-cd/{VERSION}/manifests/install.yaml",
    namespace=NAMESPACE,
    manager="argocd-install",
    again="lab.argocd.install(manifests=FOLDER)",
)


def install(client: Client, cluster: Cluster, manifests: str | Path, *, timeout: float) -> None:
    """Install Argo CD, wait until it works, and connect it.

    Raises:
        LabError: The manifests cannot be had, or nothing would act on them.
        WaitTimeoutError: It does not start.
    """
    wanted = components(cluster, manifests)
    say(f'► installing Argo CD {VERSION} into namespace "{NAMESPACE}"')
    client.apply(installation.namespace())
    installing.apply(client, wanted, _RELEASE)
    say(f"✔ {len(wanted)} objects applied")
    if cluster.kind == "embedded":
        _start(client)
    installing.wait_for_workloads(client, _RELEASE, timeout=timeout)
    _wait_for_project(client, timeout)
    say("✔ Argo CD is ready")
    if cluster.kind != "embedded":
        say(f"  its page: kubectl port-forward -n {NAMESPACE} svc/argocd-server 8080:443, then https://localhost:8080;")
        say(f"  user admin, the password is in Secret {NAMESPACE}/argocd-initial-admin-secret")
    connect(client, cluster)


def connect(client: Client, cluster: Cluster) -> None:
    """Let Argo CD read every repository of the lab's Git server; where a cluster cannot reach that, say so."""
    try:
        address = installing.connect(client, cluster)
    except SetupError as error:
        return say(f"! {error.message}. {error.hint}")
    prefix = git_url("").removesuffix(".git")
    client.apply(installation.repository_credentials(prefix, USER, address.token))
    say(f"✔ it reads the lab's Git server as {prefix}")


def webhook(client: Client, cluster: Cluster, project: str) -> None:
    """Have the forge tell Argo CD of pushes to a project."""
    path = PATH if cluster.kind == "embedded" else _SERVER_PATH
    have_called(client, cluster, project, _token(client), Listener(NAMESPACE, "https:argocd-server:443", path))
    say(f"webhook: pushes to {project} are compared at once")


def _token(client: Client) -> str:
    """The one token that Argo CD asks of every sender, made with the first webhook."""
    data = client.get("secrets", SECRET, NAMESPACE).get("data") or {}
    token = base64.b64decode(data.get(TOKEN, "")).decode() or secrets.token_urlsafe(24)
    client.patch("secrets", SECRET, {"stringData": {TOKEN: token}}, NAMESPACE)
    return token


def components(cluster: Cluster, manifests: str | Path) -> list[Object]:
    """What is installed on a cluster: Argo CD as it is published, where pods run; else what it looks like.

    Raises:
        LabError: The manifests cannot be had, or nothing would act on them.
    """
    if cluster.kind == "embedded":
        return installation.manifest()
    found = installing.components(cluster, _RELEASE, manifests, "Argo CD")
    return [_hurried(_with_loaded_images(obj)) for obj in found]


def _with_loaded_images(obj: Object) -> Object:
    """The manifest would have every image pulled, also one that was loaded onto the nodes, now or before."""
    if obj["kind"] not in ("Deployment", "StatefulSet"):
        return obj
    made: Object = copy_of(obj)
    spec = made["spec"]["template"]["spec"]
    for container in [*(spec.get("initContainers") or ()), *spec["containers"]]:
        container["imagePullPolicy"] = "IfNotPresent"
    return made


def _hurried(obj: Object) -> Object:
    """A lesson does not last the minutes after which Argo CD looks at Git by itself."""
    if (obj["kind"], name_of(obj)) != ("ConfigMap", "argocd-cm"):
        return obj
    settings = {"timeout.reconciliation": _POLL, "timeout.reconciliation.jitter": "0s"}
    return {**obj, "data": {**(obj.get("data") or {}), **settings}}


def _start(client: Client) -> None:
    """Make what the simulated pods would make; a password that is there stays."""
    for obj in installation.at_start(*(secrets.token_urlsafe(12) for _ in range(2))):
        try:
            client.get(
                obj["kind"].lower() if obj["kind"] == "Secret" else APP_PROJECTS, obj["metadata"]["name"], NAMESPACE
            )
        except NotFoundError:
            client.create(obj)


def _wait_for_project(client: Client, timeout: float) -> None:
    """The real ``argocd-server`` makes the default project when it starts; without it no Application is valid."""

    def read() -> list[Object]:
        return [each for each in client.list(APP_PROJECTS, NAMESPACE) if name_of(each) == DEFAULT]

    reached, _ = wait_until(read, "create", timeout)
    if not reached:
        raise WaitTimeoutError(
            f'✗ Argo CD did not make its AppProject "{DEFAULT}" within {timeout:g} s',
            'lab.kubectl("logs -n argocd deployment/argocd-server") tells more',
        )
