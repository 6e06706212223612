"""Signs approved certificate requests, and throws away old ones.

The manager calls the signer when a request changed, and the cleaner when a request's time has come.

Simplified: of the four signers of Kubernetes only ``kubernetes.io/kube-apiserver-client`` signs: kubelets here need no
certificates, and nobody approves theirs.

Upstream: ``pkg/controller/certificates`` (``signer``, ``cleaner``).
"""

from __future__ import annotations

import base64
import contextlib
from datetime import timedelta

from gitopslab.controlplane.runtime.api import Api
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.errors import NotFoundError
from gitopslab.machinery.certificates import CLIENT_SIGNER, REQUESTS, Authority, request_of
from gitopslab.machinery.clock import Clock, seconds_of, timestamp
from gitopslab.machinery.objects import Object, condition_of, is_condition_true, uid_of

_LONGEST = timedelta(days=365)
_SHORTEST = timedelta(minutes=10)
_OPTIONAL = ("digital signature", "key encipherment")
_REQUIRED = "client auth"
_HOUR = 3600.0
_DECIDED_FOR = _HOUR
_PENDING_FOR = 24 * _HOUR


def unfit(usages: list[str]) -> str:
    """Why a client certificate is not to be had for these usages; empty when it is."""
    odd = next((usage for usage in usages if usage not in (*_OPTIONAL, _REQUIRED)), None)
    if odd is not None:
        return f"invalid usage for client certificate: {odd}"
    return "" if _REQUIRED in usages else f"missing required usage for client certificate: {_REQUIRED}"


def life_of(seconds: int | None) -> timedelta:
    """How long a certificate is good: what was asked for, within bounds; a year when nothing was."""
    return _LONGEST if seconds is None else min(max(timedelta(seconds=seconds), _SHORTEST), _LONGEST)


def ends_at(request: Object) -> float:
    """When a request is thrown away, in epoch seconds: an hour after it was settled, a day when it never is."""
    for kind in ("Denied", "Failed", "Approved"):
        condition = condition_of(request, kind)
        if condition is not None:
            is_waiting = kind == "Approved" and not request["status"].get("certificate")
            return seconds_of(condition["lastUpdateTime"]) + (_PENDING_FOR if is_waiting else _DECIDED_FOR)
    return seconds_of(request["metadata"]["creationTimestamp"]) + _PENDING_FOR


class CertificateSigner:
    """Reconciles approved requests to their certificate.

    Args:
        api: Speaks as the certificate controller.
        manager: Gives the informer.
        clock: The time.
        authority: Signs; None leaves every request unsigned.
    """

    name = "certificate-controller"

    def __init__(self, api: Api, manager: Manager, clock: Clock, authority: Authority | None) -> None:
        self._api = api
        self._clock = clock
        self._authority = authority
        self._requests = manager.informer(REQUESTS)
        self.sources: tuple[Source, ...] = (Source(REQUESTS),)

    def reconcile(self, request: Request) -> Result:
        """Sign, or say why not."""
        found = self._requests.get(request.name)
        if found is None or self._authority is None or not _is_due(found):
            return DONE
        spec, status = found["spec"], found.get("status") or {}
        if why := unfit(spec["usages"]):
            status = {**status, "conditions": [*status["conditions"], self._failure(why)]}
        else:
            life = life_of(spec.get("expirationSeconds"))
            signed = self._authority.sign(request_of(spec["request"]), spec["usages"], life)
            status = {**status, "certificate": base64.b64encode(signed).decode()}
        self._api.update({**found, "status": status}, "status")
        return DONE

    def _failure(self, why: str) -> Object:
        now = timestamp(self._clock.now())
        return {
            "type": "Failed", "status": "True", "reason": "SignerValidationFailure", "message": why,
            "lastUpdateTime": now,
        }  # fmt: skip


def _is_due(request: Object) -> bool:
    signer, status = request["spec"]["signerName"], request.get("status") or {}
    is_open = is_condition_true(request, "Approved") and not is_condition_true(request, "Failed")
    return signer == CLIENT_SIGNER and is_open and not status.get("certificate")


class CertificateCleaner:
    """Deletes requests that nobody needs any more."""

    name = "csrcleaner"

    def __init__(self, api: Api, manager: Manager, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self._requests = manager.informer(REQUESTS)
        self.sources: tuple[Source, ...] = (Source(REQUESTS),)

    def reconcile(self, request: Request) -> Result:
        """Delete a request whose time is up, or come back when it will be."""
        found = self._requests.get(request.name)
        if found is None:
            return DONE
        left = ends_at(found) - self._clock.now()
        if left > 0:
            return Result(left)
        with contextlib.suppress(NotFoundError):  # somebody was faster
            self._api.delete(REQUESTS, request.name, uid=uid_of(found))
        return DONE
