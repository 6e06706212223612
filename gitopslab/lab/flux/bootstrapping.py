"""``lab.flux.install`` and ``lab.flux.bootstrap``, step by step, each told as the real commands tell it.

Bootstrap is two commits and three applies: the components, the Secret, the sync; then it waits for what it has set
going. Install is the components alone.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from gitopslab.clusters import Cluster
from gitopslab.clusters.client import Client
from gitopslab.clusters.forge import Address
from gitopslab.clusters.waiting import wait_until
from gitopslab.errors import LabError, NotFoundError, WaitTimeoutError
from gitopslab.gitops.flux import installation
from gitopslab.gitops.flux.definitions import VERSION
from gitopslab.gitops.git import remote, speaking
from gitopslab.gitops.place import git_url
from gitopslab.lab import installing
from gitopslab.lab.answers import say
from gitopslab.machinery.objects import Object, condition_of, is_condition_true
from gitopslab.views.flux import revision_of

_USER = "git"
_AUTHOR, _EMAIL = "Flux", "flux@example.org"
_PATIENCE = 120.0
_RELEASE = installing.Release(
    title="Flux",
    version=VERSION,
    url=f"https://github.com/fluxcd/flux2/releases/download/{VERSION}/install.yaml",
    namespace=installation.NAMESPACE,
    manager="flux",
    again="lab.flux.install(manifests=FOLDER)",
)
_GIT, _KS = "gitrepositories.source.toolkit.fluxcd.io", "kustomizations.kustomize.toolkit.fluxcd.io"


def components(cluster: Cluster, manifests: str | Path, *, image_automation: bool) -> list[Object]:
    """What is installed on a cluster: Flux as it is published, where pods run; else the embedded controllers' kinds.

    Raises:
        LabError: The manifests cannot be had, or nothing would act on them.
    """
    if cluster.kind == "embedded":
        return installation.components(extra=image_automation)
    return installing.components(cluster, _RELEASE, manifests, "Flux's controllers")


def install(client: Client, wanted: Sequence[Object], *, timeout: float) -> None:
    """Apply the components, and wait until they work.

    Raises:
        WaitTimeoutError: They do not.
    """
    say(f'► installing components in "{installation.NAMESPACE}" namespace')
    installing.apply(client, wanted, _RELEASE)
    say("✔ installed components")
    say("◎ verifying installation")
    installing.wait_for_workloads(client, _RELEASE, timeout=timeout)
    say("✔ install finished")


class Bootstrap:
    """One bootstrap.

    Args:
        client: The cluster's API.
        components: What is installed.
        forge: Where the Git server is.
        project: ``group/project``.
        path: Of the cluster's folder.
        branch: Which one.
    """

    def __init__(
        self, client: Client, components: Sequence[Object], forge: Address, project: str, path: str, branch: str
    ) -> None:
        self._client = client
        self._components = components
        self._forge = forge
        self._project = project.strip("/").removesuffix(".git")
        self._path = path
        self._branch = branch
        self._address = speaking.Address(f"{forge.url}/{self._project}.git", _USER, forge.token)

    def run(self) -> None:
        """Do it all, and wait until the cluster follows."""
        self._must_fit()
        folder = f"{self._path}/flux-system"
        say(f"► connecting to {self._forge.url}")
        components = {f"{folder}/{installation.COMPONENTS_FILE}": installation.components_text(self._components)}
        self._commit(components, f"Add Flux {VERSION} component manifests")
        say('► installing components in "flux-system" namespace')
        installing.apply(self._client, self._components, _RELEASE)
        say("✔ installed components")
        self._apply([installation.secret(_USER, self._forge.token)])
        say("✔ configured token authentication in secret flux-system/flux-system")
        sync = installation.sync(git_url(self._project), self._branch, self._path)
        files = {
            f"{folder}/{installation.SYNC_FILE}": installation.text(sync),
            f"{folder}/{installation.KUSTOMIZATION_FILE}": installation.kustomization(),
        }
        head = self._commit(files, "Add Flux sync manifests")
        say("► applying sync manifests")
        self._apply(sync)
        self._wait_for(head)
        say("✔ all components are healthy")

    def _must_fit(self) -> None:
        """Refuse another path for a cluster that has one, as the real command does."""
        try:
            there = self._client.get(_KS, installation.NAME, installation.NAMESPACE)
        except NotFoundError:
            return
        known = there["spec"].get("path", "").strip("./")
        if known != self._path:
            raise LabError(
                f"✗ sync path configuration ./{self._path} would overwrite path ./{known} of existing Kustomization",
                f'lab.flux.bootstrap("{self._project}", "{known}")',
            )

    def _commit(self, files: dict[str, str], message: str) -> str:
        """Commit files and push; the head of the branch. What is there already is not committed again."""
        refs = remote.refs_or_none(self._address)
        head = refs.get(f"{remote.HEADS}{self._branch}", "")
        known = remote.checkout(self._address, head).files if head else {}
        new = {
            path: text.encode()
            for path, text in files.items()
            if path not in known or known[path].content != text.encode()
        }
        if not new:
            say(f"✔ {message[4:]} are up to date")
            return head
        change = remote.Change(new, message, _AUTHOR, _EMAIL, time.time())
        head = remote.push(self._address, head, change, self._branch, before=head)
        say(f'✔ committed "{message}" to branch {self._branch} ("{head[:8]}")')
        return head

    def _apply(self, objects: list[Object]) -> None:
        for obj in objects:
            self._client.apply(obj, manager="flux")

    def _wait_for(self, head: str) -> None:
        for resource, words in ((_GIT, "GitRepository"), (_KS, "Kustomization")):
            say(f'◎ waiting for {words} "flux-system/flux-system" to be reconciled')

            def has_head(obj: Object) -> bool:
                return head in revision_of(obj) and is_condition_true(obj, "Ready")

            def read(resource: str = resource) -> list[Object]:
                return [self._client.get(resource, installation.NAME, installation.NAMESPACE)]

            reached, found = wait_until(read, has_head, _PATIENCE)
            if not reached:
                said = (condition_of(found[0], "Ready") or {}).get("message", "nothing yet")
                raise WaitTimeoutError(
                    f"✗ {words} flux-system did not come to {head[:8]}; it says: {said}",
                    f'lab.flux.events("{words}/flux-system") tells more',
                )
            say(f"✔ {words} reconciled successfully")
        say("► confirming components are healthy")
        installing.wait_for_workloads(self._client, _RELEASE, timeout=_PATIENCE)
