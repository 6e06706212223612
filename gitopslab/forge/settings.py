"""What a learner sets on a project: CI/CD variables for its pipelines, and webhooks that hear of its pushes.

``api`` changes them, ``pipelines`` and ``hooks`` use them. One file, replaced whole, that only its owner may read: it
holds secrets.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from gitopslab.background.files import write_private
from gitopslab.ci.runner.masking import SHORTEST
from gitopslab.errors import LabError

_KEY = re.compile(r"[A-Za-z0-9_]{1,255}")
_LONGEST_VALUE = 10_000  # characters, as on GitLab
_MOST = 200
_LOOPBACK = re.compile(r"localhost|127(?:\.\d{1,3}){3}|::1")


@dataclass(slots=True)
class ProjectSettings:
    """The settings of one project.

    Attributes:
        variables: For its pipelines, by name.
        masked: Names of those whose values never show in a log.
        hooks: The token that goes to each URL.
        authorities: Who vouches for the certificate at a URL, PEM, where that is nobody whom all know.
        bearers: The key to what stands before a URL, where there is something.
    """

    variables: dict[str, str] = field(default_factory=dict)
    masked: list[str] = field(default_factory=list)
    hooks: dict[str, str] = field(default_factory=dict)
    authorities: dict[str, str] = field(default_factory=dict)
    bearers: dict[str, str] = field(default_factory=dict)


class Settings:
    """The settings of all projects.

    Args:
        path: Their file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, ProjectSettings] = {}
        if path.exists():
            told = json.loads(path.read_text(encoding="utf-8"))
            self._known = {project: ProjectSettings(**each) for project, each in told.items()}

    def of(self, project: str) -> ProjectSettings:
        """The settings of a project, perhaps none."""
        return self._known.get(project) or ProjectSettings()

    def set_variable(self, project: str, key: str, value: str | None, *, masked: bool = False) -> None:
        """Set a variable, or take it away.

        Args:
            project: Of which project.
            key: Its name.
            value: None takes it away.
            masked: Whether its value never shows in a log.

        Raises:
            LabError: The name or the value cannot be one, or the value cannot be masked.
        """
        if not _KEY.fullmatch(key):
            raise LabError(f"{key[:80]!r} cannot be a variable", "Take letters, digits and _")
        if value is not None and len(value) > _LONGEST_VALUE:
            raise LabError(f"{key} is longer than {_LONGEST_VALUE} characters", "Put it into a file")
        if masked and value is not None and (len(value) < SHORTEST or re.search(r"\s", value)):
            raise LabError(f"{key} cannot be masked", f"Its value needs {SHORTEST} characters or more, and no space")
        found = self._changed(project)
        found.variables.pop(key, None)
        found.masked = [each for each in found.masked if each != key]
        if value is not None:
            _check_room(found.variables)
            found.variables[key] = value
            found.masked += [key] if masked else []
        self._write()

    def set_hook(self, project: str, url: str, token: str | None, *, authority: str = "", bearer: str = "") -> None:
        """Have a URL told of every push, or no longer.

        Args:
            project: Of which project.
            url: On this machine, or ``https://`` with an authority.
            token: Sent as ``X-Gitlab-Token``; None takes the hook away.
            authority: Vouches for the certificate at the URL, PEM.
            bearer: Sent as ``Authorization: Bearer``.

        Raises:
            LabError: The URL leads elsewhere.
        """
        parts = urlsplit(url)
        is_here = parts.scheme in ("http", "https") and _LOOPBACK.fullmatch(parts.hostname or "")
        if not is_here and not (parts.scheme == "https" and authority):
            raise LabError(f"{url[:200]!r} is not on this machine", "A hook of the lab calls http://localhost:PORT/...")
        found = self._changed(project)
        for known in (found.hooks, found.authorities, found.bearers):
            known.pop(url, None)
        if token is not None:
            _check_room(found.hooks)
            found.hooks[url] = token
            found.authorities |= {url: authority} if authority else {}
            found.bearers |= {url: bearer} if bearer else {}
        self._write()

    def forget(self, project: str) -> None:
        """A project is gone, and what was set on it."""
        if self._known.pop(project, None) is not None:
            self._write()

    def _changed(self, project: str) -> ProjectSettings:
        return self._known.setdefault(project, ProjectSettings())

    def _write(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        told = {project: asdict(each) for project, each in self._known.items()}
        write_private(self._path, json.dumps(told).encode())


def _check_room(known: Mapping[str, str]) -> None:
    if len(known) >= _MOST:
        raise LabError(f"A project has at most {_MOST} of these", "Take away what is no longer used")
