"""What a tool's package ships as YAML: its definitions, and what installing it makes."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from gitopslab.machinery.manifests import load
from gitopslab.machinery.objects import Object


@cache
def shipped(package: str, file: str) -> Object:
    """A file of a package, read once; copy what you change.

    Args:
        package: That it lies in.
        file: Its name.
    """
    content, _ = load(files(package).joinpath(file).read_bytes())
    read: Object = content
    return read
