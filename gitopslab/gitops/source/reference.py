"""Which commit a Git source asks for: a commit, a full name, a tag, a version range or a branch, in that order.

Flux's documentation has a range come before a tag; its code does not. Source: ``fluxcd/pkg/git/gogit``: ``client.go``,
``clone.go``; revisions as source-controller writes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gitopslab.errors import GitError
from gitopslab.gitops.git.remote import HEAD, HEADS, TAGS
from gitopslab.gitops.source.semver import Range, VersionError, parse
from gitopslab.machinery.objects import Object

_ZEROS = "0" * 40
DEFAULT_BRANCH = "master"
"""Of a source that names nothing; Flux's default, not Git's."""


@dataclass(frozen=True, slots=True)
class Found:
    """A commit, and the name it was found by.

    Attributes:
        commit: Its id.
        name: As it stands before the ``@`` of a revision; empty for a bare commit.
        heads: Of the branches that are cloned to find it; none where it is the end of what was asked for.
    """

    commit: str
    name: str = ""
    heads: tuple[str, ...] = ()

    @property
    def revision(self) -> str:
        """``main@sha1:…``, or ``sha1:…`` for a bare commit."""
        return f"{self.name}@sha1:{self.commit}" if self.name else f"sha1:{self.commit}"


def find(ref: Object | None, refs: Mapping[str, str], url: str) -> Found:
    """The commit that a spec's ``ref`` means.

    Args:
        ref: ``spec.ref`` with ``commit``, ``name``, ``tag``, ``semver`` or ``branch``.
        refs: What the repository has, by full name.
        url: Of the repository, for messages.

    Raises:
        GitError: It means nothing there.
    """
    ref = ref or {}
    if ref.get("commit"):
        heads = _named(refs, HEADS + ref["branch"], url) if ref.get("branch") else ""
        return Found(ref["commit"], ref.get("name") or ref.get("branch", ""), (heads,) if heads else _heads(refs))
    if name := ref.get("name"):
        if name == HEAD and refs:
            return Found(_ZEROS, name, _heads(refs))  # a symbolic ref, which Flux takes for a commit
        if name not in refs:
            raise GitError(f"unable to resolve ref '{name}' to a specific commit")
        return Found(refs[name], name, () if name.startswith((HEADS, TAGS)) else _heads(refs))
    if ref.get("tag"):
        return Found(_named(refs, TAGS + ref["tag"], url), ref["tag"])
    if ref.get("semver"):
        tag = _newest(ref["semver"], refs)
        return Found(refs[TAGS + tag], tag)
    branch = ref.get("branch") or DEFAULT_BRANCH
    return Found(_named(refs, HEADS + branch, url), branch)


def lists_first(ref: Object | None, *, is_stored: bool) -> bool:
    """Whether the remote is asked for its refs before it is cloned: for a name, and where a clone may be spared."""
    ref = ref or {}
    return not ref.get("commit") and bool(ref.get("name") or (is_stored and (ref.get("tag") or not ref.get("semver"))))


def is_branch(ref: Object | None) -> bool:
    """Whether a branch is asked for, which an empty repository may get yet."""
    return not any((ref or {}).get(way) for way in ("commit", "name", "tag", "semver"))


def _named(refs: Mapping[str, str], name: str, url: str) -> str:
    if name not in refs:
        raise GitError(f"unable to clone '{url}': couldn't find remote ref \"{name}\"")
    return refs[name]


def _heads(refs: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(commit for ref, commit in refs.items() if ref.startswith(HEADS))


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
