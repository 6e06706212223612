"""Images beside a cluster: who builds for which kind of nodes."""

from __future__ import annotations

from pathlib import Path

import pytest
from image_samples import write
from played_engines import Engines

from gitopslab.clusters.forge import Forge
from gitopslab.clusters.images import Images, Request


@pytest.mark.parametrize(
    ("real_nodes", "installed", "wanted", "builder"),
    [
        (False, True, "auto", "lab"),
        (True, True, "auto", "docker"),
        (True, True, "lab", "lab"),
        (True, False, "auto", "lab"),
    ],
)
def test_for_real_nodes_an_engine_builds_where_one_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, real_nodes: bool, installed: bool, wanted: str, builder: str
) -> None:
    write(tmp_path, {"app/Dockerfile": "FROM python:3.12-slim\nCOPY . /app\n", "bin/": ""})
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("GITOPSLAB_HOME", str(tmp_path / "home"))
    if installed:
        Engines(tmp_path / "bin").install("docker")
    images = Images(Forge("kind", "lab"), real_nodes=real_nodes, environment={"GITOPSLAB_HOME": str(tmp_path / "home")})
    assert images.build(Request(tmp_path / "app", engine=wanted)).builder == builder
