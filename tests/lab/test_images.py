"""``lab.build``, ``push``, ``pull``, ``tag``, ``images`` and ``layers``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from image_samples import write
from serving_forge import ServedForge, served_forge

from gitopslab.clusters.base import LOOPBACK, Progress, Way, silent
from gitopslab.clusters.forge import Address, Forge
from gitopslab.errors import DockerfileError
from gitopslab.lab.forging import Forging
from gitopslab.lab.images import Imaging


class Cluster:
    """Enough of a cluster to have a forge."""

    def __init__(self, folder: Path) -> None:
        self.kind = "embedded"
        self.kubeconfig = folder / "lab" / "kubeconfig"

    def connect(self, port: int, progress: Progress = silent) -> Way:
        return LOOPBACK


class Lab(Imaging, Forging):
    """The facade's images and its registry, without a cluster."""

    def __init__(self, folder: Path) -> None:
        self.cluster = Cluster(folder)  # type: ignore[assignment]
        self._still = True


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    monkeypatch.setenv("GITOPSLAB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    return Lab(tmp_path)


@pytest.fixture
def forge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServedForge]:
    with served_forge(tmp_path / "forge") as served:
        port = int(served.host.rpartition(":")[2])
        monkeypatch.setattr(Forge, "up", lambda *_: Address(port, served.folder.path / "token"))
        yield served


@pytest.fixture
def app(tmp_path: Path) -> Path:
    folder = tmp_path / "app"
    folder.mkdir()
    write(
        folder,
        {"Dockerfile": 'FROM python\nWORKDIR /app\nCOPY . .\nCMD ["python", "app.py"]\n', "app.py": "print(1)\n"},
    )
    return folder


def test_an_image_is_built_pushed_promoted_and_pulled(
    lab: Lab, app: Path, forge: ServedForge, capsys: pytest.CaptureFixture[str]
) -> None:
    dev, prod = f"{lab.registry}/waal/waal-web:dev", f"{lab.registry}/waal/waal-web:prod"
    built = lab.build(app, dev)
    assert "[3/3] COPY . ." in capsys.readouterr().out
    pushed = lab.push(dev)
    printed = capsys.readouterr().out
    assert printed.count(": Pushed\n") == 3
    assert f"dev: digest: {built.digest}" in printed
    lab.tag(dev, prod)
    assert lab.push(prod).digest == pushed.digest == built.digest
    assert capsys.readouterr().out.count(": Layer already exists\n") == 3
    assert lab.registry.tags("waal/waal-web") == ["dev", "prod"]
    assert lab.pull(f"{lab.registry}/waal/waal-web@{built.digest}").settings == built.settings


def test_images_show_themselves(lab: Lab, app: Path) -> None:
    built = lab.build(app, "web:1")
    image = lab.image("web:1")
    assert (image.digest, image.layers, str(image)) == (built.digest, built.layers, "web:1")
    assert repr(image).startswith("web:1: 3 layers, ")
    assert lab.images().splitlines()[1].split()[:2] == ["web", "1"]


def test_layers_of_two_images_are_compared(lab: Lab, app: Path) -> None:
    one = lab.build(app, "web:1")
    write(app, {"app.py": "print(2)\n"})
    lab.build(app, "web:2")
    view = lab.layers(one, "web:2")
    assert [file.path for file in view.layers.files] == ["app/app.py"]
    assert "web:2" in view.text()


def test_a_bad_line_is_named(lab: Lab, app: Path) -> None:
    write(app, {"Dockerfile": "FROM python\nCOPY nope.txt .\n"})
    with pytest.raises(DockerfileError, match="line 2"):
        lab.build(app)
