"""``lab.flux.receiver``: a Receiver in the cluster, and the webhook at the forge that calls it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from gitopslab.clusters import Cluster
from gitopslab.clusters.client import Client
from gitopslab.clusters.waiting import wait_until
from gitopslab.errors import WaitTimeoutError
from gitopslab.gitops.flux import installation
from gitopslab.lab.answers import say
from gitopslab.lab.calling import Listener, have_called
from gitopslab.machinery.objects import Object, condition_of, is_condition_true

_RECEIVERS = "receivers.notification.toolkit.fluxcd.io"
_PATIENCE = 20.0


def receive(client: Client, cluster: Cluster, project: str, sources: Sequence[str], name: str, namespace: str) -> None:
    """Make the Receiver, wait for its path, and have the forge call it.

    Raises:
        WaitTimeoutError: Nobody tells the path: Flux's notification-controller is not there.
    """
    token = secrets.token_urlsafe(24)
    for obj in _objects(sources, name, namespace, token):
        client.apply(obj)
    reached, found = wait_until(
        lambda: [client.get(_RECEIVERS, name, namespace)], lambda obj: is_condition_true(obj, "Ready"), _PATIENCE
    )
    if not reached:
        said = (condition_of(found[0], "Ready") or {}).get("message", "nothing yet")
        hint = "Is Flux there? lab.flux.bootstrap(PROJECT)"
        raise WaitTimeoutError(f"Receiver {name} is not ready; it says: {said}", hint)
    listener = Listener(installation.NAMESPACE, "webhook-receiver:80", found[0]["status"]["webhookPath"])
    have_called(client, cluster, project, token, listener)
    say(f"receiver {name}: pushes to {project} are fetched at once")


def _objects(sources: Sequence[str], name: str, namespace: str, token: str) -> list[Object]:
    metadata = {"name": name, "namespace": namespace}
    resources = [{"kind": "GitRepository", "name": source} for source in sources]
    spec = {"type": "gitlab", "events": ["Push Hook"], "secretRef": {"name": name}, "resources": resources}
    return [
        {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"token": token}},
        {
            "apiVersion": "notification.toolkit.fluxcd.io/v1",
            "kind": "Receiver",
            "metadata": metadata,
            "spec": spec,
        },
    ]
