"""The pipeline that an event makes of a configuration: which jobs, in which order, or why there is none.

``make`` is what the command ``gitopslab ci list``, the notebooks and the forge call. The order of questions is GitLab's
(``lib/gitlab/ci/pipeline/chain``): skip, ``workflow:rules``, each job's rules or ``only`` and ``except``, then whether
what the jobs need is there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from gitopslab.ci import policy, predefined
from gitopslab.ci.configuration import Configuration
from gitopslab.ci.duration import seconds
from gitopslab.ci.event import Event
from gitopslab.ci.faults import ConfigurationError
from gitopslab.ci.job import Job
from gitopslab.ci.making import definitions, details, environment
from gitopslab.ci.normal import EDGES, Need, NormalJob, listed_needs, need_of
from gitopslab.ci.rules import Verdict, verdict_of
from gitopslab.ci.tree import Map
from gitopslab.ci.variables import Variable, Variables, expand

_SKIP = re.compile(r"\[(?:ci[ _-]skip|skip[ _-]ci)\]", re.IGNORECASE)
_FILTERED = "The pipeline did not run. Review the workflow:rules configuration for the pipeline."
_EMPTY = "The resulting pipeline would have been empty. Review the rules configuration for the relevant jobs."
_SKIPPED = "The pipeline was skipped, because the commit message says so ([skip ci] or [ci skip])."
_MOST_NEEDS = 50


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether one job is in a pipeline, and why.

    Attributes:
        job: The job as the file has it.
        variables: What it can see.
        verdict: What its rules say; without rules, of no rule.
        included: Whether it is in.
        reason: In words.
    """

    job: NormalJob
    variables: Variables
    verdict: Verdict
    included: bool
    reason: str


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
    workflow = _workflow(configuration, event, globals_)
    added = definitions(workflow.get("variables"), "workflow:rules")
    decisions = {name: _decide(configuration, job, event, globals_, added) for name, job in configuration.jobs.items()}
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
        str(configuration.workflow.get("name") or ""), _pipeline_variables(event, [*globals_, *added]).values()
    )
    used = tuple(stage for stage in configuration.stages if any(job.stage == stage for job in jobs))
    return Pipeline(event, used, jobs, decisions, workflow, name.strip(), reason, errors)


def _pipeline_variables(event: Event, written: list[Variable], job: list[Variable] | None = None) -> Variables:
    """Definitions in the order of their precedence, low ones first."""
    project = event.project
    settings = [
        Variable(key, value, "project", masked=key in project.masked) for key, value in project.variables.items()
    ]
    given = [Variable(key, value, "event") for key, value in event.variables.items()]
    predefined_ = [*(job or []), *predefined.of_event(event)]
    return Variables([*predefined_, *written, *predefined.of_user(event), *settings, *given])


def _workflow(configuration: Configuration, event: Event, globals_: list[Variable]) -> Verdict:
    rules = configuration.workflow.get("rules")
    if rules is None:
        return Verdict("always")
    return verdict_of(rules, event, _pipeline_variables(event, globals_), default="always")


def _decide(
    configuration: Configuration, job: NormalJob, event: Event, globals_: list[Variable], added: list[Variable]
) -> Decision:
    config = job.config
    written = _written(job, globals_, added)
    variables = _pipeline_variables(event, written, _own(job, event, written))
    if config.get("rules") is not None:
        when = str(config.get("when") or "on_success")
        verdict = verdict_of(config["rules"], event, variables, default=when)
        return Decision(job, variables, verdict, verdict.passes, _because(verdict))
    included, reason = _by_policy(configuration, config, event, variables)
    return Decision(job, variables, Verdict(str(config.get("when") or "on_success")), included, reason)


def _written(job: NormalJob, globals_: list[Variable], added: list[Variable]) -> list[Variable]:
    """The file's own variables that a job sees."""
    inherits = (job.config.get("inherit") or {}).get("variables", True)
    inherited = [one for one in [*globals_, *added] if inherits is True or (inherits and one.name in inherits)]
    own = definitions(job.config.get("variables"), "job")
    return _replaced([*inherited, *own, *(Variable(name, value, "matrix") for name, value in job.matrix.items())])


def _replaced(written: list[Variable]) -> list[Variable]:
    """Within the file a later definition replaces an earlier one altogether; it cannot refer to it."""
    return list({one.name: one for one in written}.values())


def _own(job: NormalJob, event: Event, written: list[Variable]) -> list[Variable]:
    config = job.config
    where = environment(config.get("environment"), lambda: _pipeline_variables(event, written).expanded())
    when = str(config.get("when") or "on_success")
    name, action = (where.name, where.action) if where else ("", "")
    return predefined.of_job(job.name, job.stage, when, job.instance, job.total, name, action)


def _because(verdict: Verdict) -> str:
    if verdict.error:
        return verdict.error
    if verdict.decider is None:
        return "none of its rules matches"
    return f"rule {verdict.decider.number} matches" + ("" if verdict.passes else " and says when: never")


def _by_policy(configuration: Configuration, config: Map, event: Event, variables: Variables) -> tuple[bool, str]:
    """A job without rules: ``only`` and ``except``, or branches and tags when nothing is said."""
    only, unless = config.get("only"), config.get("except")
    has_workflow_rules = "rules" in configuration.workflow
    if only is None and has_workflow_rules and unless is None:
        return True, "it has no rules, so workflow:rules alone decide"
    if only is not None or not has_workflow_rules:
        holds, why = policy.only_says(only, event, variables)
        if not holds or unless is None:
            usual = "it has no rules, so it runs for branches and tags"
            return holds, why if only is not None else usual if holds else f"{usual}, not for a {event}"
    return policy.except_says(unless, event, variables)


def _job(decision: Decision, present: set[str]) -> Job:
    job, verdict, config = decision.job, decision.verdict, decision.job.config
    variables = decision.variables
    by_rule = definitions(verdict.get("variables"), "rules")
    if by_rule:
        variables = _with_rule(variables, by_rule)
    allow_failure, codes = _allow_failure(config, verdict)
    start_in = verdict.get("start_in") or config.get("start_in")
    needs = _needs(decision)
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


def _with_rule(variables: Variables, by_rule: list[Variable]) -> Variables:
    """``rules:variables`` win over the file's other variables, and lose against those of the project and the event."""
    low = [one for one in variables if one.origin == "predefined"]
    high = [one for one in variables if one.origin in ("user", "project", "event")]
    written = [one for one in variables if one not in low and one not in high]
    return Variables([*low, *_replaced([*written, *by_rule]), *high])


def _allow_failure(config: Map, verdict: Verdict) -> tuple[bool, tuple[int, ...]]:
    """Whether it may fail: by its rule, by itself, and a manual job without rules of its own does by nature."""
    by_rule, own = verdict.get("allow_failure"), config.get("allow_failure")
    if by_rule is not None:
        return by_rule is True, ()
    if isinstance(own, Map):
        codes = own.get("exit_codes")
        return False, tuple(codes) if isinstance(codes, list) else () if codes is None else (codes,)
    return (own is True if own is not None else config.get("when") == "manual"), ()


def _needs(decision: Decision) -> tuple[Need, ...] | None:
    """What it waits for; a rule's ``needs`` replace its own.

    GitLab documents that ``needs: []`` in a rule sets the needs to none; up to 18.11 its server ignores that.
    """
    by_rule = decision.verdict.get("needs")
    return decision.job.needs if by_rule is None else tuple(map(need_of, listed_needs(by_rule)))


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
    name, needs = decision.job.name, _needs(decision) or ()
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
