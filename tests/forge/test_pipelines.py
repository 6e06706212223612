"""A push starts a pipeline: what runs, in which order, what its logs say, and what a person can do with it."""

from __future__ import annotations

import io
import json
import queue
import subprocess
import threading
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from serving_forge import ServedForge

Git = Callable[..., subprocess.CompletedProcess[str]]
PROJECT = "waal/waal-web"


class Learner:
    """Somebody with a working copy, a browser and a terminal."""

    def __init__(self, git: Git, served: ServedForge, folder: Path) -> None:
        self.git = git
        self.served = served
        self.folder = folder
        # one for all, since making one takes longer than most of what is asked
        self.client = httpx.Client(base_url=f"http://{served.host}/api/", timeout=60)
        folder.mkdir()
        git(folder, "init", "--initial-branch", "main")
        git(folder, "remote", "add", "origin", served.url(PROJECT))

    def push(self, ci: str, *more: str, message: str = "change", **files: str) -> str:
        """Commit a pipeline's file and push it; gives what git printed."""
        (self.folder / ".gitlab-ci.yml").write_text(ci)
        for name, text in files.items():
            (self.folder / name).write_text(text)
        self.git(self.folder, "add", ".")
        self.git(self.folder, "commit", "--allow-empty", "-m", message)
        pushed = self.git(self.folder, "push", "--quiet", "origin", *(more or ("main",)))
        assert pushed.returncode == 0, pushed.stderr
        return pushed.stderr

    def get(self, path: str) -> Any:
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any = None) -> httpx.Response:
        return self.client.post(path, json=body, auth=("learner", self.served.token))

    def pipeline(self, *, until: Callable[[dict[str, Any]], bool] | None = None) -> dict[str, Any]:
        """The newest pipeline, once it has ended or something else holds."""
        holds = until or (lambda told: told["finished_at"] is not None)
        version = "0"
        while True:
            answer = httpx.get(f"http://{self.served.host}/api/pipelines", params={"newer_than": version}, timeout=60)
            version, told = answer.headers["x-version"], answer.json()[0]
            if holds(told):
                return dict(told)

    def states(self, told: dict[str, Any]) -> dict[str, str]:
        return {job["name"]: job["status"] for job in told["jobs"] if not job["retried"]}

    def log(self, told: dict[str, Any], name: str) -> str:
        number = [job["id"] for job in told["jobs"] if job["name"] == name][-1]
        return self.client.get(f"jobs/{number}/trace?follow=1").text

    def id_of(self, told: dict[str, Any], name: str) -> int:
        return int(next(job["id"] for job in told["jobs"] if job["name"] == name and not job["retried"]))


@pytest.fixture
def learner(git: Git, served: ServedForge, tmp_path: Path) -> Iterator[Learner]:
    made = Learner(git, served, tmp_path / "work")
    with made.client:
        yield made


def test_a_push_runs_its_jobs_stage_by_stage_and_says_where_to_look(learner: Learner) -> None:
    said = learner.push("""
stages: [build, test]
build:
  stage: build
  script: [echo "made by $CI_JOB_NAME" > made.txt]
  artifacts: {paths: [made.txt]}
test:
  stage: test
  script: [cat made.txt, test "$CI_COMMIT_BRANCH" = main]
""")
    assert "remote: Pipeline #1 of main: 2 jobs" in said
    told = learner.pipeline()
    assert (told["status"], learner.states(told)) == ("success", {"build": "success", "test": "success"})
    log = learner.log(told, "test")
    assert "\x1b[32;1m$ cat made.txt\x1b[0;m\nmade by build\n" in log
    assert log.rstrip().endswith("\x1b[32;1mJob succeeded\x1b[0;m")
    for section in ("prepare_executor", "get_sources", "download_artifacts", "step_script"):
        assert f":{section}\r\x1b[0K" in log
    archive = learner.client.get(f"jobs/{learner.id_of(told, 'build')}/artifacts").content
    assert zipfile.ZipFile(io.BytesIO(archive)).read("made.txt") == b"made by build\n"


def test_a_failing_command_ends_its_job_and_skips_what_comes_after(learner: Learner) -> None:
    learner.push("""
stages: [build, test, deploy]
lint: {stage: build, script: [exit 3], allow_failure: true}
build: {stage: build, script: ["false | cat", echo never]}
test: {stage: test, script: [echo never]}
report: {stage: test, script: [echo "it failed"], when: on_failure}
always: {stage: deploy, script: ["echo $CI_JOB_STATUS"], when: always, after_script: ["echo after $CI_JOB_STATUS"]}
""")
    told = learner.pipeline()
    assert told["status"] == "failed"
    assert learner.states(told) == {
        "lint": "failed", "build": "failed", "test": "skipped", "report": "success", "always": "success",
    }  # fmt: skip
    assert [job["failure_reason"] for job in told["jobs"] if job["name"] == "build"] == ["script_failure"]
    log = learner.log(told, "build")
    assert "echo never" not in log
    assert "ERROR: Job failed: exit code 1" in log
    assert "after success" in learner.log(told, "always")


def test_needs_let_a_job_begin_before_its_stage_and_bring_only_what_was_needed(learner: Learner) -> None:
    learner.push("""
stages: [build, test]
a: {stage: build, script: [echo a > a.txt], artifacts: {paths: ["*.txt"]}}
slow: {stage: build, script: ["until [ -e $CI_BUILDS_DIR/../../go ]; do sleep 0.05; done"]}
quick: {stage: test, needs: [a], script: [cat a.txt]}
""")
    told = learner.pipeline(until=lambda told: learner.states(told)["quick"] == "success")
    assert learner.states(told)["slow"] == "running"
    (learner.served.folder.ci / "go").write_text("")
    assert learner.pipeline()["status"] == "success"


def test_a_manual_job_waits_for_a_click_and_holds_up_what_comes_after(learner: Learner) -> None:
    learner.push("""
stages: [build, approve, deploy]
build: {stage: build, script: [echo built]}
approve: {stage: approve, script: [echo yes], rules: [{when: manual}]}
optional: {stage: approve, script: [echo maybe], when: manual}
deploy: {stage: deploy, script: [echo deployed]}
""")
    told = learner.pipeline(until=lambda told: told["status"] == "manual")
    assert learner.states(told) == {
        "build": "success", "approve": "manual", "optional": "manual", "deploy": "created",
    }  # fmt: skip
    assert learner.post(f"jobs/{learner.id_of(told, 'build')}/play").status_code == 400
    assert learner.post(f"jobs/{learner.id_of(told, 'approve')}/play").status_code == 200
    told = learner.pipeline()
    assert learner.states(told)["deploy"] == "success"
    assert (told["status"], learner.states(told)["optional"]) == ("success", "manual")
    learner.post(f"jobs/{learner.id_of(told, 'optional')}/play")
    assert learner.states(learner.pipeline())["optional"] == "success"


def test_a_delayed_job_waits_for_its_time_and_can_be_started_before_it(learner: Learner) -> None:
    learner.push("later: {script: [echo now], when: delayed, start_in: 1 hour}")
    told = learner.pipeline(until=lambda told: told["status"] == "scheduled")
    assert learner.post(f"jobs/{learner.id_of(told, 'later')}/play").status_code == 200
    assert learner.pipeline()["status"] == "success"
    learner.push("later: {script: [echo now], when: delayed, start_in: 1 second}", message="soon")
    told = learner.pipeline()
    assert told["status"] == "success"
    assert told["jobs"][0]["started_at"] - told["created_at"] >= 0.9


def test_a_hanging_job_is_ended_when_its_time_is_up_with_all_it_started(learner: Learner) -> None:
    learner.push("""
hang:
  timeout: 1 second
  script: ["sleep 987 & sleep 987"]
  after_script: [echo cleaned up]
""")
    told = learner.pipeline()
    assert (told["status"], told["jobs"][0]["failure_reason"]) == ("failed", "job_execution_timeout")
    log = learner.log(told, "hang")
    assert "execution took longer than 1 seconds" in log
    assert "cleaned up" in log
    found = subprocess.run(["pgrep", "-f", "sleep 987"], capture_output=True, text=True, check=False)
    assert found.stdout == ""


def test_a_running_job_is_cancelled_and_runs_again(learner: Learner) -> None:
    learner.push("""
stages: [build, test]
wait: {stage: build, script: ["echo begun; [ -e $CI_BUILDS_DIR/../../go ] || sleep 988"]}
after: {stage: test, script: [echo after]}
""")
    told = learner.pipeline(until=lambda told: told["status"] == "running")
    wait = learner.id_of(told, "wait")
    assert learner.post(f"jobs/{wait}/cancel").status_code == 200
    told = learner.pipeline()
    assert (told["status"], learner.states(told)) == ("canceled", {"wait": "canceled", "after": "skipped"})
    assert learner.post(f"jobs/{wait}/cancel").status_code == 400
    (learner.served.folder.ci / "go").write_text("")
    assert learner.post(f"jobs/{wait}/retry").status_code == 201
    told = learner.pipeline()
    assert (told["status"], learner.states(told)) == ("success", {"wait": "success", "after": "success"})
    assert [job["retried"] for job in told["jobs"] if job["name"] == "wait"] == [True, False]


def test_a_failed_job_is_retried_as_often_as_it_says(learner: Learner) -> None:
    learner.push("""
flaky: {script: ["n=$(ls $CI_BUILDS_DIR/.. | wc -l); exit 4"], retry: 2}
picky: {script: [exit 5], retry: {max: 2, exit_codes: [137]}}
""")
    told = learner.pipeline()
    assert [job["status"] for job in told["jobs"] if job["name"] == "flaky"] == ["failed"] * 3
    assert [job["exit_code"] for job in told["jobs"] if job["name"] == "picky"] == [5]


def test_jobs_of_one_resource_group_never_run_at_once(learner: Learner) -> None:
    script = "echo begin >> $F; sleep 0.2; echo end >> $F"
    learner.push(f"""
variables: {{F: $CI_BUILDS_DIR/../../order}}
a: {{script: ['{script}'], resource_group: production}}
b: {{script: ['{script}'], resource_group: production}}
c: {{script: ['{script}'], resource_group: production}}
""")
    assert learner.pipeline()["status"] == "success"
    assert (learner.served.folder.ci / "order").read_text().split() == ["begin", "end"] * 3


def test_a_token_never_shows_in_a_log(learner: Learner) -> None:
    learner.push("""
leak: {script: ['echo "token $CI_JOB_TOKEN."', 'printf "%s" "$CI_REGISTRY_PASSWORD" | sed "s/glcbt/glcbt/"', env]}
""")
    told = learner.pipeline()
    log = learner.log(told, "leak")
    assert "token [MASKED]." in log
    assert "glcbt-" not in log
    assert learner.served.token not in log


def test_caches_and_dotenv_reports_are_passed_on(learner: Learner) -> None:
    ci = """
stages: [build, use]
version: {stage: build, script: ['echo "VERSION=1.2.$CI_PIPELINE_IID" > v.env'], artifacts: {reports: {dotenv: v.env}}}
use:
  stage: use
  cache: {key: packages, paths: [cache/]}
  script: ['echo "it is $VERSION"', "ls cache || echo nothing yet", "mkdir -p cache; touch cache/kept-$CI_PIPELINE_IID"]
"""
    learner.push(ci)
    log = learner.log(learner.pipeline(), "use")
    assert "it is 1.2.1" in log
    assert "nothing yet" in log
    learner.push(ci, message="again")
    assert "kept-1" in learner.log(learner.pipeline(), "use")


def test_a_tag_starts_a_pipeline_of_its_own_and_no_file_or_no_jobs_none(learner: Learner) -> None:
    ci = """
dev: {script: [echo dev], rules: [{if: $CI_COMMIT_TAG, when: never}, {when: on_success}]}
prod: {script: ['echo "prod $CI_COMMIT_TAG"'], rules: [{if: '$CI_COMMIT_TAG =~ /^v\\d+$/'}]}
"""
    learner.push(ci)
    assert learner.states(learner.pipeline()) == {"dev": "success"}
    learner.git(learner.folder, "tag", "v7")
    assert "Pipeline #2 of v7: 1 job," in learner.push(ci, "v7", message="unused")
    told = learner.pipeline()
    assert told["iid"] == 2
    assert (told["ref"], told["tag"], learner.states(told)) == ("v7", True, {"prod": "success"})
    assert "prod v7" in learner.log(told, "prod")
    said = learner.push("only: {script: [echo x], rules: [{if: $NEVER}]}", message="empty")
    assert "No pipeline for main: The resulting pipeline would have been empty" in said
    assert "The pipeline was skipped" in learner.push(ci, message="not now [skip ci]")


def test_a_file_that_gitlab_refuses_is_told_to_who_pushed_it_and_kept(learner: Learner) -> None:
    said = learner.push("build: {script: [echo x], stage: nowhere}")
    assert "chosen stage nowhere does not exist" in said
    told = learner.get("pipelines")[0]
    assert (told["status"], told["jobs"]) == ("failed", [])
    assert "chosen stage nowhere" in told["yaml_errors"]


def test_options_of_a_push_skip_the_pipeline_or_give_it_variables(learner: Learner) -> None:
    ci = "say: {script: ['echo \"colour $COLOUR\"'], rules: [{if: $COLOUR}]}"
    assert "No pipeline: ci.skip" in learner.push(ci, "main", "-o", "ci.skip")
    assert "No pipeline: ci.skip" in learner.push(ci, "main", "-o", "ci.skip=", message="as go-git spells it")
    assert learner.get("pipelines") == []
    said = learner.push(ci, "main", "-o", 'ci.variable="COLOUR=light blue"', message="again")
    assert "Pipeline #1 of main: 1 job," in said
    assert "colour light blue" in learner.log(learner.pipeline(), "say")


def test_a_pipeline_is_started_by_hand_with_variables(learner: Learner) -> None:
    learner.push("say: {script: ['echo \"$GREETING from $CI_PIPELINE_SOURCE\"'], rules: [{if: $GREETING}]}")
    asked = {"project": PROJECT, "ref": "main", "source": "web", "variables": {"GREETING": "hello"}}
    assert learner.post("pipelines", asked).status_code == 201
    assert "hello from web" in learner.log(learner.pipeline(), "say")
    assert learner.post("pipelines", asked | {"ref": "nowhere"}).status_code == 404
    assert learner.post("pipelines", asked | {"source": "nonsense"}).status_code in (400, 404)
    assert learner.client.post("pipelines", json=asked).status_code == 401
    assert learner.client.post("pipelines", json=asked, auth=("learner", "wrong")).status_code == 401


def test_a_variable_of_the_project_wins_over_the_files_and_a_masked_one_never_shows(learner: Learner) -> None:
    secret = "s3cr3t-of-the-project"
    given = {"project": PROJECT, "key": "COLOUR", "value": "blue"}
    assert learner.post("variables", given).json() == [{"key": "COLOUR", "masked": False}]
    masked = given | {"key": "PASSWORD", "value": secret, "masked": True}
    assert learner.post("variables", masked).status_code == 200
    learner.push(f"""
variables: {{COLOUR: red}}
say: {{script: ['echo "colour $COLOUR"', 'echo "password $PASSWORD"', 'test "$PASSWORD" = {secret}']}}
""")
    told = learner.pipeline()
    log = learner.log(told, "say")
    assert told["status"] == "success", log
    assert "colour blue" in log
    assert "password [MASKED]" in log
    assert secret not in log
    assert secret not in learner.client.get("pipelines").text
    for wrong in ({"value": "short"}, {"value": "two words of it"}, {"key": "NOT-A-NAME"}):
        assert learner.post("variables", masked | wrong).status_code == 400
    assert learner.client.post("variables", json=given).status_code == 401
    assert learner.post("variables", given | {"value": None}).json() == [{"key": "PASSWORD", "masked": True}]


def test_a_push_is_told_to_a_hook_of_this_machine_and_to_who_waits(learner: Learner) -> None:
    heard: queue.Queue[tuple[dict[str, str], dict[str, Any]]] = queue.Queue()

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            heard.put((dict(self.headers), json.loads(body)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    asked = {
        "project": PROJECT,
        "url": f"http://localhost:{server.server_address[1]}/hook",
        "token": "t0ken",
        "bearer": "k3y",
    }
    assert learner.post("hooks", asked).status_code == 200
    elsewhere = learner.post("hooks", asked | {"url": "http://example.org/"})
    assert (elsewhere.status_code, "is not on this machine" in elsewhere.text) == (400, True)
    vouched = {"project": PROJECT, "url": "https://192.0.2.1:6443/", "authority": "PEM", "token": "t0ken"}
    assert learner.post("hooks", vouched).json() == [{"url": asked["url"]}, {"url": vouched["url"]}]
    assert learner.post("hooks", vouched | {"token": None}).json() == [{"url": asked["url"]}]
    version = learner.client.get("projects").headers["x-version"]
    learner.push("say: {script: [echo hi]}")
    headers, payload = heard.get(timeout=30)
    assert (headers["X-Gitlab-Event"], headers["X-Gitlab-Token"]) == ("Push Hook", "t0ken")
    assert headers["Authorization"] == "Bearer k3y"
    assert (payload["ref"], payload["project"]["path_with_namespace"]) == ("refs/heads/main", PROJECT)
    answer = learner.client.get("projects", params={"newer_than": version})
    assert answer.json()[0]["refs"] == {"refs/heads/main": payload["after"]}
    server.shutdown()
    server.server_close()


def test_a_job_sees_a_git_repository_at_its_commit(learner: Learner) -> None:
    learner.push(
        "look: {script: [git status --short, git log -1 --format=%s, git rev-parse HEAD]}", message="a subject"
    )
    told = learner.pipeline()
    log = learner.log(told, "look")
    assert "a subject" in log
    assert told["sha"] in log


def test_a_project_that_is_deleted_leaves_nothing_behind_and_begins_anew(learner: Learner) -> None:
    learner.push("slow: {script: sleep 60}")
    told = learner.pipeline(until=lambda told: learner.states(told) == {"slow": "running"})
    learner.post("variables", {"project": PROJECT, "key": "COLOUR", "value": "blue"})
    assert learner.post("projects/delete", {"project": PROJECT}).status_code == 200
    assert [one for one in learner.get("pipelines") if one["project"] == PROJECT] == []
    assert learner.client.get(f"pipelines/{told['id']}").status_code == 404
    assert PROJECT not in [one["path_with_namespace"] for one in learner.get("projects")]
    assert learner.git(learner.folder, "ls-remote", "origin").returncode != 0
    learner.push("quick: {script: 'echo $COLOUR.'}")
    done = learner.pipeline()
    assert (done["iid"], done["status"]) == (1, "success")
    assert "blue" not in learner.log(done, "quick")
