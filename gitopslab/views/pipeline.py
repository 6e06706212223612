"""A pipeline as stages of jobs with what they need, how each stands and why it is in; and the jobs that are left out.

Called by the pipeline widget and its twins. ``planned`` draws what an event would make of a file, ``recorded`` what a
forge tells about a pipeline that ran; both give the same ``Pipeline``, so both are drawn alike. What decides about a
job is left to ``gitopslab.ci``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from gitopslab import ci
from gitopslab.ci.job import Job
from gitopslab.views.words import counted

Told = Mapping[str, Any]
"""Plain data, as JSON has it."""

STATUSES: dict[str, tuple[str, str]] = {
    "created": ("pending", "would run"),
    "waiting_for_resource": ("pending", "waits for a resource"),
    "pending": ("pending", "pending"),
    "running": ("running", "running"),
    "success": ("ready", "passed"),
    "warning": ("notready", "allowed failure"),
    "failed": ("failed", "failed"),
    "canceled": ("terminating", "canceled"),
    "skipped": ("terminating", "skipped"),
    "manual": ("notready", "waits for a click"),
    "scheduled": ("notready", "waits for its time"),
    "out": ("", "left out"),
}
"""Of each of GitLab's statuses: the mark of ``palette.STATES`` and the word; a planned job is ``created``."""

_STANDING = {
    "created": "has not begun",
    "pending": "is pending",
    "running": "is running",
    "success": "has passed",
    "failed": "has failed",
    "canceled": "was canceled",
    "skipped": "was skipped",
    "manual": "waits for a click",
    "scheduled": "waits for its time",
}
_WHEN = {"manual": "manual", "delayed": "scheduled"}


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of a job, for the event that is shown.

    Attributes:
        text: As one line.
        line: Of the file.
        outcome: ``matched``, ``passed over`` or ``not reached``.
        why: With the values that were compared.
    """

    text: str
    line: int
    outcome: str
    why: str


@dataclass(frozen=True, slots=True)
class Card:
    """One job.

    Attributes:
        name: Its name.
        stage: Its stage.
        status: One of ``STATUSES``.
        word: How it stands, in words.
        needs: The names of what it waits for; None when it waits for the stages before.
        notes: What is special about it, such as ``may fail``.
        why: Why it is in, or left out.
        rules: Its rules, looked at for the event.
        script: Its commands.
        id: Of its run in the forge; 0 when it did not run.
        seconds: How long it ran; None when it has not ended.
    """

    name: str
    stage: str
    status: str
    word: str
    needs: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()
    why: str = ""
    rules: tuple[Rule, ...] = ()
    script: tuple[str, ...] = ()
    id: int = 0
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage with its jobs."""

    name: str
    jobs: tuple[Card, ...]


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A pipeline, drawn.

    Attributes:
        title: What made it, as in ``push on branch main``.
        status: One of ``STATUSES``; ``out`` when there is no pipeline.
        sentence: How it stands, or why there is none.
        stages: In order.
        left_out: The jobs of the file that are not in it.
        workflow: The rules of the workflow.
    """

    title: str
    status: str
    sentence: str
    stages: tuple[Stage, ...] = ()
    left_out: tuple[Card, ...] = ()
    workflow: tuple[Rule, ...] = ()

    @property
    def jobs(self) -> list[Card]:
        """Every job that is in it."""
        return [job for stage in self.stages for job in stage.jobs]

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for the browser."""
        return asdict(self)


def planned(configuration: ci.Configuration, event: ci.Event) -> Pipeline:
    """What an event would make of a file."""
    made = ci.make(configuration, event)
    told = {name: ci.explained(made, name).as_dict() for name in configuration.jobs}
    cards = [_planned(job, told[job.name]) for job in made.jobs]
    left = [_left_out(name, one, configuration.jobs[name].stage) for name, one in told.items() if not one["included"]]
    reason = made.reason or " ".join(made.errors)
    sentence = reason or f"It would run {counted(len(cards), 'job')} in {counted(len(made.stages), 'stage')}."
    workflow = next(iter(told.values()))["workflow"] if told else ()
    return Pipeline(
        title=str(event),
        status="out" if reason else "created",
        sentence=sentence,
        stages=_stages(made.stages, cards),
        left_out=tuple(left),
        workflow=_rules(workflow),
    )


def _planned(job: Job, told: Told) -> Card:
    status = _WHEN.get(job.when, "created")
    return Card(
        name=job.name,
        stage=job.stage,
        status=status,
        word=STATUSES[status][1],
        needs=None if job.needs is None else tuple(need.name for need in job.needs),
        notes=_notes("" if status != "created" else job.when, job.allow_failure),
        why=told["reason"],
        rules=_rules(told["rules"]),
        script=(*job.before_script, *job.script) if not job.trigger else (f"triggers {dict(job.trigger)}",),
    )


def _left_out(name: str, told: Told, stage: str = "") -> Card:
    return Card(name, stage, "out", "left out", why=told["reason"], rules=_rules(told["rules"]))


def _rules(told: Iterable[Told]) -> tuple[Rule, ...]:
    return tuple(Rule(one["text"], one["line"], one["outcome"], one["why"]) for one in told)


def _notes(when: str, allow_failure: bool) -> tuple[str, ...]:
    special = {"always": "always", "on_failure": "after a failure", "manual": "manual", "delayed": "delayed"}
    return tuple(filter(None, (special.get(when), "may fail" if allow_failure else None)))


def recorded(told: Told, decisions: Mapping[str, Told] | None = None) -> Pipeline:
    """A pipeline of a forge, as ``/api/pipelines/ID`` tells it.

    Args:
        told: The answer.
        decisions: Why each job is in or left out, by name, as ``/api/pipelines/ID/decisions`` tells it.
    """
    known = decisions or {}
    cards = [_recorded(job, known.get(job["name"])) for job in told["jobs"] if not job.get("retried")]
    stages = list(dict.fromkeys(card.stage for card in cards))
    status = str(told["status"])
    what = f"{told.get('source', 'push')} on {'tag' if told.get('tag') else 'branch'} {told.get('ref', '')}"
    left = [_left_out(name, one) for name, one in known.items() if not one["included"]]
    workflow = next(iter(known.values()))["workflow"] if known else ()
    return Pipeline(
        title=f"#{told['iid']}, {what}, {str(told.get('sha', ''))[:8]}",
        status=status,
        sentence=str(told.get("yaml_errors") or "") or _standing(status, cards),
        stages=_stages(stages, cards),
        left_out=tuple(left),
        workflow=_rules(workflow),
    )


def _standing(status: str, cards: Sequence[Card]) -> str:
    counts: dict[str, int] = {}
    for card in cards:
        counts[card.word] = counts.get(card.word, 0) + 1
    said = ", ".join(f"{count} {word}" for word, count in counts.items())
    return f"The pipeline {_STANDING.get(status, status)}: {said}." if said else "It has no jobs."


def _recorded(job: Told, told: Told | None) -> Card:
    status = str(job["status"])
    if status == "failed" and job.get("allow_failure"):
        status = "warning"
    word = "waits" if status == "created" else STATUSES.get(status, ("", status))[1]
    if job.get("failure_reason") and status in ("failed", "warning"):
        word = f"{word}: {str(job['failure_reason']).replace('_', ' ')}"
    needs = job.get("needs")
    return Card(
        name=str(job["name"]),
        stage=str(job["stage"]),
        status=status,
        word=word,
        needs=None if needs is None else tuple(needs),
        notes=_notes(str(job.get("when", "")), bool(job.get("allow_failure")) and status != "warning"),
        why=told["reason"] if told else "",
        rules=_rules(told["rules"]) if told else (),
        script=tuple(told.get("script", ())) if told else (),
        id=int(job.get("id") or 0),
        seconds=job.get("duration"),
    )


def _stages(names: Iterable[str], cards: Sequence[Card]) -> tuple[Stage, ...]:
    return tuple(Stage(name, tuple(card for card in cards if card.stage == name)) for name in names)
