"""The services of a job: containers that run beside it, reached by their names.

``execution`` starts them before the scripts of a job that runs in a container, and ends them with the job. The job's
container is on the machine's network, from where it reaches the engine's own; each service's address stands under its
names in the job's ``/etc/hosts``, and nothing of it is published. Upstream: GitLab Runner's ``executors/docker``, whose
words the log has.

Simplified: without an engine, and for a job that runs in a shell, no service is started, and the log says so.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from gitopslab.ci.job import Job, Service
from gitopslab.ci.runner.containers import LABEL, Container, Shell, called, is_docker_in_docker, removal
from gitopslab.ci.runner.process import run
from gitopslab.ci.variables import expand

_PATIENCE = 30.0  # seconds for a service to take connections: ``wait_for_services_timeout``
_GLANCE = 0.25
_PORT = re.compile(r"(\d+)/tcp")
_ADDRESS = "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}"
_EXPOSED = "{{range $port, $_ := .Config.ExposedPorts}}{{$port}} {{end}}"


class Services:
    """The services of one run of a job.

    Args:
        job: The job.
        executor: Where its scripts run.
        variables: Of the job.
        environment: Of the programs that the runner starts.
        builds: The folder of the run.
        say: Told what happens.
        warn: Told what is odd.
    """

    def __init__(
        self,
        job: Job,
        executor: Shell | Container,
        *,
        variables: Mapping[str, str],
        environment: Mapping[str, str],
        builds: Path,
        say: Callable[[str], None],
        warn: Callable[[str], None],
    ) -> None:
        self._services = job.services
        self._engine = executor.engine if isinstance(executor, Container) else ""
        self._variables = variables
        self._environment = environment
        self._builds = builds
        self._say = say
        self._warn = warn
        self._started: dict[str, str] = {}  # name of the container -> its address, if it has one

    async def start(self) -> tuple[tuple[str, str], ...]:
        """Start them, and wait until they take connections; gives names and their addresses."""
        hosts: list[tuple[str, str]] = []
        for number, service in enumerate(self._services):
            image = expand(service.name, self._variables)
            if is_docker_in_docker(image):
                continue  # ``docker`` works on this machine's, or on the lab's
            if not self._engine:
                need = "it needs a container engine, and a job that runs in a container"
                self._warn(f"*** WARNING: Service {image} is not started: {need}")
                continue
            self._say(f"Starting service {image}...")
            name = f"{called(self._builds)}-service-{number}"
            self._started[name] = ""
            address = self._started[name] = await self._begin(name, image, service)
            if address:
                hosts += [(each, address) for each in names_of(image, expand(service.alias, self._variables))]
        if hosts:
            self._say(f"Waiting for services to be up and running (timeout {_PATIENCE:g} seconds)...")
            await asyncio.gather(*(self._wait(name, address) for name, address in self._started.items() if address))
        return tuple(hosts)

    async def end(self) -> None:
        """Remove them, with all that they have written."""
        for name in self._started:  # one by one: Podman removes none when one is not there
            await self._ask(*removal(self._engine), "--volumes", name)

    async def _begin(self, name: str, image: str, service: Service) -> str:
        """Start one; its address, or nothing when it has none."""
        own = {key: expand(value, self._variables) for key, value in service.variables.items()}
        words = ["run", "--detach", "--name", name, "--label", f"{LABEL}={self._builds.parent}"]
        words += [word for key in (*self._variables, *own) for word in ("--env", key)]
        entrypoint, command = list(service.entrypoint or ()), list(service.command or ())
        words += ["--entrypoint", entrypoint[0]] if entrypoint else []
        code, said = await self._ask(*words, image, *entrypoint[1:], *command, variables=own)
        if code:
            self._warn(f"*** WARNING: Service {image} probably didn't start properly: {said.strip()}")
            return ""
        _, said = await self._ask("inspect", "--format", _ADDRESS, name)
        if said.split():
            return said.split()[0]
        if await self._runs(name):
            self._warn(f"*** WARNING: Service {image} has no address for this job; a rootless engine gives none")
        else:
            await self._show(name)
        return ""

    async def _wait(self, name: str, address: str) -> None:
        """Until a service takes connections at the first port that its image exposes, or has ended."""
        _, exposed = await self._ask("inspect", "--format", _EXPOSED, name)
        ports = [int(port) for port in _PORT.findall(exposed)]
        if not ports:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                while not await _answers(address, min(ports)):
                    if not await self._runs(name):
                        break
                    await asyncio.sleep(_GLANCE)
                else:
                    return
        await self._show(name)

    async def _runs(self, name: str) -> bool:
        _, state = await self._ask("inspect", "--format", "{{.State.Running}}", name)
        return state.strip() == "true"

    async def _show(self, name: str) -> None:
        _, said = await self._ask("logs", "--tail", "20", name)
        self._warn(f"*** WARNING: Service {name} probably didn't start properly.")
        self._say(f"Service container logs:\n{said.strip()}")

    async def _ask(self, *words: str, variables: Mapping[str, str] | None = None) -> tuple[int, str]:
        said: list[bytes] = []
        environment = {**self._environment, **(variables or {})}
        code = await run([self._engine, *words], folder=self._builds, environment=environment, output=said.append)
        return code, b"".join(said).decode(errors="replace")


def names_of(image: str, alias: str = "") -> Sequence[str]:
    """The names under which a job reaches a service.

    Args:
        image: Without tag, digest and port its name is one: ``tutum/wordpress`` is ``tutum__wordpress`` and
            ``tutum-wordpress``.
        alias: Others, separated by commas or spaces.
    """
    name = image.partition("@")[0]
    host, slash, rest = name.rpartition("/")
    name = re.sub(r":\d+(?=/|$)", "", host) + slash + rest.partition(":")[0]
    found = [name.replace("/", "__"), name.replace("/", "-"), *re.split(r"[,\s]+", alias)]
    return list(dict.fromkeys(one for one in found if one))


async def _answers(address: str, port: int) -> bool:
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(address, port), 1.0)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True
