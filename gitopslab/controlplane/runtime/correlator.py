"""Keeps Events from flooding: which are repeats, which are much alike, and which are left out.

Used by ``recorder``; pure but for its memory. Upstream: ``client-go/tools/record/events_cache.go`` with its defaults.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from gitopslab.machinery.clock import Clock

_REMEMBERED = 1024  # of each; client-go's 4096 are for one process, and here every node's kubelet is in the same one
_ALIKE = 10  # so many different messages of one kind are told each by itself
_ALIKE_SECONDS = 600.0
_BURST = 25.0  # events about one object
_REFILL_SECONDS = 300.0  # for one more
_COMBINED = "(combined from similar events): "

Key = TypeVar("Key")
Value = TypeVar("Value")
Subject = tuple[str, ...]
"""What an event is about, and its type and reason: everything but the message."""


@dataclass(slots=True)
class _Alike:
    """The messages lately said about one subject."""

    last: float
    messages: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _Bucket:
    """How many more events about one object are let through."""

    tokens: float
    filled: float


class Correlator:
    """Decides about each event of one component."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._alike: Recent[Subject, _Alike] = Recent()
        self._buckets: Recent[str, _Bucket] = Recent()

    def correlate(self, subject: Subject, about: str, message: str) -> tuple[Subject, str] | None:
        """The key under which an event is counted and the message to show; None when it is one too many.

        Args:
            subject: Object, field, type and reason.
            about: The object, whose events are rationed together.
            message: What happened.
        """
        key, text = self._aggregated(subject, message)
        return (key, text) if self._allowed(about) else None

    def _aggregated(self, subject: Subject, message: str) -> tuple[Subject, str]:
        now = self._clock.now()
        alike = self._alike.get(subject)
        if alike is None or now - alike.last > _ALIKE_SECONDS:
            alike = _Alike(now)
        alike.last = now
        alike.messages.add(message)
        self._alike.put(subject, alike)
        if len(alike.messages) < _ALIKE:
            return (*subject, message), message
        alike.messages.remove(next(iter(alike.messages)))
        return subject, _COMBINED + message

    def _allowed(self, about: str) -> bool:
        now = self._clock.now()
        bucket = self._buckets.get(about) or _Bucket(_BURST, now)
        bucket.tokens = min(_BURST, bucket.tokens + (now - bucket.filled) / _REFILL_SECONDS)
        bucket.filled = now
        self._buckets.put(about, bucket)
        if bucket.tokens < 1:
            return False
        bucket.tokens -= 1
        return True


class Recent(Generic[Key, Value]):
    """A mapping that forgets what was put longest ago."""

    def __init__(self) -> None:
        self._items: OrderedDict[Key, Value] = OrderedDict()

    def get(self, key: Key) -> Value | None:
        """What was put under a key."""
        return self._items.get(key)

    def put(self, key: Key, value: Value) -> None:
        """Put or renew."""
        self._items[key] = value
        self._items.move_to_end(key)
        if len(self._items) > _REMEMBERED:
            self._items.popitem(last=False)

    def drop(self, key: Key) -> None:
        """Forget a key."""
        self._items.pop(key, None)
