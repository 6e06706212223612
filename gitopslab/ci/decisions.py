"""Whether a job is in a pipeline, and why: its rules, or ``only`` and ``except``, with the variables it can see.

``pipeline`` asks about every job. Definitions of variables are put in the order of their precedence here.
"""

from __future__ import annotations

from dataclasses import dataclass

from gitopslab.ci import policy, predefined
from gitopslab.ci.configuration import Configuration
from gitopslab.ci.event import Event
from gitopslab.ci.making import definitions, environment
from gitopslab.ci.normal import Need, NormalJob, listed_needs, need_of
from gitopslab.ci.rules import Verdict, verdict_of
from gitopslab.ci.tree import Map
from gitopslab.ci.variables import Variable, Variables
from gitopslab.machinery.messages import sentence


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


def pipeline_variables(event: Event, written: list[Variable], job: list[Variable] | None = None) -> Variables:
    """Definitions in the order of their precedence, low ones first."""
    project = event.project
    settings = [
        Variable(key, value, "project", masked=key in project.masked) for key, value in project.variables.items()
    ]
    given = [Variable(key, value, "event") for key, value in event.variables.items()]
    predefined_ = [*(job or []), *predefined.of_event(event)]
    return Variables([*predefined_, *written, *predefined.of_user(event), *settings, *given])


def workflow_verdict(configuration: Configuration, event: Event, globals_: list[Variable]) -> Verdict:
    """What ``workflow:rules`` say; they see the file's own variables."""
    rules = configuration.workflow.get("rules")
    if rules is None:
        return Verdict("always")
    return verdict_of(rules, event, pipeline_variables(event, globals_), default="always")


def decide(
    configuration: Configuration, job: NormalJob, event: Event, globals_: list[Variable], added: list[Variable]
) -> Decision:
    """Whether a job is in the pipeline of an event.

    Args:
        configuration: It is in.
        job: Which.
        event: What happened.
        globals_: The variables at the top of the file.
        added: Those of the workflow's rule that matched.
    """
    config = job.config
    written = _written(job, globals_, added)
    variables = pipeline_variables(event, written, _own(job, event, written))
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
    where = environment(config.get("environment"), lambda: pipeline_variables(event, written).expanded())
    when = str(config.get("when") or "on_success")
    name, action = (where.name, where.action) if where else ("", "")
    return predefined.of_job(job.name, job.stage, when, job.instance, job.total, name, action)


def _because(verdict: Verdict) -> str:
    if verdict.error:
        return verdict.error
    if verdict.decider is None:
        return sentence("none of its rules matches")
    number = verdict.decider.number
    return sentence(f"rule {number} matches" if verdict.passes else f"rule {number} matches and says when: never")


def _by_policy(configuration: Configuration, config: Map, event: Event, variables: Variables) -> tuple[bool, str]:
    """A job without rules: ``only`` and ``except``, or branches and tags when nothing is said."""
    only, unless = config.get("only"), config.get("except")
    has_workflow_rules = "rules" in configuration.workflow
    if only is None and has_workflow_rules and unless is None:
        return True, sentence("it has no rules, so workflow:rules alone decide")
    if only is not None or not has_workflow_rules:
        holds, why = policy.only_says(only, event, variables)
        if not holds or unless is None:
            if only is not None:
                return holds, why
            if holds:
                return holds, sentence("it has no rules, so it runs for branches and tags")
            return holds, sentence(f"it has no rules, so it runs for branches and tags, not for a {event}")
    return policy.except_says(unless, event, variables)


def with_rule(variables: Variables, by_rule: list[Variable]) -> Variables:
    """``rules:variables`` win over the file's other variables, and lose against those of the project and the event."""
    low = [one for one in variables if one.origin == "predefined"]
    high = [one for one in variables if one.origin in ("user", "project", "event")]
    written = [one for one in variables if one not in low and one not in high]
    return Variables([*low, *_replaced([*written, *by_rule]), *high])


def needs_of(decision: Decision) -> tuple[Need, ...] | None:
    """What it waits for; a rule's ``needs`` replace its own.

    GitLab documents that ``needs: []`` in a rule sets the needs to none; up to 18.11 its server ignores that.
    """
    by_rule = decision.verdict.get("needs")
    return decision.job.needs if by_rule is None else tuple(map(need_of, listed_needs(by_rule)))
