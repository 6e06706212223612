"""Whether an exercise is done: every check looked at, and for each what was found and what was expected.

Called with a ``World``; reads, never writes, and never raises because of what a learner did. Controllers need a moment,
so ``settled`` looks again while what is found still changes, and only where the cluster could still make it true.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gitopslab.course.exercise import Check, Exercise
from gitopslab.course.expectation import Values, shown
from gitopslab.course.source import Source, World
from gitopslab.errors import LabError
from gitopslab.machinery.language import _
from gitopslab.machinery.messages import told
from gitopslab.machinery.objects import name_of
from gitopslab.views.words import state_words

_POLL_SECONDS = 0.2
_LONGEST_SECONDS = 30.0
_MOMENT = 3.0  # seconds: what is under way has moved on by then
_UNDECIDED_SECONDS = 10.0  # a controller that has said "Unknown" is at work and says more


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found.

    Attributes:
        found: In words.
        expected: In words.
        is_answered: Whether there was anything to compare; else ``found`` is the reason why not.
        is_there: Whether there is such an object; else ``found`` says that there is none.
    """

    check: Check
    holds: bool
    found: str
    expected: str
    is_answered: bool = True
    is_there: bool = True

    @property
    def place(self) -> str:
        """The object and the field: ``deployment/web, spec.replicas``."""
        field = self.check.source.field
        return self.check.source.subject + (f", {field}" if field else "")

    @property
    def state(self) -> str:
        """What was found, as it is said behind the word "is"."""
        return self.found if self.is_there else _("not there")

    @property
    def patience(self) -> float:
        """Seconds without change after which it is told: more where a condition is still to be decided."""
        return max(self.check.patience, _UNDECIDED_SECONDS) if self.found == "Unknown" else self.check.patience

    @property
    def because(self) -> str:
        """Why it matters, with what was found in it; empty where nothing could be found out."""
        return self.filled(self.check.because) if self.is_answered else ""

    def filled(self, text: str) -> str:
        """A text of the exercise with ``{object}``, ``{field}``, ``{found}`` and ``{expected}`` in it filled in.

        What is looked at as a whole has no field: then the object stands there.
        """
        source = self.check.source
        given = {"object": source.subject, "field": source.field or source.subject}
        given |= {"found": self.state, "expected": self.expected}
        text = text.replace("{object}, {field}", self.place)
        for name, value in given.items():
            text = text.replace(f"{{{name}}}", value)
        return text


@dataclass(frozen=True, slots=True)
class Verdict:
    """How far an exercise is.

    Attributes:
        findings: One a check, in order; empty when the exercise has not begun.
    """

    exercise: Exercise
    findings: Sequence[Finding]

    @property
    def has_begun(self) -> bool:
        """Whether there is anything to look at."""
        return bool(self.findings)

    @property
    def passed(self) -> bool:
        """Whether every check holds."""
        return self.has_begun and all(finding.holds for finding in self.findings)

    @property
    def failing(self) -> Finding | None:
        """The first check that does not hold."""
        return next((finding for finding in self.findings if not finding.holds), None)

    @property
    def patience(self) -> float:
        """Seconds without change after which it is told: those of the first check that does not hold.

        When an object's spec, too, does not ask for what it should, nothing that comes by itself makes the exercise
        done. Then it is told after a moment, in which what is under way ends.
        """
        failing = [finding for finding in self.findings if not finding.holds]
        longest = _MOMENT if any(finding.check.is_wish for finding in failing) else _LONGEST_SECONDS
        return min(failing[0].patience, longest) if failing else 0.0


def judge(exercise: Exercise, world: World) -> Verdict:
    """Look at everything once."""
    return Verdict(exercise, [_look(check, world) for check in exercise.checks])


def settled(look: Callable[[], Verdict]) -> Verdict:
    """Look again while the cluster may still make it true: while things change, and then as the check has patience.

    Args:
        look: Looks once.
    """
    began = changed = time.monotonic()
    verdict = look()
    while verdict.failing is not None:
        now = time.monotonic()
        if now - changed >= verdict.patience or now - began >= _LONGEST_SECONDS:
            break
        time.sleep(_POLL_SECONDS)
        before, verdict = verdict, look()
        if [each.found for each in verdict.findings] != [each.found for each in before.findings]:
            changed = time.monotonic()
    return verdict


def _look(check: Check, world: World) -> Finding:
    try:
        values = world.values(check.source)
        holds = check.expect.holds(values, world)
        telling = values if holds else check.expect.offending(values, world)
        is_there = _is_there(check, telling, world)
        return Finding(check, holds, _found(check, telling, is_there), check.expect.said(world), is_there=is_there)
    except LabError as error:  # refused, too much asked, a file that GitLab does not take: the learner reads why
        return Finding(check, False, told(error.message), check.expect.words or _("an answer"), is_answered=False)


def _found(check: Check, values: Values, is_there: bool) -> str:
    source = check.source
    if "count" in check.expect.rules:
        is_text = bool(source.field) or source.is_outside
        names = [value for value in values if isinstance(value, str)] if is_text else list(map(name_of, values))
        return f"{len(values)}: {shown(names)}".rstrip(": ")
    if values and check.expect.rules == {"exists": True} and not source.field:
        return _("it is there")
    if not source.field and not source.is_outside and source.what != "log":
        states = [(name_of(obj), told(state_words(obj))) for obj in values]
        words = [state if source.name else f"{name}: {state}" for name, state in states]
        return shown(words) or _nothing(check.source, is_there)
    return shown(values) or _nothing(check.source, is_there)


def _is_there(check: Check, values: Values, world: World) -> bool:
    is_counted = "count" in check.expect.rules
    return bool(values) or is_counted or check.source.is_outside or bool(world.objects(check.source))


def _nothing(source: Source, is_there: bool) -> str:
    if is_there:
        return _("nothing")
    return f"{_('there is no')} {source.kind}/{source.name}" if source.name else f"{_('no')} {source.subject}"
