"""Waiting in a cell: says when it is over, and when it is not, what it saw last.

Used by the facade; the waiting itself is ``clusters.waiting``, the words about an object are ``views.words``.
"""

from __future__ import annotations

from gitopslab import errors
from gitopslab.clusters.client import Client
from gitopslab.clusters.waiting import Predicate, wait_until
from gitopslab.lab.targets import Target
from gitopslab.machinery.objects import Object, name_of
from gitopslab.views.words import newest_event, state_words

_MOST_SHOWN = 5
_REACHED = {"ready": "is ready", "delete": "is gone", "create": "is there"}
_MISSED = {"ready": "is not ready", "delete": "is still there", "create": "does not exist"}


def wait_for(client: Client, target: Target, wish: str | Predicate, *, labels: str = "", timeout: float) -> str:
    """Wait until the target is as wished, and say what it has become.

    Raises:
        WaitTimeoutError: It did not come in time.
    """

    def read() -> list[Object]:
        if not target.name:
            return client.list(target.kind.key, target.namespace, labels=labels)
        try:
            return [client.get(target.kind.key, target.name, target.namespace)]
        except errors.NotFoundError:
            return []

    reached, last = wait_until(read, wish, timeout)
    if not reached:
        raise _too_late(client, target, wish, last, timeout)
    return _words(wish, _REACHED, "has", "is as wanted")


def _too_late(
    client: Client, target: Target, wish: str | Predicate, last: list[Object], timeout: float
) -> errors.WaitTimeoutError:
    names = [target.name] if target.name else [name_of(obj) for obj in last]
    lines = [f"{target} {_words(wish, _MISSED, 'lacks', 'is not as wanted')} after {timeout:g} s"]
    lines += [f"  Last seen: {_seen(obj, target)}" for obj in last[:_MOST_SHOWN]] or [
        "  Last seen: nothing of that name"
    ]
    news = newest_event(client.list("events", target.namespace if target.kind.namespaced else ""), names)
    if news:
        lines.append(f"  Newest event: {news}")
    words = f"describe {target.kind.single} {target.name}" if target.name else f"get {target.kind.plural}"
    hint = f'lab.kubectl("{words}") tells more'
    return errors.WaitTimeoutError("\n".join(lines), hint)


def _seen(obj: Object, target: Target) -> str:
    return state_words(obj) if target.name else f"{name_of(obj)}: {state_words(obj)}"


def _words(wish: str | Predicate, known: dict[str, str], has: str, otherwise: str) -> str:
    if not isinstance(wish, str):
        return otherwise
    return known.get(wish) or f"{has} {wish.replace('=', ' ', 1)}"
