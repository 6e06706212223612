"""A scheduling decision for people: one row a node, a headline, and the decision step by step.

``explained`` makes it from a pod, the nodes and the scheduler's own ``Decision``; ``Explained.as_dict`` is the message
the decision widget draws, and ``decision_text``, ``decision_svg`` and ``lab.plot`` draw the same one. Rows are in order
of the nodes' names in every step, so nothing jumps. What is decided, and in which words a filter refuses, is the
scheduler's; what each plugin asks is told in ``plugin_words``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any

from gitopslab.controlplane.scheduler.decision import NO_NODES, Decision, Verdict
from gitopslab.controlplane.scheduler.framework import Code
from gitopslab.controlplane.scheduler.plugins.scheduling_gates import GATED
from gitopslab.controlplane.scheduler.profile import WEIGHTS
from gitopslab.controlplane.scheduler.resources import CPU, MEMORY, spelled
from gitopslab.machinery.objects import Object, labels_of, name_of, namespace_of
from gitopslab.views.board import natural
from gitopslab.views.plugin_words import question, reward
from gitopslab.views.reasons import plain_verdict

_ZONE = "topology.kubernetes.io/zone"
_SHOWN = 40  # rows in a picture; the data has them all


@dataclass(frozen=True, slots=True)
class Score:
    """What one plugin gives a node: ``points`` of 100, times its ``weight``."""

    plugin: str
    points: int
    weight: int
    total: int


@dataclass(frozen=True, slots=True)
class Row:
    """What one node answered.

    Attributes:
        state: ``chosen``, ``fits``, ``out`` (a filter refused) or ``unseen`` (enough others were found before).
        plugin: The first filter that refused; empty when none did.
        reason: In Kubernetes' words, as counted in the event; ``detail`` the same with names and numbers.
        scores: Of each plugin; empty when there was no choice.
        makes_room: Whether evicting less important pods here would help.
        is_here: Whether the pod is on this node now.
        was: Its state before something was changed in thought; empty when it is the same.
    """

    node: str
    zone: str
    state: str
    plugin: str = ""
    reason: str = ""
    detail: str = ""
    scores: tuple[Score, ...] = ()
    total: int = 0
    makes_room: bool = False
    is_here: bool = False
    was: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One moment of the decision.

    Attributes:
        kind: ``start``, ``filter``, ``score`` or ``end``.
        plugin: Whose turn it is; empty at the start and the end.
        asks: What the plugin asks or rewards.
        told: What came of it, in one sentence.
        out: The nodes that this plugin refused.
    """

    kind: str
    plugin: str
    asks: str
    told: str
    out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Explained:
    """A whole decision.

    Attributes:
        pod: ``namespace/name``; ``asks`` is what it requests, in words.
        headline: The outcome in one sentence.
        message: What the event and the condition say; empty when there is a node.
        node: The chosen node; empty when there is none.
        said: What the cluster's own scheduler last said of the pod, where it is not ``message``.
        scorers: The plugins that gave any points, in order; ``telling`` are those that gave different ones.
        folded: What rows that a picture leaves out would say.
        changes: What was changed in thought, in words.
        victims: Less important pods that would have to go.
    """

    pod: str
    asks: str
    headline: str
    message: str
    node: str
    rows: tuple[Row, ...]
    steps: tuple[Step, ...]
    scorers: tuple[str, ...] = ()
    telling: tuple[str, ...] = ()
    folded: str = ""
    changes: tuple[str, ...] = ()
    victims: tuple[str, ...] = ()
    said: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The picture as JSON data, with no more rows than can be looked at."""
        return asdict(self.for_a_picture())

    def for_a_picture(self) -> Explained:
        """The same with the rows that matter most, and a sentence about the others."""
        if len(self.rows) <= _SHOWN:
            return self
        kept = set(_worth_showing(self.rows))
        shown = tuple(row for row in self.rows if row.node in kept)
        return replace(self, rows=shown, folded=_folded([row for row in self.rows if row.node not in kept]))


def explained(
    pod: Object,
    nodes: Iterable[Object],
    decision: Decision,
    *,
    changes: Sequence[str] = (),
    before: Explained | None = None,
    said: str = "",
) -> Explained:
    """The decision about a pod, for people.

    Args:
        pod: As it is, on its node if it has one.
        nodes: All nodes.
        decision: What the scheduler decides.
        changes: What was changed in thought.
        before: The decision without those changes, to mark what is different now.
        said: What the cluster's own scheduler last said of the pod.
    """
    here = str((pod.get("spec") or {}).get("nodeName") or "")
    verdicts = {verdict.node: verdict for verdict in decision.verdicts}
    # Where it runs is what was chosen, if that is still one of the best: among equals chance decides.
    chosen = here if here in _best(decision) else decision.node or ""
    known = {row.node: row.state for row in before.rows} if before else {}
    in_order = sorted(nodes, key=lambda node: natural(name_of(node)))
    rows = [_row(node, verdicts.get(name_of(node)), chosen, here, known) for node in in_order]
    points = _points(rows)
    scorers = tuple(plugin for plugin, found in points.items() if any(found.values()))
    telling = tuple(plugin for plugin in scorers if len(set(points[plugin].values())) > 1)
    victims = tuple(f"{victim.namespace}/{victim.name}" for victim in decision.victims)
    made = Explained(
        pod=f"{namespace_of(pod) or 'default'}/{name_of(pod)}",
        asks=asks_of(decision),
        headline=_headline(decision, rows, chosen, here, victims),
        message=decision.message,
        node=chosen,
        rows=tuple(rows),
        steps=(),
        scorers=scorers,
        telling=telling,
        changes=tuple(changes),
        victims=victims,
        said=said if said != decision.message else "",
    )
    return replace(made, steps=tuple(_steps(made, decision, points)))


def asks_of(decision: Decision) -> str:
    """What the pod asks for, as ``2 CPU, 256Mi memory``."""
    requests = {name: amount for name, amount in decision.pod.requests.items() if amount}
    names = sorted(requests, key=lambda name: (name not in (CPU, MEMORY), name))
    parts = [f"{spelled(name, requests[name], up=True)} {'CPU' if name == CPU else name}" for name in names]
    return ", ".join(parts) or "nothing"


def _best(decision: Decision) -> set[str]:
    feasible = [verdict for verdict in decision.verdicts if verdict.is_feasible]
    highest = max((verdict.total for verdict in feasible), default=0)
    return {verdict.node for verdict in feasible if verdict.total == highest}


def _row(node: Object, verdict: Verdict | None, chosen: str, here: str, known: Mapping[str, str]) -> Row:
    name, plugin, reason, detail = name_of(node), "", "", ""
    scores: tuple[Score, ...] = ()
    can_help = False
    if verdict is None:
        state = "unseen"
    elif verdict.is_feasible:
        state = "chosen" if name == chosen else "fits"
        scores = tuple([_score(each, total) for each, total in verdict.scores.items()])
    else:
        state, status = "out", verdict.status
        plugin, reason, can_help = status.plugin, ", ".join(status.reasons), status.code is Code.UNSCHEDULABLE
        detail = status.detail or reason
    was = known.get(name, "new") if known else ""
    return Row(
        name,
        labels_of(node).get(_ZONE, ""),
        state,
        plugin,
        reason,
        detail,
        scores,
        verdict.total if scores and verdict else 0,
        can_help,
        name == here,
        was if was != state else "",
    )


@lru_cache(maxsize=4096)  # nodes alike get the same points
def _score(plugin: str, total: int) -> Score:
    weight = WEIGHTS.get(plugin, 1)
    return Score(plugin, total // weight, weight, total)


def _points(rows: Iterable[Row]) -> dict[str, dict[str, int]]:
    """The points of each plugin by node."""
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        for score in row.scores:
            found.setdefault(score.plugin, {})[row.node] = score.points
    return found


def _headline(decision: Decision, rows: Sequence[Row], chosen: str, here: str, victims: Sequence[str]) -> str:
    if not chosen:
        return _nowhere(decision, victims)
    feasible = [row for row in rows if row.state in ("chosen", "fits")]
    if len(feasible) == 1:
        told = f"Only {chosen} can take it."
    else:
        points = next(row.total for row in feasible if row.node == chosen)
        equal = sum(row.total == points for row in feasible) - 1
        told = f"{chosen} is best with {points} points"
        told += f", as good as {_nodes(equal, 'other')}: chance decides." if equal else "."
    if here == chosen:
        return f"{told} It is there."
    return f"{told} It runs on {here}, where it was put when things were otherwise." if here else told


def _nowhere(decision: Decision, victims: Sequence[str]) -> str:
    if decision.message == GATED:
        gates = ", ".join(gate["name"] for gate in decision.pod.spec.get("schedulingGates") or ())
        return f"It is not looked at while it has scheduling gates: {gates}."
    if decision.message == NO_NODES:
        return "There are no nodes."
    plain = plain_verdict(decision.message)
    if victims and decision.nomination:
        gone = "is gone, which matters less" if len(victims) == 1 else "are gone, which matter less"
        return f"{plain} {decision.nomination.node} will take it when {_listed(victims)} {gone}."
    return plain


# -- step by step -----------------------------------------------------------------------------------------------------


def _steps(made: Explained, decision: Decision, points: Mapping[str, Mapping[str, int]]) -> Iterable[Step]:
    rows = [row for row in made.rows if row.state != "unseen"]
    unseen = len(made.rows) - len(rows)
    looked = f"{_nodes(len(made.rows))}, of which {len(rows)} are looked at" if unseen else _nodes(len(rows))
    yield Step("start", "", "Which of them can take the pod, and which is best?", f"It asks for {made.asks}. {looked}.")
    if made.message == GATED:
        yield Step("end", "SchedulingGates", question("SchedulingGates"), made.headline)
        return
    yield from _filter_steps(rows, decision)
    fitting = [row for row in rows if row.state != "out"]
    for plugin in made.scorers:
        yield Step("score", plugin, reward(plugin), _scored(points[plugin]))
    yield Step("end", "", "", _in_the_end(made, fitting))


def _filter_steps(rows: Sequence[Row], decision: Decision) -> Iterable[Step]:
    refusing = dict.fromkeys(row.plugin for row in rows if row.state == "out")
    left = len(rows)
    # A plugin may refuse before any node is asked (its pre-filter), and then it is not among the filters.
    for plugin in dict.fromkeys((*decision.filters, *refusing)):
        out = tuple(row.node for row in rows if row.state == "out" and row.plugin == plugin)
        told = _refused(rows, out, left)
        left -= len(out)
        yield Step("filter", plugin, question(plugin), told, out)
        if not left:
            return


def _refused(rows: Sequence[Row], out: Sequence[str], left: int) -> str:
    remaining = left - len(out)
    if not out:
        return "It passes." if left == 1 else f"All {left} pass."
    who = _listed(out) if len(out) <= 3 else _nodes(len(out))
    rest = f"{remaining} left" if remaining else "none left"
    return f"{who} {'is' if len(out) == 1 else 'are'} out, {rest}."


def _scored(points: Mapping[str, int]) -> str:
    highest = max(points.values())
    if len(set(points.values())) == 1:
        return f"All get {highest} of 100."
    best = [node for node, found in points.items() if found == highest]
    who = _listed(best) if len(best) <= 3 else _nodes(len(best))
    return f"{who} {'gets' if len(best) == 1 else 'get'} most: {highest} of 100."


def _in_the_end(made: Explained, fitting: Sequence[Row]) -> str:
    """What decided: the filter that refused most, or the plugin without whose points another node would be best."""
    if not fitting:
        refusing = Counter(row.plugin for row in made.rows if row.state == "out" and row.plugin)
        plugin, count = next(iter(refusing.most_common(1)), ("", 0))
        return f"{plugin} refused {count} of {_nodes(len(made.rows))}." if plugin else made.headline
    for plugin in made.telling:
        without = {row.node: row.total - _weighted(row, plugin) for row in fitting}
        highest = max(without.values())
        best = [node for node, total in without.items() if total == highest]
        if made.node not in best:
            return f"{plugin} decides: without it {' or '.join(best)} would be best."
    return "No single plugin decides." if len(fitting) > 1 else "Nothing is scored, because there is no choice."


def _weighted(row: Row, plugin: str) -> int:
    return next((score.total for score in row.scores if score.plugin == plugin), 0)


# -- many nodes -------------------------------------------------------------------------------------------------------


def _worth_showing(rows: Sequence[Row]) -> list[str]:
    """The best nodes, where the pod is, and for each reason a node that has it."""
    feasible = sorted((row for row in rows if row.scores or row.state == "chosen"), key=lambda row: -row.total)
    reasons: dict[tuple[str, str], str] = {}
    for row in rows:
        if row.state == "out":
            reasons.setdefault((row.plugin, row.detail), row.node)
    special = [row.node for row in rows if row.is_here or row.was or row.state == "chosen"]
    wanted = [*special, *(row.node for row in feasible[: _SHOWN // 2]), *reasons.values()]
    wanted += [row.node for row in rows]
    return list(dict.fromkeys(wanted))[:_SHOWN]


def _folded(rows: Sequence[Row]) -> str:
    states = Counter(row.state for row in rows)
    reasons = Counter(row.plugin for row in rows if row.state == "out")
    parts = [f"{_nodes(states['fits'])} can take it"] if states["fits"] else []
    parts += [f"{_nodes(count)} refused by {plugin}" for plugin, count in reasons.most_common()]
    parts += [f"{_nodes(states['unseen'])} not looked at, because enough others were found"] if states["unseen"] else []
    return f"Not drawn: {'; '.join(parts)}."


def _nodes(count: int, which: str = "") -> str:
    return f"{count} {which + ' ' if which else ''}{'node' if count == 1 else 'nodes'}"


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
