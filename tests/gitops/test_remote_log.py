"""The newest commits of a repository elsewhere, without a clone of it."""

from __future__ import annotations

import pytest
from projects import Project

from gitopslab.errors import GitError
from gitopslab.gitops.git import remote
from gitopslab.gitops.git.speaking import Address


def test_the_log_goes_back_from_a_commit_newest_first(project: Project) -> None:
    commits = [project.commit({"a": str(number)}, f"Change {number}") for number in range(4)]
    address = Address(project.url)
    told = remote.log(address, commits[-1], 3)
    assert [(each.sha, each.subject) for each in told] == [
        (commits[3], "Change 3"),
        (commits[2], "Change 2"),
        (commits[1], "Change 1"),
    ]
    assert [each.sha for each in remote.log(address, commits[0], 3)] == [commits[0]]


def test_a_commit_that_is_not_there_is_told(project: Project) -> None:
    project.commit({"a": "1"})
    with pytest.raises(GitError):
        remote.log(Address(project.url), "f" * 40, 3)
