"""Keeps Events from flooding: which are repeats, which are much alike, and which are left out.

Used by ``recorder``; pure but for its memory. Upstream: ``client-go/tools/record/events_cache.go`` with its defaults.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from gitopslab.machinery.clock import Clock

REMEMBERED = 1024
"""Of each kind, by one component; client-go's 4096 are for a whole process, and here all are in the same one."""

_ALIKE = 10  # so many different messages of one kind are told each by itself
_ALIKE_SECONDS = 600.0
_BURST = 25.0  # events of one type about one object
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
    """How many more events of one type about one object are let through."""

    tokens: float
    filled: float


class Correlator:
    """Decides about each event of one component.

    Args:
        clock: Tells how long ago something was said.
        remembered: How many subjects, and how many objects, are kept in mind.
    """

    def __init__(self, clock: Clock, remembered: int = REMEMBERED) -> None:
        self._clock = clock
        self._alike: Recent[Subject, _Alike] = Recent(remembered)
        self._buckets: Recent[str, _Bucket] = Recent(remembered)

    def correlate(self, subject: Subject, about: str, message: str) -> tuple[Subject, str] | None:
        """The key under which an event is counted and the message to show; None when it is one too many.

        Args:
            subject: Object, field, type and reason.
            about: The object and the type, whose events are rationed together.
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
        self._alike.forget(lambda oldest: now - oldest.last > _ALIKE_SECONDS)
        if len(alike.messages) < _ALIKE:
            return (*subject, message), message
        alike.messages.remove(next(iter(alike.messages)))
        return subject, _COMBINED + message

    def _allowed(self, about: str) -> bool:
        now = self._clock.now()
        self._buckets.forget(lambda oldest: self._tokens(oldest, now) >= _BURST)  # full again, as if never used
        bucket = self._buckets.get(about) or _Bucket(_BURST, now)
        left = self._tokens(bucket, now)
        is_allowed = left >= 1
        self._buckets.put(about, _Bucket(left - is_allowed, now))
        return is_allowed

    @staticmethod
    def _tokens(bucket: _Bucket, now: float) -> float:
        return min(_BURST, bucket.tokens + (now - bucket.filled) / _REFILL_SECONDS)


class Recent(Generic[Key, Value]):
    """A mapping that forgets what was put longest ago.

    Args:
        most: How many items it keeps.
    """

    def __init__(self, most: int = REMEMBERED) -> None:
        self._most = most
        self._items: OrderedDict[Key, Value] = OrderedDict()

    def get(self, key: Key) -> Value | None:
        """What was put under a key."""
        return self._items.get(key)

    def put(self, key: Key, value: Value) -> None:
        """Put or renew."""
        self._items[key] = value
        self._items.move_to_end(key)
        if len(self._items) > self._most:
            self._items.popitem(last=False)

    def forget(self, is_over: Callable[[Value], bool]) -> None:
        """Forget the oldest items that are of no use any more."""
        while self._items and is_over(next(iter(self._items.values()))):
            self._items.popitem(last=False)

    def drop(self, key: Key) -> None:
        """Forget a key."""
        self._items.pop(key, None)
