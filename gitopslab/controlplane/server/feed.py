"""Tells every watcher what was written, in order, without copying.

``verbs`` publishes each committed change once. Each filter looks at it once, however many subscribed with it; their
subscriptions keep references to what passes until their readers take it. The bytes are shared by all of them.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable

from gitopslab.controlplane.server.records import Change
from gitopslab.errors import GoneError, gone

Filter = Callable[[Change], Change | None]
"""Passes a change on, drops it (None), or turns it: an object that leaves a selector is DELETED for its watcher.

Those that are equal are asked together, so they had better remember nothing."""

_MOST_PENDING = 20_000  # a reader this far behind is told to list again, as etcd's watch cache does


class Subscription:
    """One reader's place in the stream of one resource.

    Attributes:
        resource: What is followed.
        accept: What of it.
        late: What is done to a change only when it is taken, because it takes time.
        is_ended: Whether the resource changed its shape, so that a client had better begin anew.
    """

    def __init__(self, feed: Feed, resource: str, accept: Filter, late: Filter | None = None) -> None:
        self.resource = resource
        self.accept = accept
        self.late = late
        self._feed = feed
        self._pending: deque[Change] = deque()
        self._wake: Callable[[], None] | None = None
        self._overrun = False
        self.is_ended = False

    @property
    def crowd(self) -> int:
        """How many follow the same resource, this one included."""
        return self._feed.crowd(self.resource)

    def push(self, change: Change) -> None:
        """Take in a change that passed the filter."""
        if self._overrun:
            return
        if len(self._pending) >= _MOST_PENDING:
            self._overrun = True
            self._pending.clear()
        else:
            self._pending.append(change)
        if self._wake is not None:
            self._wake()

    def pending(self) -> list[Change]:
        """The changes since the last call, oldest first.

        Raises:
            GoneError: The reader fell too far behind and must list again.
            ApiError: What is done to a change only now failed.
        """
        if self._overrun:
            raise _too_slow()
        if not self._pending:
            return []
        changes = list(self._pending)
        self._pending.clear()
        return changes if self.late is None else [found for one in changes if (found := self.late(one)) is not None]

    def on_wake(self, wake: Callable[[], None]) -> None:
        """Have ``wake`` called whenever there is something to take; at once if there already is."""
        self._wake = wake
        if self._pending or self._overrun:
            wake()

    def end(self) -> None:
        """Tell the reader that what it follows is no longer served as it was."""
        self.is_ended = True
        if self._wake is not None:
            self._wake()

    def close(self) -> None:
        """Stop receiving."""
        self._feed.drop(self)


class Feed:
    """All subscriptions of one server."""

    def __init__(self) -> None:
        self._subscriptions: dict[str, dict[Filter, list[Subscription]]] = defaultdict(dict)
        self._listeners: list[Callable[[], None]] = []

    @property
    def watchers(self) -> int:
        """How many subscriptions there are."""
        return sum(map(self.crowd, self._subscriptions))

    def crowd(self, resource: str) -> int:
        """How many subscriptions there are to one resource."""
        return sum(map(len, self._subscriptions[resource].values()))

    def subscribe(self, resource: str, accept: Filter, late: Filter | None = None) -> Subscription:
        """Follow a resource from now on."""
        subscription = Subscription(self, resource, accept, late)
        self._subscriptions[resource].setdefault(accept, []).append(subscription)
        return subscription

    def drop(self, subscription: Subscription) -> None:
        """Forget a subscription; twice does no harm."""
        filters = self._subscriptions[subscription.resource]
        alike = filters.get(subscription.accept, [])
        if subscription in alike:
            alike.remove(subscription)
        if not alike:
            filters.pop(subscription.accept, None)

    def end(self, resource: str) -> None:
        """End all streams of a resource; readers inside the process may read on."""
        for alike in list(self._subscriptions[resource].values()):
            for subscription in list(alike):
                subscription.end()

    def end_all(self) -> None:
        """End all streams, as when the server stops."""
        for resource in list(self._subscriptions):
            self.end(resource)

    def on_change(self, wake: Callable[[], None]) -> None:
        """Have ``wake`` called after every change of anything."""
        self._listeners.append(wake)

    def publish(self, change: Change) -> None:
        """Tell everyone; called once for every commit, in the order of revisions."""
        for accept, alike in self._subscriptions[change.resource].items():
            accepted = accept(change)
            if accepted is not None:
                for subscription in alike:
                    subscription.push(accepted)
        for wake in self._listeners:
            wake()


def _too_slow() -> GoneError:
    return gone("too old resource version: the watch fell too far behind")
