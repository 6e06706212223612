"""From what Git says and what the cluster has to a ``Drift``: each field, its owner, and what becomes of it. Pure.

The rules of the two tools, from ``fluxcd/pkg/ssa`` and ``gitops-engine/pkg/diff``:

- what Git says and the cluster has otherwise is drift for both; who puts it back and when is ``reconciler``'s to say;
- what only the cluster has is drift for Flux when kubectl set it, or Flux itself did; for Argo CD only when Argo CD
  applied it before. A default of the API server, or what another manager set, is none;
- what ``spec.ignore`` or ``ignoreDifferences`` names is none for either.

Simplified: a field is compared as it is written. Flux asks the API server (a dry apply), which also knows what a
mutating webhook would make of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from gitopslab.machinery.objects import Object
from gitopslab.views.drift.judge import Judge
from gitopslab.views.drift.model import Compared, Drift
from gitopslab.views.reconciler import Key, Reconciler, key


class Known:
    """Comparisons that were made; each is good as long as both sides are the very same objects.

    Whoever draws again and again keeps one: of two hundred objects usually one has changed.
    """

    def __init__(self) -> None:
        self._made: dict[tuple[str, Key], tuple[object, Object, Object | None, Compared]] = {}

    def compared(self, title: str, cause: object, git: Object, live: Object | None, judge: Judge) -> Compared:
        """One object, compared now or before."""
        place = (title, key(git))
        before = self._made.get(place)
        if before is not None and before[0] == cause and before[1] is git and before[2] is live:
            return before[3]
        made = judge.compared(git, live)
        self._made[place] = (cause, git, live, made)
        return made


def drift(
    reconciler: Reconciler,
    git: Sequence[Object],
    live: Mapping[Key, Object],
    commit: str,
    trouble: str = "",
    *,
    known: Known | None = None,
) -> Drift:
    """Everything a Kustomization or an Application owns, Git against live.

    Args:
        reconciler: Who owns it.
        git: Its objects as they are in Git, ready to be applied.
        live: What is in the cluster.
        commit: Which commit ``git`` is of.
        trouble: Why Git could not be read.
        known: What was compared before.
    """
    if trouble:
        return Drift(reconciler.title, reconciler.tool, "", f"Git cannot be compared: {trouble}", "failed")
    is_coming = commit != reconciler.revision and reconciler.repair.follows
    wanted = {key(obj): obj for obj in git}
    gone = [ref for ref in reconciler.owned if key(ref) not in wanted and key(ref) in live]
    judge, made = Judge(reconciler, is_coming), known or Known()
    cause = (is_coming, reconciler.repair, reconciler.object["spec"])
    found = [made.compared(reconciler.title, cause, obj, live.get(key(obj)), judge) for obj in git]
    found += [judge.left_over(live[key(ref)]) for ref in gone]
    found.sort(key=lambda each: (not each.drifted, not each.differences))
    count = sum(len(each.drifted) for each in found)
    state = "ready" if not count else "running" if is_coming else "failed"
    return Drift(reconciler.title, reconciler.tool, commit, _sentence(found, is_coming, commit), state, tuple(found))


def _sentence(found: Iterable[Compared], is_coming: bool, commit: str) -> str:
    changed = [each for each in found if each.drifted]
    count = sum(len(each.drifted) for each in changed)
    if not count:
        return "The cluster is as Git says."
    what = f"{_several(count, 'field')} of {_several(len(changed), 'object')}"
    verb = "differs" if count == 1 else "differ"
    if is_coming:
        return f"{what} {verb}: commit {commit[:8]} is not there yet."
    return f"{what} {verb} from Git."


def _several(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
