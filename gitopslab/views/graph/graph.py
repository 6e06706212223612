"""From objects to a graph: relations, then places, then cards and lines.

The steps are left to ``relations``, ``layout``, ``card`` and ``routes``; this module joins them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from gitopslab.machinery.objects import Object, created_of, uid_of
from gitopslab.views import news
from gitopslab.views import pods as podview
from gitopslab.views.graph.card import revision_of, words_of
from gitopslab.views.graph.folding import Fold
from gitopslab.views.graph.layout import plan
from gitopslab.views.graph.model import CARD, COLUMNS, Graph, Item, Line, Notice
from gitopslab.views.graph.places import Place, Plan, ghost_of, key_of
from gitopslab.views.graph.routes import Router
from gitopslab.views.relations import MEANINGS, Edge, Inventory, Missing, Ref, inventory, related

_SHORT = {"Pod": "pods", "PersistentVolume": "volume"}
_MADE = ("Pod", "ReplicaSet", "Job")  # named after who made them
_CLUSTER_WIDE = ("Node", "PersistentVolume", "StorageClass")


def graph(
    objects: Mapping[str, Iterable[Object]], *, cluster: str = "", namespace: str = "", system: bool = False
) -> Graph:
    """The graph of a namespace, or of all.

    Args:
        objects: By plural, as ``relations.KINDS``, and ``events`` for the details.
        cluster: The words that name the cluster.
        namespace: Which one; empty for all but those of the cluster itself.
        system: Also those, and what every namespace has.
    """
    whole = inventory(objects, namespace=namespace, system=system)
    edges, missing = related(whole)
    shown = _needed(whole, edges, every=not namespace)
    edges = tuple(edge for edge in edges if edge.source in shown and edge.target in shown)
    missing = tuple(each for each in missing if each.source in shown)
    spaces = [namespace] if namespace else sorted({ref.namespace for ref in shown.refs() if ref.namespace})
    made, folded = plan(shown, edges, missing, spaces)
    return _Drawing(shown, edges, missing, made, objects.get("events", ())).graph(cluster, namespace, folded.hidden)


def _needed(whole: Inventory, edges: Iterable[Edge], every: bool) -> Inventory:
    """Without cluster-wide objects that nothing shown has to do with."""
    used = {edge.target for edge in edges if edge.kind in ("scheduled", "binds")}
    used |= set(whole.refs("PersistentVolume") if every else ())
    used |= {
        edge.target for edge in edges if edge.kind == "provided" and (edge.source.namespace or edge.source in used)
    }
    return Inventory({ref: obj for ref, obj in whole.items() if ref.kind not in _CLUSTER_WIDE or ref in used})


class _Drawing:
    """Cards and lines of one plan."""

    def __init__(
        self,
        shown: Inventory,
        edges: tuple[Edge, ...],
        missing: tuple[Missing, ...],
        made: Plan,
        events: Iterable[Object],
    ) -> None:
        self.shown = shown
        self.edges = edges
        self.missing = missing
        self.made = made
        self.news = news.by_uid(events)
        self.keys = {ref: key_of(ref) for ref in (*shown.refs(), *made.places)}
        self.home = {ref: place for ref, place in made.places.items() if ref in shown}
        for fold, place in made.folds:
            for ref in fold.refs:
                self.home[ref], self.keys[ref] = place, fold_key(fold)

    def graph(self, cluster: str, namespace: str, hidden: frozenset[Ref]) -> Graph:
        """All of it."""
        lines = self._lines()
        used = dict.fromkeys(line.kind for line in lines)
        return Graph(
            cluster=cluster or "cluster",
            scope=f"namespace {namespace}" if namespace else "all namespaces",
            items=tuple(self._items()),
            lines=lines,
            headings=tuple(self.made.headings),
            boxes=tuple((box.x, box.y, box.width, box.height) for box in self.made.boxes.values()),
            notices=tuple(self._notices()),
            edges=self.edges,
            missing=self.missing,
            meanings=tuple((kind, meaning) for kind, meaning in MEANINGS.items() if kind in used),
            folded=len(hidden),
            width=len(COLUMNS) - 1 + CARD,
            height=self.made.height,
        )

    def _lines(self) -> tuple[Line, ...]:
        makers = {edge.target: edge.source for edge in self.edges if edge.kind == "owns"}
        lines = Router(self.made, self.home, self.keys).lines(self.edges, self.missing, makers)
        # A fold owns, selects or runs beside itself; that says nothing.
        return tuple(line for line in lines if line.sources != line.targets)

    def _items(self) -> Iterable[Item]:
        reasons = {each.source: each for each in reversed(self.missing) if each.is_broken}
        ghosts = {ghost_of(each): each for each in self.missing}
        for ref, place in self.made.places.items():
            if ref in self.shown:
                yield self._card(ref, place, reasons.get(ref))
            elif ref in ghosts:
                yield self._ghost(ref, place, ghosts[ref])
        for fold, place in self.made.folds:
            yield self._fold(fold, place)

    def _card(self, ref: Ref, place: Place, missing: Missing | None) -> Item:
        obj = self.shown[ref]
        words = words_of(ref.kind, obj)
        short, rest = podview.short_name(obj) if ref.kind in _MADE else (ref.name, "")
        reason = words.reason or (f"{missing.reason[:1].upper()}{missing.reason[1:]}." if missing else "")
        item = Item(
            key=self.keys[ref], kind=ref.kind, name=ref.name, namespace=ref.namespace, short=short, rest=rest,
            state=words.state or ("failed" if missing else ""), word=words.word, count=words.count, reason=reason,
            since=created_of(obj), doubts=() if words.state == "succeeded" else news.doubts_of(obj),
            events=news.newest(self.news.get(uid_of(obj), ())), command=_command(ref),
        )  # fmt: skip
        if ref.kind == "ReplicaSet" and revision_of(obj):
            trend = self._trend(ref, obj)
            item = replace(item, trend=trend, word=f"revision {revision_of(obj)}")
        return _placed(item, place)

    def _trend(self, ref: Ref, obj: Object) -> str:
        """Whether a ReplicaSet grows or shrinks in a rollout."""
        maker = next((edge.source for edge in self.edges if edge.kind == "owns" and edge.target == ref), None)
        if maker is None:
            return ""
        wanted = int(self.shown[maker].get("spec", {}).get("replicas", 1))
        is_newest = revision_of(obj) == revision_of(self.shown[maker])
        mine, ready = int(obj["spec"].get("replicas", 1)), int(obj.get("status", {}).get("readyReplicas") or 0)
        has = int(obj.get("status", {}).get("replicas") or 0)
        if is_newest:
            return "grows" if ready < wanted else ""
        return "shrinks" if mine + has else ""

    def _ghost(self, ref: Ref, place: Place, each: Missing) -> Item:
        state = "failed" if each.is_broken else "pending"
        title = ref.name or f"no {_SHORT.get(ref.kind, ref.kind)}"
        word = "does not exist" if ref.name else each.reason
        return _placed(
            Item(self.keys[ref], ref.kind, ref.name, each.source.namespace, title, "", state, word, reason=str(each)),
            place,
        )

    def _fold(self, fold: Fold, place: Place) -> Item:
        title, count = fold.title, len(fold.refs)
        state = "" if fold.kind == "ReplicaSet" else "ready"
        item = Item(fold_key(fold), fold.kind, title, fold.maker.namespace, title, "", state, fold.word, holds=count)
        return _placed(item, place)

    def _notices(self) -> Iterable[Notice]:
        order = sorted(self.missing, key=lambda each: not each.is_broken)
        for each in order:
            yield Notice(self.keys[each.source], str(each.source), each.reason, each.is_broken)


def fold_key(fold: Fold) -> str:
    """The key of the card of a fold."""
    return f"{fold.kind}s of {key_of(fold.maker)}"


def _placed(item: Item, place: Place) -> Item:
    return replace(item, x=place.x, y=place.y, width=place.width, height=place.height, look=place.look)


def _command(ref: Ref) -> str:
    where = f" -n {ref.namespace}" if ref.namespace else ""
    return f"kubectl describe {ref.kind.lower()} {ref.name}{where}"
