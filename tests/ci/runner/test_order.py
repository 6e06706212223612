"""Which job is next: GitLab's rules about stages, needs, ``when`` and jobs that may fail."""

from __future__ import annotations

import pytest

from gitopslab.ci import Event, make, read
from gitopslab.ci.runner.order import next_states
from gitopslab.ci.runner.states import State, composite


def after(ci: str, **states: str) -> dict[str, str]:
    """What the created jobs of a pipeline become when others stand as given."""
    jobs = make(read(ci), Event()).jobs
    known = {job.name: State(states.get(job.name, "created")) for job in jobs}
    found = next_states(jobs, known, {job.name: job.allow_failure for job in jobs})
    return {name: state.value for name, state in found.items()}


STAGES = """
stages: [build, test, deploy]
build: {stage: build, script: [x]}
lint: {stage: build, script: [x], allow_failure: true}
test: {stage: test, script: [x]}
cleanup: {stage: test, script: [x], when: always}
rescue: {stage: test, script: [x], when: on_failure}
deploy: {stage: deploy, script: [x]}
"""


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ({}, {"build": "pending", "lint": "pending"}),
        ({"build": "running", "lint": "failed"}, {}),
        (
            {"build": "success", "lint": "failed"},
            {"test": "pending", "cleanup": "pending", "rescue": "skipped"},
        ),
        (
            {"build": "failed", "lint": "success"},
            {"test": "skipped", "cleanup": "pending", "rescue": "pending"},
        ),
        (
            {"build": "failed", "lint": "success", "test": "skipped", "cleanup": "success", "rescue": "success"},
            {"deploy": "skipped"},
        ),
        (
            {"build": "canceled", "lint": "success"},
            {"test": "skipped", "cleanup": "pending", "rescue": "skipped"},
        ),
    ],
    ids=["first stage", "still running", "allowed to fail", "failed", "a failure skips all later stages", "cancelled"],
)
def test_a_stage_follows_when_the_one_before_is_over(states: dict[str, str], expected: dict[str, str]) -> None:
    assert after(STAGES, **states) == expected


def test_needs_do_not_wait_for_stages_and_a_skipped_need_skips() -> None:
    ci = """
stages: [build, test]
a: {stage: build, script: [x]}
b: {stage: build, script: [x]}
quick: {stage: test, needs: [a], script: [x]}
none: {stage: test, needs: [], script: [x]}
chain: {stage: test, needs: [quick], script: [x]}
"""
    assert after(ci) == {"a": "pending", "b": "pending", "none": "pending"}
    assert after(ci, a="success", b="running", none="success") == {"quick": "pending"}
    assert after(ci, a="failed", b="running", none="success") == {"quick": "skipped", "chain": "skipped"}


def test_manual_jobs_hold_up_the_next_stage_unless_they_may_fail() -> None:
    ci = """
stages: [a, b]
free: {stage: a, script: [x], when: manual}
strict: {stage: a, script: [x], rules: [{when: manual}]}
next: {stage: b, script: [x]}
"""
    assert after(ci) == {"free": "manual", "strict": "manual"}
    assert after(ci, free="manual", strict="manual") == {}
    assert after(ci, free="manual", strict="success") == {"next": "pending"}


def test_a_delayed_job_is_scheduled() -> None:
    assert after("a: {script: [x], when: delayed, start_in: 1 hour}") == {"a": "scheduled"}


@pytest.mark.parametrize(
    ("jobs", "expected"),
    [
        ([], None),
        ([("success", False), ("skipped", False)], "success"),
        ([("skipped", False), ("manual", True)], "skipped"),
        ([("success", False), ("failed", True)], "success"),
        ([("success", False), ("failed", False)], "failed"),
        ([("canceled", False), ("success", False)], "canceled"),
        ([("canceled", False), ("failed", False)], "failed"),
        ([("running", False), ("failed", False)], "running"),
        ([("success", False), ("manual", False)], "manual"),
        ([("success", False), ("manual", True)], "success"),
        ([("scheduled", False), ("success", False)], "scheduled"),
        ([("created", False), ("success", False)], "running"),
        ([("created", False), ("created", False)], "created"),
        ([("pending", False), ("created", False)], "pending"),
    ],
    ids=str,
)
def test_a_pipeline_stands_as_its_jobs_do(jobs: list[tuple[str, bool]], expected: str | None) -> None:
    assert composite((State(state), may_fail) for state, may_fail in jobs) == expected
