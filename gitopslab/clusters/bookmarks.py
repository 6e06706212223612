"""A moment of a cluster to come back to: its objects, its Git repositories, and working copies of these.

``lab.present`` takes one at the start of every section and ``lab.back`` returns to it. Nothing is copied of the
cluster, whose store keeps its history, and of repositories only where their branches and tags are, because Git never
changes a commit. Images and pipelines stay as they are: nothing that was left behind points to the new ones.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from gitopslab.clusters.base import Progress
from gitopslab.clusters.client import Client
from gitopslab.clusters.embedded import EmbeddedCluster
from gitopslab.clusters.forge import Forge

_REFS = ("HEAD", "packed-refs", "refs")


@dataclass(frozen=True, slots=True)
class Bookmark:
    """A moment.

    Attributes:
        revision: Of the cluster's store.
        refs: The files of the forge's repositories that say where branches and tags are, by path.
        copies: Where the working copies are kept as they were, by their folder.
    """

    revision: int
    refs: dict[Path, bytes] = field(default_factory=dict)
    copies: dict[Path, Path] = field(default_factory=dict)


def bookmark(cluster: EmbeddedCluster, client: Client, folder: Path) -> Bookmark:
    """The present moment.

    Args:
        cluster: The cluster, which is up.
        client: Its API.
        folder: In which working copies may be.
    """
    revision = int(client.request("GET", "/api/v1/namespaces", query={"limit": "1"})["metadata"]["resourceVersion"])
    git = Forge.of(cluster).folder / "git"
    refs = {path: path.read_bytes() for project in git.glob("*/*.git") for path in _refs(project)}
    copies = {}
    for copy in sorted(path.parent for path in folder.glob("*/.git")):
        kept = Path(tempfile.mkdtemp(prefix=f"gitopslab-{copy.name}-")) / copy.name
        copies[copy] = Path(shutil.copytree(copy, kept, symlinks=True))
    return Bookmark(revision, refs, copies)


def return_to(moment: Bookmark, cluster: EmbeddedCluster, folder: Path, progress: Progress) -> None:
    """Have everything as it was; what working copies hold by now is moved aside, not removed.

    Raises:
        ApiError: The cluster's history does not reach back so far.
    """
    cluster.return_to(moment.revision, progress)
    for project in (Forge.of(cluster).folder / "git").glob("*/*.git"):
        _put_refs(project, moment, progress)
    for copy in {path.parent for path in folder.glob("*/.git")} | moment.copies.keys():
        if copy.exists():
            progress(f"{copy.name} is as it was then; what it held until now is in {_aside(copy)}")
        if copy in moment.copies:
            shutil.copytree(moment.copies[copy], copy, symlinks=True)


def _refs(project: Path) -> Iterator[Path]:
    for name in _REFS:
        path = project / name
        yield from (each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path] * path.is_file()


def _put_refs(project: Path, moment: Bookmark, progress: Progress) -> None:
    then = {path: content for path, content in moment.refs.items() if path.is_relative_to(project)}
    if not then:
        return progress(f"nobody had pushed to {project.stem} then; it is in {_aside(project)}")
    for path in list(_refs(project)):
        if path not in then:
            path.unlink()
    for path, content in then.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _aside(folder: Path) -> Path:
    target = Path(tempfile.mkdtemp(prefix="gitopslab-aside-")) / folder.name
    shutil.move(folder, target)
    return target
