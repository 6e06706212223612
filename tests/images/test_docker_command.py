"""The ``docker`` command for machines without Docker: its words, its exit codes, and what comes of it."""

from __future__ import annotations

import datetime
import io
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from image_samples import write
from serving_forge import ServedForge, served_forge

from gitopslab.images.client import DockerConfig
from gitopslab.images.docker.commands import main
from gitopslab.images.docker.desk import Desk, ago
from gitopslab.images.docker.template import fill_in
from gitopslab.images.image import host_platform
from gitopslab.images.sizes import bytes_in_words

APP = 'FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nENV GREETING=hello\nCMD ["python", "app.py"]\n'


@dataclass
class Said:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


Docker = Callable[..., Said]


@pytest.fixture
def docker(tmp_path: Path) -> Docker:
    def run(*words: str, given: str = "") -> Said:
        out, err = io.StringIO(), io.StringIO()
        config = DockerConfig(tmp_path / "docker")
        code = main(words, Desk(tmp_path / "images", config, out, err, io.StringIO(given)))
        return Said(code, out.getvalue(), err.getvalue())

    return run


@pytest.fixture
def app(folder: Path) -> str:
    """The folder of a Python app."""
    write(folder, {"Dockerfile": APP, "app.py": "import os, sys\nprint(os.environ['GREETING'], *sys.argv[1:])\n"})
    return str(folder)


@pytest.fixture
def forge(tmp_path: Path) -> Iterator[ServedForge]:
    with served_forge(tmp_path / "forge") as served:
        yield served


@pytest.mark.parametrize(
    ("words", "code", "words_said"),
    [
        (["build", "-t", "x"], 1, 'ERROR: "docker buildx build" requires exactly 1 argument.'),
        (["build", "-t", "x", "a", "b"], 1, 'ERROR: "docker buildx build" requires exactly 1 argument.'),
        (["build", "nowhere"], 1, 'ERROR: unable to prepare context: path "nowhere" not found'),
        (["build", "-t", "Upper", "."], 1, 'ERROR: invalid tag "Upper": invalid reference format: repository name'),
        (["build", "https://example.org/x.git"], 1, "needs a container engine"),
        (["build", "--nope", "."], 125, "unknown flag: --nope\nSee 'docker build --help'."),
        (["build", "-z", "."], 125, "unknown shorthand flag: 'z' in -z"),
        (["build", ".", "-t"], 125, "flag needs an argument: 't' in -t"),
        (["build", ".", "--tag"], 125, "flag needs an argument: --tag"),
        (["tag", "a"], 1, '"docker tag" requires exactly 2 arguments.'),
        (["tag", "a", "UPPER"], 1, 'Error parsing reference: "UPPER" is not a valid repository/tag: invalid reference'),
        (["run", "x@1"], 125, "docker: invalid reference format"),
        (["tag", "nope", "a"], 1, "Error response from daemon: No such image: nope:latest"),
        (["push"], 1, '"docker push" requires exactly 1 argument.'),
        (["push", "localhost:1/x"], 1, "An image does not exist locally with the tag: localhost:1/x"),
        (["pull", "localhost:1/x:1"], 1, "The registry localhost:1 does not answer: Connection refused"),
        (["pull", "UPPER"], 1, "invalid reference format"),
        (["run"], 1, '"docker run" requires at least 1 argument.'),
        (["run", "localhost:1/x"], 125, "Unable to find image 'localhost:1/x:latest' locally"),
        (["logs", "nope"], 1, "Error response from daemon: No such container: nope"),
        (["rm", "nope"], 1, "No such container: nope"),
        (["rmi", "nope"], 1, "No such image: nope:latest"),
        (["inspect", "nope"], 1, "Error: No such object: nope"),
        (["version", "x"], 1, '"docker version" accepts no arguments.'),
        (["login", "a", "b"], 1, '"docker login" requires at most 1 argument.'),
        (["login", "-u", "", "-p", "x", "localhost:1"], 1, "the user name is empty"),
        (["login", "-u", "me", "-p", "", "localhost:1"], 1, "the password is empty"),
        (["login", "--password-stdin", "localhost:1"], 1, "Must provide --username with --password-stdin"),
        (["login", "-u", "a", "-p", "b", "--password-stdin", "x"], 1, "are mutually exclusive"),
        (["bild", "."], 1, "is not a docker command.\nSee 'docker --help'\n  Next: did you mean docker build?"),
        (["compose", "up"], 1, "docker: 'compose' is not a docker command."),
    ],
)  # fmt: skip
def test_mistakes_are_worded_as_docker_words_them(docker: Docker, words: list[str], code: int, words_said: str) -> None:
    said = docker(*words)
    assert said.code == code
    assert words_said in said.err


def test_a_build_shows_its_steps_and_names_the_image(docker: Docker, app: str) -> None:
    said = docker("build", "-t", "web:dev", "--build-arg", "NOPE=1", app)
    assert said.code == 0
    lines = said.err.splitlines()
    assert "#2 [1/3] FROM docker.io/library/python:3.12-slim" in lines
    assert "#4 [3/3] COPY . ." in lines
    assert "#5 naming to docker.io/library/web:dev done" in lines
    assert " - One or more build-args [NOPE] were not consumed" in lines
    again = docker("build", "-q", "-t", "web:dev", app)
    assert (again.err, again.out.strip()) == ("", docker("inspect", "-f", "{{.Id}}", "web:dev").out.strip())
    assert "#4 CACHED" in docker("build", app).err.splitlines()


def test_a_line_that_cannot_be_followed_is_shown_with_its_neighbours(docker: Docker, folder: Path) -> None:
    write(folder, {"Dockerfile": "FROM scratch\n\nRUNN make\nCMD x\n"})
    said = docker("build", str(folder))
    assert said.code == 1
    assert said.err.splitlines()[-9:] == [
        "Dockerfile:3",
        "-" * 20,
        "   1 |     FROM scratch",
        "   2 |     ",
        "   3 | >>> RUNN make",
        "   4 |     CMD x",
        "-" * 20,
        "ERROR: failed to solve: dockerfile parse error on line 3: unknown instruction: RUNN (did you mean RUN?)",
        "  Next: Write RUN.",
    ]
    write(folder, {"Dockerfile": "FROM scratch\nRUN make\n"})
    assert "RUN needs a container engine, and none answers" in docker("build", str(folder)).err
    assert "failed to read dockerfile: open" in docker("build", "-f", str(folder / "Nope"), str(folder)).err


def test_a_job_logs_in_builds_pushes_and_another_machine_pulls(
    docker: Docker, app: str, forge: ServedForge, tmp_path: Path
) -> None:
    image = f"{forge.host}/waal/foto-web:dev-7-1a2b3c4d"
    assert docker("build", "-t", image, app).code == 0
    refused = docker("push", image)
    assert (refused.code, "unauthorized" in refused.err) == (1, True)
    wrong = docker("login", "-u", "learner", "-p", "wrong", forge.host)
    assert wrong.code == 1
    assert f'Error response from daemon: Get "http://{forge.host}/v2/": unauthorized' in wrong.err
    login = docker("login", "-u", "learner", "-p", forge.token, forge.host)
    assert (login.code, login.out) == (0, "Login Succeeded\n")
    assert "WARNING! Using --password via the CLI is insecure. Use --password-stdin." in login.err
    assert forge.token not in login.err
    pushed = docker("push", image)
    assert pushed.code == 0
    digest = docker("inspect", "--format={{index .RepoDigests 0}}", image).out.strip().partition("@")[2]
    assert pushed.out.splitlines()[0] == f"The push refers to repository [{forge.host}/waal/foto-web]"
    assert [line.endswith(": Pushed") for line in pushed.out.splitlines()[1:4]] == [True] * 3
    assert pushed.out.splitlines()[-1].startswith(f"dev-7-1a2b3c4d: digest: {digest} size: ")

    out = io.StringIO()
    elsewhere = Desk(tmp_path / "elsewhere", DockerConfig(tmp_path / "none"), out, io.StringIO(), io.StringIO())
    assert main(["pull", image], elsewhere) == 0
    assert out.getvalue().splitlines()[-3:] == [
        f"Digest: {digest}",
        f"Status: Downloaded newer image for {image}",
        image,
    ]
    assert "Status: Image is up to date" in docker("pull", image).out
    missing = docker("pull", f"{forge.host}/waal/foto-web:nope")
    assert f"manifest for {forge.host}/waal/foto-web:nope not found: manifest unknown" in missing.err

    assert docker("logout", forge.host).out == f"Removing login credentials for {forge.host}\n"
    assert docker("push", image).code == 1


def test_a_password_may_come_from_standard_input(docker: Docker, forge: ServedForge) -> None:
    said = docker(
        "login", "--username=learner", "--password-stdin", f"http://{forge.host}/v2/", given=forge.token + "\n"
    )
    assert (said.code, said.out) == (0, "Login Succeeded\n")
    assert "insecure" not in said.err


def test_promotion_gives_the_same_digest_another_name(docker: Docker, app: str, forge: ServedForge) -> None:
    dev, prod = (f"{forge.host}/waal/web:{tag}" for tag in ("dev", "prod-v1.2.3"))
    docker("login", "-u", "learner", "-p", forge.token, forge.host)
    docker("build", "-t", dev, app)
    docker("push", dev)
    assert docker("tag", dev, prod).code == 0
    again = docker("push", prod).out.splitlines()
    assert [line.partition(": ")[2] for line in again[1:4]] == ["Layer already exists"] * 3
    digests = [docker("inspect", "-f", "{{index .RepoDigests 0}}", name).out for name in (dev, prod)]
    assert digests[0] == digests[1]


def test_images_are_listed_and_removed(docker: Docker, app: str) -> None:
    docker("build", "-t", "web:dev", "-t", "localhost:5050/waal/web:1", app)
    lines = docker("images").out.splitlines()
    assert lines[0].split() == ["REPOSITORY", "TAG", "IMAGE", "ID", "CREATED", "SIZE"]
    assert {tuple(line.split()[:2]) for line in lines[1:]} == {("web", "dev"), ("localhost:5050/waal/web", "1")}
    assert docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}", "web").out == "web:dev\n"
    assert len(docker("images", "-q").out.split()) == 1
    assert "must be forced" in docker("rmi", docker("images", "-q").out.strip()).err
    assert docker("rmi", "web:dev").out == "Untagged: web:dev\n"
    assert "Deleted: sha256:" in docker("rmi", "localhost:5050/waal/web:1").out
    assert docker("images", "-q").out == ""


def test_inspect_tells_what_docker_tells(docker: Docker, app: str) -> None:
    docker("build", "-t", "web:dev", app)
    [told] = json.loads(docker("inspect", "web:dev").out)
    assert told["RepoTags"] == ["web:dev"]
    assert told["Config"]["Cmd"] == ["python", "app.py"]
    assert (told["Architecture"], told["Os"]) == (host_platform().architecture, "linux")
    assert len(told["RootFS"]["Layers"]) == 3
    assert docker("inspect", "-f", "{{.Nope}}", "web:dev").code == 1


@pytest.mark.parametrize(
    ("words", "code", "printed"),
    [
        (["web"], 0, "hello\n"),
        (["-e", "GREETING=hi", "web", "python", "/app/app.py", "--flag"], 0, "hi --flag\n"),
        (["--entrypoint", "python", "web", "-c", "raise SystemExit(3)"], 3, ""),
        (["-w", "/", "web", "python3", "app/app.py"], 0, "hello\n"),
        (["web", "sh", "-c", "python app.py there"], 0, "hello there\n"),
    ],
)
def test_a_container_runs_with_the_images_settings(
    docker: Docker,
    app: str,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    words: list[str],
    code: int,
    printed: str,
) -> None:
    docker("build", "-t", "web", app)
    assert docker("run", "--rm", *words).code == code
    assert capfd.readouterr().out == printed
    assert list((tmp_path / "images" / "containers").iterdir()) == []


def test_a_container_in_the_background_has_logs_and_ends(docker: Docker, app: str) -> None:
    docker("build", "-t", "web", app)
    script = "import signal, sys; print('up', flush=True); signal.pause()"
    started = docker("run", "-d", "--name", "bg", "web", "python", "-c", script)
    assert started.code == 0
    try:
        assert started.out.strip()[:12] in docker("ps").out
        taken = docker("run", "-d", "--name", "bg", "web")
        assert (taken.code, 'The container name "/bg" is already in use' in taken.err) == (125, True)
        assert "container is running" in docker("rm", "bg").err
    finally:
        assert docker("stop", "-t", "5", "bg").out == "bg\n"
    assert docker("ps", "-q").out == ""
    assert docker("ps", "-aq").out.strip() == started.out.strip()[:12]
    assert docker("logs", "bg").out in ("up\n", "")  # it may be stopped before it has said so
    assert docker("rm", "bg").out == "bg\n"


@pytest.mark.parametrize(
    ("dockerfile", "code", "words"),
    [
        ("FROM nginx", 125, "stands for a simulated server, which only a pod can play"),
        ('FROM scratch\nCMD ["/nope"]', 127, "executable file not found"),
        ("FROM scratch\nENV A=1", 125, "no command specified"),
    ],
)
def test_what_cannot_be_run_says_why(docker: Docker, folder: Path, dockerfile: str, code: int, words: str) -> None:
    write(folder, {"Dockerfile": dockerfile})
    docker("build", "-t", "x", str(folder))
    said = docker("run", "--rm", "x")
    assert (said.code, words in said.err) == (code, True), said.err


def test_an_image_for_another_machine_is_not_run(docker: Docker, folder: Path) -> None:
    other = "arm64" if host_platform().architecture != "arm64" else "amd64"
    write(folder, {"Dockerfile": 'FROM scratch\nCMD ["/x"]'})
    docker("build", "-t", "x", "--platform", f"linux/{other}", str(folder))
    said = docker("run", "x")
    assert (said.code, f"made for linux/{other}, this machine is {host_platform()}" in said.err) == (125, True)


VALUE = {"Id": "sha256:1", "Names": ["a", "b"], "Config": {"Env": None, "User": "me"}, "Size": 3, "Ok": True}


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{.Id}}", "sha256:1"),
        ("x {{ .Config.User }} y", "x me y"),
        ("{{json .Names}}", '["a","b"]'),
        ("{{index .Names 1}}", "b"),
        ('{{join .Names ", "}}', "a, b"),
        ("{{len .Names}}", "2"),
        ("{{.Names}} {{.Ok}} {{.Size}}", "[a b] true 3"),
        ("{{.Config}}", "map[Env:<no value> User:me]"),
    ],
)
def test_templates_print_as_go_does(template: str, expected: str) -> None:
    assert fill_in(template, VALUE) == expected


@pytest.mark.parametrize("template", ["{{.Nope}}", "{{range .Names}}", "{{index .Names 7}}", "{{'}}", "{{}}"])
def test_templates_that_cannot_be_read_say_why(template: str) -> None:
    with pytest.raises(ValueError, match="template"):
        fill_in(template, VALUE)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(5, "Less than a minute ago"), (70, "About a minute ago"), (300, "5 minutes ago"), (7200, "2 hours ago"),
     (2 * 86400, "2 days ago"), (20 * 86400, "2 weeks ago"), (90 * 86400, "3 months ago"),
     (900 * 86400, "2 years ago")],
)  # fmt: skip
def test_ages_read_as_dockers(seconds: int, expected: str) -> None:
    now = datetime.datetime(2026, 11, 29, tzinfo=datetime.UTC)
    assert ago((now - datetime.timedelta(seconds=seconds)).isoformat(), now) == expected
    assert ago("1970-01-01T00:00:00Z", now) == "N/A"


@pytest.mark.parametrize(("size", "expected"), [(0, "0B"), (999, "999B"), (1820, "1.82kB"), (72_295_909, "72.3MB")])
def test_sizes_read_as_dockers(size: int, expected: str) -> None:
    assert bytes_in_words(size) == expected


def test_it_says_who_it_is(docker: Docker) -> None:
    assert docker("--version").out.startswith("Docker version 27")
    assert "gitopslab" in docker("version").out
    assert docker("version", "-f", "{{.Client.Version}}").out == "27.5.1\n"
    assert docker("info", "--format", "{{.Images}}").out == "0\n"
    assert "build" in docker("--help").out
    assert "Usage:  docker build" in docker("build", "--help").out


def test_the_lab_does_not_take_its_own_command_for_an_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gitopslab.images.engine import find

    script = tmp_path / "docker"
    script.write_text(f'#!/bin/sh\nexec {sys.executable} -m gitopslab.images.docker "$@"\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("GITOPSLAB_IMAGES", str(tmp_path / "images"))
    assert find("docker") is None
