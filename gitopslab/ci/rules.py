"""``rules``: which one decides, and why each of those before it did not.

``pipeline`` asks about every job, ``include`` about every file, ``explain`` shows the same verdict rule by rule. The
first rule whose clauses all hold decides; without one, nothing runs (``lib/gitlab/ci/build/rules.rb``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from gitopslab.ci import expressions, glob
from gitopslab.ci.event import Event
from gitopslab.ci.tree import NOWHERE, Map, Place, Seq
from gitopslab.ci.variables import Variables, expand_existing
from gitopslab.machinery.messages import sentence


@dataclass(frozen=True, slots=True)
class Clause:
    """One condition of a rule, looked at.

    Attributes:
        keyword: ``if``, ``changes`` or ``exists``.
        text: As it is written.
        holds: Whether it does.
        why: In plain words, with the values that were compared.
    """

    keyword: str
    text: str
    holds: bool
    why: str


@dataclass(frozen=True, slots=True)
class RuleVerdict:
    """What became of one rule.

    Attributes:
        number: From one, in the order of the file.
        rule: The rule itself.
        place: Where it is written.
        outcome: ``matched``, ``passed over`` or ``not reached``.
        clauses: Those that were looked at; the first that does not hold is the last.
    """

    number: int
    rule: Map
    place: Place
    outcome: str
    clauses: tuple[Clause, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a list of rules says.

    Attributes:
        when: Of the rule that decides, or the default; ``never`` when none matches.
        rules: Each of them.
        error: Why the rules cannot be looked at, in GitLab's words.
    """

    when: str
    rules: tuple[RuleVerdict, ...] = ()
    error: str = ""

    @property
    def passes(self) -> bool:
        """Whether what the rules belong to takes part."""
        return self.when != "never"

    @property
    def decider(self) -> RuleVerdict | None:
        """The rule that matched."""
        return next((one for one in self.rules if one.outcome == "matched"), None)

    def get(self, keyword: str) -> Any:
        """What the rule that matched sets; None when it says nothing about that."""
        return self.decider.rule.get(keyword) if self.decider else None


class _Unanswerable(Exception):
    """A clause asks about something that is not there."""


def verdict_of(rules: Any, event: Event, variables: Variables, *, default: str) -> Verdict:
    """What rules say about an event.

    Args:
        rules: The list, possibly nested.
        event: What happened.
        variables: Those of the job, or of the pipeline.
        default: The ``when`` of a rule that names none.
    """
    found: list[RuleVerdict] = []
    decider: Map | None = None
    try:
        for number, (rule, place) in enumerate(_flat(rules, getattr(rules, "place", NOWHERE)), 1):
            if decider is not None:
                found.append(RuleVerdict(number, rule, place, "not reached"))
                continue
            clauses = tuple(_clauses(rule, event, variables))
            matched = all(clause.holds for clause in clauses)
            decider = rule if matched else None
            found.append(RuleVerdict(number, rule, place, "matched" if matched else "passed over", clauses))
    except _Unanswerable as error:
        return Verdict("never", tuple(found), str(error))
    return Verdict("never" if decider is None else str(decider.get("when") or default), tuple(found))


def _flat(rules: Any, place: Place) -> Iterator[tuple[Map, Place]]:
    if isinstance(rules, Map):
        yield rules, place
    elif isinstance(rules, Seq):
        for at, item in enumerate(rules):
            yield from _flat(item, rules.place_of(at))


def _clauses(rule: Map, event: Event, variables: Variables) -> Iterator[Clause]:
    """The clauses in the order of the rule, up to the first that does not hold."""
    for keyword, value in rule.items():
        look = {"if": _if, "changes": _changes, "exists": _exists}.get(keyword)
        if look is None or value is None:
            continue
        clause = look(value, event, variables)
        yield clause
        if not clause.holds:
            return


def _if(value: Any, event: Event, variables: Variables) -> Clause:
    text, values = str(value), variables.values()
    return Clause("if", text, expressions.is_true(text, values), expressions.account(text, values))


def _changes(value: Any, event: Event, variables: Variables) -> Clause:
    # Simplified: GitLab compares with the ref that compare_to names; here the event says what changed.
    compare_to = value.get("compare_to") if isinstance(value, Map) else None
    paths = _expanded(value, variables)
    text = ", ".join(paths)
    changed = event.changed if compare_to else event.changed_paths
    if changed is None:
        why = sentence("it is not known what changed") if compare_to or _has_diff(event) else _no_diff(event)
        return Clause("changes", text, True, sentence(f"{why}, so GitLab takes it as changed"))
    if glob.any_matches(paths, changed):
        hits = [path for path in changed if glob.any_matches(paths, [path])]
        return Clause("changes", text, True, sentence(f"changed: {_few(hits)}"))
    return Clause("changes", text, False, _unmatched(changed))


def _unmatched(changed: Sequence[str]) -> str:
    if not changed:
        return sentence("none of the changed files matches: nothing changed")
    return sentence(f"none of the changed files matches: {_few(changed)}")


def _has_diff(event: Event) -> bool:
    return event.is_merge_request or (event.kind == "push" and event.is_branch)


def _no_diff(event: Event) -> str:
    return sentence("a tag has no changes" if event.is_tag else f"an event of kind {event.kind} has no changes")


def _exists(value: Any, event: Event, variables: Variables) -> Clause:
    paths = _expanded(value, variables)
    if isinstance(value, Map) and value.get("project"):
        project = expand_existing(value["project"], variables.expanded())
        # Simplified: GitLab looks into another project that the learner may read; here there is none.
        raise _Unanswerable(f"rules:exists:project `{project}` not found or access denied")
    holds = glob.any_exists(paths, event.commit.files)
    there, missing = "there is such a file in the commit", "there is no such file in the commit"
    why = sentence(there if holds else missing)
    return Clause("exists", ", ".join(paths), holds, why)


def _expanded(value: Any, variables: Variables) -> list[str]:
    paths = value.get("paths") if isinstance(value, Map) else value
    listed = [paths] if isinstance(paths, str) else paths or []
    values = variables.expanded()
    return [expand_existing(str(path), values) for path in listed]


def _few(paths: Any) -> str:
    paths = list(paths)
    return ", ".join(paths[:3]) + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")
