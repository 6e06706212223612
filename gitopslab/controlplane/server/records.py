"""States of objects and changes of them, as the store keeps them and as watches tell them.

``store`` makes them; whoever answers a request or follows a watch reads them. A state is the JSON that was written,
so most readers pass bytes on; who needs the object itself has it parsed once, for all.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import orjson

from gitopslab.machinery import protobuf_writing
from gitopslab.machinery.objects import Object

Key = tuple[str, str]
"""``(namespace, name)``; the namespace is empty for cluster-scoped objects."""

ChangeType = Literal["ADDED", "MODIFIED", "DELETED"]


def order_of(key: Key) -> Key:
    """What keys are sorted by: etcd compares whole paths, in which ``a-b/`` stands before ``a/``."""
    return key[0] + "/", key[1]


class Record:
    """One state of one object.

    Attributes:
        revision: The resourceVersion that this state was written at.
        body: The object as JSON.
    """

    __slots__ = ("_object", "_protobuf", "body", "revision")

    def __init__(self, revision: int, body: bytes, obj: Object | None = None) -> None:
        self.revision = revision
        self.body = body
        self._object = obj
        self._protobuf: bytes | None = None

    @classmethod
    def of(cls, obj: Object) -> Record:
        """A state that is answered and never kept: of a dry run, or of a kind like Scale."""
        return cls(0, orjson.dumps(obj), obj)

    @property
    def object(self) -> Object:
        """The object as a dictionary: parsed once, shared by all readers, not to be changed."""
        if self._object is None:
            self._object = orjson.loads(self.body)
        return self._object

    @property
    def protobuf(self) -> bytes:
        """The object as protobuf, without its envelope: written when it is first asked for, once for all readers."""
        if self._protobuf is None:
            self._protobuf = protobuf_writing.content(self.object)
        return self._protobuf

    def copy(self) -> Object:
        """A copy of the object to change freely."""
        parsed: Object = orjson.loads(self.body)
        return parsed


class Bytes(Record):
    """A state of which only bytes are kept, and the object parsed again for each reader."""

    __slots__ = ()

    @property
    def object(self) -> Object:
        """The object as a dictionary of the reader's own."""
        return self.copy()


def watch_event(type: str, body: bytes) -> bytes:
    """``WatchEvent`` of ``meta/v1``, as a line of JSON.

    Args:
        type: What happened, or ``BOOKMARK`` or ``ERROR``.
        body: The object as JSON.
    """
    return b'{"type":"%b","object":%b}\n' % (type.encode(), body)


@dataclass(frozen=True)
class Change:
    """One row of the log: an object became, changed or went.

    Attributes:
        type: What happened.
        resource: Plural with group.
        key: Namespace and name.
        record: The state after the change; of a deletion the last state, at the revision of the deletion.
        before: The state before it, None when added.
    """

    type: ChangeType
    resource: str
    key: Key
    record: Record
    before: Record | None

    @cached_property
    def event(self) -> bytes:
        """The change as a watch tells it, made once for all who watch."""
        return watch_event(self.type, self.record.body)
