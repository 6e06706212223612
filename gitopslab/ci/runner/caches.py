"""Caches: what jobs keep from one pipeline to the next, by key and project.

``execution`` restores them before the script and saves them after it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from gitopslab.ci.job import Cache
from gitopslab.ci.runner.archives import file_name, matching, pack, unpack
from gitopslab.ci.variables import expand

if TYPE_CHECKING:
    from gitopslab.ci.runner.execution import Run

Say = Callable[[str], None]


def restore(run: Run, variables: Mapping[str, str], say: Say) -> None:
    """Unpack what was kept under the keys of a job, or the first fallback that there is."""
    for cache in run.job.cache:
        if expand(cache.policy, variables) == "push":
            continue
        keys = [key_of(cache, run.folder, variables), *(expand(key, variables) for key in cache.fallback_keys)]
        for key in keys:
            say(f"Checking cache for {key}...")
            if (archive := _archive(run, key)).exists():
                say(f"Successfully extracted cache ({unpack(archive, run.folder)} files)")
                break
        else:
            say("WARNING: there is no cache under that key yet")


def save(run: Run, variables: Mapping[str, str], passed: bool, say: Say) -> None:
    """Keep what a job's caches name."""
    for cache in run.job.cache:
        wanted = cache.when == "always" or passed == (cache.when == "on_success")
        if expand(cache.policy, variables) == "pull" or not wanted:
            say("Not uploading cache due to policy" if wanted else f"Not saving cache: it is kept {cache.when}")
            continue
        key = key_of(cache, run.folder, variables)
        files = matching(run.folder, [expand(path, variables) for path in cache.paths])
        say(f"Creating cache {key}... {len(files)} files")
        if files:
            pack(_archive(run, key), run.folder, files)


def key_of(cache: Cache, folder: Path, variables: Mapping[str, str]) -> str:
    """The key: as it is written, or made from the content of files.

    Simplified: GitLab takes the last commits that changed the files; their content changes in the same moments.
    """
    if not cache.key_files:
        return expand(cache.key, variables) or "default"
    files = matching(folder, (expand(name, variables) for name in cache.key_files))
    digest = hashlib.sha1(b"".join(path.read_bytes() for path in files), usedforsecurity=False).hexdigest()
    key = digest if files else "default"
    return f"{expand(cache.prefix, variables)}-{key}" if cache.prefix else key


def _archive(run: Run, key: str) -> Path:
    return run.root / "caches" / run.pipeline.event.project.path / file_name(key)
