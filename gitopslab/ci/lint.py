"""What GitLab's linter says about a file, with the line and what to do; and what it does not say, but should.

The command ``gitopslab ci lint``, the notebooks and the forge call ``lint``. Errors and warnings are GitLab's, complete
and in its words. Notes are ours: what GitLab would say once the errors are mended, and what it swallows (``advice``).
"""

from __future__ import annotations

from dataclasses import dataclass

from gitopslab.ci import advice, advice_events, entries
from gitopslab.ci.configuration import configured, faults, load
from gitopslab.ci.event import Event
from gitopslab.ci.faults import ConfigurationError, Finding
from gitopslab.ci.files import Files
from gitopslab.ci.hints import about_expression, about_yaml, hint_for
from gitopslab.ci.normal import normal_jobs
from gitopslab.ci.tree import Map, Place, Seq
from gitopslab.machinery.messages import told

_MOST_REPAIRS = 5
_WARNING = (
    "may allow multiple pipelines to run for a single action due to `rules:when` clause with no `workflow:rules`"
    " - read more: https://docs.gitlab.com/ee/ci/jobs/job_troubleshooting.html"
    "#job-may-allow-multiple-pipelines-to-run-for-a-single-action-warning"
)
_WARNING_HINT = (
    "The last rule holds for every event, so a push to a branch with a merge request makes two pipelines."
    " Add workflow:rules that choose one of them."
)


@dataclass(frozen=True, slots=True, repr=False)
class Report:
    """What is to be said about a file.

    Attributes:
        findings: Errors first, then warnings, then notes; each in the order of the file.
    """

    findings: tuple[Finding, ...]

    @property
    def is_valid(self) -> bool:
        """Whether GitLab would take the file."""
        return not self.of("error")

    def of(self, level: str) -> tuple[Finding, ...]:
        """The findings of a level: ``error``, ``warning`` or ``note``."""
        return tuple(one for one in self.findings if one.level == level)

    def lines(self, file: str = ".gitlab-ci.yml") -> list[str]:
        """The report as text, one finding after the other, each with its hint below it."""
        found: list[str] = []
        for at, one in enumerate(self.findings):
            where = f"{one.place.file or file}:{one.place.line}" if one.place.line else file
            found.append(f"{where}: {one.level}: {told(one.message)}")
            following = self.findings[at + 1] if at + 1 < len(self.findings) else None
            is_said_next = following is not None and (following.place, following.hint) == (one.place, one.hint)
            found += [f"    {told(one.hint)}"] if one.hint and not is_said_next else []
        return found

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        return "\n".join(self.lines()) or told("GitLab would take this file.")


def lint(text: str, files: Files | None = None, event: Event | None = None) -> Report:
    """Everything that is to be said about a file.

    Args:
        text: The file.
        files: The project, for ``include:local``.
        event: For ``include:rules``; default a push to the default branch.
    """
    lines = text.splitlines()
    try:
        loaded = load(text, files, event)
    except ConfigurationError as error:
        first = Finding("error", error.message, error.place, error.hint or _load_hint(error, lines))
        return _report([first, *_after_repair(text, error, files, event)])
    found = [*_gitlab(loaded.root), *loaded.notes, *advice.notes(loaded, lines)]
    if not any(one.level == "error" for one in found):
        found += advice_events.notes(configured(loaded))
    return _report(found)


def _report(findings: list[Finding]) -> Report:
    seen: dict[tuple[str, Place], Finding] = {}
    for one in findings:
        seen.setdefault((one.message, one.place), one)
    order = ("error", "warning", "note")
    found = sorted(seen.values(), key=lambda one: (order.index(one.level), one.place.file, one.place.line))
    return Report(tuple(found))


def _load_hint(error: ConfigurationError, lines: list[str]) -> str:
    is_yaml = error.message.startswith("(<unknown>)")
    return about_yaml(error, lines) if is_yaml and not error.place.file else hint_for(error.message)


def _gitlab(root: Map) -> list[Finding]:
    """GitLab's errors, its warnings, and what it would say next."""
    found = faults(root)
    errors = [_finding("error", fault, root) for fault in found]
    later = [_finding("note", fault, root) for fault in _later(root, found)]
    warnings = _warnings(root) if not found or not entries.root(root) else []
    return [*errors, *warnings, *later]


def _finding(level: str, fault: entries.Fault, root: Map) -> Finding:
    return Finding(level, fault.message, fault.place, _hint(fault, root))


def _hint(fault: entries.Fault, root: Map) -> str:
    if "invalid expression syntax" in fault.message:
        return next((about_expression(one) for one in _at(root, fault.place)), "") or hint_for(fault.message)
    return advice.spelling(fault, root) or hint_for(fault.message)


def _at(value: object, place: Place) -> list[object]:
    """The values that are written at a place."""
    if isinstance(value, Map):
        here = [below for key, below in value.items() if value.place_of(key) == place]
        return here + [one for below in value.values() for one in _at(below, place)]
    return [one for item in value for one in _at(item, place)] if isinstance(value, Seq) else []


def _later(root: Map, found: list[entries.Fault]) -> list[entries.Fault]:
    """What GitLab would say about a file once its capitals are mended, job by job."""
    mended = advice.without_capitals(root)
    said = {fault.message for fault in found}
    jobs = entries.job_names(mended)
    per_job = [fault for name in jobs for fault in entries.job_faults(name, mended)] if found or mended != root else []
    return [fault for fault in per_job if fault.message not in said]


def _warnings(root: Map) -> list[Finding]:
    """A last rule that always holds, in a file without ``workflow:rules``."""
    workflow = root.get("workflow")
    if isinstance(workflow, Map) and "rules" in workflow:
        return []
    found: dict[str, Finding] = {}
    for job in normal_jobs(root).values():
        rules = _flat(job.config.get("rules"))
        if rules and list(rules[-1]) == ["when"] and rules[-1]["when"] != "never":
            message = f"jobs:{job.origin} {_WARNING}"
            found.setdefault(job.origin, Finding("warning", message, rules[-1].place_of("when"), _WARNING_HINT))
    return list(found.values())


def _flat(value: object) -> list[Map]:
    if isinstance(value, Map):
        return [value]
    return [one for item in value for one in _flat(item)] if isinstance(value, Seq) else []


def _after_repair(text: str, error: ConfigurationError, files: Files | None, event: Event | None) -> list[Finding]:
    """What else is wrong, seen by leaving out the lines at which YAML breaks off."""
    lines = text.splitlines()
    for _ in range(_MOST_REPAIRS):
        if not error.message.startswith("(<unknown>)") or error.place.file or not 0 < error.place.line <= len(lines):
            return []
        lines[error.place.line - 1] = ""
        try:
            loaded = load("\n".join(lines), files, event)
        except ConfigurationError as next_error:
            if next_error.place == error.place:
                return []
            error = next_error
        else:
            found = [*_gitlab(loaded.root), *loaded.notes, *advice.notes(loaded, lines)]
            return [Finding("note", one.message, one.place, one.hint) for one in found if one.level != "warning"]
    return []
