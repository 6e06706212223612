"""Answers in protobuf: objects and lists of kinds that have a Go type, and the metadata of any.

``rendering`` calls it for clients that prefer it to JSON, ``app`` and ``discovery`` for what was put together as JSON.
How the fields travel is ``protobuf_writing``'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import orjson

from gitopslab.controlplane.http.answers import Answer
from gitopslab.controlplane.http.negotiation import Accepted, Encoding, Form
from gitopslab.controlplane.http.yaml_text import as_yaml
from gitopslab.controlplane.server.records import Record
from gitopslab.machinery import protobuf_writing
from gitopslab.machinery.kinds import Resource
from gitopslab.machinery.objects import Object


def object_of(record: Record, accepted: Accepted) -> bytes:
    """One object, or its metadata."""
    if accepted.form is Form.OBJECT:
        return protobuf_writing.enveloped(record.object, record.protobuf)
    return protobuf_writing.write_metadata(accepted.meta_version, record.object)


def list_of(resource: Resource, records: Sequence[Record], metadata: Object, accepted: Accepted) -> bytes:
    """A list of objects, or of their metadata."""
    if accepted.form is Form.OBJECT:
        items = [record.protobuf for record in records]
        return protobuf_writing.write_list(resource.api_version, resource.list_kind, metadata, items)
    return protobuf_writing.write_metadata_list(accepted.meta_version, metadata, (one.object for one in records))


def encoded(answer: Answer, encoding: Encoding) -> Answer:
    """An answer that was put together as JSON, as its client takes it."""
    if encoding is Encoding.JSON:
        return answer
    is_yaml = encoding is Encoding.YAML
    body = as_yaml(answer.body) if is_yaml else protobuf_writing.write(orjson.loads(answer.body))
    return replace(answer, body=body, media_type=encoding.value.encode())
