"""A Kubernetes API for tests of your own: an embedded cluster that is there in a second and gone with the test run.

With pytest, ask for the fixtures of ``gitopslab.testing.plugin``; with anything else, use ``kubernetes()``. Nothing
of the lab's own, and no kubeconfig of yours, is touched: the cluster has a data folder of its own.
"""

from __future__ import annotations

import os
import tempfile
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from gitopslab.clusters import Options
from gitopslab.clusters.client import Client
from gitopslab.clusters.controls import Controls
from gitopslab.clusters.embedded import EmbeddedCluster
from gitopslab.clusters.waiting import wait_until
from gitopslab.errors import LabError, NotFoundError
from gitopslab.machinery.objects import name_of

BARE = Options(bare=True)
"""Four nodes and the API, nothing in kube-system and no StorageClass: what is listed is what the test made."""

_ACCOUNT_TIMEOUT = 30.0
_A_MOMENT = 1.0


@dataclass(frozen=True, slots=True)
class Kubernetes:
    """A cluster for tests.

    Attributes:
        kubeconfig: The way in, for any client: ``kubernetes``, ``kr8s``, ``lightkube``, ``kopf``, ``kubectl``.

    Example:
        >>> with kubernetes() as cluster:
        ...     api = kr8s.api(kubeconfig=str(cluster.kubeconfig))
    """

    kubeconfig: Path

    def advance(self, seconds: float) -> None:
        """Let time pass in a moment for controllers, kubelets and leases; what is due happens in its order."""
        deque(self._controls.advance(seconds), maxlen=0)

    def namespace(self, prefix: str = "test") -> str:
        """Make a namespace of a name that nobody has, in which pods can be made at once.

        Args:
            prefix: How the name begins.

        Returns:
            The name.

        Raises:
            LabError: Its ServiceAccount does not come.
        """
        client = self._client()
        asked = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"generateName": f"{prefix}-"}}
        name = name_of(client.create(asked))
        if not self._controls.state()["clock"]["speed"]:  # it is held, and so are the controllers
            self.advance(_A_MOMENT)
        named = "metadata.name=default"
        came, _ = wait_until(lambda: client.list("serviceaccounts", name, fields=named), "create", _ACCOUNT_TIMEOUT)
        if not came:
            raise LabError(f"namespace {name} has no ServiceAccount after {_ACCOUNT_TIMEOUT:.0f} s")
        return name

    def delete_namespace(self, name: str) -> None:
        """Delete a namespace with all in it, and do not wait for it; one that is gone already is no fault."""
        with suppress(NotFoundError):
            self._client().delete("namespaces", name)

    @property
    def _controls(self) -> Controls:
        return Controls(self._client())

    def _client(self) -> Client:
        return Client(self.kubeconfig)


@contextmanager
def kubernetes(options: Options = BARE) -> Iterator[Kubernetes]:
    """A cluster for the length of a ``with`` block.

    Inside of the block ``GITOPSLAB_HOME`` names its data folder, so ``gitopslab.open()`` and the ``gitopslab`` command
    mean this cluster, too.

    Args:
        options: How it is made: its nodes, kube-system or not, a seed for a run that repeats.

    Raises:
        SetupError: It cannot start.
    """
    with (
        tempfile.TemporaryDirectory(prefix="gitopslab-", ignore_cleanup_errors=True) as home,
        _variable("GITOPSLAB_HOME", home),
    ):
        cluster = EmbeddedCluster("lab", scratch=Path(home))
        cluster.up(options=options)
        try:
            yield Kubernetes(cluster.kubeconfig)
        finally:
            cluster.down(delete=True)


@contextmanager
def _variable(name: str, value: str) -> Iterator[None]:
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        del os.environ[name]
        if before is not None:
            os.environ[name] = before
