"""Pipelines for tests of their view and widget: planned from a file, and as a forge tells them."""

from typing import Any

from gitopslab import ci
from gitopslab.views.pipeline import Pipeline, planned

FILE = """
stages: [build, test, deploy]
build_dev:
  stage: build
  script: [make, make install]
  rules:
    - {if: $CI_COMMIT_TAG, when: never}
    - when: on_success
build_prod: {stage: build, script: [make prod], rules: [{if: $CI_COMMIT_TAG}]}
lint: {script: [lint], needs: [], allow_failure: true}
unit: {script: [test], needs: [{job: build_dev, optional: true}, lint]}
deploy: {stage: deploy, script: [ship], when: manual}
"""


def plan(event: ci.Event | None = None) -> Pipeline:
    """What an event makes of the file; default a push to the default branch."""
    return planned(ci.read(FILE), event or ci.Event())


def told(status: str = "failed", **changes: Any) -> dict[str, Any]:
    """A pipeline as a forge tells it: one job has passed, one has failed, one waits, one ran twice."""
    why = {"failure_reason": "script_failure"}
    jobs = [
        {"id": 1, "name": "build", "stage": "build", "status": "failed", "retried": True, "needs": None},
        {"id": 2, "name": "build", "stage": "build", "status": "success", "needs": None, "duration": 1.25},
        {"id": 3, "name": "lint", "stage": "test", "status": "failed", "allow_failure": True, "needs": []},
        {"id": 4, "name": "unit", "stage": "test", "status": "failed", "needs": ["build"], **why},
        {"id": 5, "name": "ship", "stage": "deploy", "status": "created", "needs": None, "when": "manual"},
    ]
    head = {"id": 9, "iid": 7, "status": status, "source": "push", "ref": "main", "tag": False, "sha": "1a2b3c4d5e6f"}
    return {**head, "yaml_errors": "", "jobs": jobs, **changes}
