"""A pipeline as a picture and as text, planned and as it ran."""

from pipeline_samples import FILE, plan, told

from gitopslab import ci
from gitopslab.views.pipeline import planned, recorded
from gitopslab.views.pipeline_svg import pipeline_svg
from gitopslab.views.pipeline_text import pipeline_text


def test_a_plan_has_the_jobs_of_each_stage_and_those_left_out() -> None:
    pipeline = plan()
    assert [(stage.name, [job.name for job in stage.jobs]) for stage in pipeline.stages] == [
        ("build", ["build_dev"]),
        ("test", ["lint", "unit"]),
        ("deploy", ["deploy"]),
    ]
    assert [(job.name, job.why) for job in pipeline.left_out] == [("build_prod", "none of its rules matches")]
    assert pipeline.sentence == "It would run 4 jobs in 3 stages."


def test_a_planned_job_has_its_rules_with_what_decided() -> None:
    job = plan().jobs[0]
    assert [(rule.outcome, rule.line) for rule in job.rules] == [("passed over", 7), ("matched", 8)]
    assert job.rules[0].why == "$CI_COMMIT_TAG is undefined"
    assert job.script == ("make", "make install")


def test_a_manual_job_waits_for_a_click() -> None:
    assert plan().jobs[-1].word == "waits for a click"


def test_where_there_is_no_pipeline_the_reason_stands_instead() -> None:
    only_tags = ci.read("a: {script: [x], rules: [{if: $CI_COMMIT_TAG}]}")
    pipeline = planned(only_tags, ci.Event())
    assert (pipeline.status, pipeline.stages) == ("out", ())
    assert pipeline.sentence.startswith("The resulting pipeline would have been empty")


def test_a_pipeline_that_ran_shows_the_last_run_of_each_job() -> None:
    pipeline = recorded(told())
    assert [(job.name, job.id, job.status, job.word) for job in pipeline.jobs] == [
        ("build", 2, "success", "passed"),
        ("lint", 3, "warning", "allowed failure"),
        ("unit", 4, "failed", "failed: script failure"),
        ("ship", 5, "created", "waits"),
    ]
    assert pipeline.title == "#7, push on branch main, 1a2b3c4d"
    assert (
        pipeline.sentence == "The pipeline has failed: 1 passed, 1 allowed failure, 1 failed: script failure, 1 waits."
    )


def test_a_pipeline_that_could_not_be_made_says_why() -> None:
    pipeline = recorded(told(yaml_errors="jobs config should contain at least one visible job", jobs=[]))
    assert (pipeline.status, pipeline.sentence) == ("failed", "jobs config should contain at least one visible job")


def test_explanations_of_the_file_go_with_what_ran() -> None:
    configuration = ci.read(FILE)
    decisions = {name: ci.explain(configuration, name).as_dict() for name in configuration.jobs}
    job = {"id": 1, "name": "build_dev", "stage": "build", "status": "running", "needs": None}
    pipeline = recorded(told(jobs=[job]), decisions)
    assert pipeline.jobs[0].why == "rule 2 matches"
    assert [card.name for card in pipeline.left_out] == ["build_prod"]


def test_the_text_twin_says_all_of_it() -> None:
    assert pipeline_text(plan()).splitlines() == [
        "Pipeline for a push on branch main: It would run 4 jobs in 3 stages.",
        "  build",
        "    ⋯ build_dev: would run",
        "  test",
        "    ⋯ lint: would run  may fail · needs nothing",
        "    ⋯ unit: would run  needs build_dev, lint",
        "  deploy",
        "    ◔ deploy: waits for a click  may fail",
        "  left out",
        "    ○ build_prod: none of its rules matches",
    ]


def test_the_picture_has_every_job_and_a_line_for_each_need() -> None:
    picture = pipeline_svg(plan())
    assert all(f">{name}<" in picture for name in ("build_dev", "lint", "unit", "deploy", "build_prod"))
    assert picture.count('class="gls-need"') == 2


def test_names_cannot_break_out_of_the_picture() -> None:
    configuration = ci.read('"<script>&\\"": {script: [x]}')
    assert "<script>" not in pipeline_svg(planned(configuration, ci.Event()))
