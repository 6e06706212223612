"""From the bytes of a request to an object of the API, with field validation.

``http`` calls ``decode`` for bodies of creates and updates, ``verbs`` calls ``check`` for what did not come as bytes.
The work is done by ``wire`` (syntax) and ``typed`` (types); here belongs what the API server's decoder adds: which
kind is expected at a path, what happens in the modes Strict, Warn and Ignore, and the texts of the answers. Patches
have rules and texts of their own in ``patches``. Defaults and validation come later, in ``verbs``.
"""

from __future__ import annotations

from typing import Any

from gitopslab.controlplane.server.custom.decoding import read as read_custom
from gitopslab.controlplane.server.custom.version import CustomResource
from gitopslab.controlplane.server.wire import SyntaxFaultError, from_json, from_yaml
from gitopslab.errors import ApiError, bad_request
from gitopslab.machinery import gotypes, protobuf, schema
from gitopslab.machinery.golang import go_kind
from gitopslab.machinery.kinds import Catalog, Resource
from gitopslab.machinery.objects import Object, group_of
from gitopslab.machinery.typed import Reader, TypedError

JSON = "application/json"
YAML = "application/yaml"
_SUMMARY = 30
_YAML_FAULTS = "yaml: unmarshal errors:"
_SCHEME = "pkg/api/legacyscheme/scheme.go:30"
_OPTIONS, _META_SCHEME = "DeleteOptions", "pkg/apis/meta/internalversion/scheme/register.go:27"
_ELDER = {("policy/v1", "Eviction"): ("policy/v1beta1", "Eviction")}  # still taken, for the sake of old clients
_TYPE_META = r'struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }'
_LEGACY = {
    "apps": ("v1beta1", "v1beta2"),
    "autoscaling": ("v1", "v2", "v2beta1", "v2beta2"),
    "batch": ("v1beta1",),
    "events.k8s.io": ("v1beta1",),
    "networking.k8s.io": ("v1beta1",),
    "policy": ("v1beta1",),
    "rbac.authorization.k8s.io": ("v1alpha1", "v1beta1"),
    "storage.k8s.io": ("v1alpha1", "v1beta1"),
}
"""Versions besides the served ones that a real API server can still read, and then refuses."""


def decode(
    resource: Resource,
    body: bytes,
    *,
    content_type: str,
    field_validation: str,
    kind: tuple[str, str] | None = None,
) -> tuple[Object, list[str]]:
    """The object in a request body, and warnings.

    Args:
        resource: What the path names.
        body: JSON, YAML or protobuf.
        content_type: Of the request; empty means JSON.
        field_validation: ``Strict``, ``Warn`` or ``Ignore``; empty means ``Warn``, as on a real server.
        kind: ``(apiVersion, kind)`` where a subresource takes another type than the resource's own.

    Raises:
        ApiError: 400 with Go's words, or 415 for another content type.
    """
    expected = kind or (resource.api_version, resource.kind)
    value, notes = _parsed(body, content_type, expected)
    given = _kind_of(value, body, expected)
    if resource.custom and kind is None:
        given = _told(value, body, expected)
    _check_kind(given, expected, is_custom=resource.custom and kind is None)
    custom = resource if isinstance(resource, CustomResource) and kind is None else None
    obj, found = _typed(given, expected, value, custom)
    return obj, _judged(given, expected, notes + found, field_validation)


def check(resource: Resource, obj: Object, field_validation: str) -> tuple[Object, list[str]]:
    """The object as the API types hold it, as if it had come over the wire; a new object, ``obj`` stays as it is.

    Raises:
        ApiError: 400 with Go's words.
    """
    expected = (resource.api_version, resource.kind)
    given = (str(obj.get("apiVersion") or expected[0]), str(obj.get("kind") or expected[1]))
    custom = resource if isinstance(resource, CustomResource) else None
    checked, notes = _typed(given, given if given[1] == "Scale" else expected, obj, custom)
    return checked, _judged(given, expected, notes, field_validation)


def as_typed(catalog: Catalog, obj: Object) -> Object | None:
    """An object of a built-in kind as Kubernetes' types hold it; None for any other, and for what does not fit."""
    resource = catalog.of(obj)
    if resource is None or resource.custom:
        return None
    try:
        return check(resource, obj, "Ignore")[0]
    except ApiError:
        return None


def _parsed(body: bytes, content_type: str, expected: tuple[str, str]) -> tuple[Any, list[str]]:
    media = content_type.partition(";")[0].strip().lower() or JSON
    if media not in (JSON, YAML, protobuf.MEDIA_TYPE):
        raise unsupported_media_type((JSON, YAML, protobuf.MEDIA_TYPE))
    if media == protobuf.MEDIA_TYPE:
        return _from_protobuf(body), []
    try:
        if media == JSON:
            return from_json(body), []
        value, repeated = from_yaml(body)
    except SyntaxFaultError as error:
        cause = f"couldn't get version/kind; json parse error: {error}" if media == JSON else str(error)
        raise _unrecognized(body, expected, cause) from error
    return value, ["\n  ".join([_YAML_FAULTS, *repeated])] if repeated else []


def _from_protobuf(body: bytes) -> Object:
    try:
        return protobuf.read(body)
    except ValueError as error:
        raise bad_request(str(error)) from error


def unsupported_media_type(accepted: tuple[str, ...]) -> ApiError:
    """415, as the API server words it."""
    message = f"the body of the request was in an unknown format - accepted media types include: {', '.join(accepted)}"
    return ApiError(415, "UnsupportedMediaType", message)


def _kind_of(value: Any, body: bytes, expected: tuple[str, str]) -> tuple[str, str]:
    """The ``apiVersion`` and ``kind`` of a document, or those of its path where it does not say."""
    cause = ""
    if value is None:
        value = {}
    elif not isinstance(value, dict):
        cause = f"json: cannot unmarshal {go_kind(value)} into Go value of type {_TYPE_META}"
    else:
        for field in ("apiVersion", "kind"):
            if not isinstance(value.get(field) or "", str):
                cause = f"json: cannot unmarshal {go_kind(value[field])} into Go struct field .{field} of type string"
                break
    if cause:
        raise _unrecognized(body, expected, f"couldn't get version/kind; json parse error: {cause}")
    return value.get("apiVersion") or expected[0], value.get("kind") or expected[1]


def _told(value: Any, body: bytes, expected: tuple[str, str]) -> tuple[str, str]:
    """Objects that have no Go type must say themselves what they are."""
    fields: Object = value or {}
    if not fields.get("kind"):
        raise _unrecognized(body, expected, f"Object 'Kind' is missing in '{body.decode('utf-8', 'replace')}'")
    return fields.get("apiVersion") or "", fields["kind"]


def _check_kind(given: tuple[str, str], expected: tuple[str, str], *, is_custom: bool = False) -> None:
    if given in (expected, _ELDER.get(expected)) or (
        given[1] == expected[1] == _OPTIONS
    ):  # these belong to every group
        return
    if expected[1] == _OPTIONS:
        fault = f'no kind "{given[1]}" is registered for version "{given[0]}" in scheme "{_META_SCHEME}"'
        raise _unhandled(given, expected, fault)
    if is_custom and given[0] == expected[0]:
        return  # any kind can be read; validation refuses it
    if is_custom:
        message = f"the API version in the data ({given[0]}) does not match the expected API version ({expected[0]})"
        raise bad_request(message)
    group, version = group_of(given[0]), given[0].rpartition("/")[2]
    if given[1] == expected[1] and group == group_of(expected[0]) and version in _LEGACY.get(group, ()):
        message = f"the API version in the data ({given[0]}) does not match the expected API version ({expected[0]})"
        raise bad_request(message)
    raise _unhandled(given, expected, not_converted(given, expected))


def not_converted(given: tuple[str, str], expected: tuple[str, str]) -> str:
    """Why an object of one ``(apiVersion, kind)`` is not taken for one of another, in Go's words."""
    source = schema.struct_of(*given)
    if source is None:
        return f'no kind "{given[1]}" is registered for version "{given[0]}" in scheme "{_SCHEME}"'
    return f"converting ({gotypes.Type('struct', source.key).go}) to ({_internal(expected)}): unknown conversion"


def _internal(kind: tuple[str, str]) -> str:
    """The name of a kind in Go's internal packages: ``core.Pod``, ``apps.Deployment``."""
    return f"{group_of(kind[0]).partition('.')[0] or 'core'}.{kind[1]}"


def _typed(
    given: tuple[str, str], expected: tuple[str, str], value: Any, custom: CustomResource | None = None
) -> tuple[Object, list[str]]:
    reader = Reader()
    try:
        if custom is not None:
            obj, notes = read_custom(custom, value or {})
            return {**obj, "apiVersion": given[0], "kind": given[1]}, notes
        obj = reader.read(schema.struct_of(*expected) or schema.UNSTRUCTURED, value or {})
    except TypedError as error:
        raise _unhandled(given, expected, str(error)) from error
    except RecursionError as error:
        raise _unhandled(given, expected, "exceeded max depth") from error
    return {"apiVersion": given[0], "kind": given[1], **obj}, reader.notes


def _judged(given: tuple[str, str], expected: tuple[str, str], notes: list[str], field_validation: str) -> list[str]:
    if not notes or field_validation == "Ignore":
        return []
    if field_validation == "Strict":
        raise _unhandled(given, expected, f"strict decoding error: {', '.join(notes)}")
    return [line.strip() for note in notes for line in note.removeprefix(f"{_YAML_FAULTS}\n").split("\n")]


def _unhandled(given: tuple[str, str], expected: tuple[str, str], cause: str) -> ApiError:
    if expected[1] == _OPTIONS:  # read by a handler of its own, which adds nothing
        return bad_request(cause)
    version = given[0].rpartition("/")[2]
    return bad_request(f'{given[1]} in version "{version}" cannot be handled as a {expected[1]}: {cause}')


def _unrecognized(body: bytes, expected: tuple[str, str], cause: str) -> ApiError:
    if expected[1] == _OPTIONS:
        return bad_request(cause)
    shown = body[:_SUMMARY]
    text = shown.decode("utf-8", "replace") if shown.startswith(b"{") else shown.hex()
    summary = text + (" ..." if len(body) > _SUMMARY else "") if body else "<empty>"
    return bad_request(f"the object provided is unrecognized (must be of type {expected[1]}): {cause} ({summary})")
