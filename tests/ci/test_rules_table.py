"""Which jobs each event creates, held to a table of facts."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from gitopslab import ci

TABLE = yaml.safe_load((Path(__file__).parent / "tables" / "rules.yaml").read_text(encoding="utf-8"))
ASKS = [(case, ask) for case in TABLE for ask in case["asks"]]


def event_of(case: dict[str, Any], ask: dict[str, Any]) -> ci.Event:
    """The event that an ask is about."""
    variables = dict(one.split("=", 1) for one in ask.get("var", ()))
    changed = ask.get("changed")
    return ci.Event(
        kind=ask["event"],
        branch=ask.get("branch", ""),
        tag=ask.get("tag", ""),
        changed=None if changed is None else tuple(changed),
        variables=variables,
        commit=ci.Commit(files=tuple(case.get("files", ())), message=ask.get("message", "A change")),
    )


def pipeline_of(case: dict[str, Any], ask: dict[str, Any]) -> ci.Pipeline:
    """What we make of an ask."""
    event = event_of(case, ask)
    return ci.make(ci.read(case["file"], ci.Texts(case.get("project")), event), event)


def has(job: ci.Job) -> dict[str, Any]:
    """What ``default`` may have given to a job."""
    return {
        "image": job.image.name if job.image else "",
        "before_script": list(job.before_script),
        "tags": list(job.tags),
        "retry": job.retry.max,
    }


def name_of(pair: Any) -> str:
    """A case by its name, an ask by its event."""
    words = [pair.get(key, "") for key in ("name", "event", "branch", "tag")]
    return " ".join(filter(None, [*words, *pair.get("changed", ()), *pair.get("var", ())]))


@pytest.mark.parametrize(("case", "ask"), ASKS, ids=lambda pair: name_of(pair))
def test_an_event_creates_the_jobs_that_gitlab_creates(case: dict[str, Any], ask: dict[str, Any]) -> None:
    pipeline = pipeline_of(case, ask)
    assert [job.name for job in pipeline.jobs] == ask["jobs"]
    jobs = {job.name: job for job in pipeline.jobs}
    assert {name: jobs[name].when for name in ask.get("when", {})} == ask.get("when", {})
    assert {name: jobs[name].allow_failure for name in ask.get("may_fail", {})} == ask.get("may_fail", {})
    needs = {name: [need.name for need in jobs[name].needs or ()] for name in ask.get("needs", {})}
    assert needs == ask.get("needs", {})
    for name, values in ask.get("values", {}).items():
        found = jobs[name].environment_variables()
        assert {key: found.get(key) for key in values} == values
    for name, expected in ask.get("has", {}).items():
        assert has(jobs[name]) == expected
    if "stages" in ask:
        assert list(pipeline.stages) == ask["stages"]
    assert ask.get("reason", "") in pipeline.reason
    assert ask.get("error", "") in " ".join(pipeline.errors)
    assert pipeline.is_created == bool(ask["jobs"])


def test_the_table_is_as_large_as_it_was_meant_to_be() -> None:
    assert len(ASKS) >= 150
