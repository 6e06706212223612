"""What is left out of an artifact: Git's own files, ``.sourceignore`` files, ``spec.ignore``; the last is strongest.

Where neither file nor field says anything, Flux leaves out what is seldom a manifest, too: pictures, archives and the
files of CI. Source: ``fluxcd/pkg/sourceignore`` and ``SourceIgnoreFilter`` of ``fluxcd/pkg/artifact/storage``.
"""

from __future__ import annotations

from collections.abc import Mapping

from gitopslab.gitops.git.patterns import Patterns
from gitopslab.gitops.git.remote import File

_GIT = (".git/", ".gitignore", ".gitmodules", ".gitattributes")
_DEFAULT = (
    "*.jpg", "*.jpeg", "*.gif", "*.png", "*.wmv", "*.flv", "*.tar.gz", "*.zip",
    ".github/", ".circleci/", ".travis.yml", ".gitlab-ci.yml", "appveyor.yml", ".drone.yml", "cloudbuild.yaml",
    "codeship-services.yml", "codeship-steps.yml",
    "**/.goreleaser.yml", "**/.goreleaser.brew.yml", "**/.sops.yaml", "**/.flux.yaml",
)  # fmt: skip
_FILE = ".sourceignore"


def kept(files: Mapping[str, File], spec_ignore: str | None) -> dict[str, File]:
    """The files that go into an artifact.

    Args:
        files: Of a commit, by path.
        spec_ignore: ``spec.ignore`` of a source.
    """
    layers = []
    for path in sorted(path for path in files if path.rpartition("/")[2] == _FILE):
        lines = files[path].content.decode(errors="replace").splitlines()
        layers.append(Patterns(lines, path.removesuffix(_FILE)))
    if spec_ignore is not None:
        layers.append(Patterns(spec_ignore.splitlines()))
    first = Patterns(_GIT if any(layers) else (*_GIT, *_DEFAULT))
    return {path: file for path, file in files.items() if not _is_left_out([first, *layers], path)}


def _is_left_out(layers: list[Patterns], path: str) -> bool:
    said = [answer for layer in reversed(layers) if (answer := layer.leaves_out(path)) is not None]
    return bool(said and said[0])
