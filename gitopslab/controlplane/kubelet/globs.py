"""The globs of the tiny shell: which files a word with ``*`` and the like stands for.

``expansion`` asks with what it has expanded. All pure.

Simplified: only files that a container can play with are found, not what its image brings.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase

from gitopslab.controlplane.kubelet.session import bounded

_MAGIC = re.compile(r"[*?]|\[[^]]")


def matches(pattern: str, cwd: str, files: Iterable[str]) -> list[str]:
    """The paths that a pattern stands for, sorted; none when it is no pattern or nothing is like it.

    Args:
        pattern: With what was quoted escaped, as ``glob.escape`` does.
        cwd: Where it starts when it is relative.
        files: The paths of all files; directories end in a slash.
    """
    if not _MAGIC.search(pattern):
        return []
    above = "" if pattern.startswith("/") else cwd.rstrip("/") + "/"
    wanted = bounded(pattern).strip("/").split("/")
    inside = (path[len(above) :].strip("/").split("/") for path in files if path.startswith(above))
    found = {"/".join(parts[: len(wanted)]) for parts in inside if _is_like(parts, wanted)}
    return sorted(path if above else f"/{path}" for path in found)


def _is_like(parts: list[str], wanted: list[str]) -> bool:
    """Whether a path is like a pattern, part by part; hidden files have to be asked for."""
    return (
        len(parts) >= len(wanted)
        and all(
            fnmatchcase(part, like) and part.startswith(".") <= like.startswith(".")
            for part, like in zip(parts, wanted, strict=False)
            if part or like
        )
        and parts != [""]
    )
