"""Binder, as far as it goes without Docker: repo2docker's own plan, the scripts run, the links followed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from gitopslab.clusters import State
from gitopslab.clusters.embedded import EmbeddedCluster

ROOT = Path(__file__).parents[2]


def test_repo2docker_plans_what_we_mean() -> None:
    plan = subprocess.run(
        [sys.executable, "-m", "repo2docker", "--no-build", "--debug", "."],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert plan.returncode == 0, plan.stderr[-2000:]
    assert "python=3.12" in plan.stderr
    lines = plan.stdout.splitlines()
    copied = next(at for at, line in enumerate(lines) if line.startswith("COPY") and " src/ ${REPO_DIR}" in line)
    installed = next(at for at, line in enumerate(lines) if "pip install" in line and "binder/requirements.txt" in line)
    assert copied < installed, "-e . needs the repository"
    assert "RUN ./binder/postBuild" in plan.stdout
    assert 'ENV R2D_ENTRYPOINT="${REPO_DIR}/binder/start"' in plan.stdout
    assert "apt-get install" not in plan.stdout.partition("src/")[2], "nothing of the system's is needed"


def scripts_environment(tmp_path: Path) -> dict[str, str]:
    """Where a script finds this Python, as a conda environment of its own below ``prefix``."""
    shim = tmp_path / "bin"
    shim.mkdir()
    (shim / "python").write_text(
        f'#!/bin/bash\ncase "$2" in\n*sys.prefix*) echo "{tmp_path}/prefix";;\ncompileall) ;;\n'
        f'*) exec "{sys.executable}" "$@";;\nesac\n'
    )
    (shim / "gitopslab").write_text(f'#!/bin/bash\nexec "{sys.executable}" -m gitopslab "$@"\n')
    for each in shim.iterdir():
        each.chmod(0o755)
    paths = os.pathsep.join([str(shim), os.environ["PATH"]])
    return {**os.environ, "PATH": paths, "GITOPSLAB_HOME": str(tmp_path / "home"), "PYTHONPATH": str(ROOT)}


def test_what_is_built_once_fills_both_courses_and_sets_jupyterlab_up(tmp_path: Path) -> None:
    environment = scripts_environment(tmp_path)
    subprocess.run([ROOT / "binder" / "postBuild"], cwd=tmp_path, env=environment, check=True, capture_output=True)
    for notebook in (ROOT / "notebooks").glob("*.ipynb"):
        assert (tmp_path / "course" / notebook.name).read_bytes() == notebook.read_bytes()
        assert (tmp_path / "cursus" / notebook.name).exists()
    assert "## Doel" in (tmp_path / "cursus" / "00-start-here.ipynb").read_text()
    settings = json.loads((tmp_path / "prefix/share/jupyter/lab/settings/overrides.d/gitopslab.json").read_text())
    assert settings["@jupyterlab/docmanager-extension:plugin"]["autosaveInterval"] == 30
    server = json.loads((tmp_path / "prefix/etc/jupyter/jupyter_server_config.d/gitopslab.json").read_text())
    assert server == {"LabApp": {"expose_app_in_browser": True}}


@pytest.mark.process
def test_the_start_script_brings_a_cluster_up_and_becomes_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = scripts_environment(tmp_path)
    command = ["bash", ROOT / "binder" / "start", "bash", "-c", "echo serving $GITOPSLAB_IDLE_MINUTES"]
    began = time.monotonic()
    served = subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True, text=True)
    assert served.stdout == "serving 10\n"
    assert time.monotonic() - began < 5, "Jupyter does not wait for the cluster"
    monkeypatch.setenv("GITOPSLAB_HOME", str(tmp_path / "home"))
    cluster = EmbeddedCluster("lab")
    try:
        pause = threading.Event()
        while cluster.status().state is State.ABSENT:  # the script's has not begun
            pause.wait(0.1)
        cluster.up()  # waits for the one that is starting
        assert cluster.status().details["port"]
    finally:
        cluster.down(delete=True)


def test_every_notebook_has_its_links_and_they_lead_to_where_it_is() -> None:
    subprocess.run([sys.executable, ROOT / "scripts" / "links.py", "--check"], check=True)
    readme = (ROOT / "README.md").read_text()
    links = [part.partition(")")[0] for part in readme.split("[open](")[1:]]
    notebooks = sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))
    paths = [parse_qs(urlsplit(link).query)["urlpath"][0] for link in links]
    assert paths == [f"lab/tree/{folder}/{name}" for name in notebooks for folder in ("course", "cursus")]


def test_one_option_fills_in_whose_repository_it_is(tmp_path: Path) -> None:
    for name in ("scripts", "notebooks"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    shutil.copyfile(ROOT / "scripts" / "links.py", tmp_path / "scripts" / "links.py")
    shutil.copyfile(ROOT / "README.md", tmp_path / "README.md")
    subprocess.run([sys.executable, tmp_path / "scripts" / "links.py", "--owner", "jane"], check=True)
    links = (tmp_path / "README.md").read_text().split("[open](https://mybinder.org/v2/gh/")[1:]
    assert {link.partition("/HEAD")[0] for link in links} == {"jane/gitopslab"}
