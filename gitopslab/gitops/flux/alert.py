"""Alert and Provider: what Flux's controllers say is sent on to whoever an Alert names, once.

The controllers write Kubernetes Events; this one watches them. What the same object says again within five minutes is
not sent again, and nothing that was said before this process began.

Simplified: real controllers send their events to notification-controller over HTTP, longer ones whole.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from gitopslab.controlplane.runtime.api import WatchEvent
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.controlplane.runtime.recorder import Recorder
from gitopslab.errors import ApiError, LabError, NotFoundError
from gitopslab.gitops.flux.delivering import LATE, Delivery, sent
from gitopslab.gitops.flux.durations import seconds
from gitopslab.gitops.flux.kinds import ALERTS, NOTIFICATION, PROVIDERS
from gitopslab.gitops.flux.notification import Post, conflicts, event_of, hears, is_for, post_for, spoken, told
from gitopslab.gitops.flux.surroundings import Surroundings
from gitopslab.machinery.clock import seconds_of
from gitopslab.machinery.objects import Object, labels_of, name_of, namespace_of

COMPONENT = "notification-controller"
_FLUX = ".toolkit.fluxcd.io/"
_AGAIN = 300.0  # seconds until the same is told again: ``--rate-limit-interval``
_TIMEOUT = 15.0
_SHORTEST = 0.05  # seconds
_MOST_KEPT = 4096
_CONFLICTS = (
    "metadata key conflicts detected (please refer to the Alert API docs and Flux RFC 0008 for more information)"
)


@dataclass(slots=True)
class _Sending:
    """What is to be sent of one event.

    Attributes:
        count: How often the event had been said.
        left: What has not arrived.
        flying: What of it is being sent now.
    """

    count: int
    left: list[Delivery]
    flying: list[Delivery] = field(default_factory=list)


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
        self._sending: dict[Request, _Sending] = {}
        self.sources: tuple[Source, ...] = (Source("events", self._of_flux),)

    def reconcile(self, request: Request) -> Result:
        """Send one event to all who want it."""
        event = self._events.get(request.name, request.namespace)
        if event is None:
            self._sending.pop(request, None)
            return DONE
        count = int(event.get("count") or 1)
        known = self._sending.get(request)
        if known is None or known.count != count:
            known = self._sending[request] = _Sending(count, self._deliveries(event))
        return self._send(request, event, known)

    def _of_flux(self, event: WatchEvent) -> Iterable[Request]:
        about = event.object.get("involvedObject") or {}
        if _FLUX not in about.get("apiVersion", "") or about.get("kind") in ("Alert", "Provider"):
            return ()
        said = event.object.get("lastTimestamp")
        if event.type != "DELETED" and (not said or seconds_of(said) < self._began):
            return ()
        return (Request(namespace_of(event.object), name_of(event.object)),)

    def _deliveries(self, event: Object) -> list[Delivery]:
        """What is to be sent of an event."""
        heard = event_of(event)
        wanting = [alert for alert in self._alerts if self._wants(alert, heard)]
        if not wanting or self._is_repeated(heard):
            return []
        return [found for alert in wanting if (found := self._delivery(alert, heard)) is not None]

    def _delivery(self, alert: Object, heard: Object) -> Delivery | None:
        name, now = alert["spec"]["providerRef"]["name"], self._given.clock.now()
        try:
            provider = self._api.get(PROVIDERS, name, namespace_of(alert))
        except NotFoundError:
            self._say(alert, heard, "dispatch", f'failed to read provider: Provider.{NOTIFICATION} "{name}" not found')
            return None
        if provider["spec"].get("suspend") or not hears(provider, heard):
            return None
        if said := conflicts(alert, heard):
            self._recorder.event(alert, "Warning", "MetadataAppendFailed", _CONFLICTS, annotations=said)
        doing = f"failed to initialize notifier for provider '{name}': "
        try:
            secret = self._secret(provider)
            doing += "failed to initialize notifier: "
            post = post_for(provider, secret, told(alert, heard))
        except LabError as error:
            self._say(alert, heard, "dispatch", doing + error.message)
            return None
        post = Post(self._given.url(post.url), post.headers, post.body)
        end = now + seconds(provider["spec"].get("timeout"), _TIMEOUT)
        return Delivery(alert, post, now, end, secret.get("token", ""))

    def _wants(self, alert: Object, heard: Object) -> bool:
        def invalid(words: str) -> None:
            self._recorder.event(alert, "Warning", "InvalidConfig", words)

        return is_for(alert, heard, lambda: self._labels(heard), invalid)

    def _send(self, request: Request, event: Object, sending: _Sending) -> Result:
        """Send what is due; when to come again for what is left."""
        now, heard = self._given.clock.now(), event_of(event)
        if not sending.flying:
            for late in [each for each in sending.left if now >= each.end]:
                sending.left.remove(late)
                self._say(late.alert, heard, "send", f"postMessage failed: {LATE}")
            sending.flying = [each for each in sending.left if now >= each.due]
        if sending.flying:
            posts = [(each.post, max(each.end - now, _SHORTEST)) for each in sending.flying]
            tries = tuple(each.tries for each in sending.flying)
            outcome = self._given.work.ask(self.name, request, (sending.count, tries), lambda: sent(posts))
            if outcome is None:
                return DONE
            flying, sending.flying = sending.flying, []
            for delivery, answer in zip(flying, outcome.get(), strict=True):
                trouble = delivery.heard(answer, now)
                if trouble is not None:
                    sending.left.remove(delivery)
                if trouble:
                    self._say(delivery.alert, heard, "send", f"postMessage failed: {trouble}")
        following = [min(each.due, each.end) - now for each in sending.left]
        return Result(max(min(following), _SHORTEST)) if following else DONE

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
