"""Receiver: a path that nobody can guess; a call to it has sources fetched at once (``receiving``).

The controller tells the path in ``status.webhookPath``. Source: ``notification-controller``'s
``receiver_controller.go``.
"""

from __future__ import annotations

import base64
import hashlib

from gitopslab.controlplane.runtime.api import Api
from gitopslab.controlplane.runtime.reconcile import Request, Result, Source
from gitopslab.errors import ApiError, LabError
from gitopslab.gitops.flux import conditions
from gitopslab.gitops.flux.conditions import Condition
from gitopslab.gitops.flux.durations import seconds, spoken
from gitopslab.gitops.flux.expressions import ExpressionError, compiled
from gitopslab.gitops.flux.kinds import RECEIVERS
from gitopslab.gitops.flux.loop import Loop, Turn
from gitopslab.gitops.flux.surroundings import Surroundings
from gitopslab.machinery.objects import Object, namespace_of

COMPONENT = "notification-controller"
FILTERED = ("res", "req")
"""What the filters of a Receiver may name: the metadata of a resource, and the body of the call."""

_INTERVAL = 600.0
_TERMINAL = "Reconciliation failed terminally due to configuration error"


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
        if wrong := _wrong_filter(turn.obj["spec"]):
            self._loop.failed(turn, "InvalidCELExpression", f"{_TERMINAL}: {wrong}", is_stalled=True)
            return self._loop.schedule.idle(request, turn.cause)
        try:
            token = token_of(self._loop.api, turn.obj)
        except LabError as error:
            self._failed(turn, error.message)
            return self._loop.schedule.failed(request, turn.cause)
        path, interval = path_of(token, request.name, request.namespace), turn.obj["spec"].get("interval")
        status = {**(turn.obj.get("status") or {}), "webhookPath": path}
        self._loop.succeeded(turn, status, f"Receiver initialized for path: {path}")
        following = seconds(interval, _INTERVAL)
        said = f"Reconciliation finished, next run in {spoken(following)}"
        self._loop.event(turn.obj, "Normal", "Succeeded", said)
        return self._loop.schedule.done(request, turn.cause, following)

    def _failed(self, turn: Turn, message: str) -> None:
        """Nobody can call it until its token is there."""
        status = dict(turn.obj.get("status") or {})
        status.pop("webhookPath", None)
        said = (
            Condition.false(conditions.READY, "TokenNotFound", message),
            Condition.true(conditions.RECONCILING, "ProgressingWithRetry", "Reconciliation in progress"),
        )
        self._loop.write(turn.obj, status, *said)
        self._loop.event(turn.obj, "Warning", "Failed", message)


def _wrong_filter(spec: Object) -> str:
    """What is wrong with the filters; empty for nothing."""
    named = [("invalid resourceFilter expression", spec.get("resourceFilter"))]
    for at, each in enumerate(spec["resources"]):
        which = f'resources[{at}] (kind="{each["kind"]}", name="{each["name"]}")'
        named.append((f"invalid filter expression for {which}", each.get("filter")))
    for words, expression in named:
        try:
            if expression:
                compiled(expression, FILTERED)
        except ExpressionError as error:
            return f"{words}: {error.message}"
    return ""


def path_of(token: str, name: str, namespace: str) -> str:
    """Where a Receiver listens."""
    return f"/hook/{hashlib.sha256((token + name + namespace).encode()).hexdigest()}"


def token_of(api: Api, receiver: Object) -> str:
    """The token in the Secret of a Receiver; empty where it names none, as with OpenID Connect.

    Raises:
        LabError: The Secret is not there, or holds none.
    """
    name = (receiver["spec"].get("secretRef") or {}).get("name")
    if not name:
        return ""
    where = f"{namespace_of(receiver)}/{name}"
    try:
        data = api.get("secrets", name, namespace_of(receiver)).get("data") or {}
    except ApiError as error:
        raise LabError(f"unable to read token from secret '{where}' error: {error.message}") from error
    if "token" not in data:
        raise LabError(f"invalid '{where}' secret data: required fields 'token'")
    return base64.b64decode(data["token"]).decode(errors="replace")
