"""The variables that exist only while a job runs, which rules never see.

``execution`` puts them below those of the file. Upstream: GitLab's table of predefined variables, phase *job-only*.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from gitopslab import __version__
from gitopslab.ci.job import Job
from gitopslab.ci.runner.record import JobRecord, PipelineRecord

JOB_USER = "gitlab-ci-token"
"""The user name that goes with a job's token."""


def running_variables(
    job: Job, record: JobRecord, pipeline: PipelineRecord, *, builds: Path, token: str
) -> dict[str, str]:
    """What a job finds beside what its pipeline has.

    Args:
        job: The job.
        record: This run of it.
        pipeline: Of which it is.
        builds: The folder in which the project's folder is.
        token: The job's own.
    """
    project = pipeline.event.project
    url = f"{project.server}/{project.path}"
    host = project.server.partition("://")[2]
    started = datetime.fromtimestamp(record.started_at or record.created_at, UTC)
    pairs = {
        "CI_BUILDS_DIR": str(builds),
        "CI_PROJECT_DIR": str(builds / project.path),
        "CI_CONCURRENT_ID": "0",
        "CI_CONCURRENT_PROJECT_ID": "0",
        "CI_JOB_ID": str(record.id),
        "CI_JOB_TOKEN": token,
        "CI_JOB_URL": f"{url}/-/jobs/{record.id}",
        "CI_JOB_STARTED_AT": started.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "CI_JOB_STATUS": "running",
        "CI_PIPELINE_ID": str(pipeline.id),
        "CI_PIPELINE_URL": f"{url}/-/pipelines/{pipeline.id}",
        "CI_REGISTRY_USER": JOB_USER,
        "CI_REGISTRY_PASSWORD": token,
        "CI_REPOSITORY_URL": f"http://{JOB_USER}:{token}@{host}/{project.path}.git",
        "CI_RUNNER_ID": "1",
        "CI_RUNNER_DESCRIPTION": "gitopslab",
        "CI_RUNNER_VERSION": __version__,
        "CI_RUNNER_TAGS": "[]",
        "CI_SERVER_TLS": "no",
    }
    if job.image is not None:
        pairs["CI_JOB_IMAGE"] = job.image.name
    return pairs
