"""The resources of an Application, as the ``argocd`` command lists and draws them.

An Application does not hold the health of its resources (since Argo CD 3.0); whoever asks brings it along.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gitopslab.gitops.argocd.state import Key
from gitopslab.machinery.objects import Object
from gitopslab.views.argocd.words import table

PROGRESS_HEAD = "{:<20}  {:>5}  {:>10}  {:>10}  {:>20}  {:>9}  {:>7}  {:>8}".format(
    "TIMESTAMP", "GROUP", "KIND", "NAMESPACE", "NAME", "STATUS", "HEALTH", "HOOK"
)
"""The columns of ``progress``."""


@dataclass(frozen=True, slots=True)
class State:
    """How a resource of an application is, and what the last sync did with it: a line of ``argocd app get``.

    Attributes:
        key: Which one.
        status: Synced or OutOfSync; of a hook its phase.
        health: Of its kind's rule; of a hook the result's code.
        hook: When it runs, for a hook.
        message: Of the last sync.
    """

    key: Key
    status: str
    health: str
    hook: str
    message: str

    @property
    def cells(self) -> tuple[str, ...]:
        """Group, kind, namespace, name, status, health, hook and message."""
        return (*self.key, self.status, self.health, self.hook, self.message)


def states(app: Object, health: Mapping[Key, str]) -> list[State]:
    """The resources of the last sync in its order, and after them the others by name."""
    status = app.get("status") or {}
    there = {_key(each): each for each in status.get("resources") or []}
    result = (status.get("operationState") or {}).get("syncResult") or {}
    found = [_synced(each, there, health) for each in result.get("resources") or []]
    others = sorted(there.keys() - {state.key for state in found}, key=str)
    return found + [State(key, there[key].get("status", ""), health.get(key, ""), "", "") for key in others]


def resources(found: Iterable[State]) -> str:
    """The resources of an application, a line each."""
    head = ("GROUP", "KIND", "NAMESPACE", "NAME", "STATUS", "HEALTH", "HOOK", "MESSAGE")
    return table(head, [state.cells for state in found])


def progress(at: str, state: State) -> str:
    """A line of ``argocd app sync`` while it goes on.

    It has no MESSAGE: with one it would be broken in two in a notebook, and the table at the end has them all.
    """
    cells = state.cells[:-1]
    widths = (5, 10, 10, 20, 9, 7, 8)
    padded = "  ".join(f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True))
    return f"{at:<20}  {padded}".rstrip()


def tree(nodes: Sequence[Object], found: Iterable[State]) -> str:
    """``argocd app get -o tree``: what is managed, and what comes of it.

    Args:
        nodes: Of the ``ApplicationTree``.
        found: The resources of the application.
    """
    children: dict[str, list[Object]] = {}
    for node in nodes:
        parents = node.get("parentRefs") or [{}]
        children.setdefault(parents[0].get("uid", ""), []).append(node)
    whole = _Tree(children, {(state.key.kind, state.key.name): state for state in found})
    rows = [row for root in children.get("", ()) for row in whole.rows(root)]
    return table(("KIND/NAME", "STATUS", "HEALTH", "MESSAGE"), rows)


@dataclass(frozen=True, slots=True)
class _Tree:
    """Nodes by their parent's uid, and what is known of those that are managed."""

    children: Mapping[str, Sequence[Object]]
    known: Mapping[tuple[str, str], State]

    def rows(self, node: Object, lead: str = "", below: str = "") -> Iterator[tuple[str, ...]]:
        """A node and all below it.

        Args:
            node: Which one.
            lead: What stands before its name.
            below: What stands before its children's branches.
        """
        state = self.known.get((node["kind"], node["name"]))
        told = ("", (node.get("health") or {}).get("status", ""), "")
        told = (state.status, state.health, state.message) if state else told
        yield (f"{lead}{node['kind']}/{node['name']}", *told)
        mine = self.children.get(node.get("uid") or "-", ())
        for child in mine[:-1]:
            yield from self.rows(child, f"{below}├─", f"{below}│ ")
        for child in mine[-1:]:
            yield from self.rows(child, f"{below}└─", f"{below}  ")


def _synced(result: Object, there: Mapping[Key, Object], health: Mapping[Key, str]) -> State:
    key, hook = _key(result), result.get("hookType", "")
    if key in there and not hook:
        return State(key, there[key].get("status", ""), health.get(key, ""), "", result.get("message", ""))
    return State(key, result.get("hookPhase", ""), result.get("status", ""), hook, result.get("message", ""))


def _key(entry: Any) -> Key:
    return Key(*(entry.get(word, "") for word in Key._fields))
