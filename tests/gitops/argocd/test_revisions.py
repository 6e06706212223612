"""Which commit a revision means."""

from __future__ import annotations

import pytest

from gitopslab.errors import GitError
from gitopslab.gitops.argocd.revision import resolve

A, B, C = "a" * 40, "b" * 40, "c" * 40
REFS = {
    "HEAD": A,
    "refs/heads/main": A,
    "refs/heads/v3": B,
    "refs/tags/v1.0.0": B,
    "refs/tags/v1.2.0": C,
    "refs/tags/latest": B,
}


@pytest.mark.parametrize(("revision", "commit"), [
    ("", A), ("HEAD", A), ("main", A), ("refs/heads/main", A), ("latest", B), ("refs/tags/v1.0.0", B),
    ("v1.0.0", B), ("1.x", C), (">=1.0.0 <1.1.0", B), ("*", C), ("v3", B),
    (C, C), ("d" * 40, "d" * 40), ("ccccccc", "ccccccc"), ("ddddddd", "ddddddd"),
])  # fmt: skip
def test_a_revision_means_a_commit(revision: str, commit: str) -> None:
    assert resolve(revision, REFS) == commit


@pytest.mark.parametrize("revision", ["nope", "dddddd", "9.x"])
def test_a_revision_that_means_nothing(revision: str) -> None:
    with pytest.raises(GitError, match=f"unable to resolve '{revision}' to a commit SHA"):
        resolve(revision, REFS)
