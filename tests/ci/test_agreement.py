"""Agreement with an independent reader of the same files: npm's gitlab-ci-local, where it is installed.

``npm install gitlab-ci-local`` somewhere, then put its ``node_modules/.bin`` on the PATH. It lists the jobs of a file
for variables that one gives it, so each event is given as the variables that it brings. Where it is known to differ
from GitLab, ``DIFFERS`` says why; there GitLab's documented behaviour stands, which ``test_rules_table`` holds us to.
"""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from gitopslab import ci
from gitopslab.ci import predefined

from .test_rules_table import TABLE, event_of, pipeline_of

PROGRAM = shutil.which("gitlab-ci-local")

BROUGHT = ("CI_COMMIT_", "CI_MERGE_REQUEST_", "CI_PIPELINE_", "CI_DEFAULT_BRANCH")

DIFFERS = {
    "a job without rules runs for branches and tags, not for merge requests": "it does not know that default",
    "exists looks at the files of the commit": "a text or a map under exists makes it fail",
    "a variable of the file is not expanded in a condition": "it expands variables inside quoted texts",
    "which definition of a variable wins": "events are given to it as variables, which win over the file's",
    "values of variables as texts": "it reads YAML 1.2, where yes and 010 are something else",
    "workflow rules decide before any job": "it lists jobs although there is no pipeline",
    "with workflow rules a job without rules runs for merge requests too": "it does not look at only and except",
    "branch pipelines until there is a merge request": "it lists jobs although there is no pipeline",
    "variables that exist only while a job runs are undefined in rules": "it defines some of them in rules",
    "only stages with jobs, edge stages alone make no pipeline": "it lists jobs of .pre and .post alone",
    "only and except with names, patterns and keywords": "it does not look at only and except",
    "needs that rules take away": "it lists jobs whose needs are missing",
    "parallel by number": "it lists a parallel job once",
    "parallel by matrix": "it lists a parallel job once",
    "an invalid pattern in a variable is a text": "it fails when the right side is no pattern",
    "the environment of a job is known to its rules": "it does not know the environment in rules",
    "variables that are defined by each other": "it does not look for circles",
}

CASES = [case for case in TABLE if not any("changed" in ask or "message" in ask for ask in case["asks"])]

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="gitlab-ci-local is not installed")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a remote, as gitlab-ci-local wants one."""
    for words in (
        ["init", "--quiet", "--initial-branch", "main"],
        ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "--allow-empty", "--message", "A change"],
        ["remote", "add", "origin", "git@localhost:waal/waal-web.git"],
        ["update-ref", "refs/remotes/origin/main", "HEAD"],
        ["symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main"],
    ):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    return tmp_path


def listed(repository: Path, event: ci.Event) -> dict[str, str]:
    """The jobs that gitlab-ci-local lists for an event, each with its ``when``."""
    brought = {one.name: one.value for one in predefined.of_event(event) if one.name.startswith(BROUGHT)}
    words = ["--list-json", "--json-schema-validation=false"]
    words += ["--ignore-predefined-vars", ",".join([*brought, *event.variables])]
    for name in ("CI_COMMIT_BRANCH", "CI_COMMIT_TAG"):
        words += [] if name in brought else ["--unset-variable", name]
    for name, value in {**brought, **event.variables}.items():
        words += ["--variable", f"{name}={value}"]
    done = subprocess.run([str(PROGRAM), *words], cwd=repository, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return {job["name"]: job["when"] for job in json.loads(done.stdout) if job["when"] != "never"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_both_create_the_same_jobs(case: dict[str, Any], repository: Path) -> None:
    if case["name"] in DIFFERS:
        pytest.skip(f"gitlab-ci-local differs from GitLab: {DIFFERS[case['name']]}")
    for path, text in {**dict.fromkeys(case.get("files", ()), ""), **case.get("project", {})}.items():
        (repository / path).parent.mkdir(parents=True, exist_ok=True)
        (repository / path).write_text(text, encoding="utf-8")
    (repository / ".gitlab-ci.yml").write_text(case["file"], encoding="utf-8")
    subprocess.run(["git", "add", "."], cwd=repository, check=True)
    for ask in case["asks"]:
        ours = {job.name: job.when for job in pipeline_of(case, ask).jobs}
        assert listed(repository, event_of(case, ask)) == ours, ask


def test_enough_files_are_compared() -> None:
    assert len([case for case in CASES if case["name"] not in DIFFERS]) >= 20
