"""Waiting in a cell: says when it is over, and when it is not, what it saw last.

Used by the facade; the waiting itself is ``clusters.waiting``, the words about an object are ``views.words``.
"""

from __future__ import annotations

import difflib

from gitopslab import errors
from gitopslab.clusters.client import Client
from gitopslab.clusters.waiting import Predicate, wait_until
from gitopslab.lab.targets import Target
from gitopslab.machinery.objects import Object, name_of
from gitopslab.views.words import newest_event, state_words

_MOST_SHOWN = 5
_REACHED = {"ready": "is ready", "delete": "is gone", "create": "is there"}
_MISSED = {"ready": "is not ready", "delete": "is still there", "create": "does not exist"}
_OF_SEVERAL = {"is": "are", "has": "have", "lacks": "lack", "does": "do"}


def wait_for(client: Client, target: Target, wish: str | Predicate, *, labels: str = "", timeout: float) -> str:
    """Wait until the target is as wished, and say what it has become: ``pod/web is ready``.

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
    return _sentence(target, wish, _REACHED, "has", "is as wanted")


def _too_late(
    client: Client, target: Target, wish: str | Predicate, last: list[Object], timeout: float
) -> errors.WaitTimeoutError:
    names = [target.name] if target.name else [name_of(obj) for obj in last]
    told = _sentence(target, wish if last else "create", _MISSED, "lacks", "is not as wanted")
    lines = [f"{told} after {timeout:g} s", *(f"  Last seen: {_seen(obj, target)}" for obj in last[:_MOST_SHOWN])]
    news = newest_event(client.list("events", target.namespace if target.kind.namespaced else ""), names)
    if news:
        lines.append(f"  Newest event: {news}")
    return errors.WaitTimeoutError("\n".join(lines), _hint(client, target, last))


def _hint(client: Client, target: Target, last: list[Object]) -> str:
    """Where to look: at the object, or, when there is none of that name, at those there are."""
    if target.name and last:
        return f'lab.kubectl("describe {target.kind.single} {target.name}") tells more'
    there = [name_of(obj) for obj in client.list(target.kind.key, target.namespace)]
    alike = difflib.get_close_matches(target.name, there, n=1)
    meant = f'did you mean "{target.kind.single}/{alike[0]}"? ' if alike else ""
    return f'{meant}lab.get("{target.kind.plural}") shows which there are'


def _seen(obj: Object, target: Target) -> str:
    return state_words(obj) if target.name else f"{name_of(obj)}: {state_words(obj)}"


def _sentence(target: Target, wish: str | Predicate, known: dict[str, str], has: str, otherwise: str) -> str:
    if isinstance(wish, str):
        otherwise = known.get(wish) or f"{has} {wish.replace('=', ' ', 1)}"
    verb, _, rest = otherwise.partition(" ")
    return f"{target} {verb if target.name else _OF_SEVERAL[verb]} {rest}"
