"""How long a failing check is waited for."""

from __future__ import annotations

import pytest

from gitopslab.course import catalogue
from gitopslab.course.checking import Finding, Verdict


@pytest.mark.parametrize(
    ("exercise", "failing", "seconds"),
    [
        pytest.param("12-3", {"flux", "argocd"}, 12, id="the cluster may still do it"),
        pytest.param("12-3", {"flux", "argocd", "suspended"}, 3, id="nobody has asked for it"),
        pytest.param("11-1", {"gone", "prune"}, 3, id="nobody has asked for it, and something is on its way"),
        pytest.param("13-2", {"passed", "image"}, 8, id="a pipeline may still make the image"),
        pytest.param("12-3", {"suspended"}, 0, id="only a learner can"),
        pytest.param("12-3", set[str](), 0, id="done"),
    ],
)
def test_what_may_come_by_itself_is_waited_for_as_long_as_it_can_matter(
    exercise: str, failing: set[str], seconds: float
) -> None:
    found = catalogue.exercise(exercise)
    findings = [Finding(check, check.id not in failing, "this", "that") for check in found.checks]
    assert Verdict(found, findings).patience == seconds


def of(exercise: str, check: str, found: str, *, is_there: bool = True) -> Finding:
    known = next(each for each in catalogue.exercise(exercise).checks if each.id == check)
    return Finding(known, False, found, "that", is_there=is_there)


@pytest.mark.parametrize(
    ("finding", "text"),
    [
        (of("00-1", "wish", "3"), "deployment/hello, spec.replicas: it is 3. Now spec.replicas is 3."),
        (
            of("00-1", "by-hand", "1: hello-4"),
            "pods with the label run: it is 1: hello-4. Now pods with the label run is 1: hello-4.",
        ),
        (
            of("00-1", "declared", "there is no deployment/hello", is_there=False),
            "deployment/hello: it is not there. Now deployment/hello is not there.",
        ),
    ],
    ids=["a field", "a whole", "nothing"],
)
def test_a_hint_has_no_gap_where_a_check_looks_at_no_field(finding: Finding, text: str) -> None:
    assert finding.filled("{object}, {field}: it is {found}. Now {field} is {found}.") == text


def test_a_condition_that_is_still_to_be_decided_is_waited_for_longer_than_one_that_is_decided() -> None:
    found = catalogue.exercise("10-6")
    says = {
        status: Verdict(found, [Finding(check, check.id != "ready", status, "True") for check in found.checks])
        for status in ("False", "Unknown")
    }
    assert says["False"].patience < says["Unknown"].patience
