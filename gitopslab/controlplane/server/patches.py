"""PATCH requests: from the bytes of a patch to the object it makes of another.

``http`` reads bodies with ``read``; ``writing`` and ``scaling`` call ``result`` for the three types that describe a
change. Server-side apply describes a wish and is ``ownership``'s business. How documents merge is
``machinery.merge``'s; here belongs what the API server makes of success and failure: types, field validation, and the
texts of its answers, which differ by patch type.
"""

from __future__ import annotations

import json
from typing import Any

from gitopslab.controlplane.runtime.api import PatchType
from gitopslab.controlplane.server.custom.decoding import read as read_custom
from gitopslab.controlplane.server.custom.version import CustomResource
from gitopslab.controlplane.server.decode import not_converted, unsupported_media_type
from gitopslab.controlplane.server.wire import SyntaxFaultError, from_json, from_yaml
from gitopslab.errors import ApiError, InvalidError, bad_request, invalid, unclassified
from gitopslab.machinery import schema
from gitopslab.machinery.golang import go_kind
from gitopslab.machinery.json_patch import json_patch
from gitopslab.machinery.kinds import Resource
from gitopslab.machinery.merge import MergeError, go_text, merge_patch, strategic_patch
from gitopslab.machinery.objects import Object
from gitopslab.machinery.typed import Reader, TypedError

CONTENT_TYPES: dict[str, PatchType] = {
    "application/json-patch+json": "json",
    "application/merge-patch+json": "merge",
    "application/strategic-merge-patch+json": "strategic",
    "application/apply-patch+yaml": "apply",
}
_MAX_OPERATIONS = 10000
_FIELDS = ("op", "path", "from", "value")
_MAP = "map[string]interface {}"


def type_of(content_type: str, resource: Resource) -> PatchType:
    """The patch type of a content type.

    Raises:
        ApiError: 415, when the resource takes no such patch; custom resources have no strategic merge.
    """
    known = {media: kind for media, kind in CONTENT_TYPES.items() if not (resource.custom and kind == "strategic")}
    found = known.get(content_type.partition(";")[0].strip())
    if found is None and resource.custom:
        raise unsupported_media_type(tuple(known))
    if found is None:  # the router of built-in types sees it first
        raise ApiError(415, "UnsupportedMediaType", "415: Unsupported Media Type", details={})
    return found


def read(body: bytes, type: PatchType, field_validation: str) -> tuple[Any, list[str]]:
    """The patch in a request body, and warnings about keys named twice.

    Raises:
        ApiError: 400, with Go's words.
    """
    if type == "apply":
        return _read_apply(body, field_validation)
    try:
        document = from_json(body)
    except SyntaxFaultError as error:
        raise bad_request(_prefixed(type, str(error))) from error
    _check_shape(document, type)
    reader = Reader()
    try:
        patch, notes = reader.plain([] if document is None and type == "json" else document), reader.notes
    except RecursionError as error:
        raise bad_request(_prefixed(type, "exceeded max depth")) from error
    if type == "json":
        notes = [f"json patch {note}" for note in [*notes, *_unknown(patch)]]
    if not notes or field_validation == "Ignore":
        return patch, []
    if field_validation == "Strict":
        shown = go_text(patch) if type == "strategic" else body.decode("utf-8", "replace")
        raise _invalid(shown, f"strict decoding error: {', '.join(notes)}")
    return patch, notes


def result(
    resource: Resource, current: Object, patch: Any, type: PatchType, field_validation: str
) -> tuple[Object, list[str]]:
    """What a patch makes of an object, as its type holds it, and warnings; ``current`` stays as it is.

    The kind is the object's own, so a ``Scale`` is patched like any other.

    Raises:
        ApiError: 400 or 422, worded as for this type of patch.
    """
    after = patched(resource, current, patch, type)

    def refusal(why: str) -> ApiError:
        return _invalid(go_text(patch) if type == "strategic" else _text(resource, after), why)

    try:
        obj, notes = _read(resource, current, after, unstructured=type == "strategic")
    except TypedError as error:
        raise refusal(str(error)) from error
    except RecursionError as error:
        raise refusal("exceeded max depth") from error
    if notes and field_validation == "Strict":
        raise refusal(f"strict decoding error: {', '.join(notes)}")
    if not resource.custom and type in ("merge", "json") and not after.get("apiVersion"):
        name = current["metadata"].get("name", "")
        raise bad_request(f"the name of the object ({name} based on URL) was undeterminable: name must be provided")
    if not resource.custom:  # what a document is read into has the type it had, whatever the document says
        obj.update({field: current[field] for field in ("kind", "apiVersion") if field in current})
    return obj, [] if field_validation == "Ignore" else notes


def _text(resource: Resource, after: Object) -> str:
    """JSON as the API server shows it in its answers; what has no Go type has its keys in order."""
    return json.dumps(after, separators=(",", ":"), ensure_ascii=False, sort_keys=resource.custom)


def _read(resource: Resource, current: Object, after: Object, *, unstructured: bool) -> tuple[Object, list[str]]:
    if isinstance(resource, CustomResource) and current.get("kind") == resource.kind:
        return read_custom(resource, after)
    reader = Reader(unstructured=unstructured)
    own = str(current.get("apiVersion")), str(current.get("kind"))
    given = own if unstructured else _told(after, own)
    read = reader.read(schema.struct_of(*given) or schema.UNSTRUCTURED, after)
    if given[1] != own[1] or schema.struct_of(*given) is None:
        raise TypedError(not_converted(given, own))
    return read, sorted(reader.notes) if unstructured else reader.notes


def _told(document: Object, own: tuple[str, str]) -> tuple[str, str]:
    """The ``(apiVersion, kind)`` a document says it is of; it is read as that, whatever the path names."""
    for field in ("kind", "apiVersion"):
        if not isinstance(value := document.get(field), str | None):
            cause = f"json: cannot unmarshal {go_kind(value)} into Go struct field .{field} of type string"
            raise TypedError(f"couldn't get version/kind; json parse error: {cause}")
    if str(document.get("apiVersion") or "").count("/") > 1:
        raise TypedError(f"unexpected GroupVersion string: {document['apiVersion']}")
    return str(document.get("apiVersion") or own[0]), str(document.get("kind") or own[1])


def patched(resource: Resource, current: Object, patch: Any, type: PatchType) -> Object:
    """The document a patch makes of another, before its types are looked at.

    Raises:
        ApiError: 400 or 422, worded as for this type of patch.
    """
    _check_shape(patch, type)
    kind = schema.struct_of(str(current.get("apiVersion")), str(current.get("kind")))
    try:
        if type == "json":
            after = json_patch(current, patch)
        elif type == "merge":
            after = merge_patch(current, patch)
        elif kind is None:
            raise unsupported_media_type(tuple(media for media, name in CONTENT_TYPES.items() if name != "strategic"))
        else:
            after = strategic_patch(current, patch or {}, kind)
    except MergeError as error:
        raise _refused(error) from error
    except RecursionError as error:
        raise bad_request("exceeded max depth") from error
    if not isinstance(after, dict):
        kind_name = f"{resource.group.partition('.')[0] or 'core'}.{resource.kind}"
        cause = f"json: cannot unmarshal {go_kind(after)} into Go value of type {kind_name}"
        raise _invalid(json.dumps(after, separators=(",", ":")), cause)
    return after


def _read_apply(body: bytes, field_validation: str) -> tuple[Any, list[str]]:
    # kubectl sends JSON under this content type, and JSON is quicker to read.
    if body.startswith(b"{"):
        try:
            reader = Reader()
            config = reader.plain(from_json(body))
        except (SyntaxFaultError, RecursionError):
            reader.notes.append("not JSON")
        if not reader.notes:
            return config, []
    try:
        config, repeated = from_yaml(body)
    except SyntaxFaultError as error:
        raise bad_request(f"error decoding YAML: error converting YAML to JSON: {error}") from error
    if not isinstance(config, dict):
        cause = f"json: cannot unmarshal {go_kind(config)} into Go value of type {_MAP}"
        raise bad_request(f"error decoding YAML: error unmarshaling JSON: while decoding JSON: {cause}")
    if repeated and field_validation == "Strict":
        faults = "\n  ".join(["yaml: unmarshal errors:", *repeated])
        raise bad_request(f"error strict decoding YAML: error converting YAML to JSON: {faults}")
    return config, [] if field_validation == "Ignore" else repeated


def _prefixed(type: PatchType, message: str) -> str:
    return message if type == "strategic" else f"error decoding patch: {message}"


def _check_shape(patch: Any, type: PatchType) -> None:
    """A JSON patch is a list of operations, the others are an object."""
    if type == "json":
        if patch is None:
            return
        if not isinstance(patch, list):
            kind = "[]handlers.jsonPatchOp"
            raise bad_request(
                f"error decoding patch: json: cannot unmarshal {go_kind(patch)} into Go value of type {kind}"
            )
        if len(patch) > _MAX_OPERATIONS:
            message = f"The allowed maximum operations in a JSON patch is {_MAX_OPERATIONS}, got {len(patch)}"
            raise ApiError(413, "RequestEntityTooLarge", message)
        for operation in patch:
            if not isinstance(operation, dict):
                kind = "handlers.jsonPatchOp"
                cause = f"json: cannot unmarshal {go_kind(operation)} into Go value of type {kind}"
                raise bad_request(f"error decoding patch: {cause}")
            for field in ("op", "path", "from"):
                if not isinstance(operation.get(field) or "", str):
                    cause = (
                        f"json: cannot unmarshal {go_kind(operation[field])} into Go struct field jsonPatchOp.{field}"
                    )
                    raise bad_request(f"error decoding patch: {cause} of type string")
    elif patch is None:  # to the one a patch that is malformed, to the other one that changes nothing
        if type == "merge":
            raise bad_request("Invalid JSON Patch")
    elif not isinstance(patch, dict):
        raise bad_request(_prefixed(type, f"json: cannot unmarshal {go_kind(patch)} into Go value of type {_MAP}"))


def _unknown(operations: list[Object]) -> list[str]:
    """What strict reading objects to in a JSON patch, besides keys named twice."""
    return [
        f'unknown field "[{index}].{name}"'
        for index, operation in enumerate(operations)
        for name in operation
        if name not in _FIELDS
    ]


def _refused(error: MergeError) -> ApiError:
    if error.fault == "format":
        return bad_request(str(error))
    if error.fault == "conflict":
        # The API server keeps the library's words to itself here.
        message = "the server rejected our request due to an error in our request"
        return InvalidError(422, "Invalid", message, details={})
    return unclassified(str(error))


def _invalid(shown: str, why: str) -> ApiError:
    quoted = json.dumps(shown, ensure_ascii=False)
    return invalid("", "", "", [("patch", "FieldValueInvalid", f"Invalid value: {quoted}: {why}")])
