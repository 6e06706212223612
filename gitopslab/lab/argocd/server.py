"""What Argo CD's own server does when its command asks it to: it looks up commits, and says who asked for what.

``lab.argocd`` speaks to the cluster's API as ``kubectl`` does, so this is done here. Source:
``server/application/application.go`` and ``util/argo/audit_logger.go``.
"""

from __future__ import annotations

from collections.abc import Sequence
from secrets import randbits

from gitopslab.clusters import forge
from gitopslab.clusters.client import Client
from gitopslab.errors import GitError, LabError
from gitopslab.gitops.argocd.revision import is_commit, resolve
from gitopslab.gitops.argocd.sources import sources_of
from gitopslab.gitops.git import remote
from gitopslab.lab.rendering import address_of
from gitopslab.machinery.clock import timestamp
from gitopslab.machinery.objects import Object, name_of, namespace_of, object_reference

_COMPONENT = "argocd-server"
USER = "admin"


def pinned(app: Object, operation: Object, place: forge.Address) -> tuple[Object, str]:
    """An operation with the commits that its revisions mean now, and those revisions in words.

    A repository that cannot be read from here is left to the controller, which may have credentials for it.

    Args:
        app: The Application.
        operation: Its sync, as it is asked for.
        place: Where the lab's forge is.

    Raises:
        LabError: A revision means nothing in its repository.
    """
    sync, sources = operation["sync"], sources_of(app["spec"])
    found = [_look(source, sync.get("revision") or source.get("targetRevision", ""), place) for source in sources]
    commits = [commit for commit, _ in found]
    known = {"revisions": commits} if app["spec"].get("sources") else {"revision": commits[0]}
    if all(commits):
        operation = {**operation, "sync": {**sync, **known}}
    return operation, ",".join(words for _, words in found)


def _look(source: Object, revision: str, place: forge.Address) -> tuple[str, str]:
    """The commit of a revision, empty where it is not known, and both in words."""
    if source.get("chart") or is_commit(revision):
        return revision, revision
    try:
        refs = remote.refs_and_head(address_of(source.get("repoURL", ""), place))
    except GitError:
        return "", revision
    try:
        commit = resolve(revision, refs)
    except GitError as error:
        raise LabError(f"error resolving repo revision: {error.message}", "Is it pushed?") from error
    return commit, f"{revision} ({commit})"


def tell(client: Client, app: Object, reason: str, action: str, now: float) -> None:
    """Write the event that says who did what; where it cannot be written, nobody misses it.

    Args:
        client: The cluster's API.
        app: The Application as the cluster returned it.
        reason: As in ``OperationStarted``.
        action: What was done, after the name of the user.
        now: The time in the cluster.
    """
    target = app["spec"].get("destination") or {}
    about = {"dest-namespace": target.get("namespace", ""), "dest-server": target.get("server", ""), "user": USER}
    event: Object = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{name_of(app)}.{int(now * 1e9) & ~0xFFFFF | randbits(20):x}", "annotations": about},
        "involvedObject": object_reference(app),
        "source": {"component": _COMPONENT},
        "type": "Normal",
        "reason": reason,
        "message": f"{USER} {action}"[:1024],
        "firstTimestamp": timestamp(now),
        "lastTimestamp": timestamp(now),
        "count": 1,
    }
    try:
        client.create(event, namespace_of(app))
    except LabError:
        return


def initiated(words: str, resources: Sequence[Object]) -> str:
    """What is said of a sync: where to, and whether it is all of the Application."""
    return f"initiated {'partial ' if resources else ''}sync to {words}"
