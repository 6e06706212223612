"""Jobs in containers, with a stand-in for the engine that runs on this machine what it is told to run in an image."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from pathlib import Path

import pytest

from gitopslab.ci import Event, make, read
from gitopslab.ci.runner.local import run_here
from gitopslab.ci.runner.record import PipelineRecord
from gitopslab.ci.runner.services import names_of

ENGINE = f"""#!{sys.executable}
import json, os, sys
words, given = sys.argv[1:], {{}}
verb = words.pop(0)
if verb != "run":
    if verb == "rm":
        with open(os.environ["STANDIN_LOG"], "a") as log:
            log.write(json.dumps({{"removed": words[-1]}}) + "\\n")
    if verb == "inspect":
        asked = words[1]
        print("127.0.0.9" if "IPAddress" in asked else "true" if "Running" in asked else "")
    sys.exit()
while words[0].startswith("--"):
    option = words.pop(0)
    if option not in ("--rm", "--detach"):
        given.setdefault(option, []).append(words.pop(0))
image, *arguments = words
with open(os.environ["STANDIN_LOG"], "a") as log:
    log.write(json.dumps({{"image": image, "options": given}}) + "\\n")
if "--workdir" not in given:
    sys.exit(f"no such image: {{image}}" if image == "missing:1" else 0)
os.chdir(given["--workdir"][0])
os.execvp(given["--entrypoint"][0], [given["--entrypoint"][0], *arguments])
"""


@pytest.fixture
def engine(tmp_path: Path) -> Path:
    """The stand-in."""
    if os.name == "nt":
        pytest.skip("the stand-in is a script with a first line that Windows does not read")
    path = tmp_path / "bin" / "docker"
    path.parent.mkdir()
    path.write_text(ENGINE)
    path.chmod(0o755)
    return path


def run(ci: str, folder: Path, engine: str) -> tuple[PipelineRecord, str, list[dict[str, object]]]:
    """Run a file's push pipeline; gives the record, the log, and what the engine was told."""
    log = folder / "told"
    text = f"variables: {{STANDIN_LOG: {log}}}\n{ci}"
    said: list[bytes] = []
    record = run_here(make(read(text), Event()), folder, engine=engine, echo=said.append)
    told = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    return record, b"".join(said).decode(), told


def test_a_job_runs_in_a_container_of_its_image(engine: Path, tmp_path: Path) -> None:
    ci = """
test:
  image: "python:$VERSION-slim"
  variables: {GREETING: hi there, VERSION: "3.12"}
  script: ['echo "in $CI_JOB_IMAGE, as $GREETING"', 'test -f "$DOCKER_CONFIG/config.json"']  # Podman insists on it
"""
    record, log, told = run(ci, tmp_path, str(engine))
    assert record.state.value == "success", log
    assert 'Preparing the "docker" executor' in log
    assert "Using docker with image python:3.12-slim..." in log
    assert "as hi there" in log
    assert told[0]["image"] == "python:3.12-slim"
    options = told[0]["options"]
    assert isinstance(options, dict)
    assert "GREETING" in options["--env"]  # the name alone: values are in no list of processes
    assert "hi there" not in json.dumps(options)


def test_a_container_whose_time_is_up_is_removed(engine: Path, tmp_path: Path) -> None:
    ci = "hang: {image: 'alpine:3', timeout: 1 second, script: [sleep 985]}"
    record, _, told = run(ci, tmp_path, str(engine))
    assert record.jobs[0].failure_reason == "job_execution_timeout"
    started, removed = told
    options = started["options"]
    assert isinstance(options, dict)
    assert options["--name"] == [removed["removed"]]


def test_the_docker_command_line_is_no_image_to_run_in(engine: Path, tmp_path: Path) -> None:
    ci = "build: {image: 'docker:27', services: ['docker:27-dind'], script: [echo built]}"
    record, log, told = run(ci, tmp_path, str(engine))
    assert (record.state.value, told) == ("success", [])
    assert "WARNING" not in log  # the image needs no service either


def test_services_run_beside_the_jobs_container_under_their_names(engine: Path, tmp_path: Path) -> None:
    ci = """
test:
  image: alpine:3
  services:
    - {name: "postgres:$V", alias: "db, main", command: [postgres, -c, fsync=off], variables: {POSTGRES_DB: "$NAME"}}
    - missing:1
    - docker:27-dind
  variables: {V: "16", NAME: shop}
  script: [echo tested]
"""
    record, log, told = run(ci, tmp_path, str(engine))
    assert record.state.value == "success", log
    service, _, job, *removed = told
    options = service["options"]
    assert isinstance(options, dict)
    assert service["image"] == "postgres:16"
    assert "POSTGRES_DB" in options["--env"]
    assert "--publish" not in options
    assert job["options"]["--add-host"] == ["postgres:127.0.0.9", "db:127.0.0.9", "main:127.0.0.9"]  # type: ignore[index]
    assert [str(each["removed"])[-10:] for each in removed] == ["-service-0", "-service-1"]
    assert "Starting service postgres:16..." in log
    assert "WARNING: Service missing:1 probably didn't start properly: no such image: missing:1" in log


@pytest.mark.parametrize(
    ("image", "alias", "names"),
    [
        ("postgres:16", "", ["postgres"]),
        ("tutum/wordpress:latest", "", ["tutum__wordpress", "tutum-wordpress"]),
        ("registry.example.com:5000/a/b@sha256:1234", "", ["registry.example.com__a__b", "registry.example.com-a-b"]),
        (
            "localhost:5050/waal/db",
            "db,main other",
            ["localhost__waal__db", "localhost-waal-db", "db", "main", "other"],
        ),
    ],
)
def test_a_service_is_called_as_gitlab_calls_it(image: str, alias: str, names: list[str]) -> None:
    assert names_of(image, alias) == names


def test_without_an_engine_the_log_says_that_a_service_is_not_started(tmp_path: Path) -> None:
    record, log, _ = run("test: {services: ['postgres:16'], script: [echo hi]}", tmp_path, "")
    assert record.state.value == "success"
    assert "*** WARNING: Service postgres:16 is not started: it needs a container engine" in log


def test_without_an_engine_the_log_says_where_a_job_really_runs(tmp_path: Path) -> None:
    record, log, _ = run("test: {image: 'alpine:3', script: [echo hi]}", tmp_path, "")
    assert record.state.value == "success"
    assert "image alpine:3 is not used: no container engine answers, so the job runs on this machine" in log


@pytest.mark.skipif(shutil.which("setsid") is None, reason="there is no setsid here")
def test_what_a_job_leaves_running_elsewhere_does_not_hold_it_up(tmp_path: Path) -> None:
    began = time.monotonic()
    record, log, _ = run("start: {script: ['setsid sleep 60 & echo $! > pid; echo started']}", tmp_path, "")
    assert record.state.value == "success"
    assert "started" in log
    assert time.monotonic() - began < 30


def test_a_job_that_triggers_another_pipeline_says_that_the_lab_has_none(tmp_path: Path) -> None:
    record, log, _ = run("deploy: {trigger: group/other}", tmp_path, "")
    assert record.jobs[0].failure_reason == "downstream_pipeline_creation_failed"
    assert "the lab starts no downstream pipelines" in log
