"""One call of a webhook: an ``AdmissionReview`` goes out, and what comes back is read strictly.

How it goes out is ``webhookclients``' business. Upstream: ``webhook/request/admissionreview.go``, ``webhook/errors``
and the dispatchers beside them.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import orjson

from gitopslab.controlplane.server.admission.attributes import Attributes, Reader
from gitopslab.controlplane.server.admission.review import request_of
from gitopslab.controlplane.server.webhookclients import STATUS, TEXT, CallError, Client, Review, Shape, ask
from gitopslab.controlplane.server.wire import from_json
from gitopslab.errors import ApiError, bad_request
from gitopslab.machinery.golang import go_kind
from gitopslab.machinery.names import CHANCE, new_uid
from gitopslab.machinery.objects import Object

_GROUP = "admission.k8s.io"
_RESPONSE = Shape("v1.AdmissionResponse", "object", {
    "uid": Shape("types.UID", "string"), "allowed": Shape("bool", "bool"), "status": STATUS,
    "patch": Shape("[]uint8", "string"), "patchType": Shape("v1.PatchType", "string"),
    "warnings": Shape("[]string", "array", items=TEXT),
})  # fmt: skip
_REVIEW = Review(_GROUP, "AdmissionReview", "pkg/util/webhook/client.go:71", _RESPONSE)
_VERSIONS = ("v1", "v1beta1")
_QUIET = ("None", "NoneOnDryRun")
_LEAST_FAILURE, _MOST_FAILURE = 400, 599


def call(
    webhook: Object,
    attributes: Attributes,
    obj: Object | None,
    reader: Reader,
    client: Client | None,
    *,
    mutating: bool,
    warnings: list[str],
) -> list[Any]:
    """Ask a webhook about a write.

    Args:
        webhook: It, of a configuration.
        attributes: The write.
        obj: The object as the webhook is to see it.
        reader: Finds its Service.
        client: Speaks to it.
        mutating: Whether it may answer with a patch.
        warnings: Where what it warns of is told, whether it refuses or not.

    Returns:
        The operations of the JSON patch that it answered with.

    Raises:
        ApiError: It refuses.
        CallError: It could not be asked.
    """
    if attributes.dry_run and webhook.get("sideEffects") not in _QUIET:
        raise bad_request(f'admission webhook "{webhook["name"]}" does not support dry run')
    version = next((one for one in webhook.get("admissionReviewVersions") or () if one in _VERSIONS), None)
    if version is None:
        known = "webhook does not accept known AdmissionReview versions (v1, v1beta1)"
        raise CallError(f"could not create admission objects: {known}")
    uid = new_uid(CHANCE)
    answered = _ask(webhook, _review(uid, version, attributes, obj), reader, client)
    try:
        response = _verified(answered, uid, version, mutating=mutating)
    except ValueError as error:
        raise CallError(f"received invalid webhook response: {error}") from error
    warnings += response.get("warnings") or ()
    if not response.get("allowed"):
        raise _refusal(webhook["name"], response.get("status") or {})
    return _operations(response.get("patch") or "") if mutating else []


def _review(uid: str, version: str, attributes: Attributes, obj: Object | None) -> bytes:
    told = {key: value for key, value in request_of(attributes).items() if value not in ("", None)}
    user = {key: value for key, value in told["userInfo"].items() if value}
    objects = {"object": obj, "oldObject": attributes.before, "options": attributes.options}
    request = {"uid": uid, **told, "userInfo": user, **objects}
    return orjson.dumps({"kind": "AdmissionReview", "apiVersion": f"{_GROUP}/{version}", "request": request})


def _ask(webhook: Object, body: bytes, reader: Reader, client: Client | None) -> Object:
    seconds = webhook.get("timeoutSeconds") or 10
    try:
        return ask(webhook["clientConfig"], body, seconds, _REVIEW, reader, client)
    except CallError as error:
        raise CallError(f"failed to call webhook: {error}") from error


def _verified(answered: Object, uid: str, version: str, *, mutating: bool) -> Object:
    """The response in an ``AdmissionReview``.

    Raises:
        ValueError: It is not one to this request; the message is upstream's.
    """
    response: Object | None = answered.get("response")
    if response is None:
        raise ValueError("webhook response was absent")
    if version == "v1beta1":
        return response
    group, _, found = str(answered.get("apiVersion", "")).rpartition("/")
    if found == "v1beta1":
        fault = "converting (v1beta1.AdmissionReview) to (v1.AdmissionReview): unknown conversion"
        raise CallError(f"failed to call webhook: {fault}")
    if response.get("uid", "") != uid:
        raise ValueError(f'expected response.uid="{uid}", got {json.dumps(response.get("uid", ""))}')
    kind = f"{group}/{found}, Kind={answered.get('kind', '')}"
    if kind != f"{_GROUP}/v1, Kind=AdmissionReview":
        raise ValueError(f"expected webhook response of {_GROUP}/v1, Kind=AdmissionReview, got {kind}")
    patch, type_ = response.get("patch"), response.get("patchType")
    if not mutating and (patch or type_ is not None):
        raise ValueError(f"validating webhook may not return response.{'patch' if patch else 'patchType'}")
    if bool(patch) != (type_ is not None):
        there, missing = ("patch", "patchType") if patch else ("patchType", "patch")
        raise ValueError(f"webhook returned response.{there} but not response.{missing}")
    if type_ == "":
        raise ValueError('webhook returned invalid response.patchType of ""')
    if patch and type_ != "JSONPatch":
        raise CallError(f"unsupported patch type {json.dumps(type_)}")
    return response


def _operations(patch: str) -> list[Any]:
    if not patch:
        return []
    try:
        text = base64.b64decode(patch)
        from_json(text)
    except ValueError as error:
        raise CallError(f"received undecodable patch in webhook response: {error}") from error
    operations = json.loads(text)
    if not isinstance(operations, list):
        fault = f"json: cannot unmarshal {go_kind(operations)} into Go value of type jsonpatch.Patch"
        raise CallError(f"received undecodable patch in webhook response: {fault}")
    return operations


def _refusal(name: str, status: Object) -> ApiError:
    """What the client is told of a refusal (``ToStatusErr``)."""
    denied = f'admission webhook "{name}" denied the request'
    why = status.get("message") or status.get("reason")
    code = min(max(status.get("code") or 0, _LEAST_FAILURE), _MOST_FAILURE)
    message = f"{denied}: {why}" if why else f"{denied} without explanation"
    return ApiError(code, status.get("reason") or "", message, details=status.get("details"))
