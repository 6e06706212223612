"""Waiting in a cell: says when it is over, and when it is not, what it saw last.

Used by the facade; the waiting itself is ``clusters.waiting``, the words about an object are ``views.words``.
"""

from __future__ import annotations

import difflib

from gitopslab import errors
from gitopslab.clusters.client import Client
from gitopslab.clusters.waiting import Predicate, wait_until
from gitopslab.lab.targets import Target
from gitopslab.machinery.messages import sentence
from gitopslab.machinery.objects import Object, name_of
from gitopslab.views.words import newest_event, state_words

_MOST_SHOWN = 5
_CONDITION, _OTHER = "condition", ""
_REACHED = {
    "ready": (sentence("{what} is ready"), sentence("{what} are ready")),
    "delete": (sentence("{what} is gone"), sentence("{what} are gone")),
    "create": (sentence("{what} is there"), sentence("{what} are there")),
    _CONDITION: (sentence("{what} has condition {condition}"), sentence("{what} have condition {condition}")),
    _OTHER: (sentence("{what} is as wanted"), sentence("{what} are as wanted")),
}
"""What is said of one object, and of several, by what they have become."""
_MISSED = {
    "ready": (sentence("{what} is not ready"), sentence("{what} are not ready")),
    "delete": (sentence("{what} is still there"), sentence("{what} are still there")),
    "create": (sentence("{what} does not exist"), sentence("{what} do not exist")),
    _CONDITION: (sentence("{what} lacks condition {condition}"), sentence("{what} lack condition {condition}")),
    _OTHER: (sentence("{what} is not as wanted"), sentence("{what} are not as wanted")),
}


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
    return _said(target, wish, _REACHED)


def _too_late(
    client: Client, target: Target, wish: str | Predicate, last: list[Object], timeout: float
) -> errors.WaitTimeoutError:
    names = [target.name] if target.name else [name_of(obj) for obj in last]
    told = _said(target, wish if last else "create", _MISSED)
    lines = [sentence(f"{told} after {timeout:g} s")]
    lines += [sentence(f"  Last seen: {_seen(obj, target)}") for obj in last[:_MOST_SHOWN]]
    news = newest_event(client.list("events", target.namespace if target.kind.namespaced else ""), names)
    if news:
        lines.append(sentence(f"  Newest event: {news}"))
    return errors.WaitTimeoutError("\n".join(lines), _hint(client, target, last))


def _hint(client: Client, target: Target, last: list[Object]) -> str:
    """Where to look: at the object, or, when there is none of that name, at those there are."""
    if target.name and last:
        return f'lab.kubectl("describe {target.kind.single} {target.name}") tells more'
    there = [name_of(obj) for obj in client.list(target.kind.key, target.namespace)]
    alike = difflib.get_close_matches(target.name, there, n=1)
    if not alike:
        return f'lab.get("{target.kind.plural}") shows which there are'
    return f'did you mean "{target.kind.single}/{alike[0]}"? lab.get("{target.kind.plural}") shows which there are'


def _seen(obj: Object, target: Target) -> str:
    return state_words(obj) if target.name else f"{name_of(obj)}: {state_words(obj)}"


def _said(target: Target, wish: str | Predicate, known: dict[str, tuple[str, str]]) -> str:
    asked, _, condition = wish.partition("=") if isinstance(wish, str) else (_OTHER, "", "")
    return known[asked][not target.name].format(what=target, condition=condition)
