"""Which jobs an event makes."""

from gitopslab import ci

TWO_JOBS = r"""
stages: [build]
build_dev:
  stage: build
  script: [echo dev]
  rules:
    - if: $CI_COMMIT_TAG
      when: never
    - when: on_success
build_prod:
  stage: build
  script: [echo prod]
  rules:
    - if: '$CI_COMMIT_TAG =~ /^v\d+\.\d+\.\d+$/'
"""


def names(text: str, event: ci.Event) -> list[str]:
    """The jobs that an event makes of a file."""
    return [job.name for job in ci.make(ci.read(text), event).jobs]


def test_a_push_builds_for_development() -> None:
    assert names(TWO_JOBS, ci.Event("push")) == ["build_dev"]


def test_a_release_tag_builds_for_production() -> None:
    assert names(TWO_JOBS, ci.Event("tag", tag="v1.2.3")) == ["build_prod"]


def test_another_tag_makes_no_pipeline_and_says_why() -> None:
    pipeline = ci.make(ci.read(TWO_JOBS), ci.Event("tag", tag="v1.2"))
    assert not pipeline.is_created
    assert pipeline.reason.startswith("The resulting pipeline would have been empty")
    assert pipeline.decisions["build_prod"].reason == "none of its rules matches"
