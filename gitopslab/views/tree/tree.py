"""From objects to a ``Tree``: source, reconciler, what it owns, and down the owner references to pods. Pure.

Order is a function of the objects, so nothing jumps between two trees: what is owned stands as its owner lists it, what
that owns by name. What Argo CD leaves out (EndpointSlices and the like) is left out for Flux, too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from gitopslab.gitops.argocd.exclusions import is_excluded
from gitopslab.machinery.objects import Object, created_of, group_of, name_of, owners_of, uid_of
from gitopslab.views.board import natural
from gitopslab.views.drift import Drift
from gitopslab.views.news import by_uid
from gitopslab.views.reconciler import ARGO, Key, Objects, Reconciler, all_owned, key, live_objects, nested
from gitopslab.views.tree.cards import card_of, source_card
from gitopslab.views.tree.folding import folded
from gitopslab.views.tree.marks import application_marks, differs, sync
from gitopslab.views.tree.model import Card, Mark, Tree

OWNED = ("replicasets.apps", "pods", "jobs.batch", "events")
"""What is followed beside the kinds that are owned."""


def tree(objects: Objects, reconciler: Reconciler, drift: Drift | None = None) -> Tree:
    """Everything that a Kustomization or an Application brings.

    Args:
        objects: What is followed: the owned kinds, and ``OWNED``.
        reconciler: Which one.
        drift: What differs from Git; None when it was not compared.
    """
    source = source_card(reconciler)
    cards = [source, *_Grower(objects, reconciler).branch(reconciler, source.key, 1, drift)]
    return Tree(reconciler.title, reconciler.tool, tuple(_placed(cards)))


class _Grower:
    """Finds what hangs on what among the objects of a cluster."""

    def __init__(self, objects: Objects, root: Reconciler) -> None:
        self._objects = objects
        self._live: Mapping[Key, Object] = live_objects(objects)
        self._events = by_uid(objects.get("events", ()))
        self._listed = {key(ref) for ref in all_owned(objects, root)} | {key(root.object)}
        self._drawn = {key(root.source)} if root.source else set()
        self._owned: dict[str, list[Object]] = defaultdict(list)
        for found, obj in self._live.items():
            if found not in self._listed and not is_excluded(group_of(obj.get("apiVersion", "")), obj["kind"]):
                for owner in owners_of(obj):
                    self._owned[owner.get("uid", "")].append(obj)

    def branch(self, one: Reconciler, parent: str, depth: int, drift: Drift | None) -> Iterator[Card]:
        """A Kustomization or an Application with all that it brings."""
        self._drawn.add(key(one.object))
        card = replace(self._card(one.tool, one.object, parent, depth), count=one.revision[:8])
        if one.tool == ARGO:
            works, is_synced = application_marks(one.object)
            card = replace(card, health=works, sync=is_synced)
        elif drift is not None and drift.commit:
            card = replace(card, sync=_whole(drift))
        yield card
        branches = [list(self._of_git(one, ref, card.key, depth + 1, drift)) for ref in one.owned]
        yield from folded([branch for branch in branches if branch], card.key)

    def _of_git(self, one: Reconciler, ref: Object, parent: str, depth: int, drift: Drift | None) -> Iterator[Card]:
        """An object that comes from Git, with what it owns or brings itself; nothing of one that is drawn already."""
        if key(ref) in self._drawn:
            return
        self._drawn.add(key(ref))
        live = self._live.get(key(ref))
        marked, fields = sync(one, ref, drift), differs(ref, drift)
        inner = nested(self._objects, live) if live else None
        if inner is not None:
            first, *rest = self.branch(inner, parent, depth, None)
            yield replace(first, sync=marked, differs=fields)
            yield from rest
            return
        card = self._card(one.tool, live or ref, parent, depth, is_there=live is not None)
        yield replace(card, sync=marked, differs=fields)
        yield from self._children(one.tool, live or ref, card.key, depth + 1)

    def _children(self, tool: str, owner: Object, parent: str, depth: int) -> Iterator[Card]:
        """What an object owns, and what that owns."""
        branches = []
        for obj in sorted(self._owned.get(uid_of(owner) or "nobody", ()), key=_order):
            card = self._card(tool, obj, parent, depth)
            branches.append([card, *self._children(tool, obj, card.key, depth + 1)])
        yield from folded(branches, parent)

    def _card(self, tool: str, obj: Object, parent: str, depth: int, *, is_there: bool = True) -> Card:
        events = self._events.get(uid_of(obj) or "nobody", ())
        return card_of(tool, obj, parent, depth, events=events, is_there=is_there)


def _whole(drift: Drift) -> Mark:
    if not drift.count:
        return Mark("ready", "as in Git")
    if drift.state == "running":
        return Mark("running", "a commit is coming", drift.sentence)
    return Mark("notready", "drifted", drift.sentence)


def _placed(cards: Sequence[Card]) -> Iterator[Card]:
    """Rows with every fold closed: a card stands beside its first child, and each leaf has a row of its own."""
    shown = [card for card in cards if not card.fold]
    parents = {card.parent for card in shown}
    leaves = [card.key for card in shown if card.key not in parents]
    rows = {name: row for row, name in enumerate(leaves)}
    for card in reversed(shown):
        rows[card.parent] = min(rows.get(card.parent, len(leaves)), rows[card.key])
    return (replace(card, row=-1 if card.fold else rows[card.key]) for card in cards)


def _order(obj: Object) -> tuple[object, ...]:
    return obj["kind"], -created_of(obj) if obj["kind"] == "ReplicaSet" else 0.0, natural(name_of(obj))
