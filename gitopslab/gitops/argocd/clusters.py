"""The clusters that Argo CD knows: its own, and those that Secrets tell it of. Pure.

Source: ``util/db/cluster.go``, ``util/argo/argo.go``.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from gitopslab.errors import LabError
from gitopslab.gitops.argocd.kinds import IN_CLUSTER, IN_CLUSTER_NAME, SECRET_TYPE
from gitopslab.machinery.objects import Object, annotations_of, labels_of


class DestinationError(LabError):
    """An Application's destination is no cluster that is known; the message is the condition's."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster that applications can go to.

    Attributes:
        server: Its URL.
        name: Its name.
        labels: Of its Secret; none for Argo CD's own, which has no Secret.
        annotations: Of its Secret.
        project: That it belongs to; empty for all.
    """

    server: str
    name: str
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    project: str = ""


OWN = Cluster(IN_CLUSTER, IN_CLUSTER_NAME)
"""The cluster that Argo CD runs in."""


def clusters(secrets: Iterable[Object]) -> list[Cluster]:
    """All clusters; Argo CD's own is among them unless a Secret tells of it in its place.

    Args:
        secrets: Those of Argo CD's namespace.
    """
    told = [_cluster(secret) for secret in secrets if labels_of(secret).get(SECRET_TYPE) == "cluster"]
    return told if any(one.server == IN_CLUSTER for one in told) else [*told, OWN]


def destination(wanted: Object, known: Sequence[Cluster]) -> Cluster:
    """The cluster of an Application.

    Args:
        wanted: ``spec.destination``: a server or a name.
        known: All clusters.

    Raises:
        DestinationError: It says none, or both, or one that is not known.
    """
    server, name = wanted.get("server") or "", wanted.get("name") or ""
    if server and name:
        raise DestinationError(f"application destination can't have both name and server defined: {name} {server}")
    if not server and not name:
        raise DestinationError("Destination server missing from app spec")
    if name:
        return _named(name, known)
    server = server.rstrip("/")
    found = next((one for one in known if one.server == server), None)
    if found is None:
        why = f'rpc error: code = NotFound desc = cluster "{server}" not found'
        raise DestinationError(f'error getting cluster by server "{wanted["server"]}": {why}')
    return found


def _named(name: str, known: Sequence[Cluster]) -> Cluster:
    found = [one for one in known if one.name == name]
    if not found:
        raise DestinationError(f"there are no clusters with this name: {name}")
    if len(found) > 1:
        servers = " ".join(one.server for one in found)
        raise DestinationError(f"there are {len(found)} clusters with the same name: [{servers}]")
    return found[0]


def _cluster(secret: Object) -> Cluster:
    data = {key: _text(value) for key, value in (secret.get("data") or {}).items()}
    server = data.get("server", "").rstrip("/")
    labels, annotations = dict(labels_of(secret)), dict(annotations_of(secret))
    return Cluster(server, data.get("name") or server, labels, annotations, data.get("project", ""))


def _text(value: str) -> str:
    try:
        return base64.b64decode(value).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
