"""Flux and Argo CD in the embedded cluster: what their controllers are given, and who waits for their kinds.

Nothing of the two is imported before their kinds are there, so a cluster without them starts as fast as ever.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from gitopslab.controlplane.runtime.api import Api
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.server.decode import as_typed
from gitopslab.controlplane.server.decoding import DecodingApi
from gitopslab.controlplane.server.guarded import GuardedApi
from gitopslab.controlplane.server.local import LocalApi
from gitopslab.controlplane.server.options import Caller
from gitopslab.controlplane.server.verbs import Verbs
from gitopslab.gitops.starting import GitOpsStarter, Row
from gitopslab.gitops.work import Inline, Work
from gitopslab.machinery.objects import Object

_ADMINISTRATORS = ("system:masters", "system:authenticated")
_ACCOUNTS = {"argocd-controller": "argocd-application-controller"}
"""Whose field manager is not called as their service account; they apply what people have written."""


_ARGOCD_HOOK = "/hook/argocd"


class GitOps:
    """GitOps controllers, started when the cluster has their kinds.

    Args:
        verbs: The server.
        manager: Runs the controllers.
        work: Does what takes long; default at once, in this thread.
        artifacts: Where Flux keeps what it fetched; default a folder that goes with the process.
        kubeconfig: With which helm reaches the cluster; None for one that is not served.
    """

    def __init__(
        self,
        verbs: Verbs,
        manager: Manager,
        *,
        work: Work | None = None,
        artifacts: Path | None = None,
        kubeconfig: Path | None = None,
    ) -> None:
        self._verbs = verbs
        self._manager = manager
        self._work = work or Inline()
        self._artifacts = artifacts
        self._kubeconfig = kubeconfig
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self.starters = (
            GitOpsStarter("flux", ".toolkit.fluxcd.io", manager, self._flux),
            GitOpsStarter("argocd", ".argoproj.io", manager, self._argocd),
        )

    @property
    def artifacts(self) -> Path:
        """Where Flux keeps what it fetched."""
        if self._artifacts is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="gitopslab-artifacts-")
            self._artifacts = Path(self._temporary.name)
        return self._artifacts

    def receive(self, path: str, headers: Mapping[str, str], body: bytes) -> int:
        """Act on the call of a webhook, where a Receiver or Argo CD listens for it."""
        if path == _ARGOCD_HOOK:
            return self._argocd_received(headers, body)
        if self._verbs.catalog.by_key("receivers.notification.toolkit.fluxcd.io") is None:
            return 404
        from gitopslab.gitops.flux.receiver import COMPONENT
        from gitopslab.gitops.flux.receiving import received

        api, verbs = self._api_for("flux-system")(COMPONENT), self._verbs
        return received(api, verbs.catalog, verbs.clock.now(), path, headers, body)

    def _argocd_received(self, headers: Mapping[str, str], body: bytes) -> int:
        if self._verbs.catalog.by_key("applications.argoproj.io") is None:
            return 404
        from gitopslab.gitops.argocd.webhook import received

        return received(self._api_for("argocd")("argocd-server"), headers, body)

    def close(self) -> None:
        """End what runs for the controllers."""
        if self._kubeconfig is not None:
            from gitopslab.gitops.render import helm

            helm.stop()

    def _flux(self) -> list[Row]:
        from gitopslab.gitops.flux.controllers import controllers
        from gitopslab.gitops.flux.surroundings import Surroundings
        from gitopslab.gitops.source.storage import Storage

        verbs, storage = self._verbs, Storage(self.artifacts)
        given = (self._api_for("flux-system"), self._manager, verbs.clock, verbs.catalog, self._work)
        return controllers(Surroundings(*given, self._api_as, storage, self._typed, self._kubeconfig))

    def _argocd(self) -> list[Row]:
        from gitopslab.gitops.argocd.controllers import controllers
        from gitopslab.gitops.surroundings import Surroundings

        verbs = self._verbs
        return controllers(Surroundings(self._api_for("argocd"), self._manager, verbs.clock, verbs.catalog, self._work))

    def _typed(self, obj: Object) -> Object | None:
        return as_typed(self._verbs.catalog, obj)

    def _api_for(self, namespace: str) -> Callable[[str], Api]:
        """The Api as a service account of a namespace; its installation binds it to ``cluster-admin``."""

        def api_for(component: str) -> Api:
            account = _ACCOUNTS.get(component, component.removeprefix("gotk-"))
            user = f"system:serviceaccount:{namespace}:{account}"
            caller = Caller(user, _ADMINISTRATORS, component)
            return (DecodingApi if component in _ACCOUNTS else LocalApi)(self._verbs, caller)

        return api_for

    def _api_as(self, namespace: str, account: str, manager: str) -> Api:
        """The Api with a service account's own rights, as whoever impersonates it has them."""
        groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated")
        return GuardedApi(self._verbs, Caller(f"system:serviceaccount:{namespace}:{account}", groups, manager))
