"""What this machine runs jobs with: a shell, a container engine if one answers, and a ``docker`` if none does.

The forge and the command line ask once, at their start.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from gitopslab.ci.runner.surroundings import Machine
from gitopslab.errors import SetupError


def machine_of(root: Path, engine: str = "") -> Machine:
    """What jobs are run with.

    Args:
        root: The runner's folder; programs for jobs are put there.
        engine: The container engine that answers, as ``docker`` or ``podman``; empty when none does.

    Raises:
        SetupError: There is no shell.
    """
    shell = shutil.which("bash") or shutil.which("sh")
    if shell is None:
        raise SetupError("No shell is found for jobs (bash or sh)", "Install Git for Windows, which brings bash")
    tools = None if engine == "docker" else _tools(root / "bin")
    return Machine(Path(shell), engine, tools, parallel=max(2, min(8, os.cpu_count() or 2)))


def _tools(folder: Path) -> Path:
    """A folder with the ``docker`` that works on the lab's own builder and registry."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    program = folder / "docker"
    # -P: a project may well have a file named like a module of Python's; it must not be taken for that
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m gitopslab.images.docker "$@"\n', encoding="utf-8")
    program.chmod(0o700)
    return folder
