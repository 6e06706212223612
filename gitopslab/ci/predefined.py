"""The variables that GitLab defines itself, per event and per job.

Names and values are from ``lib/gitlab/ci/variables/builder.rb`` and GitLab's table of predefined variables. Those that
exist only while a job runs (``CI_JOB_ID``, ``CI_JOB_TOKEN``, ``CI_REGISTRY_PASSWORD``, ``CI_PROJECT_DIR`` and others)
are the runner's; rules do not see them.

Simplified: GitLab also defines variables about features, identifiers and versions of its server that no lesson uses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from gitopslab.ci.event import NO_SHA, Event
from gitopslab.ci.variables import Variable

_COPY = re.compile(r"[\s:]+(?:\[.*\]|\d+/\d+)\s*$")


def slug(text: str) -> str:
    """Lower case, only letters, digits and dashes, at most 63 of them, no dash at an end."""
    return re.sub(r"[^a-z0-9]", "-", text.lower())[:63].strip("-")


def of_event(event: Event) -> list[Variable]:
    """What every job of a pipeline finds."""
    pairs = {**dict(_server(event)), **dict(_project(event)), **dict(_pipeline(event)), **dict(_commit(event))}
    if event.is_merge_request:
        pairs.update(_merge_request(event))
    return [Variable(name, value, "predefined") for name, value in pairs.items()]


def of_user(event: Event) -> list[Variable]:
    """Who did it: these come after the file's own variables."""
    pairs = {
        "GITLAB_USER_ID": "1",
        "GITLAB_USER_EMAIL": f"{event.user}@example.org",
        "GITLAB_USER_LOGIN": event.user,
        "GITLAB_USER_NAME": event.user.capitalize(),
    }
    return [Variable(name, value, "user") for name, value in pairs.items()]


def of_job(
    name: str, stage: str, when: str, instance: int, total: int, environment: str, action: str
) -> list[Variable]:
    """What a job finds about itself.

    Args:
        name: Its name.
        stage: Its stage.
        when: Its ``when``, before its rules.
        instance: Which of its parallel copies, from one; 0 when it has none.
        total: How many copies there are.
        environment: The name of its environment, expanded; empty when it has none.
        action: Of its environment.
    """
    pairs = {
        "CI_JOB_NAME": name,
        "CI_JOB_NAME_SLUG": slug(name),
        "CI_JOB_GROUP_NAME": _COPY.sub("", name).strip(),
        "CI_JOB_STAGE": stage,
    }
    if when in ("manual", "delayed"):
        pairs["CI_JOB_MANUAL"] = "true"
    if instance:
        pairs["CI_NODE_INDEX"] = str(instance)
    pairs["CI_NODE_TOTAL"] = str(total)
    if environment:
        pairs |= {
            "CI_ENVIRONMENT_NAME": environment,
            "CI_ENVIRONMENT_SLUG": slug(environment)[:24].strip("-"),
            "CI_ENVIRONMENT_ACTION": action or "start",
        }
    return [Variable(key, value, "predefined") for key, value in pairs.items()]


def _server(event: Event) -> Iterator[tuple[str, str]]:
    url = urlsplit(event.project.server)
    yield from {"CI": "true", "GITLAB_CI": "true", "CI_SERVER": "yes", "CI_SERVER_NAME": "GitLab"}.items()
    yield "CI_SERVER_URL", event.project.server
    yield "CI_SERVER_HOST", url.hostname or ""
    yield "CI_SERVER_PORT", str(url.port or (443 if url.scheme == "https" else 80))
    yield "CI_SERVER_PROTOCOL", url.scheme
    yield "CI_SERVER_FQDN", url.netloc
    yield "CI_API_V4_URL", f"{event.project.server}/api/v4"


def _project(event: Event) -> Iterator[tuple[str, str]]:
    project = event.project
    namespace, _, name = project.path.rpartition("/")
    yield "CI_PROJECT_ID", "1"
    yield "CI_PROJECT_NAME", name
    yield "CI_PROJECT_TITLE", name
    yield "CI_PROJECT_PATH", project.path
    yield "CI_PROJECT_PATH_SLUG", slug(project.path)
    yield "CI_PROJECT_NAMESPACE", namespace
    yield "CI_PROJECT_ROOT_NAMESPACE", namespace.partition("/")[0]
    yield "CI_PROJECT_URL", f"{project.server}/{project.path}"
    yield "CI_PROJECT_VISIBILITY", "public"
    yield "CI_DEFAULT_BRANCH", project.default_branch
    yield "CI_CONFIG_PATH", ".gitlab-ci.yml"
    yield "CI_REGISTRY", project.registry
    yield "CI_REGISTRY_IMAGE", f"{project.registry}/{project.path.lower()}"


def _pipeline(event: Event) -> Iterator[tuple[str, str]]:
    yield "CI_PIPELINE_IID", str(event.iid)
    yield "CI_PIPELINE_SOURCE", event.source
    yield "CI_PIPELINE_CREATED_AT", event.commit.timestamp
    if event.kind == "schedule":
        yield "CI_PIPELINE_SCHEDULE_DESCRIPTION", event.description
    if event.kind == "trigger":
        yield "CI_PIPELINE_TRIGGERED", "true"
    if event.open_merge_requests:
        yield "CI_OPEN_MERGE_REQUESTS", ",".join(event.open_merge_requests)


def _commit(event: Event) -> Iterator[tuple[str, str]]:
    commit = event.commit
    title, _, rest = commit.message.partition("\n")
    pushed = event.kind == "push" and event.is_branch
    yield "CI_COMMIT_SHA", commit.sha
    yield "CI_COMMIT_SHORT_SHA", commit.sha[:8]
    yield "CI_COMMIT_BEFORE_SHA", commit.before if pushed else NO_SHA
    yield "CI_COMMIT_REF_NAME", event.ref
    yield "CI_COMMIT_REF_SLUG", slug(event.ref)
    if event.is_branch:
        yield "CI_COMMIT_BRANCH", event.ref
    if event.is_tag:
        yield "CI_COMMIT_TAG", event.ref
        yield "CI_COMMIT_TAG_MESSAGE", ""
    yield "CI_COMMIT_MESSAGE", commit.message
    yield "CI_COMMIT_TITLE", title
    yield "CI_COMMIT_DESCRIPTION", rest.lstrip("\n")
    protected = event.is_branch and event.ref == event.project.default_branch
    yield "CI_COMMIT_REF_PROTECTED", "true" if protected else "false"
    yield "CI_COMMIT_TIMESTAMP", commit.timestamp
    yield "CI_COMMIT_AUTHOR", commit.author


def _merge_request(event: Event) -> dict[str, str]:
    project = event.project
    url = f"{project.server}/{project.path}"
    return {
        "CI_MERGE_REQUEST_EVENT_TYPE": "detached",
        "CI_MERGE_REQUEST_ID": "1",
        "CI_MERGE_REQUEST_IID": "1",
        "CI_MERGE_REQUEST_REF_PATH": "refs/merge-requests/1/head",
        "CI_MERGE_REQUEST_PROJECT_ID": "1",
        "CI_MERGE_REQUEST_PROJECT_PATH": project.path,
        "CI_MERGE_REQUEST_PROJECT_URL": url,
        "CI_MERGE_REQUEST_TITLE": event.commit.message.partition("\n")[0],
        "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": event.ref,
        "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": "",
        "CI_MERGE_REQUEST_SOURCE_BRANCH_PROTECTED": "false",
        "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "1",
        "CI_MERGE_REQUEST_SOURCE_PROJECT_PATH": project.path,
        "CI_MERGE_REQUEST_SOURCE_PROJECT_URL": url,
        "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": event.target_branch,
        "CI_MERGE_REQUEST_TARGET_BRANCH_SHA": "",
        "CI_MERGE_REQUEST_TARGET_BRANCH_PROTECTED": "false",
        "CI_MERGE_REQUEST_SQUASH_ON_MERGE": "false",
        "CI_OPEN_MERGE_REQUESTS": f"{project.path}!1",
    }
