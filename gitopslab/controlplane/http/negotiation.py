"""Which form of an answer a client accepts: JSON, YAML or protobuf; the object itself, a table, or only its metadata.

Called by ``resources`` for every request, so results are kept by header. CBOR, which clients may list first, is passed
over: an API server may always answer with a later entry. Upstream: ``apiserver/pkg/endpoints/handlers/negotiation``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from gitopslab.errors import ApiError

_META_GROUP = "meta.k8s.io"
_META_VERSIONS = ("v1", "v1beta1")
OBJECTS = ("application/json", "application/yaml", "application/vnd.kubernetes.protobuf")
"""What a route says it produces, in the order in which a refusal tells it."""

LISTS = (*OBJECTS, "application/json;stream=watch", "application/vnd.kubernetes.protobuf;stream=watch")
"""What a route of a collection produces, which may be watched."""


class Form(Enum):
    """What of an object is sent."""

    OBJECT = ""
    TABLE = "Table"
    METADATA = "PartialObjectMetadata"
    METADATA_LIST = "PartialObjectMetadataList"


class Encoding(Enum):
    """How it is written; the media type."""

    JSON = "application/json"
    YAML = "application/yaml"
    PROTOBUF = "application/vnd.kubernetes.protobuf"


@dataclass(frozen=True, slots=True)
class Accepted:
    """The form chosen for an answer.

    Attributes:
        form: What of the object is sent.
        meta_version: Of ``meta.k8s.io``, for tables and metadata.
        encoding: How it is written.
    """

    form: Form = Form.OBJECT
    meta_version: str = "v1"
    encoding: Encoding = Encoding.JSON


_METADATA = (Form.METADATA, Form.METADATA_LIST)
_ENCODINGS = {
    **{encoding.value: encoding for encoding in Encoding},
    "*/*": Encoding.JSON,
    "application/*": Encoding.JSON,
}

PLAIN = Accepted()
"""The object itself, as JSON."""


@lru_cache(maxsize=256)
def accepted(header: str, *, tables: bool = True, typed: bool = True) -> Accepted:
    """The first entry of an ``Accept`` header that the server can answer with; no header asks for JSON.

    Args:
        header: ``Accept``.
        tables: Whether there is a table of what was asked for.
        typed: Whether it has a Go type, without which only its metadata can be written as protobuf.

    Raises:
        ApiError: 406 when there is none.
    """
    found = _first(header, [form for form in Form if tables or form is not Form.TABLE], typed=typed)
    if found is None:
        raise _not_accepted()
    return found


@lru_cache(maxsize=256)
def accepted_untransformed(header: str) -> Accepted | None:
    """As ``accepted``, of what has no tables: a ``Status`` and discovery; None when nothing will do."""
    return _first(header, (Form.OBJECT,))


def untransformed(header: str) -> Encoding:
    """How to write what has no tables.

    Raises:
        ApiError: 406 when the client takes none of the forms.
    """
    if (found := accepted_untransformed(header)) is None:
        raise _not_accepted()
    return found.encoding


def check_route(header: str, produces: Sequence[str]) -> None:
    """Refuse a request as the router does before any handler sees it; it knows no ``application/*``.

    Args:
        header: ``Accept``.
        produces: The media types of the route.

    Raises:
        ApiError: 406 when the header names none of them (``go-restful``, ``Route.matchesAccept``).
    """
    wanted = {entry.partition(";")[0].strip() for entry in header.split(",")}
    if header and "*/*" not in produces and wanted.isdisjoint(("*/*", *produces)):
        message = f"406: Not Acceptable\n\nAvailable representations: {', '.join(produces)}"
        raise ApiError(406, "NotAcceptable", message, details={})


def _not_accepted() -> ApiError:
    return ApiError(406, "NotAcceptable", f"only the following media types are accepted: {', '.join(OBJECTS)}")


def _first(header: str, forms: Sequence[Form], *, typed: bool = True) -> Accepted | None:
    for media_type, parameters in media_ranges(header or "*/*"):
        found = _answer(media_type, parameters)
        if found is None or found.form not in forms:
            continue
        if found.encoding is not Encoding.PROTOBUF or found.form in _METADATA or (typed and found.form is Form.OBJECT):
            return found
    return None


def media_ranges(header: str) -> list[tuple[str, dict[str, str]]]:
    """The entries of an ``Accept`` header with their parameters, the most wanted first."""
    ranges = []
    for entry in header.split(","):
        media_type, *pieces = (piece.strip() for piece in entry.split(";"))
        pairs = (piece.partition("=") for piece in pieces if piece)
        ranges.append((media_type.lower(), {key: value for key, _, value in pairs}))
    return sorted(ranges, key=lambda found: -_weight(found[1].get("q", "1")))


def _weight(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _answer(media_type: str, parameters: dict[str, str]) -> Accepted | None:
    if (encoding := _ENCODINGS.get(media_type)) is None:
        return None
    if "as" not in parameters:
        return Accepted(encoding=encoding)
    version = parameters.get("v", "")
    if parameters.get("g") != _META_GROUP or version not in _META_VERSIONS:
        return None
    try:
        return Accepted(Form(parameters["as"]), version, encoding)
    except ValueError:
        return None
