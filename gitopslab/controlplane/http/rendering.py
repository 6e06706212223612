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

from gitopslab.controlplane.http import tables
from gitopslab.controlplane.http.answers import JSON
from gitopslab.controlplane.http.negotiation import PLAIN, Accepted, Form
from gitopslab.controlplane.http.yaml_text import as_yaml
from gitopslab.controlplane.server.reading import Page
from gitopslab.controlplane.server.records import Change, Record, watch_event
from gitopslab.errors import ApiError, bad_request, unclassified
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
        return b"application/yaml" if self.accepted.yaml else JSON


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
    if form is Form.METADATA_LIST:
        version = look.accepted.meta_version
        head = f'{{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/{version}","metadata":'
        rests: list[bytes | memoryview] = [tables.partial(record.object, version)[1:] for record in page.records]
    else:
        if resource.custom:
            metadata.setdefault("continue", "")  # lists without a Go type tell even what is empty
        head = f'{{"kind":"{resource.list_kind}","apiVersion":"{resource.api_version}","metadata":'
        rests = _rests(resource, page.records)
    return _written(_list(head.encode() + orjson.dumps(metadata), rests), look)


def _list(head: bytes, rests: list[bytes | memoryview]) -> bytes:
    """A list in one join: a large body that is put together twice costs more than all the rest of a request.

    Args:
        head: Up to and with the metadata.
        rests: The items, each without its opening brace.
    """
    if not rests:
        return head + b',"items":[]}\n'
    rests[0] = b"".join((head, b',"items":[{', rests[0]))
    rests[-1] = b"".join((rests[-1], b"]}\n"))
    return b",{".join(rests)


def render_events(resource: Resource, changes: Sequence[Change], look: Look, *, first: bool) -> bytes:
    """Changes as a watch tells them.

    Args:
        resource: What is watched.
        changes: What happened, oldest first.
        look: How objects are shown.
        first: Whether the stream begins with them: only then a table has columns.
    """
    if look.accepted.form is Form.OBJECT:
        return b"".join([change.event for change in changes])
    return b"".join(
        [
            watch_event(change.type, render_event_object(resource, change.record, look, first=first and not number))
            for number, change in enumerate(changes)
        ]
    )


def render_event_object(resource: Resource, record: Record, look: Look, *, first: bool) -> bytes:
    """The object of one event."""
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
    return as_yaml(body) if look.accepted.yaml else body


def _go_type(resource: Resource, kind: str) -> str:
    """The internal type of a kind, whose package is called as its group is up to the first dot."""
    if resource.custom:
        return "*unstructured.UnstructuredList"
    package = "core" if resource.kind == "Event" else resource.group.partition(".")[0] or "core"
    return f"*{package}.{kind}"


def _not_acceptable(form: Form, found: str) -> ApiError:
    return ApiError(406, "NotAcceptable", f"you requested {form.value}, but the requested object is {found}")
