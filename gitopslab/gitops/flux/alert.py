"""Alert and Provider: what Flux's controllers say is sent on to whoever an Alert names, once.

The controllers write Kubernetes Events; this one watches them. What the same object says again within five minutes is
not sent again, and nothing that was said before this process began.

Simplified: real controllers send their events to notification-controller over HTTP, longer ones whole, and it tries
again when a provider does not answer.
"""

from __future__ import annotations

import base64
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from http.client import HTTPException

from gitopslab.controlplane.runtime.api import WatchEvent
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.controlplane.runtime.recorder import Recorder
from gitopslab.errors import ApiError, LabError
from gitopslab.gitops.flux.durations import seconds
from gitopslab.gitops.flux.kinds import ALERTS, PROVIDERS
from gitopslab.gitops.flux.notification import Post, event_of, hears, is_for, post_for, spoken, told
from gitopslab.gitops.flux.surroundings import Surroundings
from gitopslab.machinery.clock import seconds_of
from gitopslab.machinery.objects import Object, labels_of, name_of, namespace_of

COMPONENT = "notification-controller"
_FLUX = ".toolkit.fluxcd.io/"
_AGAIN = 300.0  # seconds until the same is told again: ``--rate-limit-interval``
_TIMEOUT = 15.0
_MOST_KEPT = 4096


class AlertController:
    """Sends events to providers.

    Args:
        given: What every controller works with.
    """

    name = "alert-controller"

    def __init__(self, given: Surroundings) -> None:
        self._given = given
        self._api = given.api_for(COMPONENT)
        self._recorder = Recorder(self._api, given.clock, COMPONENT)
        self._alerts = given.manager.informer(ALERTS)
        self._events = given.manager.informer("events")
        self._began = int(given.clock.now())
        self._told: dict[tuple[str, ...], float] = {}
        self._sending: dict[Request, tuple[int, list[tuple[Object, Post, float]]]] = {}
        self.sources: tuple[Source, ...] = (Source("events", self._of_flux),)

    def reconcile(self, request: Request) -> Result:
        """Send one event to all who want it."""
        event = self._events.get(request.name, request.namespace)
        if event is None:
            self._sending.pop(request, None)
            return DONE
        count = int(event.get("count") or 1)
        known = self._sending.get(request)
        if known is None or known[0] != count:
            known = self._sending[request] = (count, self._posts(event))
        if known[1]:
            self._send(request, event, *known)
        return DONE

    def _of_flux(self, event: WatchEvent) -> Iterable[Request]:
        about = event.object.get("involvedObject") or {}
        if _FLUX not in about.get("apiVersion", "") or about.get("kind") in ("Alert", "Provider"):
            return ()
        said = event.object.get("lastTimestamp")
        if event.type != "DELETED" and (not said or seconds_of(said) < self._began):
            return ()
        return (Request(namespace_of(event.object), name_of(event.object)),)

    def _posts(self, event: Object) -> list[tuple[Object, Post, float]]:
        """What is to be sent of an event: the alert, the message and how many seconds it may take."""
        heard = event_of(event)
        wanting = [alert for alert in self._alerts if self._wants(alert, heard)]
        if not wanting or self._is_repeated(heard):
            return []
        found = []
        for alert in wanting:
            try:
                provider = self._api.get(PROVIDERS, alert["spec"]["providerRef"]["name"], namespace_of(alert))
                if not provider["spec"].get("suspend") and hears(provider, heard):
                    post = post_for(provider, self._secret(provider), told(alert, heard))
                    post = Post(self._given.url(post.url), post.headers, post.body)
                    found.append((alert, post, seconds(provider["spec"].get("timeout"), _TIMEOUT)))
            except ApiError as error:
                self._say(alert, heard, "dispatch", f"failed to read provider: {error.message}")
            except LabError as error:
                name = alert["spec"]["providerRef"]["name"]
                why = f"failed to initialize notifier for provider '{name}': {error.message}"
                self._say(alert, heard, "dispatch", why)
        return found

    def _wants(self, alert: Object, heard: Object) -> bool:
        def invalid(words: str) -> None:
            self._recorder.event(alert, "Warning", "InvalidConfig", words)

        return is_for(alert, heard, lambda: self._labels(heard), invalid)

    def _send(self, request: Request, event: Object, count: int, posts: Sequence[tuple[Object, Post, float]]) -> None:
        outcome = self._given.work.ask(self.name, request, count, partial(_all_sent, posts))
        if outcome is None:
            return
        self._sending[request] = (count, [])
        for (alert, _, _), trouble in zip(posts, outcome.get(), strict=True):
            if trouble:
                self._say(alert, event_of(event), "send", f"postMessage failed: {trouble}")

    def _is_repeated(self, heard: Object) -> bool:
        key = (spoken(heard["involvedObject"]), heard["severity"], heard["reason"], heard["message"])
        now = self._given.clock.now()
        is_known = now - self._told.get(key, -_AGAIN) < _AGAIN
        if not is_known:
            self._told = dict(list(self._told.items())[-_MOST_KEPT:]) | {key: now}
        return is_known

    def _labels(self, heard: Object) -> Mapping[str, str]:
        about = heard["involvedObject"]
        resource = self._given.catalog.of(about)
        try:
            found = self._api.get(resource.key, about["name"], about.get("namespace", "")) if resource else {}
        except ApiError:
            return {}
        return labels_of(found)

    def _secret(self, provider: Object) -> dict[str, str]:
        reference = provider["spec"].get("secretRef")
        if not reference:
            return {}
        where = f"{namespace_of(provider)}/{reference['name']}"
        try:
            data = self._api.get("secrets", reference["name"], namespace_of(provider)).get("data") or {}
        except ApiError as error:
            raise LabError(f"failed to get secret '{where}': {error.message}") from error
        return {key: base64.b64decode(value).decode(errors="replace") for key, value in data.items()}

    def _say(self, alert: Object, heard: Object, doing: str, why: str) -> None:
        message = f"failed to {doing} notification for {spoken(heard['involvedObject'])}: {why}"
        self._recorder.event(alert, "Warning", "NotificationDispatchFailed", message)


def _all_sent(posts: Sequence[tuple[Object, Post, float]]) -> list[str]:
    """Send everything; for each why it failed, empty when it did not."""
    return [_sent(post, timeout) for _, post, timeout in posts]


def _sent(post: Post, timeout: float) -> str:
    request = urllib.request.Request(post.url, post.body, dict(post.headers), method="POST")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=timeout):
            return ""
    except urllib.error.HTTPError as error:
        return f"request failed with status code {error.code}"
    except (OSError, HTTPException, ValueError) as error:
        return str(getattr(error, "reason", error))
