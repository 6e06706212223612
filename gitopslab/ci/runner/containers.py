"""Where the commands of a job run: in a shell of this machine, or in a container of the job's image.

``execution`` asks ``executor_of``. A container needs an engine that answers; without one every job runs in the shell,
and its log says so. A job whose image is the Docker command line runs in the shell too, where a ``docker`` is on its
``PATH``: it needs no second daemon in a privileged container to build an image.

Simplified: services are not started, and GitLab's docker executor also has helper containers and volumes.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from gitopslab.ci.job import Job
from gitopslab.ci.runner.surroundings import Machine
from gitopslab.ci.variables import expand

_DOCKER = ("docker", "docker.io/library/docker", "docker.io/docker", "library/docker")


class Executor(Protocol):
    """How a job's scripts are run.

    Attributes:
        name: As GitLab names it.
        dialect: ``bash`` or ``sh``.
        notes: What is to be said before the job begins.
    """

    name: str
    dialect: str
    notes: tuple[str, ...]

    def command(self, script: Path, builds: Path, folder: Path) -> list[str]:
        """The program, with its arguments, that runs a script in a folder."""
        ...


@dataclass(frozen=True, slots=True)
class Shell:
    """A shell of this machine."""

    shell: Path
    notes: tuple[str, ...] = ()
    name: str = "shell"

    @property
    def dialect(self) -> str:
        """What the shell understands."""
        return "bash" if self.shell.stem == "bash" else "sh"

    def command(self, script: Path, builds: Path, folder: Path) -> list[str]:
        """Run the script where it is."""
        return [str(self.shell), str(script)]


@dataclass(frozen=True, slots=True)
class Container:
    """A container that goes when its script ends; the job's folder is in it under its own path."""

    engine: str
    image: str
    variables: tuple[str, ...]
    entrypoint: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()
    name: str = "docker"
    dialect: str = "sh"

    def command(self, script: Path, builds: Path, folder: Path) -> list[str]:
        """Run the script in a new container; values of variables travel in the environment, not in the arguments."""
        words = [self.engine, "run", "--rm", "--network", "host", "--volume", f"{builds}:{builds}"]
        words += ["--workdir", str(folder)]
        words += ["--user", f"{os.getuid()}:{os.getgid()}"] if hasattr(os, "getuid") else []  # files stay ours
        words += [word for name in self.variables for word in ("--env", name)]
        program = [*(self.entrypoint or ()), "sh", str(script)]
        return [*words, "--entrypoint", program[0], self.image, *program[1:]]


def executor_of(job: Job, machine: Machine, variables: Mapping[str, str]) -> Shell | Container:
    """Where a job runs on this machine."""
    image = expand(job.image.name, variables) if job.image else ""
    notes = []
    if job.services:
        names = ", ".join(expand(service.name, variables) for service in job.services)
        notes.append(f"services are not started here ({names}); `docker` works without them")
    if image and not _is_docker(image):
        if machine.engine:
            notes.insert(0, f"Using {Path(machine.engine).stem} with image {image}...")
            entrypoint = job.image.entrypoint if job.image else None
            return Container(machine.engine, image, tuple(variables), entrypoint, tuple(notes))
        notes.append(f"image {image} is not used: no container engine answers, so the job runs on this machine")
    return Shell(machine.shell, (f"Using Shell ({machine.shell.stem}) executor...", *notes))


def _is_docker(image: str) -> bool:
    return image.partition("@")[0].rpartition(":")[0] in _DOCKER or image in _DOCKER
