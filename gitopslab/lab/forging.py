"""The facade's hands on the forge: Git, images, pipelines. It starts with the first of them.

A part of ``Lab``, kept apart because it has a subject of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitopslab.clusters import Cluster
from gitopslab.clusters.forge import Address, Forge
from gitopslab.lab.answers import say

if TYPE_CHECKING:
    from gitopslab.clusters.client import Client
    from gitopslab.lab.argocd.argocd import ArgoCD
    from gitopslab.lab.flux.flux import Flux
    from gitopslab.lab.git import Git
    from gitopslab.lab.pipelines import Pipelines
    from gitopslab.lab.registry import RegistryAddress


class Forging:
    """What the lab's forge holds.

    Attributes:
        cluster: Beside which it runs.
        client: Its API.
    """

    cluster: Cluster
    client: Client

    @property
    def git(self) -> Git:
        """The lab's Git server, which stock ``git`` works with, too.

        Example:
            >>> web = lab.git.clone("waal/waal-web")
        """
        from gitopslab.lab.git import Git

        return Git(self._forge)

    @property
    def registry(self) -> RegistryAddress:
        """The lab's registry, which ``docker``, ``skopeo`` and the cluster's nodes work with, too.

        Example:
            >>> f"{lab.registry}/waal/waal-web:dev"
            'localhost:5050/waal/waal-web:dev'
            >>> lab.registry.tags("waal/waal-web")
        """
        from gitopslab.lab.registry import RegistryAddress

        return RegistryAddress.of(self._forge())

    @property
    def flux(self) -> Flux:
        """What the ``flux`` command does: install, bootstrap, get, reconcile, suspend, resume, tree, trace, events.

        Example:
            >>> lab.flux.bootstrap("waal/infra")
            >>> lab.flux.get("sources git")
        """
        from gitopslab.lab.flux.flux import Flux

        return Flux(self.client, self.cluster)

    @property
    def argocd(self) -> ArgoCD:
        """What the ``argocd`` command does: install, create, sync, wait, get, diff, history, rollback, tree, delete.

        Example:
            >>> lab.argocd.install()
            >>> lab.argocd.create("web", "waal/infra", "apps/web", automated=True)
        """
        from gitopslab.lab.argocd.argocd import ArgoCD

        return ArgoCD(self.client, self.cluster)

    def pipelines(self, project: str = "") -> Pipelines:
        """What pushes have started, newest first.

        Args:
            project: Only of this one, as ``"waal/waal-web"``.

        Example:
            >>> lab.pipelines("waal/waal-web").latest.wait()
        """
        from gitopslab.clusters.pipelines import PipelineClient
        from gitopslab.lab.pipelines import Pipelines

        return Pipelines(PipelineClient(self._forge()), project)

    def _forge(self) -> Address:
        return Forge.of(self.cluster).up(say)
