"""Conversion webhooks: programs outside that turn a custom resource of one version into another.

``registry`` asks whenever an object is needed in another version than it is in, and the definition has the strategy
``Webhook``. What comes back must be the same object; of its metadata only labels and annotations may differ. Upstream:
``apiextensions-apiserver/pkg/apiserver/conversion/webhook_converter.go``.
"""

from __future__ import annotations

from typing import Any

import orjson

from gitopslab.controlplane.server.admission.attributes import Reader
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.controlplane.server.validation.metadata import check_annotations, check_labels
from gitopslab.controlplane.server.webhookclients import STATUS, CallError, Client, Review, Shape, ask
from gitopslab.errors import ApiError, aggregated
from gitopslab.machinery.golang import go_kind, go_type
from gitopslab.machinery.names import CHANCE, new_uid
from gitopslab.machinery.objects import Object, copy_of

_GROUP = "apiextensions.k8s.io"
_RESPONSE = Shape("v1.ConversionResponse", "object", {
    "uid": Shape("types.UID", "string"), "convertedObjects": Shape("[]runtime.RawExtension", "array"), "result": STATUS,
})  # fmt: skip
_REVIEW = Review(_GROUP, "ConversionReview", "pkg/runtime/scheme.go:111", _RESPONSE)
_SECONDS = 30
_SAME = (("name", "name"), ("namespace", "namespace"), ("uid", "UID"))


class Converter:
    """Converts through webhooks.

    Args:
        reader: Finds their Services.

    Attributes:
        client: Speaks to them; None where nothing can, and then a conversion fails.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.client: Client | None = None

    def converted(self, webhook: Object, obj: Object, api_version: str) -> Object:
        """An object in another version.

        Args:
            webhook: Of the definition's ``spec.conversion``.
            obj: The object; not changed.
            api_version: The version that is wanted.

        Raises:
            ApiError: The webhook cannot be asked, or gives something else.
        """
        group, _, version = str(obj["apiVersion"]).rpartition("/")
        where = f"conversion webhook for {group}/{version}, Kind={obj['kind']}"
        try:
            answered = self._asked(webhook, obj, api_version)
        except (CallError, ValueError) as error:
            raise _failure(f"{where} failed: {error}") from error
        if len(answered) != 1:
            raise _failure(f"{where} returned {len(answered)} objects, expected 1")
        found = answered[0]
        try:
            _check_kind(obj, found, api_version)
        except ValueError as error:
            raise _failure(f"{where} returned invalid object at index 0: {error}") from error
        try:
            _check_same(obj, found)
        except ValueError as error:
            raise _failure(f"{where} returned invalid object: {error}") from error
        try:
            return {**found, "metadata": _metadata(obj["metadata"], found)}
        except ValueError as error:
            raise _failure(f"{where} returned invalid metadata: {error}") from error

    def _asked(self, webhook: Object, obj: Object, api_version: str) -> list[Any]:
        known = (one for one in webhook.get("conversionReviewVersions") or () if one in ("v1", "v1beta1"))
        version, uid = next(known, "v1"), new_uid(CHANCE)
        request = {"uid": uid, "desiredAPIVersion": api_version, "objects": [obj]}
        review = {"kind": _REVIEW.kind, "apiVersion": f"{_GROUP}/{version}", "request": request}
        body = orjson.dumps(review)
        answered = ask(webhook["clientConfig"], body, _SECONDS, _REVIEW, self._reader, self.client)
        response = _verified(answered, uid, version)
        result = response.get("result") or {}
        if result.get("status") != "Success":
            told = f"response.result.status was '{result.get('status') or ''}', not 'Success'"
            raise ValueError(result.get("message") or told)
        return list(response.get("convertedObjects") or ())


def _verified(answered: Object, uid: str, version: str) -> Object:
    found = str(answered.get("apiVersion", "")).rpartition("/")[2]
    if found != version:
        raise ValueError(f"converting ({found}.ConversionReview) to ({version}.ConversionReview): unknown conversion")
    response: Object | None = answered.get("response")
    if response is None:
        raise ValueError("no response provided")
    if version == "v1" and response.get("uid", "") != uid:
        raise ValueError(f'expected response.uid="{uid}", got "{response.get("uid", "")}"')
    return response


def _check_kind(before: Object, found: Any, api_version: str) -> None:
    """Whether it is in the version that was wanted."""
    if not isinstance(found, dict):
        raise ValueError(f"json: cannot unmarshal {go_kind(found)} into Go value of type map[string]interface {{}}")
    if found.get("apiVersion") != api_version:
        raise ValueError(f"invalid groupVersion (expected {api_version}, received {found.get('apiVersion') or ''})")
    if found.get("kind") != before["kind"]:
        raise ValueError(f"invalid kind (expected {before['kind']}, received {found.get('kind') or ''})")


def _check_same(before: Object, found: Object) -> None:
    """Whether it is still the same object."""
    metadata = found.get("metadata")
    named = metadata if isinstance(metadata, dict) else {}
    for field, told in _SAME:
        was, now = before["metadata"].get(field) or "", named.get(field) or ""
        if was != now:
            raise ValueError(f"must have the same {told}: {was} != {now}")


def _metadata(before: Object, found: Object) -> Object:
    """The metadata of before, with the labels and annotations that came back."""
    kept: Object = copy_of(before)
    for field in ("labels", "annotations"):
        given = found["metadata"].get(field)
        kept.pop(field, None)
        if given is None:
            continue
        if not isinstance(given, dict):
            raise ValueError(f"invalid metadata.{field} of type {go_type(given)} in converted object")
        for name, value in given.items():
            if not isinstance(value, str):
                message = f"must be a string, but is {go_type(value)} in converted object"
                raise ValueError(f"metadata.{field}[{name}] {message}")
        if given != before.get(field):
            _check_words(field, given)
        kept[field] = given
    return kept


def _check_words(field: str, given: Object) -> None:
    causes = Causes()
    if field == "labels":
        check_labels(causes, given, "metadata.labels")
    else:
        check_annotations(causes, given, "metadata.annotation")
    if causes:
        raise ValueError(aggregated([f"{path}: {message}" for path, _, message in causes.found]))


def _failure(message: str) -> ApiError:
    return ApiError(500, "", message)
