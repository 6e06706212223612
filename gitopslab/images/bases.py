"""The lab's own base images: what ``FROM python:3.12-slim`` stands for where there is no container engine.

Which there are is data, in ``bases.yaml``. The builder asks ``base_image``; labels tell whoever runs the image what to
make of it. Simplified: a base has the real image's settings and folders, and none of its files; ``python`` stands for
this machine's own interpreter, whatever version the tag names.
"""

from __future__ import annotations

import datetime
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from gitopslab.images.cache import LayerCache, key_of
from gitopslab.images.image import Image, Platform, make
from gitopslab.images.layers import Planned
from gitopslab.images.reference import DOCKER_HUB, Reference

HOST_PROGRAM = "gitopslab.host-interpreter"
"""The label with the program of this machine that the image stands for, such as ``python3``."""

SIMULATED = "gitopslab.simulated"
"""The label with the name of the server that a kubelet plays instead of running the image."""

_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_FOLDERS = ("bin", "etc", "home", "opt", "root", "run", "srv", "tmp", "usr/bin", "usr/local/bin", "var/log", "var/tmp")
_USERS = {"root": 0, "nobody": 65534}


@cache
def table() -> dict[str, Any]:
    """The data of ``bases.yaml``, by name."""
    loaded: dict[str, Any] = yaml.safe_load(files(__package__).joinpath("bases.yaml").read_text(encoding="utf-8"))
    return loaded


def name_of(reference: Reference) -> str:
    """The name of the base a reference stands for; empty when the lab has none of its own for it."""
    name = reference.repository.removeprefix("library/")
    return name if reference.host == DOCKER_HUB and not reference.digest and name in table() else ""


def base_image(cache: LayerCache, reference: Reference, platform: Platform, epoch: int = 0) -> Image:
    """Make the base that a reference stands for: always the same, so it is kept once.

    Args:
        cache: Where.
        reference: One that ``name_of`` knows.
        platform: What it says it runs on.
        epoch: The time of its files, in seconds since the epoch.
    """
    name = name_of(reference)
    base = table()[name]
    users = {**_USERS, **base.get("users", {})}
    plan = {folder: Planned("folder", mode=0o1777 if folder.endswith("tmp") else 0o755) for folder in _folders(base)}
    passwd = "".join(f"{user}:x:{uid}:{uid}:{user}:/:/bin/sh\n" for user, uid in users.items())
    group = "".join(f"{user}:x:{uid}:\n" for user, uid in users.items())
    plan |= {"etc/passwd": Planned("file", 0o644, data=passwd.encode())}
    plan |= {"etc/group": Planned("file", 0o644, data=group.encode())}
    key = key_of("base", base, epoch)
    layer = cache.get(key) or cache.make(key, plan, epoch)
    assert layer is not None  # a base always has folders
    created = created_at(epoch)
    config = {
        "created": created,
        "os": platform.os,
        "architecture": platform.architecture,
        "config": {"Env": base.get("env") or [_PATH], "Labels": _labels(base), **base.get("settings", {})},
        "history": [{"created": created, "created_by": f"gitopslab base {name}", "comment": base["about"]}],
    }
    return make(cache.content, config, [layer])


def created_at(epoch: int) -> str:
    """A time as image configs have it (RFC 3339)."""
    return datetime.datetime.fromtimestamp(epoch, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _labels(base: dict[str, Any]) -> dict[str, str]:
    told = {HOST_PROGRAM: base.get("host"), SIMULATED: base.get("simulated")}
    return {label: value for label, value in told.items() if value}


def _folders(base: dict[str, Any]) -> list[str]:
    found: set[str] = set()
    for folder in (*_FOLDERS, *base.get("folders", [])):
        parts = folder.split("/")
        found.update("/".join(parts[: length + 1]) for length in range(len(parts)))
    return sorted(found)
