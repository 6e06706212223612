"""What the lab cannot build goes to a container engine; what came of it is taken in."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest
from image_samples import files_of, write
from played_engines import Engines, archive

from gitopslab.errors import DockerfileError, ImageError
from gitopslab.images.archive import take_in
from gitopslab.images.build import Builder, Request, Step
from gitopslab.images.engine import find
from gitopslab.images.image import Platform
from gitopslab.images.reference import Reference
from gitopslab.images.store import Store


@pytest.fixture
def engines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engines:
    """A machine that has no engine but those a test installs."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return Engines(folder)


@pytest.mark.parametrize("name", ["docker", "podman", "buildah"])
def test_what_the_lab_cannot_build_goes_to_the_engine_that_answers(
    engines: Engines, name: str, folder: Path, store: Store
) -> None:
    engines.install(name)
    write(folder, {"Dockerfile": "FROM debian:12 AS x\nARG V\nRUN make\n"})
    reference, steps = Reference.parse("localhost:5050/waal/web:1"), list[Step]()
    request = Request(
        folder, tags=(reference,), args={"V": "1; rm -rf /"}, target="x", platform=Platform("linux", "arm64")
    )
    built = Builder(store).build(request, steps.append)
    assert built.builder == name
    assert files_of(store, built.image) == {"made": "made\n"}
    assert dict(built.image.settings) == {"Env": ["A=1"]}
    assert store.find(reference) == built.image
    assert [step.text for step in steps] == ["STEP 1/2: FROM debian"]
    _, build, save = engines.asked()
    assert build[0] == "build"
    assert build[-1] == str(folder)
    asked = " ".join(build)
    assert "--build-arg V=1; rm -rf / " in asked
    assert "V=1; rm -rf /" in build  # one word: no shell looks at it
    for words in ("--target x", "--platform linux/arm64", f"--tag {reference}"):
        assert words in asked
    assert str(reference) in save


def test_the_lab_builds_by_itself_what_it_can_even_where_an_engine_is(
    engines: Engines, folder: Path, store: Store
) -> None:
    engines.install("docker")
    write(folder, {"Dockerfile": "FROM python\nCOPY . /app\n"})
    assert Builder(store).build(Request(folder)).builder == "lab"
    assert Builder(store).build(Request(folder, engine="docker")).builder == "docker"


def test_without_an_engine_the_line_is_named(engines: Engines, folder: Path, store: Store) -> None:
    write(folder, {"Dockerfile": "FROM python\nCOPY . /app\nRUN pip install flask\n"})
    with pytest.raises(DockerfileError, match="RUN needs a container engine, and none answers") as caught:
        Builder(store).build(Request(folder))
    assert caught.value.line == 3
    assert "Start Docker, Podman or Buildah" in caught.value.hint
    with pytest.raises(ImageError, match="podman does not answer"):
        Builder(store).build(Request(folder, engine="podman"))
    with pytest.raises(ImageError, match="There is no engine 'moby'"):
        Builder(store).build(Request(folder, engine="moby"))


@pytest.mark.parametrize("name", ["docker", "podman", "buildah"])
def test_base_images_of_a_registry_here_are_pulled_without_tls_where_that_must_be_said(
    engines: Engines, name: str, folder: Path, store: Store
) -> None:
    engines.install(name)
    write(folder, {"Dockerfile": "FROM localhost:5050/waal/base:1 AS base\nFROM base\nRUN make\nFROM debian\n"})
    Builder(store).build(Request(folder, tags=(Reference.parse("x"),), engine=name))
    pulls = [words for words in engines.asked() if words[0] == "pull"]
    assert pulls == ([] if name == "docker" else [["pull", "--tls-verify=false", "localhost:5050/waal/base:1"]])


def test_an_engine_that_fails_is_quoted(engines: Engines, folder: Path, store: Store) -> None:
    engines.install("podman", code=7)
    write(folder, {"Dockerfile": "FROM debian\nRUN false\n"})
    with pytest.raises(ImageError, match=r"podman build failed with exit code 7:\n  STEP 1/2: FROM debian"):
        Builder(store).build(Request(folder, tags=(Reference.parse("x"),)))
    assert store.kept() == []


def test_the_first_engine_that_answers_is_taken(engines: Engines) -> None:
    assert find() is None
    engines.install("buildah")
    assert (found := find()) is not None
    assert found.name == "buildah"
    engines.install("podman")
    assert (found := find()) is not None
    assert found.name == "podman"


def test_a_damaged_archive_is_refused(store: Store, tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="its layers are not those of its config"):
        take_in(archive(tmp_path / "a.tar", damaged=True), store.content)
    (tmp_path / "b.tar").write_bytes(b"nothing of an archive")
    with pytest.raises(ImageError, match="no archive of an image"):
        take_in(tmp_path / "b.tar", store.content)
    with tarfile.open(tmp_path / "c.tar", "w"):
        pass
    with pytest.raises(ImageError, match="no archive of an image"):
        take_in(tmp_path / "c.tar", store.content)
