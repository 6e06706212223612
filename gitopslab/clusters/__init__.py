"""Where a cluster comes from: embedded, kind, k3d, kwok, or a context of the user's own kubeconfig.

The facade and the command line call ``cluster``; what comes back keeps the ``Cluster`` promise whatever it is made
of, so nobody above this room asks which kind it has. Below it are our own daemon and other people's tools.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from gitopslab.clusters.base import Capability, Cluster, Options, Progress, State, Status
from gitopslab.clusters.state import folders
from gitopslab.errors import SetupError

__all__ = ["KINDS", "Capability", "Cluster", "Options", "Progress", "State", "Status", "cluster", "known"]

KINDS = {
    "embedded": "EmbeddedCluster",
    "kind": "KindCluster",
    "k3d": "K3dCluster",
    "kwok": "KwokCluster",
}
"""The kinds of cluster the lab can make, each in the module of its name."""


def cluster(spec: str = "embedded", name: str = "lab") -> Cluster:
    """The cluster of a kind and name, existing or not.

    Args:
        spec: ``embedded``, ``kind``, ``k3d``, ``kwok``, or ``context:NAME`` for a context of the user's kubeconfig.
        name: Which one of that kind; a context is its own name.

    Raises:
        SetupError: There is no such kind, or the name cannot be one.
    """
    kind, colon, context = spec.partition(":")
    made: Cluster
    if kind == "context" and colon:
        made = import_module("gitopslab.clusters.context").ContextCluster(context)
    elif kind in KINDS and not colon:
        # imported only now, so that starting the embedded cluster does not wait for the other kinds' modules
        made = getattr(import_module(f"gitopslab.clusters.{kind}"), KINDS[kind])(name)
    else:
        raise SetupError(f"There is no kind of cluster {spec!r}", f"Choose one of: {', '.join(KINDS)}, context:NAME")
    return made


def known(unreadable: Callable[[SetupError], None]) -> list[Cluster]:
    """Every cluster the lab keeps a folder for, sorted by kind and name.

    Args:
        unreadable: Told about each folder that this version of the lab cannot read; the others are returned.
    """
    found = []
    for folder in folders():
        try:
            record = folder.read()
        except SetupError as error:
            unreadable(error)
            continue
        if record is not None:
            spec = f"context:{record.context}" if record.context else record.kind
            found.append(cluster(spec, record.name))
    return found
