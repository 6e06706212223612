"""Follows an Application until the controller has done what was asked for, and tells what it does meanwhile.

``lab.argocd.sync``, ``rollback``, ``wait`` and ``refresh`` use it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from gitopslab.clusters.client import Client
from gitopslab.clusters.waiting import wait_until
from gitopslab.errors import LabError, WaitTimeoutError
from gitopslab.gitops.argocd.kinds import APPLICATIONS, REFRESH, SYNCED
from gitopslab.gitops.argocd.state import Key
from gitopslab.gitops.health.argocd import Status
from gitopslab.lab.answers import say
from gitopslab.lab.argocd.gathering import health_of_resources
from gitopslab.machinery.clock import timestamp
from gitopslab.machinery.objects import Object, annotations_of, name_of, namespace_of
from gitopslab.views.argocd import application as views
from gitopslab.views.argocd.resources import PROGRESS_HEAD, State, progress, resources, states

_DONE = ("Succeeded", "Failed", "Error")
_LOOK = 0.1  # seconds
_COMPARED = 10.0  # seconds in which the controller compares again after an operation


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an operation ended.

    Attributes:
        app: The Application after it.
    """

    app: Object

    def must_have_succeeded(self, *, partial: bool) -> None:
        """Tell of what went wrong, as the command does.

        Args:
            partial: Not everything was to be synced, so what is left is no fault.

        Raises:
            LabError: It failed, or something has to be pruned.
        """
        name, state = name_of(self.app), self.app["status"]["operationState"]
        if state["phase"] != "Succeeded":
            raise LabError(
                f"Operation has completed with phase: {state['phase']}: {state.get('message', '')}",
                f'lab.argocd.get("{name}") shows each resource',
            )
        if partial or state["operation"]["sync"].get("dryRun") or self.app["status"]["sync"]["status"] == SYNCED:
            return
        results = (state.get("syncResult") or {}).get("resources") or []
        count = sum(result.get("status") == "PruneSkipped" for result in results)
        if count:
            raise LabError(f"{count} resources require pruning", f'lab.argocd.sync("{name}", prune=True)')


def follow(client: Client, app: Object, *, timeout: float) -> Outcome:
    """Print what an operation does as it does it, and how it ended.

    Raises:
        WaitTimeoutError: It still runs.
    """
    seen = _Seen(client)
    end = time.monotonic() + timeout
    for now in _changes(client, app, end):
        seen.show(now)
        state = (now.get("status") or {}).get("operationState") or {}
        if not now.get("operation") and state.get("phase") in _DONE:
            last = refresh(client, now, "normal", _COMPARED)[1]
            seen.show(last)
            found = states(last, health_of_resources(client, last))
            say(f"\n{views.operation(last, time.time())}\n\n{resources(found)}")
            return Outcome(last)
    now = client.get(APPLICATIONS, name_of(app), namespace_of(app))
    said = ((now.get("status") or {}).get("operationState") or {}).get("message") or "nobody has begun it"
    raise WaitTimeoutError(
        f"the operation of application '{name_of(app)}' is not done after {timeout:g} s: {said}",
        f'lab.argocd.get("{name_of(app)}") tells more; lab.argocd.terminate("{name_of(app)}") stops it',
    )


def wait(client: Client, app: Object, *, sync: bool, health: bool, operation: bool, timeout: float) -> None:
    """Wait until an application is as wished.

    Raises:
        WaitTimeoutError: It is not.
    """
    began, now = time.monotonic(), app
    for now in _changes(client, app, began + timeout):
        status = now.get("status") or {}
        is_synced = not sync or (status.get("sync") or {}).get("status") == SYNCED
        is_healthy = not health or (status.get("health") or {}).get("status") == Status.HEALTHY
        if is_synced and is_healthy and not (operation and _is_busy(now)):
            lasted = time.monotonic() - began
            return say(f"application '{name_of(app)}' {views.short_status(now)} after {lasted:.1f} s")
    words = f'timed out ({timeout:g}s) waiting for app "{name_of(app)}" match desired state'
    raise WaitTimeoutError(
        f"{words}: it {views.short_status(now)}", f'lab.argocd.get("{name_of(app)}") shows each resource'
    )


def refresh(client: Client, app: Object, kind: str, timeout: float) -> tuple[bool, Object]:
    """Have an application compared now: whether it was within some seconds, and how it is.

    Args:
        client: The cluster's API.
        app: The Application.
        kind: ``normal`` or ``hard``.
        timeout: Seconds to wait.
    """
    name, namespace = name_of(app), namespace_of(app)
    client.patch(APPLICATIONS, name, {"metadata": {"annotations": {REFRESH: kind}}}, namespace)
    reached, found = wait_until(
        lambda: [client.get(APPLICATIONS, name, namespace)], lambda now: REFRESH not in annotations_of(now), timeout
    )
    return reached, found[0]


@dataclass(slots=True)
class _Seen:
    """What was printed of an operation's resources, so that only changes are."""

    client: Client
    printed: dict[Key, State] = field(default_factory=dict)

    def show(self, app: Object) -> None:
        result = ((app.get("status") or {}).get("operationState") or {}).get("syncResult") or {}
        if not result.get("resources"):
            return
        for state in states(app, {}):
            if self.printed.get(state.key) != state and state.message:
                if not self.printed:
                    say(PROGRESS_HEAD)
                self.printed[state.key] = state
                say(progress(timestamp(time.time()), state))


def _changes(client: Client, app: Object, end: float) -> Iterator[Object]:
    """The Application each time it has changed, until the time is over."""
    version = ""
    while time.monotonic() < end:
        now = client.get(APPLICATIONS, name_of(app), namespace_of(app))
        if now["metadata"]["resourceVersion"] != version:
            version = now["metadata"]["resourceVersion"]
            yield now
        time.sleep(_LOOK)


def _is_busy(app: Object) -> bool:
    """Whether an operation runs, or is done and the application not yet compared since."""
    status = app.get("status") or {}
    state = status.get("operationState") or {}
    if app.get("operation") or (state and state.get("phase") not in _DONE):
        return True
    is_dry = ((state.get("operation") or {}).get("sync") or {}).get("dryRun")
    return bool(state) and not is_dry and (status.get("reconciledAt") or "") < (state.get("finishedAt") or "")
