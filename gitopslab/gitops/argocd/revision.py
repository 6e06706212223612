"""Which commit a ``targetRevision`` means: HEAD, a branch, a tag, a range of versions, a commit.

Source: ``lsRemote`` in ``util/git/client.go``, ``util/versions``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from gitopslab.errors import GitError
from gitopslab.gitops.git.remote import HEAD, HEADS, TAGS
from gitopslab.gitops.source.semver import Range, VersionError, parse

_COMMIT = re.compile(r"[0-9A-Fa-f]{40}")
_SHORT = re.compile(r"[0-9A-Fa-f]{7,39}")


def is_commit(revision: str) -> bool:
    """Whether a revision is a whole commit id, which needs no look at the repository."""
    return _COMMIT.fullmatch(revision) is not None


def resolve(revision: str, refs: Mapping[str, str]) -> str:
    """The commit that a revision means; an abbreviated one stays as it is, and is only found when it is fetched.

    Args:
        revision: As it stands in a source; empty for HEAD.
        refs: What the repository has, by full name, HEAD among them.

    Raises:
        GitError: It means nothing there.
    """
    if is_commit(revision):
        return revision
    revision = _newest(revision, refs) or revision or HEAD
    for name in (revision, TAGS + revision, HEADS + revision):
        if name in refs:
            return refs[name]
    if _SHORT.fullmatch(revision):
        return revision
    raise GitError(f"unable to resolve '{revision}' to a commit SHA")


def _newest(revision: str, refs: Mapping[str, str]) -> str:
    """The tag with the highest version in a range; empty where the revision is no range."""
    if not revision or parse(revision) is not None:
        return ""
    try:
        allowed = Range.read(revision)
    except VersionError:
        return ""
    tags = [ref.removeprefix(TAGS) for ref in refs if ref.startswith(TAGS)]
    fitting = [(version, tag) for tag in tags if (version := parse(tag)) is not None and version in allowed]
    return max(fitting)[1] if fitting else ""
