"""Where the commands of a job run: in a shell of this machine, or in a container of the job's image.

``execution`` asks ``executor_of``. A container needs an engine that answers; without one every job runs in the shell,
and its log says so. A job whose image is the Docker command line runs in the shell too, where a ``docker`` is on its
``PATH``: it needs no second daemon in a privileged container to build an image.

Simplified: GitLab's docker executor also has helper containers and volumes.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from gitopslab.ci.job import Job
from gitopslab.ci.runner.process import run
from gitopslab.ci.runner.surroundings import Machine
from gitopslab.ci.variables import expand

LABEL = "gitopslab.builds"
"""On each container, with the folder of the runner that started it."""

_PATIENCE = 20.0
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

    def ending(self, builds: Path) -> list[str]:
        """The program that ends what ``command`` started elsewhere; empty when nothing is left to end."""
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

    def ending(self, builds: Path) -> list[str]:
        """Its processes are one group, which has ended."""
        return []


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
    hosts: tuple[tuple[str, str], ...] = ()  # names of services, and their addresses

    def command(self, script: Path, builds: Path, folder: Path) -> list[str]:
        """Run the script in a new container; values of variables travel in the environment, not in the arguments."""
        words = [self.engine, "run", "--rm", "--name", called(builds), "--network", "host"]
        words += [word for name, address in self.hosts for word in ("--add-host", f"{name}:{address}")]
        words += ["--label", f"{LABEL}={builds.parent}", "--volume", f"{builds}:{builds}"]
        words += ["--workdir", str(folder)]
        words += ["--user", f"{os.getuid()}:{os.getgid()}"] if hasattr(os, "getuid") else []  # files stay ours
        words += [word for name in self.variables for word in ("--env", name)]
        program = [*(self.entrypoint or ()), "sh", str(script)]
        return [*words, "--entrypoint", program[0], self.image, *program[1:]]

    def ending(self, builds: Path) -> list[str]:
        """Remove the container: its engine does not mind that who started it has ended."""
        return [self.engine, *removal(self.engine), called(builds)]


async def end_leftovers(machine: Machine, builds: Path) -> None:
    """Remove the containers that jobs of a killed runner are still in.

    Args:
        machine: Its engine is asked, if there is one.
        builds: The runner's folder for jobs.
    """
    if not machine.engine:
        return
    found: list[bytes] = []
    ask = [machine.engine, "ps", "--all", "--quiet", "--filter", f"label={LABEL}={builds}"]
    with suppress(OSError, TimeoutError):  # an engine that does not answer shall not hold up every pipeline
        async with asyncio.timeout(_PATIENCE):
            await run(ask, folder=builds.parent, environment=os.environ, output=found.append)
            if names := b"".join(found).decode().split():
                end = [machine.engine, *removal(machine.engine), *names]
                await run(end, folder=builds.parent, environment=os.environ, output=lambda piece: None)


def executor_of(job: Job, machine: Machine, variables: Mapping[str, str]) -> Shell | Container:
    """Where a job runs on this machine."""
    image = expand(job.image.name, variables) if job.image else ""
    notes = []
    if image and not _is_docker(image):
        if machine.engine:
            notes.append(f"Using {Path(machine.engine).stem} with image {image}...")
            entrypoint = job.image.entrypoint if job.image else None
            return Container(machine.engine, image, tuple(variables), entrypoint, tuple(notes))
        notes.append(f"image {image} is not used: no container engine answers, so the job runs on this machine")
    return Shell(machine.shell, (f"Using Shell ({machine.shell.stem}) executor...", *notes))


def removal(engine: str) -> list[str]:
    """What removes containers at once; Podman would ask each to end, and wait."""
    return ["rm", "--force", *(["--time", "0"] if Path(engine).stem == "podman" else [])]


def called(builds: Path) -> str:
    """A job's container: no two jobs of this machine have the same folder."""
    digest = hashlib.sha256(str(builds).encode()).hexdigest()[:12]
    return f"gitopslab-job-{builds.name}-{digest}"


def is_docker_in_docker(image: str) -> bool:
    """Whether an image is the Docker engine itself, which no job here needs beside it."""
    return _is_docker(image) and "dind" in image.rpartition(":")[2]


def _is_docker(image: str) -> bool:
    return image.partition("@")[0].rpartition(":")[0] in _DOCKER or image in _DOCKER
