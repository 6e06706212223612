"""Which definition of a variable wins, and what becomes of names inside values."""

import pytest

from gitopslab import ci
from gitopslab.ci.variables import Variable, Variables, expand, expand_existing

KNOWN = {"variable": "value", "variable2": "result"}


@pytest.mark.parametrize(
    ("written", "expanded"),
    [
        ("key", "key"),
        ("key$variable", "keyvalue"),
        ("key$variable$variable2", "keyvalueresult"),
        ("key${variable}${variable2}", "keyvalueresult"),
        ("key%variable%%variable2%", "keyvalueresult"),
        ("key$missing", "key"),
        ("key${missing}-end", "key-end"),
        ("$5", "$5"),
        ("a $ b", "a $ b"),
    ],
)
def test_names_in_a_text_are_replaced(written: str, expanded: str) -> None:
    assert expand(written, KNOWN) == expanded


def test_names_that_nobody_defines_can_stay() -> None:
    assert expand_existing("$variable/$missing", KNOWN) == "value/$missing"


@pytest.mark.parametrize(
    ("written", "kept", "dropped"),
    [
        ("key_${variable}_$${HOME}_%%HOME%%", "key_value_$${HOME}_%%HOME%%", "key_value_$${HOME}_%%HOME%%"),
        ("key${missing}", "key${missing}", "key"),
        ("$variable", "value", "value"),
    ],
)
def test_names_in_the_value_of_a_variable(written: str, kept: str, dropped: str) -> None:
    found = Variables([Variable("x", written), Variable("variable", "value")])
    assert found.expanded(keep_undefined=True)["x"] == kept
    assert found.expanded()["x"] == dropped


def test_order_does_not_matter() -> None:
    found = Variables([Variable("c", "$b!"), Variable("b", "$a-"), Variable("a", "1")])
    assert found.expanded() == {"c": "1-!", "b": "1-", "a": "1"}


def test_the_last_definition_wins_everywhere() -> None:
    found = Variables([Variable("a", "low"), Variable("b", "$a"), Variable("a", "high")])
    assert found.expanded() == {"a": "high", "b": "high"}


def test_a_variable_that_names_itself_means_its_lower_definition() -> None:
    assert Variables([Variable("p", "/bin"), Variable("p", "/opt:$p")]).expanded() == {"p": "/opt:/bin"}


def test_a_raw_value_is_not_expanded() -> None:
    assert Variables([Variable("a", "1"), Variable("b", "$a", raw=True)]).expanded()["b"] == "$a"


def test_a_circle_leaves_all_values_as_they_are_and_is_named() -> None:
    found = Variables([Variable("a", "$b"), Variable("b", "$a"), Variable("c", "$d"), Variable("d", "1")])
    assert found.expanded() == {"a": "$b", "b": "$a", "c": "$d", "d": "1"}
    assert sorted(found.cycle()) == ["a", "b"]


def test_a_job_finds_the_runners_variables_below_the_files() -> None:
    text = "variables: {CI_JOB_ID: mine, IMAGE: $CI_REGISTRY_USER/x}\na: {script: [x]}"
    job = ci.make(ci.read(text)).job("a")
    found = job.environment_variables({"CI_JOB_ID": "7", "CI_REGISTRY_USER": "gitlab-ci-token"})
    assert (found["CI_JOB_ID"], found["IMAGE"]) == ("mine", "gitlab-ci-token/x")


@pytest.mark.parametrize(
    ("event", "there", "missing"),
    [
        (ci.Event("push"), {"CI_COMMIT_BRANCH": "main", "CI_PIPELINE_SOURCE": "push"}, ["CI_COMMIT_TAG"]),
        (ci.Event("tag", tag="v1"), {"CI_COMMIT_TAG": "v1", "CI_COMMIT_REF_NAME": "v1"}, ["CI_COMMIT_BRANCH"]),
        (
            ci.Event("merge_request", branch="fix"),
            {"CI_COMMIT_REF_NAME": "fix", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main"},
            ["CI_COMMIT_BRANCH", "CI_COMMIT_TAG"],
        ),
        (ci.Event("schedule"), {"CI_PIPELINE_SCHEDULE_DESCRIPTION": "nightly"}, ["CI_MERGE_REQUEST_IID"]),
        (ci.Event("web", branch="Feature/Ä 1"), {"CI_COMMIT_REF_SLUG": "feature---1"}, []),
    ],
    ids=str,
)
def test_each_event_brings_its_variables(event: ci.Event, there: dict[str, str], missing: list[str]) -> None:
    found = ci.make(ci.read("workflow: {rules: [{when: always}]}\na: {script: [x]}"), event).job("a").variables.values()
    assert {name: found.get(name) for name in there} == there
    assert not any(name in found for name in missing)
    assert found["CI_REGISTRY_IMAGE"] == "localhost:5050/waal/waal-web"
