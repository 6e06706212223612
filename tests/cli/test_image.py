"""``gitopslab image``: build, inspect and ls from a terminal, and pushes that say where they would go."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from image_samples import write
from serving_forge import ServedForge

from .conftest import Said

Call = Callable[..., Said]


@pytest.fixture
def app(tmp_path: Path) -> Path:
    folder = tmp_path / "app"
    folder.mkdir()
    write(folder, {"Dockerfile": "FROM scratch\nARG V=1\nCOPY a.txt /\nENV V=$V\n", "a.txt": "A"})
    return folder


@pytest.mark.parametrize("command", ["build", "push", "pull", "inspect", "ls"])
def test_every_command_has_help_with_an_example(gitopslab: Call, command: str) -> None:
    assert f"gitopslab image {command}" in gitopslab("image", command, "--help").out.partition("For example")[2]


def test_build_prints_its_steps_and_the_digest_last(gitopslab: Call, app: Path) -> None:
    said = gitopslab("image", "build", str(app), "-t", "web:1", "--build-arg", "V=2")
    assert said.code == 0
    assert "[2/2] COPY a.txt /" in said.err
    digest = said.out.strip()
    assert said.out == f"{digest}\n"
    told = json.loads(gitopslab("image", "inspect", "web:1", "--json").out)
    assert (told["digest"], told["config"]["config"]["Env"]) == (digest, ["V=2"])
    assert json.loads(gitopslab("image", "ls", "--json").out)[0]["name"] == "web:1"
    assert gitopslab("image", "ls").out.splitlines()[0].split() == ["REPOSITORY", "TAG", "DIGEST", "SIZE"]


def test_inspect_compares_two_images(gitopslab: Call, app: Path) -> None:
    gitopslab("image", "build", str(app), "-t", "web:1")
    gitopslab("image", "build", str(app), "-t", "web:2", "--build-arg", "V=2")
    said = gitopslab("image", "inspect", "web:1", "web:2")
    assert said.out.startswith("1 layer shared, 0B to pull for the second; 0 files and 1 setting differ.")
    assert "Env V: 1 became 2" in said.out


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["build", "nowhere"], "failed to read dockerfile"),
        (["build", ".", "-t", "Upper"], "repository name (library/Upper) must be lowercase"),
        (["build", ".", "--build-arg", "=1"], "has no name"),
        (["build", ".", "--platform", "linux"], "'linux' is not a platform"),
        (["inspect", "nope"], "No such image: nope:latest"),
        (["push", "localhost:1/x"], "does not exist locally with the tag: localhost:1/x:latest"),
        (["push", "localhost:1/x"], 'Build it first: lab.build("FOLDER", "localhost:1/x:latest")'),
    ],
)
def test_mistakes_say_what_to_do(gitopslab: Call, words: list[str], problem: str) -> None:
    said = gitopslab("image", *words)
    assert said.code == 1
    assert problem in said.err
    assert "Next: " in said.err


def test_a_bad_line_is_shown(gitopslab: Call, app: Path) -> None:
    write(app, {"Dockerfile": "FROM scratch\nRUNN make\n"})
    said = gitopslab("image", "build", str(app))
    assert said.code == 1
    assert "line 2: unknown instruction: RUNN (did you mean RUN?)" in said.err


def test_an_image_is_pushed_with_the_labs_own_login_and_pulled(gitopslab: Call, app: Path, forge: ServedForge) -> None:
    image = f"{forge.host}/waal/waal-web:dev"
    digest = gitopslab("image", "build", str(app), "-t", image).out.strip()
    pushed = gitopslab("image", "push", image)
    assert (pushed.code, pushed.out) == (0, f"dev: digest: {digest}\n")
    assert gitopslab("image", "pull", f"{forge.host}/waal/waal-web@{digest}").out == f"Digest: {digest}\n"
    missing = gitopslab("image", "pull", f"{forge.host}/waal/waal-web:nope")
    assert "manifest unknown" in missing.err


def test_a_name_with_another_port_is_told_the_labs_own(gitopslab: Call, app: Path, forge: ServedForge) -> None:
    gitopslab("image", "build", str(app), "-t", "localhost:1/waal/web:1")
    for command in ("push", "pull"):
        said = gitopslab("image", command, "localhost:1/waal/web:1")
        assert said.code == 1
        assert "The registry localhost:1 does not answer" in said.err
        assert f"The lab's registry is {forge.host}: name the image {forge.host}/waal/web:1" in said.err


def test_a_name_without_a_registry_is_not_sent_to_docker_hub(gitopslab: Call, app: Path, forge: ServedForge) -> None:
    gitopslab("image", "build", str(app), "-t", "web:1")
    said = gitopslab("image", "push", "web:1")
    assert said.code == 1
    assert "would go to Docker Hub" in said.err
    assert f"Build it as {forge.host}/web:1" in said.err
