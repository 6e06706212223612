"""Which commit a Git source asks for: a commit, a full name, a version range, a tag or a branch, in that order.

Source: ``fluxcd/pkg/git/gogit/clone.go``; revisions as source-controller writes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gitopslab.errors import GitError
from gitopslab.gitops.git.remote import HEADS, TAGS
from gitopslab.gitops.source.semver import Range, VersionError, parse
from gitopslab.machinery.objects import Object

DEFAULT_BRANCH = "master"
"""Of a source that names nothing; Flux's default, not Git's."""


@dataclass(frozen=True, slots=True)
class Found:
    """A commit, and the name it was found by.

    Attributes:
        commit: Its id.
        name: As it stands before the ``@`` of a revision; empty for a bare commit.
    """

    commit: str
    name: str = ""

    @property
    def revision(self) -> str:
        """``main@sha1:…``, or ``sha1:…`` for a bare commit."""
        return f"{self.name}@sha1:{self.commit}" if self.name else f"sha1:{self.commit}"


def find(ref: Object | None, refs: Mapping[str, str]) -> Found:
    """The commit that a spec's ``ref`` means.

    Args:
        ref: ``spec.ref`` with ``commit``, ``name``, ``semver``, ``tag`` or ``branch``.
        refs: What the repository has, by full name.

    Raises:
        GitError: It means nothing there.
    """
    ref = ref or {}
    if ref.get("commit"):
        return Found(ref["commit"], ref.get("branch", ""))
    if ref.get("name"):
        return Found(_commit(refs, ref["name"], f'couldn\'t find remote ref "{ref["name"]}"'), ref["name"])
    if ref.get("semver"):
        tag = _newest(ref["semver"], refs)
        return Found(refs[TAGS + tag], tag)
    if ref.get("tag"):
        return Found(_commit(refs, TAGS + ref["tag"], f'couldn\'t find remote ref "{TAGS}{ref["tag"]}"'), ref["tag"])
    branch = ref.get("branch") or DEFAULT_BRANCH
    return Found(_commit(refs, HEADS + branch, f'couldn\'t find remote ref "{HEADS}{branch}"'), branch)


def _commit(refs: Mapping[str, str], name: str, otherwise: str) -> str:
    if name not in refs:
        raise GitError(otherwise)
    return refs[name]


def _newest(words: str, refs: Mapping[str, str]) -> str:
    """The tag with the highest version that a range allows."""
    try:
        allowed = Range.read(words)
    except VersionError as error:
        raise GitError(f"semver parse error: {error}") from error
    tags = [ref.removeprefix(TAGS) for ref in refs if ref.startswith(TAGS)]
    fitting = [(version, tag) for tag in tags if (version := parse(tag)) is not None and version in allowed]
    if not fitting:
        raise GitError(f"no match found for semver: {words}")
    return max(fitting)[1]
