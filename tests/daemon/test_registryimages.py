"""Images from the lab's own registry, as the kubelets get them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from serving_forge import ServedForge, served_forge

from gitopslab.clusters import ports
from gitopslab.controlplane.daemon.registryimages import RegistryImages
from gitopslab.controlplane.runtime.images import PulledImage, PullError
from gitopslab.images.build import Builder, Request
from gitopslab.images.client import Login, Registry, push
from gitopslab.images.reference import Reference
from gitopslab.images.store import Store


@pytest.fixture
def served(tmp_path: Path) -> Iterator[ServedForge]:
    with served_forge(tmp_path / "forge") as forge:
        yield forge


def pull(images: RegistryImages, reference: str) -> PulledImage:
    return asyncio.run(images.pull(reference))


def test_what_was_pushed_is_pulled_unpacked_and_known_after_a_restart(served: ServedForge, tmp_path: Path) -> None:
    folder = tmp_path / "app"
    folder.mkdir()
    (folder / "app.py").write_text("print('hello')")
    (folder / "Dockerfile").write_text('FROM python:3.12\nWORKDIR /app\nCOPY app.py .\nCMD ["python", "app.py"]\n')
    reference = Reference.parse(f"{served.host}/waal/web:1")
    store = Store(tmp_path / "store")
    built = Builder(store).build(Request(folder, tags=(reference,), engine="lab"))
    push(store, Registry(served.host, lambda _: Login("learner", served.token)), reference)
    name = f"{served.host}/waal/web:1"
    images = RegistryImages(tmp_path / "images")
    assert images.serves(name)
    assert images.pulled(name) is None
    found = pull(images, name)
    assert found.digest == built.image.digest
    assert (found.root / "app/app.py").read_text() == "print('hello')"
    assert found.config["Cmd"] == ["python", "app.py"]
    assert "gitopslab.host-interpreter" in found.config["Labels"]
    assert RegistryImages(tmp_path / "images").pulled(name) == found


def test_why_an_image_cannot_be_had_is_told(served: ServedForge, tmp_path: Path) -> None:
    images = RegistryImages(tmp_path / "images")
    with pytest.raises(PullError, match=f"^{served.host}/waal/nope:1: not found$"):
        pull(images, f"{served.host}/waal/nope:1")
    nobody = f"localhost:{ports.free(())}"
    with pytest.raises(PullError, match=f"failed to do request: The registry {nobody} does not answer"):
        pull(images, f"{nobody}/waal/web:1")


@pytest.mark.parametrize("reference", ["nginx", "docker.io/library/nginx:1.27", "registry.example.org:5000/web:1"])
def test_other_registries_are_none_of_its_business(tmp_path: Path, reference: str) -> None:
    assert not RegistryImages(tmp_path).serves(reference)
