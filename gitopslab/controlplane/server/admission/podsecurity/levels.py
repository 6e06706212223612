"""Which level of pod security a namespace's labels ask for, and as of which version."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import NamedTuple

LEVELS = ("privileged", "baseline", "restricted")
"""From lax to strict."""

_PREFIX = "pod-security.kubernetes.io/"
_VERSION = re.compile(r"v1\.(?:[0-9]|[1-9][0-9]*)")

Fault = tuple[str, str, str]
"""``(label, value, what is wrong)``."""


class Level(NamedTuple):
    """A level as of a version; as text ``baseline:latest``."""

    name: str
    version: str

    @property
    def minor(self) -> int:
        """The minor version; of the latest one a number beyond all others."""
        return sys.maxsize if self.version == "latest" else int(self.version.removeprefix("v1."))

    def __str__(self) -> str:
        return f"{self.name}:{self.version}"


PRIVILEGED = Level("privileged", "latest")


@dataclass(frozen=True, slots=True)
class Policy:
    """What a namespace enforces, and what it warns of."""

    enforce: Level
    warn: Level


def policy_of(labels: dict[str, str]) -> tuple[Policy, list[Fault]]:
    """The policy, with what is wrong with the labels.

    A level nobody knows enforces ``restricted`` and warns of nothing; the level to warn of is by default the enforced.
    """
    faults: list[Fault] = []
    enforce = _level(labels, "enforce", faults, unknown="restricted")
    _level(labels, "audit", faults, unknown="privileged")
    warn = _level(labels, "warn", faults, unknown="privileged")
    if f"{_PREFIX}warn" not in labels and labels.get(f"{_PREFIX}enforce") in LEVELS[1:]:
        warn = Level(enforce.name, warn.version if f"{_PREFIX}warn-version" in labels else enforce.version)
    return Policy(enforce, warn), faults


def _level(labels: dict[str, str], mode: str, faults: list[Fault], unknown: str) -> Level:
    label = f"{_PREFIX}{mode}"
    name, version = labels.get(label, "privileged"), labels.get(f"{label}-version", "latest")
    if name not in LEVELS:
        faults.append((label, name, f"must be one of {', '.join(LEVELS)}"))
        name = unknown
    if version != "latest" and not _VERSION.fullmatch(version):
        faults.append((f"{label}-version", version, 'must be "latest" or "v1.x"'))
        version = "latest"
    return Level(name, version)
