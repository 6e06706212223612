"""Waiting until Flux has handled a request, and saying what came of it."""

from __future__ import annotations

from gitopslab.clusters.client import Client
from gitopslab.clusters.waiting import wait_until
from gitopslab.errors import LabError, WaitTimeoutError
from gitopslab.lab.answers import say
from gitopslab.lab.flux.kinds import resource_of
from gitopslab.machinery.objects import Object, condition_of
from gitopslab.views.flux import revision_of

_APPLIERS = ("Kustomization", "HelmRelease")


def follow(client: Client, title: str, name: str, where: str, token: str, timeout: float) -> None:
    """Wait until an object was reconciled for a request, and say with what.

    Args:
        client: The cluster's API.
        title: The object's kind.
        name: Of it.
        where: Its namespace.
        token: What its annotation was set to.
        timeout: Seconds.

    Raises:
        LabError: It failed.
        WaitTimeoutError: It was not handled in time.
    """
    say(f"◎ waiting for {title} reconciliation")
    _, resource = resource_of(title)
    reached, found = wait_until(
        lambda: [client.get(resource, name, where)], lambda obj: _is_handled(obj, token), timeout
    )
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
    revision = revision_of(found[0])
    say(f"✔ {done} revision {revision}" if revision else f"✔ {ready['message']}")


def _is_handled(obj: Object, token: str) -> bool:
    ready = condition_of(obj, "Ready") or {}
    handled = (obj.get("status") or {}).get("lastHandledReconcileAt")
    return handled == token and ready.get("status", "Unknown") != "Unknown"
