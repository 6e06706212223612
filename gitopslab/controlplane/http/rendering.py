"""Objects, lists and events as the bytes of an answer, in the form the client accepts.

Called by ``resources`` and ``watch``; calls ``tables``. Objects are not serialised here: the store keeps each as
JSON, and lists and events join those bytes. What the forms are called on the wire is ``negotiation``'s.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import orjson

from gitopslab.controlplane.http import binary, tables
from gitopslab.controlplane.http.negotiation import PLAIN, Accepted, Encoding, Form
from gitopslab.controlplane.http.yaml_text import as_yaml
from gitopslab.controlplane.server.reading import Page
from gitopslab.controlplane.server.records import Change, Record, watch_event
from gitopslab.errors import ApiError, bad_request, unclassified
from gitopslab.machinery import protobuf_writing
from gitopslab.machinery.kinds import Resource
from gitopslab.machinery.objects import Object

_INCLUDES = ("None", "Metadata", "Object")


@dataclass(frozen=True, slots=True)
class Look:
    """Everything that decides how objects of one request look.

    Attributes:
        accepted: The negotiated form.
        include: What a table's rows carry of their object: ``None``, ``Metadata`` or ``Object``.
        now: The time ages are told against.
    """

    accepted: Accepted = PLAIN
    include: str = "Metadata"
    now: float = 0.0

    @property
    def media_type(self) -> bytes:
        """The ``Content-Type`` of the answer."""
        return self.accepted.encoding.value.encode()

    @property
    def stream_type(self) -> bytes:
        """The ``Content-Type`` of a watch."""
        return self.media_type + b";stream=watch" if self.is_binary else self.media_type

    @property
    def is_binary(self) -> bool:
        """Whether the answer is protobuf."""
        return self.accepted.encoding is Encoding.PROTOBUF


def include_of(text: str) -> str:
    """Check ``includeObject`` of ``TableOptions``.

    Raises:
        ApiError: 400 for none of the three.
    """
    if text and text not in _INCLUDES:
        why = f"includeObject: Invalid value: {json.dumps(text)}: must be 'Metadata', 'Object', 'None', or empty"
        raise bad_request(f"Unable to convert to Table as requested: {why}")
    return text or "Metadata"


def render_object(resource: Resource, record: Record, look: Look) -> bytes:
    """One object.

    Raises:
        ApiError: 406 when a list form was asked for.
    """
    form = look.accepted.form
    if look.is_binary and form is not Form.METADATA_LIST:
        return binary.object_of(record, look.accepted)
    if form is Form.OBJECT:
        return _written(record.body + b"\n", look)
    if form is Form.TABLE:
        metadata = {"resourceVersion": record.object["metadata"].get("resourceVersion", "")}
        return _written(_table(resource, [record], metadata, look) + b"\n", look)
    if form is Form.METADATA_LIST:
        if resource.custom:
            raise unclassified("content is not a list")  # an unstructured object is every type until it is looked at
        raise _not_acceptable(form, f"not a list ({_go_type(resource, resource.kind)})")
    return _written(tables.partial(record.object, look.accepted.meta_version) + b"\n", look)


def render_list(resource: Resource, page: Page, look: Look) -> bytes:
    """A list of objects.

    Raises:
        ApiError: 406 when the form of a single object was asked for.
    """
    metadata: Object = {"resourceVersion": str(page.revision)} if page.revision else {}
    if page.continue_:
        metadata["continue"] = page.continue_
        if page.remaining is not None:
            metadata["remainingItemCount"] = page.remaining
    form = look.accepted.form
    if form is Form.TABLE:
        return _written(_table(resource, page.records, metadata, look) + b"\n", look)
    if form is Form.METADATA:
        raise _not_acceptable(form, f"a list ({_go_type(resource, resource.list_kind)})")
    if look.is_binary:
        return binary.list_of(resource, page.records, metadata, look.accepted)
    if form is Form.METADATA_LIST:
        version = look.accepted.meta_version
        head = f'{{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/{version}","metadata":'
        rests: list[bytes | memoryview] = [tables.partial(record.object, version)[1:] for record in page.records]
    elif resource.custom:
        return _written(_custom_list(resource, page.records, metadata), look)
    else:
        head = f'{{"kind":"{resource.list_kind}","apiVersion":"{resource.api_version}","metadata":'
        rests = _rests(resource, page.records)
    return _written(_list(head.encode() + orjson.dumps(metadata) + b',"items":[', rests, b"]}\n"), look)


def _custom_list(resource: Resource, records: Sequence[Record], metadata: Object) -> bytes:
    """A list without a Go type: its keys are in order, and even what is empty is told."""
    told = orjson.dumps({"continue": "", **metadata}, option=orjson.OPT_SORT_KEYS)
    head = f'{{"apiVersion":"{resource.api_version}","items":['
    tail = f'],"kind":"{resource.list_kind}","metadata":'
    return _list(head.encode(), _rests(resource, records), tail.encode() + told + b"}\n")


def _list(head: bytes, rests: list[bytes | memoryview], tail: bytes) -> bytes:
    """A list in one join: a large body that is put together twice costs more than all the rest of a request.

    Args:
        head: Up to the items.
        rests: The items, each without its opening brace.
        tail: What comes after them.
    """
    if not rests:
        return head + tail
    rests[0] = b"".join((head, b"{", rests[0]))
    rests[-1] = b"".join((rests[-1], tail))
    return b",{".join(rests)


def render_events(resource: Resource, changes: Sequence[Change], look: Look, *, first: bool) -> bytes:
    """Changes as a watch tells them.

    Args:
        resource: What is watched.
        changes: What happened, oldest first.
        look: How objects are shown.
        first: Whether the stream begins with them: only then a table has columns.
    """
    if look.accepted == PLAIN:
        return b"".join([change.event for change in changes])
    return b"".join(
        [
            render_event(resource, change.type, change.record, look, first=first and not number)
            for number, change in enumerate(changes)
        ]
    )


def render_event(resource: Resource, type: str, record: Record, look: Look, *, first: bool) -> bytes:
    """One event of a watch."""
    if look.is_binary:
        return protobuf_writing.write_event(type, binary.object_of(record, look.accepted))
    return watch_event(type, _event_object(resource, record, look, first=first))


def render_error(status: Object, look: Look) -> bytes:
    """The event that ends a watch with what went wrong."""
    if look.is_binary:
        return protobuf_writing.write_event("ERROR", protobuf_writing.write(status))
    return watch_event("ERROR", orjson.dumps(status))


def _event_object(resource: Resource, record: Record, look: Look, *, first: bool) -> bytes:
    if look.accepted.form is Form.OBJECT:
        return record.body
    if look.accepted.form is Form.TABLE:
        metadata = {"resourceVersion": record.object["metadata"].get("resourceVersion", "")}
        return _table(resource, [record], metadata, look, columns=first)
    return tables.partial(record.object, look.accepted.meta_version)


def _rests(resource: Resource, records: Sequence[Record]) -> list[bytes | memoryview]:
    """The objects without their opening brace, and those of built-in types without kind and apiVersion, as in Go."""
    prefix = b"{" if resource.custom else _type_prefix(resource.kind, resource.api_version)
    cut = len(prefix)
    bodies = [record.body for record in records]
    return [memoryview(body)[cut if body.startswith(prefix) else 1 :] for body in bodies]


@lru_cache(maxsize=512)
def _type_prefix(kind: str, api_version: str) -> bytes:
    return b'{"kind":"%s","apiVersion":"%s",' % (kind.encode(), api_version.encode())


def _table(
    resource: Resource, records: Sequence[Record], metadata: Object, look: Look, *, columns: bool = True
) -> bytes:
    version = look.accepted.meta_version
    return tables.render(
        resource, records, metadata, version=version, include=look.include, now=look.now, columns=columns
    )


def _written(body: bytes, look: Look) -> bytes:
    return as_yaml(body) if look.accepted.encoding is Encoding.YAML else body


def _go_type(resource: Resource, kind: str) -> str:
    """The internal type of a kind, whose package is called as its group is up to the first dot."""
    if resource.custom:
        return "*unstructured.UnstructuredList"
    package = "core" if resource.kind == "Event" else resource.group.partition(".")[0] or "core"
    return f"*{package}.{kind}"


def _not_acceptable(form: Form, found: str) -> ApiError:
    return ApiError(406, "NotAcceptable", f"you requested {form.value}, but the requested object is {found}")
