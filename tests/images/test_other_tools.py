"""Other people's tools on images of ours: skopeo, and Docker where it runs; each is skipped where it is missing."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from image_samples import Build, files_of, write
from serving_forge import ServedForge, served_forge

from gitopslab.errors import ImageError
from gitopslab.images.build import Builder, Request, Step
from gitopslab.images.client import Login, Registry, push
from gitopslab.images.engine import find
from gitopslab.images.image import Image
from gitopslab.images.reference import Reference
from gitopslab.images.store import Store

BUSYBOX = shutil.which("busybox")


@pytest.fixture
def forge(tmp_path: Path) -> Iterator[ServedForge]:
    with served_forge(tmp_path / "forge") as served:
        yield served


def run(*words: str) -> str:
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def need(program: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"there is no {program} here")


def need_docker() -> None:
    if find("docker") is None:
        pytest.skip("no Docker answers")


def need_static_busybox(folder: Path) -> None:
    if BUSYBOX is None or b"ld-linux" in Path(BUSYBOX).read_bytes()[:4096]:
        pytest.skip("there is no static busybox here")
    shutil.copy(BUSYBOX, folder / "busybox")


def pushed(store: Store, forge: ServedForge, image: Image, reference: Reference) -> None:
    store.keep(reference, image.manifest)
    push(store, Registry(forge.host, lambda _: Login("learner", forge.token)), reference)


def test_skopeo_pulls_what_we_built(
    forge: ServedForge, build: Build, folder: Path, store: Store, tmp_path: Path
) -> None:
    need("skopeo")
    write(folder, {"app.py": "print('hello')\n"})
    image = build('FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nCMD ["python", "app.py"]').image
    reference = Reference.parse(f"{forge.host}/waal/waal-web:dev")
    pushed(store, forge, image, reference)
    source = f"docker://{reference}"
    told = json.loads(run("skopeo", "--insecure-policy", "inspect", "--tls-verify=false", source))
    assert told["Digest"] == image.digest
    assert told["Layers"] == [layer.descriptor.digest for layer in image.layers]
    pulled = tmp_path / "pulled"
    run("skopeo", "--insecure-policy", "copy", "--src-tls-verify=false", source, f"dir:{pulled}")
    files = {path.name: path.read_bytes() for path in pulled.iterdir()}
    assert hashlib.sha256(files["manifest.json"]).hexdigest() == image.digest.removeprefix("sha256:")
    for blob in image.blobs:  # sha256sum of each file is its name
        assert hashlib.sha256(files[blob.digest.removeprefix("sha256:")]).hexdigest() == blob.digest[7:]


def test_docker_pulls_and_runs_what_we_built(forge: ServedForge, build: Build, folder: Path, store: Store) -> None:
    need_docker()
    need_static_busybox(folder)
    write(folder, {"run.sh": 'echo "$GREETING from $(pwd) as $(id -u)"\n'})
    image = build(
        "FROM scratch\nCOPY busybox /bin/busybox\nWORKDIR /app\nCOPY --chmod=755 run.sh .\nUSER 1000\n"
        'ENV GREETING=hello\nENTRYPOINT ["/bin/busybox", "sh"]\nCMD ["./run.sh"]'
    ).image
    reference = Reference.parse(f"{forge.host}/waal/waal-web:dev")
    pushed(store, forge, image, reference)
    try:
        run("docker", "pull", str(reference))
        digests = run("docker", "inspect", "--format", "{{json .RepoDigests}}", str(reference))
        assert json.loads(digests) == [f"{reference.name}@{image.digest}"]
        assert run("docker", "run", "--rm", "--network", "none", str(reference)) == "hello from /app as 1000\n"
    finally:
        subprocess.run(["docker", "rmi", "--force", str(reference)], capture_output=True, check=False)


@pytest.mark.parametrize("engine", ["docker", "podman", "buildah"])
def test_what_the_lab_cannot_build_an_engine_builds(engine: str, folder: Path, store: Store) -> None:
    if find(engine) is None:
        pytest.skip(f"no {engine} answers")
    need_static_busybox(folder)
    make = 'RUN ["/busybox", "sh", "-c", "echo made > /made"]'
    write(folder, {"Dockerfile": f"FROM scratch\nCOPY busybox /busybox\n{make}\nENV A=1\n"})
    reference = Reference.parse("localhost/gitopslab-test:made")
    steps: list[Step] = []
    try:
        built = Builder(store).build(Request(folder, tags=(reference,), engine=engine), steps.append)
        assert built.builder == engine
        assert files_of(store, built.image, layer=-1)["made"] == "made\n"
        assert "A=1" in built.image.settings["Env"]
        assert store.find(reference) == built.image
        assert any("RUN" in step.text for step in steps)
    finally:
        subprocess.run([engine, "rmi", "--force", str(reference)], capture_output=True, check=False)


def test_what_docker_refuses_is_shown(folder: Path, store: Store) -> None:
    need_docker()
    need_static_busybox(folder)
    write(folder, {"Dockerfile": 'FROM scratch\nCOPY busybox /busybox\nRUN ["/busybox", "false"]\n'})
    with pytest.raises(ImageError, match="docker build failed with exit code"):
        Builder(store).build(Request(folder))
    assert list(store.content.uploads.iterdir()) == []
