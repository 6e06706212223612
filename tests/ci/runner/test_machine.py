"""What this machine runs jobs with: the docker on a job's PATH."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from gitopslab.ci.runner.machine import machine_of


def test_a_jobs_docker_works_in_a_project_whose_files_are_named_like_pythons_modules(tmp_path: Path) -> None:
    tools = machine_of(tmp_path / "runner").tools
    assert tools is not None
    project = tmp_path / "project"
    project.mkdir()
    for name in ("json.py", "tarfile.py", "gitopslab.py"):
        (project / name).write_text("raise SystemExit('the wrong file')")
    environment = {**os.environ, "GITOPSLAB_IMAGES": str(tmp_path / "images")}
    done = subprocess.run([tools / "docker", "version"], cwd=project, env=environment, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_where_docker_answers_jobs_use_it(tmp_path: Path) -> None:
    assert machine_of(tmp_path, "docker").tools is None
