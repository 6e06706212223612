"""Operations of Applications, from the outside: written into ``operation``, and followed until the controller is done.

``lab.argocd.sync``, ``rollback`` and ``wait`` use it. Refusals are those of Argo CD's own server, which stands between
its command and the controller.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gitopslab.clusters.client import Client
from gitopslab.clusters.waiting import wait_until
from gitopslab.errors import LabError, NotFoundError, WaitTimeoutError
from gitopslab.gitops.argocd.kinds import APPLICATIONS, REFRESH, SYNCED
from gitopslab.gitops.argocd.state import Key
from gitopslab.gitops.health.argocd import Status, health_of
from gitopslab.lab.answers import say
from gitopslab.machinery.clock import timestamp
from gitopslab.machinery.objects import Object, annotations_of, is_terminating, name_of, namespace_of
from gitopslab.views import argocd as views

_USER = "admin"
_DONE = ("Succeeded", "Failed", "Error")
_LOOK = 0.1  # seconds
_COMPARED = 10.0  # seconds in which the controller compares again after an operation


@dataclass(frozen=True, slots=True)
class Sync:
    """A sync as it is asked for.

    Attributes:
        revision: Another one than the application's own.
        prune: Delete what is no longer in Git.
        dry_run: Change nothing.
        force: Delete and make anew what cannot be changed.
        strategy: ``apply``, ``hook``, or empty for the default.
        resources: Only these.
    """

    revision: str = ""
    prune: bool = False
    dry_run: bool = False
    force: bool = False
    strategy: str = ""
    resources: Sequence[Object] = ()

    def operation(self, app: Object, *, sync_options: Sequence[str] | None, retry_limit: int | None) -> Object:
        """What is written into the Application.

        Raises:
            LabError: It syncs by itself and not to that revision.
        """
        spec = app["spec"]
        policy = spec.get("syncPolicy") or {}
        source = spec.get("source")
        target = (source or {}).get("targetRevision") or "HEAD"
        if self.revision and self.revision != target and views.is_automated(app) and not self.dry_run:
            raise LabError(
                f"Cannot sync to {self.revision}: auto-sync currently set to {target}",
                "Change what is in Git, or take automated away first",
            )
        options = policy.get("syncOptions") if sync_options is None else list(sync_options)
        sync: dict[str, Any] = {"prune": self.prune, "dryRun": self.dry_run, "revision": self.revision}
        sync |= {"resources": list(self.resources), "syncOptions": options, "source": source}
        sync["syncStrategy"] = self._strategy()
        operation: Object = {"initiatedBy": {"username": _USER}, "sync": {k: v for k, v in sync.items() if v}}
        retry = policy.get("retry") if retry_limit is None else {"limit": retry_limit}
        return {**operation, "retry": retry} if retry else operation

    def _strategy(self) -> Object:
        if self.strategy not in ("", "apply", "hook"):
            raise LabError(f"Unknown sync strategy: '{self.strategy}'", 'Take "apply" or "hook"')
        force = {"force": True} if self.force else {}
        return {"apply": force} if self.strategy == "apply" else {"hook": force}


def rollback(app: Object, id: int | None, *, prune: bool) -> Object:
    """The operation that deploys what a deployment of the history deployed.

    Raises:
        LabError: The application syncs by itself, or its history has no such deployment.
    """
    name, history = name_of(app), (app.get("status") or {}).get("history") or []
    if views.is_automated(app):
        raise LabError(
            "rollback cannot be initiated when auto-sync is enabled",
            f'Undo the commit in Git, which lasts; or first lab.argocd.set("{name}", automated=False)',
        )
    if id is None:
        if len(history) < 2:
            raise LabError(
                f"application '{name}' should have at least two successful deployments",
                f'lab.argocd.history("{name}")',
            )
        id = history[-2].get("id", 0)
    entry = next((each for each in history if each.get("id", 0) == id), None)
    if entry is None:
        raise LabError(
            f"application '{name}' does not have deployment id '{id}' in history", f'lab.argocd.history("{name}")'
        )
    sync = {"revision": entry["revision"], "source": entry["source"], "syncStrategy": {"apply": {}}}
    options = (app["spec"].get("syncPolicy") or {}).get("syncOptions")
    sync |= {key: value for key, value in (("prune", prune), ("syncOptions", options)) if value}
    return {"initiatedBy": {"username": _USER}, "sync": sync}


def start(client: Client, app: Object, operation: Object) -> None:
    """Write an operation; what is known of the one before goes with it.

    Raises:
        LabError: One runs already, or the application is being deleted.
    """
    name = name_of(app)
    if is_terminating(app):
        raise LabError("application is deleting", f'lab.argocd.get("{name}")')
    if app.get("operation"):
        raise LabError("another operation is already in progress", f'lab.argocd.wait("{name}") or terminate it')
    change: Object = {"operation": operation}
    if (app.get("status") or {}).get("operationState"):
        change["status"] = {"operationState": None}
    client.patch(APPLICATIONS, name, change, namespace_of(app))


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
            found = views.states(last, health_of_resources(client, last))
            say(f"\n{views.operation(last, time.time())}\n\n{views.resources(found)}")
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


def health_of_resources(client: Client, app: Object) -> dict[Key, str]:
    """The health of what an application has, as its resources are now; kinds without health are left out."""
    found: dict[Key, str] = {}
    for (group, version, kind, namespace), keys in _by_kind(app).items():
        live = _live(client, {"apiVersion": f"{group}/{version}" if group else version, "kind": kind}, namespace)
        for key in keys:
            health = health_of(live[key.name]) if key.name in live else None
            word = health.status if health else "" if key.name in live else Status.MISSING
            if word:
                found[key] = str(word)
    return found


@dataclass(slots=True)
class _Seen:
    """What was printed of an operation's resources, so that only changes are."""

    client: Client
    printed: dict[Key, views.State] = field(default_factory=dict)

    def show(self, app: Object) -> None:
        result = ((app.get("status") or {}).get("operationState") or {}).get("syncResult") or {}
        if not result.get("resources"):
            return
        for state in views.states(app, {}):
            if self.printed.get(state.key) != state and state.message:
                if not self.printed:
                    say(views.PROGRESS_HEAD)
                self.printed[state.key] = state
                say(views.progress(timestamp(time.time()), state))


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


def _by_kind(app: Object) -> dict[tuple[str, str, str, str], list[Key]]:
    found: dict[tuple[str, str, str, str], list[Key]] = {}
    for entry in (app.get("status") or {}).get("resources") or []:
        key = Key(entry.get("group", ""), entry["kind"], entry.get("namespace", ""), entry["name"])
        found.setdefault((key.group, entry.get("version", "v1"), key.kind, key.namespace), []).append(key)
    return found


def _live(client: Client, kind: Object, namespace: str) -> Mapping[str, Object]:
    try:
        resource = client.resource(kind)
    except NotFoundError:
        return {}
    found = client.list(resource.key, namespace)
    return {name_of(obj): {**kind, **obj} for obj in found}
