"""Why a job is in a pipeline or not, rule by rule.

The command ``gitopslab ci explain``, the notebooks and the pipeline's picture show what ``explain`` returns.
"""

from __future__ import annotations

import difflib
from dataclasses import asdict, dataclass
from typing import Any

from gitopslab.ci import pipeline
from gitopslab.ci.configuration import Configuration
from gitopslab.ci.event import Event
from gitopslab.ci.faults import ConfigurationError
from gitopslab.ci.job import Job
from gitopslab.ci.pipeline import Pipeline
from gitopslab.ci.rules import RuleVerdict, Verdict
from gitopslab.ci.tree import Map, Seq
from gitopslab.machinery.messages import sentence, told

_MARKS = {sentence("matched"): "=>", sentence("passed over"): " -", sentence("not reached"): "  "}
"""The sign of each outcome of a rule."""


@dataclass(frozen=True, slots=True)
class Line:
    """One rule in words.

    Attributes:
        number: Of the rule, from one.
        line: Of the file.
        file: The included file it stands in; empty for the main one.
        text: The rule as one line, as in ``if: $CI_COMMIT_TAG, when: never``.
        outcome: ``matched``, ``passed over`` or ``not reached``.
        why: With the values that were compared.
    """

    number: int
    line: int
    file: str
    text: str
    outcome: str
    why: str


@dataclass(frozen=True, slots=True, repr=False)
class Explanation:
    """Why a job is in or out.

    Attributes:
        job: Its name.
        event: In words.
        included: Whether it is in the pipeline.
        reason: In one sentence.
        workflow: The rules of the workflow, which decide before any job.
        rules: Its own rules.
        settings: What it would run with, when it is in: ``when``, ``allow_failure`` and so on.
    """

    job: str
    event: str
    included: bool
    reason: str
    workflow: tuple[Line, ...]
    rules: tuple[Line, ...]
    settings: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        return asdict(self)

    @property
    def text(self) -> str:
        """All of it as plain text."""
        return "\n".join(self.lines())

    def __repr__(self) -> str:
        return self.text

    def lines(self) -> list[str]:
        """All of it, line by line."""
        if self.included:
            found = [told(f"{self.job} is in the pipeline of a {self.event}: {self.reason}.")]
        else:
            found = [told(f"{self.job} is not in the pipeline of a {self.event}: {self.reason}.")]
        for title, rules in (("workflow:rules", self.workflow), ("rules", self.rules)):
            found += [f"  {title}:", *(line for rule in rules for line in _shown(rule))] if rules else []
        if self.settings:
            settings = ", ".join(f"{key}: {_said(value)}" for key, value in self.settings.items())
            found.append(told(f"  It has {settings}."))
        return found


def explain(configuration: Configuration, job: str, event: Event | None = None) -> Explanation:
    """Why a job is in the pipeline of an event, or not.

    Args:
        configuration: From ``read``.
        job: Its name; of a parallel job any of its copies, or the key in the file for the first.
        event: What happened; default a push to the default branch.

    Raises:
        ConfigurationError: There is no such job.
    """
    return explained(pipeline.make(configuration, event), _found(configuration, job))


def explained(made: Pipeline, name: str) -> Explanation:
    """Why a job is in a pipeline that was made, or not.

    Args:
        made: The pipeline.
        name: The job's name in it, or in the file when it is left out.
    """
    decision = made.decisions[name]
    present = next((one for one in made.jobs if one.name == name), None)
    reason = decision.reason
    if not present and decision.included:
        reason = (made.reason or " ".join(made.errors)).rstrip(".")
    return Explanation(
        job=name,
        event=str(made.event),
        included=present is not None,
        reason=reason,
        workflow=_lines(made.workflow),
        rules=_lines(decision.verdict),
        settings=_settings(present) if present else {},
    )


def _found(configuration: Configuration, job: str) -> str:
    for name, normal in configuration.jobs.items():
        if job in (name, normal.origin):
            return name
    close = difflib.get_close_matches(job, configuration.jobs, n=1)
    hint = f"Did you mean {close[0]}?" if close else f"It has {', '.join(configuration.jobs)}."
    raise ConfigurationError(f"There is no job {job} in the file", hint=hint)


def _lines(verdict: Verdict) -> tuple[Line, ...]:
    return tuple(
        Line(rule.number, rule.place.line, rule.place.file, rule_text(rule.rule), rule.outcome, _why(rule))
        for rule in verdict.rules
    )


def _why(rule: RuleVerdict) -> str:
    if rule.outcome == "not reached":
        return sentence("an earlier rule has decided")
    if not rule.clauses:
        return sentence("it has no condition, so it always holds")
    decisive = rule.clauses if rule.outcome == "matched" else rule.clauses[-1:]
    said = "; ".join(clause.why for clause in decisive if clause.why)
    return said or (sentence("it holds") if rule.outcome == "matched" else sentence("it does not hold"))


def rule_text(rule: Map) -> str:
    """A rule as one line."""
    return ", ".join(f"{key}: {_said(value)}" for key, value in rule.items() if value is not None)


def _said(value: Any) -> str:
    if isinstance(value, Map):
        return "{" + ", ".join(f"{key}: {_said(below)}" for key, below in value.items()) + "}"
    if isinstance(value, (Seq, list, tuple)):
        return "[" + ", ".join(map(_said, value)) + "]"
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def _shown(line: Line) -> list[str]:
    where = f"{line.file}:{line.line}" if line.file else told(f"line {line.line}")
    head = f"  {_MARKS[line.outcome]} {line.number}. {line.text}   ({where})"
    return [head, f"        {told(line.outcome)}: {told(line.why)}"]


def _settings(job: Job) -> dict[str, Any]:
    found: dict[str, Any] = {"stage": job.stage, "when": job.when, "allow_failure": job.allow_failure}
    if job.needs is not None:
        found["needs"] = [need.name for need in job.needs]
    if job.start_in:
        found["start_in"] = f"{job.start_in:g} s"
    return found
