"""Receiver: a path that nobody can guess, and a call to it that has sources fetched at once.

The controller tells the path (``status.webhookPath``); ``received`` acts on a call: it checks the token as the sender's
kind shows it and annotates the resources, which is all that notification-controller does.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping

from gitopslab.controlplane.runtime.api import Api
from gitopslab.controlplane.runtime.reconcile import Request, Result, Source
from gitopslab.errors import ApiError, NotFoundError
from gitopslab.gitops.flux.durations import seconds
from gitopslab.gitops.flux.kinds import HELM, IMAGE, KUSTOMIZE, RECEIVERS, REQUESTED_AT, SOURCE, is_suspended
from gitopslab.gitops.flux.loop import Loop
from gitopslab.gitops.flux.surroundings import Surroundings
from gitopslab.machinery.clock import micro_timestamp
from gitopslab.machinery.kinds import Catalog
from gitopslab.machinery.objects import Object, is_condition_true, name_of, namespace_of
from gitopslab.machinery.selectors import label_selector_text

COMPONENT = "notification-controller"
_GROUPS = (SOURCE, IMAGE, KUSTOMIZE, HELM)


class ReceiverController:
    """Reconciles Receivers.

    Args:
        given: What every controller works with.
    """

    name = "receiver-controller"

    def __init__(self, given: Surroundings) -> None:
        self._loop = Loop(given, COMPONENT, RECEIVERS)
        self.sources: tuple[Source, ...] = (Source(RECEIVERS),)

    def reconcile(self, request: Request) -> Result:
        """Tell the path that belongs to the token."""
        turn = self._loop.turn(request)
        if isinstance(turn, Result):
            return turn
        try:
            token = token_of(self._loop.api, turn.obj)
        except ApiError as error:
            secret = f"{request.namespace}/{turn.obj['spec']['secretRef']['name']}"
            message = f"unable to read token from secret '{secret}' error: {error.message}"
            self._loop.failed(turn, "TokenNotFound", message)
            return self._loop.schedule.failed(request, turn.cause)
        path = path_of(token, request.name, request.namespace)
        status = {**(turn.obj.get("status") or {}), "webhookPath": path}
        self._loop.succeeded(turn, status, f"Receiver initialized for path: {path}")
        return self._loop.schedule.done(request, turn.cause, seconds(turn.obj["spec"].get("interval"), 600.0))


def path_of(token: str, name: str, namespace: str) -> str:
    """Where a Receiver listens."""
    return f"/hook/{hashlib.sha256((token + name + namespace).encode()).hexdigest()}"


def token_of(api: Api, receiver: Object) -> str:
    """The token in the Secret of a Receiver.

    Raises:
        ApiError: The Secret is not there, or holds none.
    """
    name = receiver["spec"]["secretRef"]["name"]
    data = api.get("secrets", name, namespace_of(receiver)).get("data") or {}
    if "token" not in data:
        raise NotFoundError(404, "NotFound", f"invalid '{name}' secret data: required field 'token'")
    return base64.b64decode(data["token"]).decode(errors="replace")


def received(api: Api, catalog: Catalog, now: float, path: str, headers: Mapping[str, str], body: bytes) -> int:
    """Act on a call: 200 when its resources were told, 400 when it does not show the token, 404 for no listener."""
    for receiver in api.list(RECEIVERS):
        status = receiver.get("status") or {}
        if status.get("webhookPath") != path or is_suspended(receiver) or not is_condition_true(receiver, "Ready"):
            continue
        if not _is_good(receiver, token_of(api, receiver), headers, body):
            return 400
        for reference in receiver["spec"]["resources"]:
            _tell(api, catalog, now, receiver, reference)
        return 200
    return 404


def _is_good(receiver: Object, token: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether a call is from who has the token, and about an event that is wanted."""
    kind, events = receiver["spec"]["type"], receiver["spec"].get("events") or []
    if kind == "generic":
        return True
    if kind == "gitlab":
        wanted = not events or headers.get("x-gitlab-event", "") in events
        return wanted and hmac.compare_digest(headers.get("x-gitlab-token", "").encode(), token.encode())
    if kind in ("generic-hmac", "github"):
        said = headers.get("x-signature" if kind == "generic-hmac" else "x-hub-signature-256", "")
        right = hmac.new(token.encode(), body, hashlib.sha256).hexdigest()
        wanted = kind != "github" or not events or headers.get("x-github-event", "") in events
        return wanted and hmac.compare_digest(said.rpartition("=")[2].encode(), right.encode())
    return False  # Simplified: of the senders only generic, generic-hmac, gitlab and github are known


def _tell(api: Api, catalog: Catalog, now: float, receiver: Object, reference: Object) -> None:
    """Have one resource, or all that its labels select, reconciled now."""
    resource = next((each for each in catalog if each.kind == reference["kind"] and each.group in _GROUPS), None)
    if resource is None:
        return
    namespace = reference.get("namespace") or namespace_of(receiver)
    names = [reference["name"]]
    if reference["name"] == "*":
        labels = label_selector_text({"matchLabels": reference.get("matchLabels") or {}})
        names = [name_of(obj) for obj in api.list(resource.key, namespace, labels=labels)]
    for name in names:
        try:
            asked = {"annotations": {REQUESTED_AT: micro_timestamp(now)}}
            api.patch(resource.key, name, {"metadata": asked}, namespace)
        except NotFoundError:
            continue
