"""The call of a webhook: a Receiver checks whether it is from who has its token, and has its resources reconciled now.

Source: ``notification-controller``'s ``receiver_handlers.go`` and ``receiver_resource_filter.go``.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any

from gitopslab.controlplane.runtime.api import Api
from gitopslab.errors import LabError
from gitopslab.gitops.flux.expressions import holds
from gitopslab.gitops.flux.kinds import HELM, IMAGE, KUSTOMIZE, RECEIVERS, REQUESTED_AT, SOURCE, is_suspended
from gitopslab.gitops.flux.receiver import FILTERED, token_of
from gitopslab.machinery.clock import micro_timestamp
from gitopslab.machinery.kinds import Catalog, Resource
from gitopslab.machinery.objects import Object, is_condition_true, name_of, namespace_of
from gitopslab.machinery.selectors import label_selector_text

_GROUPS = (SOURCE, IMAGE, KUSTOMIZE, HELM)
_EVENTS = {"gitlab": "x-gitlab-event", "github": "x-github-event", "bitbucket": "x-event-key"}
"""The header in which a sender names its event."""

_SIGNATURES = {"generic-hmac": ("x-signature",)} | dict.fromkeys(
    ("github", "bitbucket"), ("x-hub-signature-256", "x-hub-signature")
)
_HASHES = {"sha1": hashlib.sha1, "sha256": hashlib.sha256, "sha512": hashlib.sha512}


def received(api: Api, catalog: Catalog, now: float, path: str, headers: Mapping[str, str], body: bytes) -> int:
    """Act on a call.

    Args:
        api: Of notification-controller.
        catalog: Which kinds there are.
        now: Seconds since the epoch.
        path: That was called.
        headers: By name in small letters.
        body: Of the call.

    Returns:
        200 when its resources were told; 400 when it does not show the token, or its event is not wanted; 404 where
        nobody listens; 500 when a resource is not there; 503 when the Receiver is suspended or not ready.
    """
    receivers = api.list(RECEIVERS)
    receiver = next((each for each in receivers if (each.get("status") or {}).get("webhookPath") == path), None)
    if receiver is None:
        return 404
    if is_suspended(receiver) or not is_condition_true(receiver, "Ready"):
        return 503
    try:
        if not _is_good(receiver["spec"], token_of(api, receiver), headers, body):
            return 400
    except LabError:
        return 400
    said, resources = _body(headers, body), receiver["spec"]["resources"]
    outcomes = [_tell(api, catalog, now, receiver, reference, said) for reference in resources]
    return 200 if all(outcomes) else 500


def _is_good(spec: Object, token: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether a call is from who has the token, and about an event that is wanted."""
    kind, wanted = spec["type"], [event.lower() for event in spec.get("events") or ()]
    if kind in _EVENTS and wanted and headers.get(_EVENTS[kind], "").lower() not in wanted:
        return False
    return kind in _CHECKS and _CHECKS[kind](kind, token, headers, body)


def _shows(header: str) -> Callable[..., bool]:
    def check(_kind: str, token: str, headers: Mapping[str, str], _body: bytes) -> bool:
        return hmac.compare_digest(headers.get(header, "").encode(), token.encode())

    return check


def _is_signed(kind: str, token: str, headers: Mapping[str, str], body: bytes) -> bool:
    said = next((headers[name] for name in _SIGNATURES[kind] if headers.get(name)), "")
    name, _, digest = said.partition("=")
    if name not in _HASHES:
        return False
    right = hmac.new(token.encode(), body, _HASHES[name]).hexdigest()
    return hmac.compare_digest(digest.encode(), right.encode())


def _is_nexus(_kind: str, token: str, headers: Mapping[str, str], body: bytes) -> bool:
    right = hmac.new(token.encode(), body, hashlib.sha1).hexdigest()
    return hmac.compare_digest(headers.get("x-nexus-webhook-signature", "").encode(), right.encode()) and _is_json(body)


def _is_json(body: bytes) -> bool:
    try:
        return isinstance(json.loads(body), dict)
    except ValueError:
        return False


_CHECKS: Mapping[str, Callable[..., bool]] = {
    "generic": lambda *_: True,
    "gitlab": _shows("x-gitlab-token"),
    "harbor": _shows("authorization"),
    "nexus": _is_nexus,
    **dict.fromkeys(_SIGNATURES, _is_signed),
    **dict.fromkeys(("dockerhub", "quay", "acr"), lambda _kind, _token, _headers, body: _is_json(body)),
}
"""By type of Receiver. Simplified: gcr, cdevents and generic-oidc are refused, whatever they show."""


def _body(headers: Mapping[str, str], body: bytes) -> Any:
    """What filters see of a call: nothing, unless it says that it is JSON."""
    return json.loads(body) if "application/json" in headers.get("content-type", "") and _is_json(body) else {}


def _tell(api: Api, catalog: Catalog, now: float, receiver: Object, reference: Object, body: Any) -> bool:
    """Have one resource, or all that its labels select, reconciled now; whether it worked out."""
    resource = next((each for each in catalog if each.kind == reference["kind"] and each.group in _GROUPS), None)
    if resource is None:
        return False
    asked = {"metadata": {"annotations": {REQUESTED_AT: micro_timestamp(now)}}}
    filters = [one for one in (receiver["spec"].get("resourceFilter"), reference.get("filter")) if one]
    try:
        for obj in _meant(api, resource, receiver, reference):
            seen = {"apiVersion": obj["apiVersion"], "kind": obj["kind"], "metadata": obj["metadata"]}
            if all(holds(one, {"res": seen, "req": body}, FILTERED) for one in filters):
                api.patch(resource.key, name_of(obj), asked, namespace_of(obj))
    except LabError:
        return False
    return True


def _meant(api: Api, resource: Resource, receiver: Object, reference: Object) -> list[Object]:
    namespace = reference.get("namespace") or namespace_of(receiver)
    if reference["name"] != "*":
        return [api.get(resource.key, reference["name"], namespace)]
    if reference.get("matchLabels") is None:
        raise LabError("matchLabels field not set when using wildcard '*' as name")
    labels = label_selector_text({"matchLabels": reference["matchLabels"]})
    return api.list(resource.key, namespace, labels=labels)
