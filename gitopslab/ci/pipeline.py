"""The pipeline that an event makes of a configuration: which jobs, in which order, or why there is none.

``make`` is what the command ``gitopslab ci list``, the notebooks and the forge call. The order of questions is GitLab's
(``lib/gitlab/ci/pipeline/chain``): skip, ``workflow:rules``, each job's rules or ``only`` and ``except``, then whether
what the jobs need is there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from gitopslab.ci.configuration import Configuration
from gitopslab.ci.decisions import Decision, decide, needs_of, pipeline_variables, with_rule, workflow_verdict
from gitopslab.ci.duration import seconds
from gitopslab.ci.event import Event
from gitopslab.ci.faults import ConfigurationError
from gitopslab.ci.job import Job
from gitopslab.ci.making import definitions, details
from gitopslab.ci.normal import EDGES
from gitopslab.ci.rules import Verdict
from gitopslab.ci.tree import Map
from gitopslab.ci.variables import expand

_SKIP = re.compile(r"\[(?:ci[ _-]skip|skip[ _-]ci)\]", re.IGNORECASE)
_FILTERED = "The pipeline did not run. Review the workflow:rules configuration for the pipeline."
_EMPTY = "The resulting pipeline would have been empty. Review the rules configuration for the relevant jobs."
_SKIPPED = "The pipeline was skipped, because the commit message says so ([skip ci] or [ci skip])."
_MOST_NEEDS = 50


@dataclass(frozen=True, slots=True)
class Pipeline:
    """What an event makes.

    Attributes:
        event: What happened.
        stages: Those with jobs in them, in order.
        jobs: In the order of the stages, then of the file; empty when there is no pipeline.
        decisions: About every job of the file, by name.
        workflow: What ``workflow:rules`` say.
        name: As ``workflow:name`` has it, expanded.
        reason: Why there is no pipeline, in GitLab's words; empty when there is one.
        errors: Why it could not be made, in GitLab's words.
    """

    event: Event
    stages: tuple[str, ...]
    jobs: tuple[Job, ...]
    decisions: dict[str, Decision]
    workflow: Verdict
    name: str = ""
    reason: str = ""
    errors: tuple[str, ...] = ()

    @property
    def is_created(self) -> bool:
        """Whether there is one."""
        return not self.reason and not self.errors

    def job(self, name: str) -> Job:
        """One of its jobs.

        Raises:
            ConfigurationError: It has no such job.
        """
        for job in self.jobs:
            if job.name == name:
                return job
        hint = f"It has {', '.join(one.name for one in self.jobs) or 'no jobs at all'}."
        raise ConfigurationError(f"The pipeline for {self.event} has no job {name}", hint=hint)


def make(configuration: Configuration, event: Event | None = None) -> Pipeline:
    """The pipeline that an event makes; asks nobody and starts nothing.

    Args:
        configuration: From ``read``.
        event: What happened; default a push to the default branch.
    """
    event = event or Event()
    root = configuration.root
    globals_ = definitions(root.get("variables"), "top level")
    workflow = workflow_verdict(configuration, event, globals_)
    added = definitions(workflow.get("variables"), "workflow:rules")
    decisions = {name: decide(configuration, job, event, globals_, added) for name, job in configuration.jobs.items()}
    reason = _SKIPPED if _SKIP.search(event.commit.message) else ""
    reason = reason or ("" if workflow.passes else _FILTERED)
    included = [] if reason else [one for one in decisions.values() if one.included]
    included.sort(key=lambda one: configuration.stages.index(one.job.stage))
    jobs = tuple(_job(one, {other.job.name for other in included}) for one in included)
    errors = () if reason else tuple(_errors(decisions, included))
    if not reason and not errors and not any(job.stage not in EDGES for job in jobs):
        reason = _EMPTY
    if reason or errors:
        jobs = ()
    name = expand(
        str(configuration.workflow.get("name") or ""), pipeline_variables(event, [*globals_, *added]).values()
    )
    used = tuple(stage for stage in configuration.stages if any(job.stage == stage for job in jobs))
    return Pipeline(event, used, jobs, decisions, workflow, name.strip(), reason, errors)


def _job(decision: Decision, present: set[str]) -> Job:
    job, verdict, config = decision.job, decision.verdict, decision.job.config
    variables = decision.variables
    by_rule = definitions(verdict.get("variables"), "rules")
    if by_rule:
        variables = with_rule(variables, by_rule)
    allow_failure, codes = _allow_failure(config, verdict)
    start_in = verdict.get("start_in") or config.get("start_in")
    needs = needs_of(decision)
    interruptible = verdict.get("interruptible")
    return Job(
        name=job.name,
        origin=job.origin,
        stage=job.stage,
        when=verdict.when,
        allow_failure=allow_failure,
        allow_failure_exit_codes=codes,
        start_in=(seconds(start_in) or 0) if start_in and verdict.when == "delayed" else 0,
        needs=None if needs is None else tuple(need for need in needs if need.name in present),
        dependencies=job.dependencies,
        variables=variables,
        interruptible=bool(config.get("interruptible") if interruptible is None else interruptible),
        instance=job.instance,
        total=job.total,
        matrix=job.matrix,
        rule=verdict.decider.number if verdict.decider else 0,
        reason=decision.reason,
        place=config.place,
        **details(config, lambda: variables.expanded()),
    )


def _allow_failure(config: Map, verdict: Verdict) -> tuple[bool, tuple[int, ...]]:
    """Whether it may fail: by its rule, by itself, and a manual job without rules of its own does by nature."""
    by_rule, own = verdict.get("allow_failure"), config.get("allow_failure")
    if by_rule is not None:
        return by_rule is True, ()
    if isinstance(own, Map):
        codes = own.get("exit_codes")
        return False, tuple(codes) if isinstance(codes, list) else () if codes is None else (codes,)
    return (own is True if own is not None else config.get("when") == "manual"), ()


def _errors(decisions: dict[str, Decision], included: list[Decision]) -> list[str]:
    found = [
        f"Failed to parse rule for {name}: {one.verdict.error}" for name, one in decisions.items() if one.verdict.error
    ]
    present = {one.job.name for one in included}
    for one in included:
        found += _needs_errors(one, present)
        circle = one.variables.cycle()
        if circle:
            names = "[" + ", ".join(f'"{name}"' for name in circle) + "]"
            found.append(f"{one.job.name}: circular variable reference detected: {names}")
    return found


def _needs_errors(decision: Decision, present: set[str]) -> list[str]:
    name, needs = decision.job.name, needs_of(decision) or ()
    if len(needs) > _MOST_NEEDS:
        return [
            f"{name}: one job can only need {_MOST_NEEDS} others, but you have listed {len(needs)}."
            " See needs keyword documentation for more details"
        ]
    return [
        f"'{name}' job needs '{need.name}' job, but '{need.name}' does not exist in the pipeline. "
        "This might be because of the only, except, or rules keywords. "
        "To need a job that sometimes does not exist in the pipeline, use needs:optional."
        for need in needs
        if not need.optional and need.name not in present
    ]
